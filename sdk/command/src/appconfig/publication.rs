//! An experiment to one place: what has to come first, and whether it is there already.

use aws_sdk_appconfig::types::{DeploymentState, DeploymentSummary};
use misrule_engine::delivery::{Form, KeyId};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::PublishedTo;

use super::deployment::Published;
use super::error::AppConfigError;
use super::history::{History, is_under_way};
use super::monitor::Alarms;
use super::patience::Patience;
use super::place::Target;
use super::seen::Replaces;
use super::service::{Left, Service};
use super::strategy::Rollout;
use super::version::{Content, Delivered};

/// What is published, and how.
pub(crate) struct Publication<'a> {
    /// What is uploaded.
    pub(crate) content: &'a Content,
    /// Of its bytes.
    pub(crate) digest: Digest,
    /// The experiment's name.
    pub(crate) name: &'a str,
    /// Where it says that it was published to.
    pub(crate) published_to: &'a PublishedTo,
    /// Its form.
    pub(crate) form: Form,
    /// The key that its signature names.
    pub(crate) key: Option<KeyId>,
    /// How it reaches its targets.
    pub(crate) rollout: &'a Rollout,
    /// What takes it back.
    pub(crate) alarms: &'a Alarms,
    /// Whether the profile is to have our JSON Schema for a validator.
    pub(crate) validated: bool,
    /// Whether it may go unsigned to where something signed is deployed.
    pub(crate) unsigned: bool,
    /// How long another deployment's end is waited for.
    pub(crate) wait: Patience,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Publishing {
    /// It is deployed.
    Done(Published),
    /// The same bytes were in force already.
    Already(Published),
    /// The calls were said, not made.
    Rehearsed,
}

impl Service<'_> {
    /// Uploads and deploys; returns once AppConfig says that it is done. Where nothing was ever deployed a halt goes first, so
    /// that a rollback has somewhere to go. It replaces what stands there now: what comes while it waits, it leaves alone.
    ///
    /// # Errors
    ///
    /// Any call is refused, another deployment is under way, a halt or another publication came meanwhile, the profile has
    /// another form, what is deployed there is signed and this is not, or the deployment is undone.
    pub(crate) async fn publish(
        &self,
        target: &Target,
        publication: &Publication<'_>,
    ) -> Result<Publishing, AppConfigError> {
        let Publication { content, digest, form, rollout, alarms, validated, wait, .. } = publication;
        let mut seen = self.see(target).await?;
        self.check_place(target, publication).await?;
        self.check_key(target, publication).await?;
        self.until_free(target, *wait).await?;
        let history = self.still(target, seen).await?;
        if *validated {
            self.check_form(target, *form).await?;
            self.ensure_validator(target).await?;
        }
        if let Some(published) = self.in_force(target, &history, *digest).await? {
            return Ok(Publishing::Already(published));
        }
        self.check_form(target, *form).await?;
        if history.complete().next().is_none() {
            self.say("nothing is deployed there yet: a halt goes first, so that a rollback has somewhere to go");
            let (first, at_once) = (Content::halt(": before the first experiment"), self.at_once().await?);
            let first = self.deploy(target, &first, &at_once, Replaces::Only(seen)).await?;
            self.leaves(Left::Nothing);
            seen = seen.then(first.deployment);
        }
        self.add_alarms(target, alarms).await?;
        let published = self.deploy(target, content, &self.strategy(rollout).await?, Replaces::Only(seen)).await?;
        Ok(if self.rehearses() { Publishing::Rehearsed } else { Publishing::Done(published) })
    }

    /// What was packed for other places stays away.
    async fn check_place(&self, target: &Target, publication: &Publication<'_>) -> Result<(), AppConfigError> {
        let Publication { name, published_to, .. } = publication;
        match self.elsewhere(target, published_to).await {
            Some(source) => Err(AppConfigError::PublishedElsewhere { name: (*name).to_owned(), source }),
            None => Ok(()),
        }
    }

    /// A layer with a key arms only what this key signed: what nobody signed, or another key, would disarm it.
    async fn check_key(&self, target: &Target, publication: &Publication<'_>) -> Result<(), AppConfigError> {
        let Some((name, key)) = self.deployed_key(target).await? else { return Ok(()) };
        match publication.key {
            None if publication.unsigned => {}
            None => return Err(AppConfigError::Unsigned { name, key }),
            Some(other) if other != key => self.warn(format_args!(
                "`{name}`, which is deployed there, has a signature that names key `{key}`, and this names `{other}`: a layer \
                 refuses it unless its MISRULE_PUBLIC_KEY has both"
            )),
            Some(_) => {}
        }
        Ok(())
    }

    /// The newest experiment that is deployed, or on its way, or was before a halt, and the key that its signature names.
    async fn deployed_key(&self, target: &Target) -> Result<Option<(String, KeyId)>, AppConfigError> {
        use DeploymentState as State;
        let deployed = |it: &&DeploymentSummary| {
            it.state().is_some_and(|state| is_under_way(state) || matches!(state, State::Complete | State::Reverted))
        };
        let history = self.history(target).await?;
        for deployment in history.of_profile().filter(deployed) {
            // A version may have been deleted since.
            let Ok(held) = self.held(target, deployment.configuration_version().unwrap_or_default()).await else {
                continue;
            };
            if let Delivered::Experiment(experiment) = held.delivered() {
                return Ok(held.key().map(|key| (experiment.name, key)));
            }
        }
        Ok(None)
    }

    /// The deployment in force, where it has these bytes.
    async fn in_force(
        &self,
        target: &Target,
        history: &History,
        digest: Digest,
    ) -> Result<Option<Published>, AppConfigError> {
        let Some(deployed) = history.complete().next() else { return Ok(None) };
        let version = deployed.configuration_version().unwrap_or_default();
        if self.held(target, version).await?.digest() != digest {
            return Ok(None);
        }
        Ok(Some(Published::of(deployed)))
    }
}
