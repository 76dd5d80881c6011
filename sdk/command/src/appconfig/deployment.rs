//! Deploy, wait and watch.

use std::time::Duration;

use aws_sdk_appconfig::types::{DeploymentState, DeploymentSummary};

use super::asking;
use super::caller::Caller;
use super::error::{AppConfigError, Call};
use super::history::{BY, is_under_way, undone_by};
use super::patience::Patience;
use super::place::Target;
use super::seen::Replaces;
use super::service::{Left, Service};
use super::version::Content;

/// Between two looks at a deployment: an immediate one takes a few seconds.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A version that is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// The hosted configuration version.
    pub(crate) version: i32,
    /// The environment's deployment.
    pub(crate) deployment: i32,
}

impl Published {
    /// What a deployment deployed.
    pub(super) fn of(deployment: &DeploymentSummary) -> Self {
        let version = deployment.configuration_version().and_then(|version| version.parse().ok());
        Self { version: version.unwrap_or_default(), deployment: deployment.deployment_number }
    }
}

impl Service<'_> {
    /// Uploads the content and deploys it; returns once AppConfig says that it is done.
    pub(super) async fn deploy(
        &self,
        target: &Target,
        content: &Content,
        strategy: &str,
        replaces: Replaces,
    ) -> Result<Published, AppConfigError> {
        let version = self.upload(target, content).await?;
        let deployment = self.deploy_version(target, version, strategy, &content.description, replaces).await?;
        Ok(Published { version, deployment })
    }

    /// Deploys a version that is there; returns once AppConfig says that it is done.
    ///
    /// # Errors
    ///
    /// A call is refused, another deployment is under way, what may be replaced is there no more, or this one is undone.
    pub(super) async fn deploy_version(
        &self,
        target: &Target,
        version: i32,
        strategy: &str,
        description: &str,
        replaces: Replaces,
    ) -> Result<i32, AppConfigError> {
        let deployment = self.start_instead(target, strategy, version, description, replaces).await?;
        if !self.rehearses() {
            self.leaves(Left::UnderWay(deployment));
            let watched = self.watch(target, deployment).await;
            watched.map_err(|error| error.while_watched(deployment, &target.destination))?;
            self.leaves(Left::Complete(deployment));
        }
        Ok(deployment)
    }

    /// Waits until no deployment is under way in the environment, for so long at most.
    ///
    /// # Errors
    ///
    /// A call is refused, or one is under way still.
    pub(crate) async fn until_free(&self, target: &Target, patience: Patience) -> Result<(), AppConfigError> {
        let Some(in_the_way) = self.in_the_way(target).await? else { return Ok(()) };
        if patience.is_none() {
            return Err(in_the_way);
        }
        self.say(format_args!("{in_the_way}: waiting up to {patience} for its end"));
        if self.rehearses() {
            return Ok(());
        }
        let free = async {
            while let Some(deployment) = self.history(target).await?.under_way() {
                self.until_over(target, deployment.deployment_number).await?;
            }
            Ok(())
        };
        tokio::time::timeout_at(patience.deadline(), free).await.unwrap_or(Err(in_the_way))
    }

    /// Waits for the end of a deployment, whichever it is.
    pub(super) async fn until_over(&self, target: &Target, number: i32) -> Result<(), AppConfigError> {
        let mut progress = self.progress(&format!("deployment {number}"));
        loop {
            let deployment = self.deployment(target, number).await?;
            let Some(state) = deployment.state().filter(|state| is_under_way(state)) else { return Ok(()) };
            progress.set(deployment.percentage_complete.unwrap_or(0.0), state.as_str());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn in_the_way(&self, target: &Target) -> Result<Option<AppConfigError>, AppConfigError> {
        let history = self.history(target).await?;
        Ok(history.under_way().map(|deployment| in_the_way(deployment, target)))
    }

    /// Starts a deployment in the place of what it may replace. AppConfig itself refuses it where any deployment began since
    /// that was looked at: then it is looked at again.
    async fn start_instead(
        &self,
        target: &Target,
        strategy: &str,
        version: i32,
        description: &str,
        replaces: Replaces,
    ) -> Result<i32, AppConfigError> {
        loop {
            let latest = match replaces {
                Replaces::Only(seen) if !self.rehearses() => self.still(target, seen).await?.latest(),
                _ => None,
            };
            let starting = self.start(target, strategy, version, description, latest);
            let started = self.to_its_end("AppConfig has said whether the deployment starts", starting).await?;
            if let Some(deployment) = started {
                return Ok(deployment);
            }
        }
    }

    /// The deployment's number; none where the environment's latest is not the one that was named.
    async fn start(
        &self,
        target: &Target,
        strategy: &str,
        version: i32,
        description: &str,
        latest: Option<i32>,
    ) -> Result<Option<i32>, AppConfigError> {
        let call = Call::new("StartDeployment", format!("environment `{}`", target.destination.environment));
        let what = if version == 0 { "of the new version".to_owned() } else { format!("of version {version}") };
        if !self.makes(&call, format_args!("{what}, strategy {strategy}")) {
            return Ok(Some(0));
        }
        let request = self.client.start_deployment().application_id(&target.application);
        let request = request.environment_id(&target.environment.id).configuration_profile_id(&target.profile.id);
        let request = request.deployment_strategy_id(strategy).configuration_version(version.to_string());
        let request = request.set_latest_deployment_number(latest).description(self.signed(description));
        let request = request.customize().config_override(asking::longer());
        match self.ask(call, request.send()).await {
            Ok(started) => Ok(Some(started.deployment_number())),
            Err(refusal) if refusal.is_conflict() => {
                let history = self.history(target).await?;
                let ours = history.begun(version, latest);
                match history.under_way() {
                    // An answer was lost, and the SDK asked again.
                    _ if ours.is_some() => Ok(ours),
                    _ if latest.is_some() && history.latest() != latest => Ok(None),
                    Some(under_way) => Err(in_the_way(under_way, target)),
                    None => Err(refusal),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// A description with who it is that deploys, where that was asked.
    fn signed(&self, description: &str) -> String {
        match self.caller.get() {
            Some(Some(Caller { arn, .. })) => format!("{description}{BY}{arn}"),
            _ => description.to_owned(),
        }
    }

    async fn watch(&self, target: &Target, number: i32) -> Result<(), AppConfigError> {
        let mut progress = self.progress(&format!("deployment {number}"));
        loop {
            let deployment = self.deployment(target, number).await?;
            let state = deployment.state.clone().unwrap_or(DeploymentState::Deploying);
            progress.set(deployment.percentage_complete.unwrap_or(0.0), state.as_str());
            if state == DeploymentState::Complete {
                return Ok(());
            }
            if !is_under_way(&state) {
                let reason = undone_by(deployment.event_log());
                return Err(AppConfigError::Undone { number, state: state.as_str().to_owned(), reason });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

pub(super) fn in_the_way(deployment: &DeploymentSummary, target: &Target) -> AppConfigError {
    AppConfigError::UnderWay {
        number: deployment.deployment_number,
        profile: deployment.configuration_name().unwrap_or("an unnamed profile").to_owned(),
        environment: target.destination.environment.clone(),
        state: deployment.state().map_or("in an unknown state", DeploymentState::as_str).to_owned(),
    }
}
