//! Upload, deploy, watch, stop.

use std::time::Duration;

use aws_sdk_appconfig::error::ProvideErrorMetadata;
use aws_sdk_appconfig::operation::get_deployment::GetDeploymentOutput;
use aws_sdk_appconfig::primitives::Blob;
use aws_sdk_appconfig::types::{DeploymentState, DeploymentSummary};

use super::connection::Service;
use super::error::{AppConfigError, Call, explain};
use super::target::Target;
use crate::printer::{Printer, Progress};

/// Between two looks at a deployment: an immediate one takes a few seconds.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What is uploaded.
#[derive(Debug)]
pub(crate) struct Content {
    /// The bytes that a layer will read.
    pub(crate) bytes: Vec<u8>,
    /// Their media type.
    pub(crate) media_type: &'static str,
    /// What the AppConfig console shows beside the version, in ASCII.
    pub(crate) description: String,
}

/// A version that is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// The hosted configuration version.
    pub(crate) version: i32,
    /// The environment's deployment.
    pub(crate) deployment: i32,
}

impl Service {
    /// Uploads the content and deploys it to everyone at once; returns once AppConfig says that it is done.
    ///
    /// # Errors
    ///
    /// Any call is refused, another deployment is under way, or this one is undone.
    pub(crate) async fn publish(
        &self,
        target: &Target,
        content: &Content,
        printer: &Printer,
    ) -> Result<Published, AppConfigError> {
        self.check_way_is_free(target).await?;
        let strategy = self.strategy().await?;
        let version = self.upload(target, content).await?;
        printer.detail(format_args!("uploaded version {version}, {} bytes", content.bytes.len()));
        let deployment = self.start(target, &strategy, version).await?;
        let mut progress = printer.progress(&format!("deployment {deployment}"));
        self.watch(target, deployment, &mut progress).await?;
        Ok(Published { version, deployment })
    }

    /// Stops the profile's deployment that is under way in the environment, if there is one, and waits until it has.
    ///
    /// # Errors
    ///
    /// A call is refused, or what is under way is another profile's.
    pub(crate) async fn stop(&self, target: &Target) -> Result<Option<i32>, AppConfigError> {
        let Some(under_way) = self.under_way(target).await? else { return Ok(None) };
        if !is_of(&under_way, target) {
            return Err(in_the_way(&under_way, target));
        }
        let number = under_way.deployment_number;
        let call = Call::new("StopDeployment", format!("deployment {number} of {}", target.destination));
        let request = self.client.stop_deployment().application_id(&target.application);
        let request = request.environment_id(&target.environment).deployment_number(number);
        request.send().await.map_err(|error| explain(&self.endpoint, call, &error))?;
        while self.look(target, number).await?.state().is_some_and(is_under_way) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(Some(number))
    }

    /// Waits until no deployment is under way in the environment, as long as that takes at most so long.
    ///
    /// # Errors
    ///
    /// A call is refused, or one is under way still.
    pub(crate) async fn until_free(
        &self,
        target: &Target,
        at_most: Duration,
        printer: &Printer,
    ) -> Result<(), AppConfigError> {
        let Some(first) = self.under_way(target).await? else { return Ok(()) };
        let in_the_way = in_the_way(&first, target);
        if at_most.is_zero() {
            return Err(in_the_way);
        }
        printer.say(format_args!("{in_the_way}: waiting up to {} s for its end", at_most.as_secs()));
        let free = async {
            while let Some(deployment) = self.under_way(target).await? {
                self.until_over(target, deployment.deployment_number, printer).await?;
            }
            Ok(())
        };
        tokio::time::timeout(at_most, free).await.unwrap_or(Err(in_the_way))
    }

    async fn until_over(&self, target: &Target, number: i32, printer: &Printer) -> Result<(), AppConfigError> {
        let mut progress = printer.progress(&format!("deployment {number}"));
        loop {
            let deployment = self.look(target, number).await?;
            let Some(state) = deployment.state().filter(|state| is_under_way(state)) else { return Ok(()) };
            progress.set(deployment.percentage_complete.unwrap_or(0.0), state.as_str());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn check_way_is_free(&self, target: &Target) -> Result<(), AppConfigError> {
        match self.under_way(target).await? {
            Some(deployment) => Err(in_the_way(&deployment, target)),
            None => Ok(()),
        }
    }

    /// AppConfig runs one deployment at a time in an environment.
    async fn under_way(&self, target: &Target) -> Result<Option<DeploymentSummary>, AppConfigError> {
        let call = Call::new("ListDeployments", format!("environment `{}`", target.destination.environment));
        let request = self.client.list_deployments().application_id(&target.application);
        let pages = request.environment_id(&target.environment).into_paginator();
        let listed = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        let listed = listed.map_err(|error| explain(&self.endpoint, call, &error))?;
        Ok(listed.into_iter().find(|it| it.state().is_some_and(is_under_way)))
    }

    async fn upload(&self, target: &Target, content: &Content) -> Result<i32, AppConfigError> {
        let call = Call::new(
            "CreateHostedConfigurationVersion",
            format!("configuration profile `{}`", target.destination.profile),
        );
        let request = self.client.create_hosted_configuration_version().application_id(&target.application);
        let request = request.configuration_profile_id(&target.profile).content_type(content.media_type);
        let request = request.description(&content.description).content(Blob::new(content.bytes.clone()));
        let made = request.send().await.map_err(|error| explain(&self.endpoint, call, &error))?;
        Ok(made.version_number())
    }

    async fn start(&self, target: &Target, strategy: &str, version: i32) -> Result<i32, AppConfigError> {
        let call = Call::new("StartDeployment", format!("environment `{}`", target.destination.environment));
        let request = self.client.start_deployment().application_id(&target.application);
        let request = request.environment_id(&target.environment).configuration_profile_id(&target.profile);
        let request = request.deployment_strategy_id(strategy).configuration_version(version.to_string());
        match request.send().await {
            Ok(started) => Ok(started.deployment_number()),
            Err(error) => {
                if error.code() == Some("ConflictException") {
                    self.check_way_is_free(target).await?;
                }
                Err(explain(&self.endpoint, call, &error))
            }
        }
    }

    async fn watch(&self, target: &Target, number: i32, progress: &mut Progress<'_>) -> Result<(), AppConfigError> {
        loop {
            let deployment = self.look(target, number).await?;
            let state = deployment.state.clone().unwrap_or(DeploymentState::Deploying);
            progress.set(deployment.percentage_complete.unwrap_or(0.0), state.as_str());
            if state == DeploymentState::Complete {
                return Ok(());
            }
            if !is_under_way(&state) {
                return Err(undone(&deployment, &state));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn look(&self, target: &Target, number: i32) -> Result<GetDeploymentOutput, AppConfigError> {
        let call = Call::new("GetDeployment", format!("deployment {number} of {}", target.destination));
        let request = self.client.get_deployment().application_id(&target.application);
        let request = request.environment_id(&target.environment).deployment_number(number);
        request.send().await.map_err(|error| explain(&self.endpoint, call, &error))
    }
}

fn is_under_way(state: &DeploymentState) -> bool {
    use DeploymentState as State;
    matches!(state, State::Baking | State::Deploying | State::RollingBack | State::Validating)
}

/// Older AppConfig APIs give only the profile's name.
fn is_of(deployment: &DeploymentSummary, target: &Target) -> bool {
    match (deployment.configuration_profile_id(), deployment.configuration_name()) {
        (Some(id), _) => id == target.profile,
        (None, name) => name == Some(&target.destination.profile),
    }
}

fn in_the_way(deployment: &DeploymentSummary, target: &Target) -> AppConfigError {
    AppConfigError::UnderWay {
        number: deployment.deployment_number,
        profile: deployment.configuration_name().unwrap_or("an unnamed profile").to_owned(),
        environment: target.destination.environment.clone(),
        state: deployment.state().map_or("in an unknown state", DeploymentState::as_str).to_owned(),
    }
}

fn undone(deployment: &GetDeploymentOutput, state: &DeploymentState) -> AppConfigError {
    let newest = deployment.event_log().iter().max_by_key(|event| event.occurred_at().map(|at| at.as_nanos()));
    AppConfigError::Undone {
        number: deployment.deployment_number,
        state: state.as_str().to_owned(),
        reason: newest.and_then(|event| event.description()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_appconfig::primitives::DateTime;
    use aws_sdk_appconfig::types::DeploymentEvent;

    use super::*;

    #[test]
    fn what_undid_a_deployment_is_told_by_its_newest_event() {
        let event = |at, text: &str| DeploymentEvent::builder().occurred_at(DateTime::from_secs(at)).description(text);
        let rolled_back = GetDeploymentOutput::builder().deployment_number(7).event_log(event(2, "alarm").build());
        let rolled_back = rolled_back.event_log(event(1, "started").build()).build();
        let error = undone(&rolled_back, &DeploymentState::RolledBack);
        assert_eq!(error.to_string(), "deployment 7 was undone (ROLLED_BACK): alarm");
        assert!(!is_under_way(&DeploymentState::RolledBack) && !is_under_way(&DeploymentState::Reverted));
    }
}
