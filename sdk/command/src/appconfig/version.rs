//! Hosted configuration versions: what is uploaded, and what is held.

use aws_sdk_appconfig::primitives::Blob;
use aws_sdk_appconfig::types::HostedConfigurationVersionSummary;
use bytes::Bytes;
use misrule_engine::delivery::{Delivery, DeliveryError, Form, KeyId};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::Experiment;

use super::asking;
use super::error::{AppConfigError, Call};
use super::place::Target;
use super::service::Service;
use crate::content;

/// What tells every layer to stop: the one delivery that needs no signature.
const HALT: &[u8] = br#"{"halt": true}"#;
/// How the description of each halt begins.
const HALT_DESCRIPTION: &str = "misrule: halt";
/// The media types of the two forms of an experiment.
const MEDIA_TYPES: [(Form, &str); 2] = [(Form::Json, "application/json"), (Form::Bundle, "application/zip")];

/// What is uploaded.
#[derive(Debug)]
pub(crate) struct Content {
    /// The bytes that a layer will read.
    pub(crate) bytes: Vec<u8>,
    /// Their media type.
    pub(crate) media_type: &'static str,
    /// What the AppConfig console shows beside the version: ASCII, at most 1024 characters.
    pub(crate) description: String,
}

impl Content {
    /// A halt, and what it is for.
    pub(super) fn halt(reason: &str) -> Self {
        let description = format!("{HALT_DESCRIPTION}{reason}");
        Self { bytes: HALT.to_vec(), media_type: media_type(Form::Json), description }
    }
}

/// The media type of a form.
pub(crate) fn media_type(form: Form) -> &'static str {
    MEDIA_TYPES
        .iter()
        .find(|(known, _)| *known == form)
        .map_or("application/octet-stream", |(_, media_type)| media_type)
}

/// A version as AppConfig holds it.
pub(crate) struct Held {
    /// Its bytes.
    pub(crate) bytes: Bytes,
}

impl Held {
    /// Of its bytes: what log lines call the experiment's version.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// The key that its signature names, where it has one.
    pub(crate) fn key(&self) -> Option<KeyId> {
        content::key_named(&self.bytes)
    }

    /// What is damaged in it, also where not every layer looks.
    pub(crate) fn damage(&self) -> Option<DeliveryError> {
        content::damage(&self.bytes)
    }

    /// What a layer reads in it.
    pub(crate) fn delivered(&self) -> Delivered {
        match content::delivered(&self.bytes) {
            Ok(Delivery::Halt) => Delivered::Halt,
            Ok(Delivery::Experiment(package)) => Delivered::Experiment(Box::new(package.experiment)),
            Err(_) => Delivered::Other,
        }
    }
}

/// What a version holds.
#[derive(Debug)]
pub(crate) enum Delivered {
    /// A halt.
    Halt,
    /// An experiment.
    Experiment(Box<Experiment>),
    /// Nothing that a layer would arm.
    Other,
}

impl Service<'_> {
    /// Uploads; the version's number.
    pub(super) async fn upload(&self, target: &Target, content: &Content) -> Result<i32, AppConfigError> {
        let profile = format!("configuration profile `{}`", target.destination.profile);
        let call = Call::new("CreateHostedConfigurationVersion", profile);
        let Content { bytes, media_type, description } = content;
        if !self.makes(&call, format_args!("{} bytes of {media_type}, `{description}`", bytes.len())) {
            return Ok(0);
        }
        let request = self.client.create_hosted_configuration_version().application_id(&target.application);
        let request = request.configuration_profile_id(&target.profile.id).content_type(*media_type);
        let request = request.description(description).content(Blob::new(bytes.clone()));
        let request = request.customize().config_override(asking::longer());
        Ok(self.ask(call, request.send()).await?.version_number())
    }

    /// A version as it is held.
    ///
    /// # Errors
    ///
    /// The call is refused, or there is none of this number.
    pub(crate) async fn held(&self, target: &Target, version: &str) -> Result<Held, AppConfigError> {
        let call = Call::new(
            "GetHostedConfigurationVersion",
            format!("version {version} of configuration profile `{}`", target.destination.profile),
        );
        let Ok(number) = version.parse() else {
            return Err(AppConfigError::Failed { call, cause: "its number is none".to_owned() });
        };
        let request = self.client.get_hosted_configuration_version().application_id(&target.application);
        let request = request.configuration_profile_id(&target.profile.id).version_number(number);
        let held = self.ask(call, request.send()).await?;
        Ok(Held { bytes: held.content.map(Blob::into_inner).unwrap_or_default().into() })
    }

    /// A profile has experiments of one form: a validator, a layer's key and whoever edits them rely on it.
    pub(super) async fn check_form(&self, target: &Target, form: Form) -> Result<(), AppConfigError> {
        match self.form(target).await? {
            Some(has) if has != form => {
                Err(AppConfigError::AnotherForm { profile: target.destination.profile.clone(), has, is: form })
            }
            _ => Ok(()),
        }
    }

    /// The form of the profile's newest version that is no halt: those are JSON in any profile.
    ///
    /// # Errors
    ///
    /// A call is refused.
    pub(crate) async fn form(&self, target: &Target) -> Result<Option<Form>, AppConfigError> {
        for version in self.versions(target).await? {
            let known = MEDIA_TYPES.iter().find(|(_, media_type)| version.content_type() == Some(media_type));
            let description = version.description().unwrap_or_default();
            match known {
                Some((Form::Json, _)) if description.starts_with(HALT_DESCRIPTION) => {}
                Some((Form::Json, _)) if self.is_halt(target, &version).await? => {}
                Some((form, _)) => return Ok(Some(*form)),
                None => {}
            }
        }
        Ok(None)
    }

    async fn is_halt(
        &self,
        target: &Target,
        version: &HostedConfigurationVersionSummary,
    ) -> Result<bool, AppConfigError> {
        let held = self.held(target, &version.version_number().to_string()).await?;
        Ok(matches!(held.delivered(), Delivered::Halt))
    }

    /// The newest first.
    pub(super) async fn versions(
        &self,
        target: &Target,
    ) -> Result<Vec<HostedConfigurationVersionSummary>, AppConfigError> {
        if target.profile.new {
            return Ok(Vec::new());
        }
        let profile = format!("configuration profile `{}`", target.destination.profile);
        let call = Call::new("ListHostedConfigurationVersions", profile);
        let request = self.client.list_hosted_configuration_versions().application_id(&target.application);
        let pages = request.configuration_profile_id(&target.profile.id).into_paginator();
        let mut listed = self.ask(call, pages.items().send().collect::<Result<Vec<_>, _>>()).await?;
        listed.sort_by_key(|version| std::cmp::Reverse(version.version_number()));
        Ok(listed)
    }
}

/// Whether a version is the halt of somebody who said to halt.
pub(super) fn is_meant_to_stop(version: &HostedConfigurationVersionSummary) -> bool {
    version.description() == Some(HALT_DESCRIPTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_halt_is_read_as_one() {
        let held = Held { bytes: Content::halt("").bytes.into() };
        assert!(matches!(held.delivered(), Delivered::Halt));
        assert!(matches!(Held { bytes: "x".into() }.delivered(), Delivered::Other));
    }
}
