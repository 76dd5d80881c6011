//! The deployments of an environment: which is under way, which is in force.

use aws_sdk_appconfig::operation::get_deployment::GetDeploymentOutput;
use aws_sdk_appconfig::primitives::DateTime;
use aws_sdk_appconfig::types::{DeploymentEvent, DeploymentEventType, DeploymentState, DeploymentSummary, TriggeredBy};
use misrule_engine::time::Timestamp;

use super::error::{AppConfigError, Call};
use super::place::Target;
use super::service::Service;

/// What stands in a deployment's description before who made it.
pub(super) const BY: &str = " by ";

/// The deployments of an environment, the newest first.
pub(crate) struct History {
    deployments: Vec<DeploymentSummary>,
    profile: String,
    profile_name: String,
}

impl History {
    /// The number of the newest, of whichever profile.
    pub(super) fn latest(&self) -> Option<i32> {
        self.deployments.first().map(|newest| newest.deployment_number)
    }

    /// The profile's newest deployment, where it came after the one of this number, has this version, and holds.
    pub(super) fn begun(&self, version: i32, after: Option<i32>) -> Option<i32> {
        let newest = self.of_profile().next().filter(|it| Some(it.deployment_number) > after)?;
        let ours = newest.configuration_version() == Some(&version.to_string()) && newest.state().is_some_and(holds);
        ours.then_some(newest.deployment_number)
    }

    /// When the profile's next deployment after the one of this number came into force.
    pub(super) fn replaced_at(&self, number: i32) -> Option<Timestamp> {
        let next = self.complete().take_while(|it| it.deployment_number > number).last()?;
        next.completed_at().map(timestamp)
    }

    /// The profile's deployments after the one of this number that were taken back on their way, the newest first.
    pub(super) fn taken_back_after(&self, number: Option<i32>) -> impl Iterator<Item = &DeploymentSummary> {
        let after = self.of_profile().take_while(move |it| Some(it.deployment_number) > number);
        after.filter(|it| it.state() == Some(&DeploymentState::RolledBack))
    }

    /// The one that is under way, of whichever profile: AppConfig runs one at a time in an environment.
    pub(super) fn under_way(&self) -> Option<&DeploymentSummary> {
        self.deployments.iter().find(|it| it.state().is_some_and(is_under_way))
    }

    /// Those of the profile, the newest first.
    pub(crate) fn of_profile(&self) -> impl Iterator<Item = &DeploymentSummary> {
        self.deployments.iter().filter(|it| self.is_own(it))
    }

    /// The profile's deployment that is under way.
    pub(crate) fn own_under_way(&self) -> Option<&DeploymentSummary> {
        self.under_way().filter(|it| self.is_own(it))
    }

    /// The profile's deployments that came to their end and were not taken back: the first is in force.
    pub(crate) fn complete(&self) -> impl Iterator<Item = &DeploymentSummary> {
        self.of_profile().filter(|it| it.state() == Some(&DeploymentState::Complete))
    }

    /// Older AppConfig APIs give only the profile's name.
    pub(super) fn is_own(&self, deployment: &DeploymentSummary) -> bool {
        match (deployment.configuration_profile_id(), deployment.configuration_name()) {
            (Some(id), _) => id == self.profile,
            (None, name) => name == Some(&self.profile_name),
        }
    }
}

impl Service<'_> {
    /// The deployments of the target's environment.
    ///
    /// # Errors
    ///
    /// The call is refused.
    pub(crate) async fn history(&self, target: &Target) -> Result<History, AppConfigError> {
        let mut deployments = Vec::new();
        if !target.environment.new {
            let call = Call::new("ListDeployments", format!("environment `{}`", target.destination.environment));
            let request = self.client.list_deployments().application_id(&target.application);
            let pages = request.environment_id(&target.environment.id).into_paginator();
            deployments = self.ask(call, pages.items().send().collect::<Result<Vec<_>, _>>()).await?;
        }
        deployments.sort_by_key(|deployment| std::cmp::Reverse(deployment.deployment_number));
        let profile_name = target.destination.profile.clone();
        Ok(History { deployments, profile: target.profile.id.clone(), profile_name })
    }

    /// All that is known of a deployment.
    ///
    /// # Errors
    ///
    /// The call is refused.
    pub(crate) async fn deployment(&self, target: &Target, number: i32) -> Result<GetDeploymentOutput, AppConfigError> {
        let call = Call::new("GetDeployment", format!("deployment {number} of {}", target.destination));
        let request = self.client.get_deployment().application_id(&target.application);
        let request = request.environment_id(&target.environment.id).deployment_number(number);
        self.ask(call, request.send()).await
    }
}

pub(super) fn is_under_way(state: &DeploymentState) -> bool {
    use DeploymentState as State;
    matches!(state, State::Baking | State::Deploying | State::RollingBack | State::Validating)
}

/// AWS's instant as ours.
pub(super) fn timestamp(at: &DateTime) -> Timestamp {
    let milliseconds = at.to_millis().ok().and_then(|milliseconds| u64::try_from(milliseconds).ok());
    Timestamp::from_milliseconds(milliseconds.unwrap_or_default())
}

/// When a deployment came into force for all, as its event log says: once it is reverted nothing else does.
pub(super) fn completed_at(events: &[DeploymentEvent]) -> Option<Timestamp> {
    let completed =
        events.iter().find(|event| event.event_type() == Some(&DeploymentEventType::DeploymentCompleted))?;
    completed.occurred_at().map(timestamp)
}

/// Whether a deployment is in force, or on its way or back.
pub(super) fn holds(state: &DeploymentState) -> bool {
    is_under_way(state) || *state == DeploymentState::Complete
}

/// Who took a deployment back, and why, as its event log says.
pub(crate) fn undone_by(events: &[DeploymentEvent]) -> Option<String> {
    let at = |event: &&DeploymentEvent| event.occurred_at().map(|at| at.as_nanos());
    let begins = |event: &&DeploymentEvent| {
        matches!(event.event_type(), Some(DeploymentEventType::RollbackStarted | DeploymentEventType::RevertCompleted))
    };
    let told = events.iter().filter(begins).max_by_key(at).or_else(|| events.iter().max_by_key(at))?;
    let who = told.triggered_by().map(|by| match by {
        TriggeredBy::CloudwatchAlarm => "an alarm",
        TriggeredBy::User => "a user",
        TriggeredBy::Appconfig => "AppConfig",
        _ => "an internal error",
    });
    match (who, told.description()) {
        (Some(who), Some(why)) => Some(format!("by {who}: {why}")),
        (Some(who), None) => Some(format!("by {who}")),
        (None, why) => why.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_undid_a_deployment_is_told_by_the_event_that_began_it() {
        let event = |at, text: &str| DeploymentEvent::builder().occurred_at(DateTime::from_secs(at)).description(text);
        let began = event(2, "arn:alarm").event_type(DeploymentEventType::RollbackStarted);
        let began = began.triggered_by(TriggeredBy::CloudwatchAlarm).build();
        let (started, done) = (event(1, "started").build(), event(3, "rolled back").build());
        assert_eq!(undone_by(&[done.clone(), began, started.clone()]).unwrap(), "by an alarm: arn:alarm");
        assert_eq!(undone_by(&[started, done]).unwrap(), "rolled back");
        assert_eq!(undone_by(&[]), None);
        assert!(!is_under_way(&DeploymentState::RolledBack) && !is_under_way(&DeploymentState::Reverted));
    }
}
