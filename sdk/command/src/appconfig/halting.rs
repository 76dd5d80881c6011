//! Stop what is under way, and deploy a halt that no alarm takes back.

use std::future::Future;

use aws_sdk_appconfig::types::{DeploymentState, DeploymentSummary, Monitor};
use misrule_engine::experiment::Experiment;
use tokio::time::Instant;

use super::deployment::{Published, in_the_way};
use super::destination::Destination;
use super::error::{AppConfigError, Call};
use super::history::{History, holds, is_under_way};
use super::monitor::arns;
use super::patience::Patience;
use super::place::Target;
use super::seen::Replaces;
use super::service::{Left, Service};
use super::version::{Content, Delivered};

/// What it means that a halt which is in force was not uploaded again.
const UNSEEN: &str =
    "a publication that waits for another deployment's end does not see this halt, and may replace the one in force";

/// What is done about the deployment of another profile: AppConfig runs one at a time in an environment, so the halt comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// Wait for its end, for so long at most.
    WaitFor(Patience),
    /// Stop it.
    Stop,
}

impl Others {
    /// Until when they are waited for.
    fn deadline(self) -> Instant {
        match self {
            Self::WaitFor(patience) => patience.deadline(),
            Self::Stop => Instant::now(),
        }
    }
}

/// What came of it.
pub(crate) enum Halting {
    /// A halt is deployed.
    Done(Halted),
    /// One was in force already.
    Already(Published),
}

/// A place that is halted.
pub(crate) struct Halted {
    /// The halt.
    pub(crate) published: Published,
    /// The experiments that were in force or on their way, as far as they could be read.
    pub(crate) experiments: Vec<Experiment>,
}

impl Service<'_> {
    /// Stops the profile's deployment that is under way, then deploys a halt to everyone at once, unless one is in force. AppConfig
    /// takes a deployment back that it watches while an alarm fires, so the environment's alarms are taken off it meanwhile, and
    /// put back. The halt is uploaded first of all: who waits to publish there sees it, and deploys nothing
    /// ([`still`](Self::still)). What began all the same is halted, too.
    ///
    /// # Errors
    ///
    /// A place is not there, a call is refused or not answered, another profile's deployment stays in the way, or the alarms could
    /// not be put back; each says what is not halted.
    pub(crate) async fn halt(&self, to: &Destination, others: Others) -> Result<Halting, AppConfigError> {
        let halting = async { self.halt_at(&self.find(to).await?, others).await };
        halting.await.map_err(AppConfigError::while_halting)
    }

    async fn halt_at(&self, target: &Target, others: Others) -> Result<Halting, AppConfigError> {
        let (deadline, mut experiments) = (others.deadline(), Vec::new());
        let uploaded = self.upload(target, &Content::halt("")).await;
        loop {
            let history = self.history(target).await?;
            if let Some(published) = self.halt_in_force(target, &history).await {
                self.leaves(Left::Complete(published.deployment));
                uploaded.err().into_iter().for_each(|error| self.warn(format_args!("{error}: {UNSEEN}")));
                return Ok(Halting::Already(published));
            }
            self.make_way(target, others, deadline).await?;
            let version = match &uploaded {
                Ok(version) => *version,
                Err(_) => self.upload(target, &Content::halt("")).await?,
            };
            let published = match self.deploy_guarded(target, &history, version).await {
                // Somebody was faster: the deadline holds.
                Err(AppConfigError::UnderWay { .. }) => continue,
                published => published?,
            };
            experiments.extend(self.to_its_end("the halt is told", self.experiments(target, &history)).await);
            if !self.to_its_end("the halt is told", self.is_overtaken(target, published)).await {
                return Ok(Halting::Done(Halted { published, experiments }));
            }
        }
    }

    /// Whether a deployment of the profile began while the halt did, and came after it.
    async fn is_overtaken(&self, target: &Target, halt: Published) -> bool {
        if self.rehearses() {
            return false;
        }
        let history = match self.history(target).await {
            Ok(history) => history,
            Err(error) => {
                self.warn(format_args!("{error}: whether anything was deployed after the halt is not known"));
                return false;
            }
        };
        let mut later = history.of_profile().filter(|it| it.deployment_number > halt.deployment);
        let Some(later) = later.find(|it| it.state().is_some_and(holds)) else { return false };
        if matches!(self.delivered(target, later).await, Some(Delivered::Halt)) {
            return false;
        }
        self.leaves(Left::Nothing);
        self.warn(format_args!("deployment {} began while the halt did: it is halted, too", later.deployment_number));
        true
    }

    /// The halt that is in force, where nothing of the profile is under way to replace it.
    async fn halt_in_force(&self, target: &Target, history: &History) -> Option<Published> {
        let deployed = history.complete().next().filter(|_| history.own_under_way().is_none())?;
        let halt = matches!(self.delivered(target, deployed).await, Some(Delivered::Halt));
        halt.then(|| Published::of(deployed))
    }

    async fn deploy_guarded(
        &self,
        target: &Target,
        history: &History,
        version: i32,
    ) -> Result<Published, AppConfigError> {
        match self.monitors(target).await {
            Ok(monitors) if monitors.is_empty() => self.deploy_halt(target, version).await,
            Ok(monitors) => {
                self.revert_to_halt(target, history).await;
                let halted = self.without_alarms(target, &monitors, self.deploy_halt(target, version));
                self.to_its_end("the alarms are back", halted).await
            }
            Err(error) => {
                self.warn(format_args!("{error}: an alarm that fires may take the halt back"));
                self.deploy_halt(target, version).await
            }
        }
    }

    async fn deploy_halt(&self, target: &Target, version: i32) -> Result<Published, AppConfigError> {
        let (strategy, description) = (self.at_once().await?, Content::halt("").description);
        let deployment = self.deploy_version(target, version, &strategy, &description, Replaces::Anything).await?;
        Ok(Published { version, deployment })
    }

    /// Until no deployment is under way in the environment: the profile's own is stopped, another one's end is waited for, or it
    /// is stopped, too.
    async fn make_way(&self, target: &Target, others: Others, deadline: Instant) -> Result<(), AppConfigError> {
        loop {
            let history = self.history(target).await?;
            let Some(under_way) = history.under_way() else { return Ok(()) };
            match others {
                Others::WaitFor(patience) if !history.is_own(under_way) => {
                    self.wait_for(target, under_way, patience, deadline).await?;
                }
                _ => self.stop(target, under_way).await?,
            }
            if self.rehearses() {
                return Ok(());
            }
        }
    }

    /// Waits for the end of another profile's deployment.
    async fn wait_for(
        &self,
        target: &Target,
        under_way: &DeploymentSummary,
        patience: Patience,
        deadline: Instant,
    ) -> Result<(), AppConfigError> {
        let in_the_way = in_the_way(under_way, target);
        if patience.is_none() {
            return Err(in_the_way);
        }
        self.warn(format_args!(
            "{in_the_way}, and AppConfig runs one at a time: the halt waits for its end, up to {patience}; \
             `misrule halt --stop-others` stops it"
        ));
        if self.rehearses() {
            return Ok(());
        }
        let over = self.until_over(target, under_way.deployment_number);
        tokio::time::timeout_at(deadline, over).await.unwrap_or(Err(in_the_way))
    }

    /// Stops a deployment that is under way, and waits until it has.
    async fn stop(&self, target: &Target, under_way: &DeploymentSummary) -> Result<(), AppConfigError> {
        let number = under_way.deployment_number;
        if under_way.state() == Some(&DeploymentState::RollingBack) {
            return self.until_over(target, number).await;
        }
        match self.stop_deployment(target, number, false).await {
            Ok(true) => {
                let profile = under_way.configuration_name().unwrap_or("an unnamed profile");
                self.say(format_args!(
                    "stopped deployment {number} of `{profile}`: what was in force before it is again"
                ));
            }
            Ok(false) => return Ok(()),
            // An alarm may have been faster, or its end.
            Err(error) if self.may_be_stopped(target, number).await? => return Err(error),
            Err(_) => {}
        }
        self.until_over(target, number).await
    }

    async fn may_be_stopped(&self, target: &Target, number: i32) -> Result<bool, AppConfigError> {
        let deployment = self.deployment(target, number).await?;
        Ok(deployment.state().is_some_and(|state| is_under_way(state) && *state != DeploymentState::RollingBack))
    }

    /// Whether the call was made.
    async fn stop_deployment(&self, target: &Target, number: i32, revert: bool) -> Result<bool, AppConfigError> {
        let call =
            Call::new("StopDeployment", format!("deployment {number} in {}", target.destination.environment_words()));
        if !self.makes(&call, if revert { "which is complete: revert it" } else { "which is under way" }) {
            return Ok(false);
        }
        let request = self.client.stop_deployment().application_id(&target.application);
        let request = request.environment_id(&target.environment.id).deployment_number(number).allow_revert(revert);
        self.ask(call, request.send()).await.map(|_| true)
    }

    /// Reverts the experiment that is in force where a halt was before it: that is felt before the halt is deployed, and AppConfig
    /// heeds no alarm for it (<https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-deploying-reverting.html>). Where
    /// it cannot be done the halt does without.
    async fn revert_to_halt(&self, target: &Target, history: &History) {
        let mut complete = history.complete();
        let (Some(newest), Some(before)) = (complete.next(), complete.next()) else { return };
        let is = [self.delivered(target, newest).await, self.delivered(target, before).await];
        if !matches!(is, [Some(Delivered::Experiment(_)), Some(Delivered::Halt)]) {
            return;
        }
        let number = newest.deployment_number;
        if matches!(self.stop_deployment(target, number, true).await, Ok(true)) {
            self.say(format_args!("reverted deployment {number} to the halt before it"));
        }
    }

    /// What a deployment's version holds, where it can be read.
    pub(super) async fn delivered(&self, target: &Target, deployment: &DeploymentSummary) -> Option<Delivered> {
        let held = self.held(target, deployment.configuration_version()?).await;
        held.ok().map(|held| held.delivered())
    }

    /// Takes the alarms off the environment while something is done, and puts them back whatever comes of it.
    async fn without_alarms(
        &self,
        target: &Target,
        monitors: &[Monitor],
        work: impl Future<Output = Result<Published, AppConfigError>>,
    ) -> Result<Published, AppConfigError> {
        let (alarms, environment) = (arns(monitors).join(", "), &target.destination.environment);
        self.say(format_args!("taking alarms off `{environment}` for the halt, which they would take back: {alarms}"));
        if let Err(error) = self.set_monitors(target, &[]).await {
            self.warn(format_args!("{error}: an alarm that fires may take the halt back"));
            return work.await;
        }
        let done = work.await;
        match (self.set_monitors(target, monitors).await, done) {
            (Ok(()), done) => {
                self.say(format_args!("put the alarms back on `{environment}`"));
                done
            }
            (Err(error), done) => {
                done?;
                let Target { application, environment, .. } = target;
                Err(AppConfigError::AlarmsOff {
                    cause: error.to_string(),
                    alarms: arns(monitors),
                    restore: restoring(application, &environment.id, monitors),
                })
            }
        }
    }

    /// What was in force or on its way when the halt began.
    async fn experiments(&self, target: &Target, history: &History) -> Vec<Experiment> {
        let mut experiments = Vec::new();
        let under_way = history.of_profile().find(|it| it.state().is_some_and(is_under_way));
        for deployment in under_way.into_iter().chain(history.complete().next()) {
            if let Some(Delivered::Experiment(experiment)) = self.delivered(target, deployment).await {
                experiments.push(*experiment);
            }
        }
        experiments
    }
}

/// The command that puts alarms back.
fn restoring(application: &str, environment: &str, monitors: &[Monitor]) -> String {
    let shorthand = |monitor: &Monitor| {
        let role = monitor.alarm_role_arn().map(|role| format!(",AlarmRoleArn={role}")).unwrap_or_default();
        format!("'AlarmArn={}{role}'", monitor.alarm_arn())
    };
    let monitors: Vec<_> = monitors.iter().map(shorthand).collect();
    format!(
        "aws appconfig update-environment --application-id {application} --environment-id {environment} --monitors {}",
        monitors.join(" ")
    )
}
