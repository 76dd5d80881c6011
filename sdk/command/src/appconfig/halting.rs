//! Stop what is under way, and deploy a halt.

use super::deployment::{LOOK_EVERY, Published, in_the_way};
use super::error::{AppConfigError, Call, explain};
use super::history::is_under_way;
use super::place::Target;
use super::service::Service;
use super::version::Content;

impl Service<'_> {
    /// Stops the profile's deployment that is under way, then deploys a halt to everyone at once.
    ///
    /// # Errors
    ///
    /// A call is refused, or another profile's deployment is in the way.
    pub(crate) async fn halt(&self, target: &Target) -> Result<Published, AppConfigError> {
        if let Some(number) = self.stop(target).await? {
            self.say(format_args!("stopped deployment {number}"));
        }
        self.deploy(target, &Content::halt(""), &self.at_once().await?).await
    }

    /// Stops the profile's deployment that is under way in the environment, if there is one, and waits until it has.
    async fn stop(&self, target: &Target) -> Result<Option<i32>, AppConfigError> {
        let history = self.history(target).await?;
        let Some(under_way) = history.under_way() else { return Ok(None) };
        if !history.is_own(under_way) {
            return Err(in_the_way(under_way, target));
        }
        let number = under_way.deployment_number;
        let call = Call::new("StopDeployment", format!("deployment {number} of {}", target.destination));
        if !self.makes(&call, "which is under way") {
            return Ok(None);
        }
        let request = self.client.stop_deployment().application_id(&target.application);
        let request = request.environment_id(&target.environment.id).deployment_number(number);
        request.send().await.map_err(|error| explain(&self.endpoint, call, &error))?;
        while self.deployment(target, number).await?.state().is_some_and(is_under_way) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(Some(number))
    }
}
