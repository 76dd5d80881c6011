//! What was halted, deployed again.

use misrule_engine::experiment::Experiment;
use misrule_engine::time::Timestamp;

use super::deployment::{Published, in_the_way};
use super::error::AppConfigError;
use super::history::History;
use super::place::Target;
use super::seen::Replaces;
use super::service::Service;
use super::standing::Deployed;
use super::strategy::Rollout;
use super::version::Delivered;

/// What is in force again.
pub(crate) struct Resumed {
    /// Its version, and the deployment that brought it back.
    pub(crate) published: Published,
    /// The experiment.
    pub(crate) experiment: Box<Experiment>,
}

impl Service<'_> {
    /// Deploys again the version that was in force before the halt, and says which; returns once AppConfig says that it is done.
    ///
    /// # Errors
    ///
    /// Nothing is halted, nothing was in force before, it is over, something came meanwhile, or a call is refused.
    pub(crate) async fn resume(
        &self,
        target: &Target,
        rollout: &Rollout,
        now: Timestamp,
    ) -> Result<Resumed, AppConfigError> {
        let seen = self.see(target).await?;
        let history = self.history(target).await?;
        let (version, experiment) = self.halted_version(target, &history, now).await?;
        let strategy = self.strategy(rollout).await?;
        let description = format!("misrule: {} resumed", experiment.name);
        let replaces = Replaces::Only(seen);
        let deployment = self.deploy_version(target, version, &strategy, &description, replaces).await?;
        Ok(Resumed { published: Published { version, deployment }, experiment })
    }

    async fn halted_version(
        &self,
        target: &Target,
        history: &History,
        now: Timestamp,
    ) -> Result<(i32, Box<Experiment>), AppConfigError> {
        if let Some(under_way) = history.under_way() {
            return Err(in_the_way(under_way, target));
        }
        self.check_halted(target, history, now).await?;
        let newest = self.newest_experiment(target, history).await?;
        self.warn_of_stopped(target, history, newest.as_ref()).await;
        match newest {
            Some(Deployed {
                number, delivered: Delivered::Experiment(experiment), version, since, elsewhere, ..
            }) => {
                let over = |source| AppConfigError::Over { name: experiment.name.clone(), source };
                experiment.check(now).map_err(over)?;
                if let Some(source) = elsewhere {
                    return Err(AppConfigError::PublishedElsewhere { name: experiment.name, source });
                }
                let (name, in_force) = (&experiment.name, in_force(since, history.replaced_at(number)));
                self.say(format_args!(
                    "resuming `{name}`, version {version}: the last in force before the halt{in_force}"
                ));
                Ok((version.parse().unwrap_or_default(), experiment))
            }
            _ => Err(AppConfigError::NothingToResume { place: target.destination.to_string() }),
        }
    }

    /// Only a halt is taken away, no experiment and nothing else.
    async fn check_halted(&self, target: &Target, history: &History, now: Timestamp) -> Result<(), AppConfigError> {
        let place = target.destination.to_string();
        let in_force = self.deployed(target, history.complete().next()).await?;
        match in_force.map(|it| (it.number, it.delivered)) {
            Some((_, Delivered::Experiment(experiment))) => {
                let over = |source| AppConfigError::Over { name: experiment.name.clone(), source };
                experiment.check(now).map_err(over)?;
                Err(AppConfigError::NotHalted { name: experiment.name, place })
            }
            Some((number, Delivered::Other)) => Err(AppConfigError::NoHalt { number, place }),
            Some((_, Delivered::Halt)) | None => Ok(()),
        }
    }

    /// An experiment that was stopped on its way is not resumed, though it was the last: it was in force for some at most.
    async fn warn_of_stopped(&self, target: &Target, history: &History, resumed: Option<&Deployed>) {
        for stopped in history.taken_back_after(resumed.map(|it| it.number)) {
            let version = stopped.configuration_version().unwrap_or_default();
            let Some(Delivered::Experiment(experiment)) = self.delivered(target, stopped).await else { continue };
            if resumed.is_none_or(|resumed| resumed.version != version) {
                self.warn(format_args!(
                    "`{}`, version {version}, was stopped on its way (deployment {}), and is not resumed: publish it again \
                     where it is meant, `misrule publish EXPERIMENT.TOML --to {}`",
                    experiment.name, stopped.deployment_number, target.destination
                ));
            }
            return;
        }
    }
}

/// When it was.
fn in_force(since: Option<Timestamp>, until: Option<Timestamp>) -> String {
    match (since, until) {
        (Some(since), Some(until)) => format!(", from {since} until {until}"),
        (Some(since), None) => format!(", from {since} on"),
        (None, _) => String::new(),
    }
}
