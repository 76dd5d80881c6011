//! How a place stands: what is deployed there, and what was.

use aws_sdk_appconfig::operation::get_deployment::GetDeploymentOutput;
use aws_sdk_appconfig::types::{DeploymentState, DeploymentSummary};
use misrule_engine::delivery::{DeliveryError, KeyId};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::{Elsewhere, Here, PublishedTo};
use misrule_engine::time::Timestamp;

use super::error::AppConfigError;
use super::history::{BY, History, completed_at, timestamp, undone_by};
use super::place::Target;
use super::service::Service;
use super::version::Delivered;

/// A deployment that is in force or on its way.
pub(crate) struct Deployed {
    /// Its number in the environment.
    pub(crate) number: i32,
    /// The version that it deploys, as AppConfig names it.
    pub(crate) version: String,
    /// Of that version's bytes.
    pub(crate) digest: Digest,
    /// The key that their signature names, where they have one.
    pub(crate) key: Option<KeyId>,
    /// What is damaged in them, also where not every layer looks.
    pub(crate) damage: Option<DeliveryError>,
    /// What a layer reads in them.
    pub(crate) delivered: Delivered,
    /// Why no layer here arms it, where it was published to other places.
    pub(crate) elsewhere: Option<Elsewhere>,
    /// When it came into force; where it has not, when it started.
    pub(crate) since: Option<Timestamp>,
    /// Who deployed it, where its description says so.
    pub(crate) by: Option<String>,
    /// AppConfig's word for how far it is, and percent.
    pub(crate) state: (String, f32),
}

/// A deployment among others.
pub(crate) struct Past {
    /// Its number in the environment.
    pub(crate) number: i32,
    /// AppConfig's word.
    pub(crate) state: String,
    /// The version that it deployed.
    pub(crate) version: String,
    /// What its description says.
    pub(crate) description: String,
    /// When it started.
    pub(crate) started: Option<Timestamp>,
    /// Who took it back, and why.
    pub(crate) undone: Option<String>,
}

impl Service<'_> {
    /// What is in force, and what is under way.
    ///
    /// # Errors
    ///
    /// A call is refused.
    pub(crate) async fn standing(
        &self,
        target: &Target,
    ) -> Result<(Option<Deployed>, Option<Deployed>), AppConfigError> {
        let history = self.history(target).await?;
        let in_force = self.deployed(target, history.complete().next()).await?;
        Ok((in_force, self.deployed(target, history.own_under_way()).await?))
    }

    /// Whether what was published to these places was published here, as a layer that asks here judges it.
    pub(super) async fn elsewhere(&self, target: &Target, published_to: &PublishedTo) -> Option<Elsewhere> {
        let account = match published_to.accounts.is_empty() {
            true => None,
            false => self.caller().await.map(|caller| caller.account.as_str()),
        };
        let judged = |environment| published_to.check(Here { account, region: self.region(), environment });
        // By name or by id: one of them will do.
        let names = target.environment_names();
        let judged: Result<Vec<_>, _> = names.iter().map(|name| judged(Some(name)).err().ok_or(())).collect();
        judged.ok()?.into_iter().next()
    }

    /// The deployments, at most so many, the newest first; and how many there are.
    ///
    /// # Errors
    ///
    /// A call is refused.
    pub(crate) async fn past(&self, target: &Target, most: usize) -> Result<(Vec<Past>, usize), AppConfigError> {
        let history = self.history(target).await?;
        let mut past = Vec::new();
        for deployment in history.of_profile().take(most) {
            let deployment = self.deployment(target, deployment.deployment_number).await?;
            past.push(Past::of(&deployment));
        }
        Ok((past, history.of_profile().count()))
    }

    /// The experiments that were in force, the newest first: versions and what they hold.
    pub(super) async fn newest_experiment(
        &self,
        target: &Target,
        history: &History,
    ) -> Result<Option<Deployed>, AppConfigError> {
        let was_in_force =
            |it: &&DeploymentSummary| matches!(it.state(), Some(DeploymentState::Complete | DeploymentState::Reverted));
        for deployment in history.of_profile().filter(was_in_force) {
            let deployed = self.deployed(target, Some(deployment)).await?;
            if let Some(experiment) = deployed.filter(|it| matches!(it.delivered, Delivered::Experiment(_))) {
                return Ok(Some(experiment));
            }
        }
        Ok(None)
    }

    pub(super) async fn deployed(
        &self,
        target: &Target,
        summary: Option<&DeploymentSummary>,
    ) -> Result<Option<Deployed>, AppConfigError> {
        let Some(summary) = summary else { return Ok(None) };
        let number = summary.deployment_number;
        let version = summary.configuration_version().unwrap_or_default().to_owned();
        let held = self.held(target, &version).await?;
        let deployment = self.deployment(target, number).await?;
        let description = deployment.description().unwrap_or_default();
        let delivered = held.delivered();
        let elsewhere = match &delivered {
            Delivered::Experiment(experiment) => self.elsewhere(target, &experiment.published_to).await,
            _ => None,
        };
        Ok(Some(Deployed {
            number,
            version,
            digest: held.digest(),
            key: held.key(),
            damage: held.damage(),
            delivered,
            elsewhere,
            since: completed_at(deployment.event_log())
                .or(summary.completed_at().or(summary.started_at()).map(timestamp)),
            by: description.split_once(BY).map(|(_, by)| by.to_owned()),
            state: (state(summary.state()), summary.percentage_complete().unwrap_or(0.0)),
        }))
    }
}

impl Past {
    fn of(deployment: &GetDeploymentOutput) -> Self {
        let taken_back = matches!(
            deployment.state(),
            Some(DeploymentState::RolledBack | DeploymentState::RollingBack | DeploymentState::Reverted)
        );
        Self {
            number: deployment.deployment_number,
            state: state(deployment.state()),
            version: deployment.configuration_version().unwrap_or_default().to_owned(),
            description: deployment.description().unwrap_or_default().to_owned(),
            started: deployment.started_at().map(timestamp),
            undone: taken_back.then(|| undone_by(deployment.event_log())).flatten(),
        }
    }
}

fn state(state: Option<&DeploymentState>) -> String {
    state.map_or("in an unknown state", DeploymentState::as_str).to_owned()
}
