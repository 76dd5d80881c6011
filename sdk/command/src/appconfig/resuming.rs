//! What was halted, deployed again.

use misrule_engine::experiment::Experiment;
use misrule_engine::time::Timestamp;

use super::deployment::Published;
use super::error::AppConfigError;
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
    /// Deploys again the version that was in force before the halt; returns once AppConfig says that it is done.
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
        let (version, experiment) = self.halted_version(target, now).await?;
        let strategy = self.strategy(rollout).await?;
        let description = format!("misrule: {} resumed", experiment.name);
        let replaces = Replaces::Only(seen);
        let deployment = self.deploy_version(target, version, &strategy, &description, replaces).await?;
        Ok(Resumed { published: Published { version, deployment }, experiment })
    }

    async fn halted_version(&self, target: &Target, now: Timestamp) -> Result<(i32, Box<Experiment>), AppConfigError> {
        let place = target.destination.to_string();
        let history = self.history(target).await?;
        if let Some(under_way) = history.under_way() {
            return Err(super::deployment::in_the_way(under_way, target));
        }
        if let Some(Deployed { delivered: Delivered::Experiment(experiment), .. }) =
            self.deployed(target, history.complete().next()).await?
        {
            let over = |source| AppConfigError::Over { name: experiment.name.clone(), source };
            experiment.check(now).map_err(over)?;
            return Err(AppConfigError::NotHalted { name: experiment.name, place });
        }
        match self.newest_experiment(target, &history).await? {
            Some(Deployed { delivered: Delivered::Experiment(experiment), version, elsewhere, .. }) => {
                let over = |source| AppConfigError::Over { name: experiment.name.clone(), source };
                experiment.check(now).map_err(over)?;
                if let Some(source) = elsewhere {
                    return Err(AppConfigError::PublishedElsewhere { name: experiment.name, source });
                }
                Ok((version.parse().unwrap_or_default(), experiment))
            }
            _ => Err(AppConfigError::NothingToResume { place }),
        }
    }
}
