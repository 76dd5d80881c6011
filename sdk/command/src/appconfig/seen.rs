//! What stood at a place when a command began: the command replaces that, and nothing that came meanwhile, least of all a halt.

use aws_sdk_appconfig::types::DeploymentSummary;

use super::error::AppConfigError;
use super::history::History;
use super::place::Target;
use super::service::Service;
use super::version::{Delivered, is_meant_to_stop};

/// What stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The profile's newest deployment, whatever became of it.
    newest: Option<i32>,
    /// The one in force.
    in_force: Option<i32>,
    /// The profile's newest version.
    version: Option<i32>,
}

/// What a deployment takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replaces {
    /// Whatever is there.
    Anything,
    /// What was seen; of anything else it keeps away.
    Only(Seen),
}

/// What came meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overtaking {
    /// A halt, deployed or about to be: its deployment or version.
    Halt(String),
    /// Another deployment of the profile: its number.
    Deployment(i32),
    /// What was in force was reverted.
    Revert,
}

impl Overtaking {
    /// What happened at a place, in a person's words.
    pub(super) fn told_of(&self, place: &str) -> String {
        match self {
            Self::Halt(which) => format!("{place} was halted meanwhile ({which})"),
            Self::Deployment(number) => format!("{place} has another deployment meanwhile ({number})"),
            Self::Revert => format!("what was in force at {place} was reverted meanwhile"),
        }
    }
}

impl Seen {
    fn of(history: &History, version: Option<i32>) -> Self {
        let number = |deployment: Option<&DeploymentSummary>| deployment.map(|deployment| deployment.deployment_number);
        Self { newest: number(history.of_profile().next()), in_force: number(history.complete().next()), version }
    }

    /// The same once a deployment of the command's own is in force.
    pub(super) const fn then(self, deployment: i32) -> Self {
        Self { newest: Some(deployment), in_force: Some(deployment), ..self }
    }

    /// Whether nothing of the profile's has come since, or went; what was under way may have ended.
    fn stands(self, now: Self) -> bool {
        now.newest == self.newest && (now.in_force == self.in_force || now.in_force == self.newest)
    }
}

impl Service<'_> {
    /// Looks what stands there.
    ///
    /// # Errors
    ///
    /// A call is refused.
    pub(super) async fn see(&self, target: &Target) -> Result<Seen, AppConfigError> {
        let versions = self.versions(target).await?;
        let version = versions.first().map(|version| version.version_number());
        Ok(Seen::of(&self.history(target).await?, version))
    }

    /// Looks again: the deployments, where what was seen stands still.
    ///
    /// # Errors
    ///
    /// Something came meanwhile, or a call is refused.
    pub(super) async fn still(&self, target: &Target, seen: Seen) -> Result<History, AppConfigError> {
        // A halt is uploaded before it is deployed: whoever looks in this order misses none.
        let history = self.history(target).await?;
        let by = match Seen::of(&history, seen.version) {
            now if seen.stands(now) => self.halt_uploaded_since(target, seen).await?,
            now if now.newest != seen.newest => self.newest(target, &history).await,
            _ => Some(Overtaking::Revert),
        };
        match by {
            Some(by) => Err(AppConfigError::Overtaken { place: target.destination.to_string(), by }),
            None => Ok(history),
        }
    }

    async fn newest(&self, target: &Target, history: &History) -> Option<Overtaking> {
        let newest = history.of_profile().next()?;
        let number = newest.deployment_number;
        Some(match self.delivered(target, newest).await {
            Some(Delivered::Halt) => Overtaking::Halt(format!("deployment {number}")),
            _ => Overtaking::Deployment(number),
        })
    }

    /// A halt that is about to be deployed, or was said again while one is in force.
    async fn halt_uploaded_since(&self, target: &Target, seen: Seen) -> Result<Option<Overtaking>, AppConfigError> {
        let versions = self.versions(target).await?;
        let mut since = versions.iter().take_while(|version| Some(version.version_number()) > seen.version);
        let halt = since.find(|version| is_meant_to_stop(version));
        Ok(halt.map(|halt| Overtaking::Halt(format!("version {}", halt.version_number()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seen(newest: i32, in_force: i32) -> Seen {
        Seen { newest: Some(newest), in_force: Some(in_force), version: None }
    }

    #[test]
    fn what_was_under_way_may_end_and_nothing_else_may_come_or_go() {
        let under_way = seen(5, 3);
        assert!(under_way.stands(seen(5, 3)), "it goes on, or was rolled back");
        assert!(under_way.stands(seen(5, 5)), "it is complete");
        assert!(!under_way.stands(seen(6, 5)) && !under_way.stands(seen(6, 3)), "another one began");
        assert!(!under_way.stands(seen(5, 2)), "what was in force was reverted");
        assert!(!seen(3, 3).stands(seen(3, 1)), "what was in force was reverted");
        assert!(seen(3, 3).then(4).stands(seen(4, 4)), "its own");
        let nothing = Seen { newest: None, in_force: None, version: None };
        assert!(nothing.stands(nothing) && !nothing.stands(seen(1, 1)));
    }
}
