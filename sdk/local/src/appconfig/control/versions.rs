//! Hosted configuration versions: any bytes, numbered from 1.

use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::request::{Request, invalid};
use super::super::store::{Application, Profile, Store, Version};
use super::{number, segment};
use crate::wire::Reply;

/// The size that AppConfig's documentation promises.
const MAX_KILOBYTES: usize = 1024;

pub(super) fn create(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let text = |name, longest| header(request, name, longest);
    let content_type = text("Content-Type", 255)?.ok_or_else(|| invalid("Content-Type", "is required"))?;
    let (description, label) = (text("Description", 1024)?, text("VersionLabel", 64)?);
    let application = store.application_mut(segment(request, 1))?;
    let id = application.id.clone();
    let profile = application.profile_mut(segment(request, 3))?;
    check(profile, request, label.as_deref())?;
    let version = profile.add(content_type, request.body.clone(), description, label);
    Ok(version.reply(201, &id, &profile.id))
}

fn check(profile: &Profile, request: &Request, label: Option<&str>) -> Result<(), Refusal> {
    if request.body.len() > MAX_KILOBYTES * 1024 {
        return Err(Refusal::too_large(MAX_KILOBYTES, request.body.len()));
    }
    if let Some(expected) = header(request, "Latest-Version-Number", 20)? {
        let expected: u64 = expected.parse().map_err(|_| invalid("Latest-Version-Number", "must be a whole number"))?;
        if expected != profile.latest {
            return Err(Refusal::conflict(&format!("The latest version is {}, not {expected}", profile.latest)));
        }
    }
    let Some(label) = label else { return Ok(()) };
    if label.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid("VersionLabel", "must contain something other than digits"));
    }
    if profile.versions.iter().any(|version| version.label.as_deref() == Some(label)) {
        return Err(invalid("VersionLabel", "is in use"));
    }
    Ok(())
}

pub(super) fn list(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let (application, profile) = find(store, request)?;
    let wanted = |version: &&Version| {
        request.query("version_label").is_none_or(|wanted| is_labelled(version.label.as_deref(), wanted))
    };
    let items = profile.versions.iter().rev().filter(wanted);
    let items: Vec<_> = items.map(|version| version.json(&application.id, &profile.id)).collect();
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let number = number(request, 5, "VersionNumber")?;
    let (application, profile) = find(store, request)?;
    let missing = || Refusal::not_found("HostedConfigurationVersion", segment(request, 5));
    let version = profile.version(number).ok_or_else(missing)?;
    Ok(version.reply(200, &application.id, &profile.id))
}

pub(super) fn delete(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let number = number(request, 5, "VersionNumber")?;
    let profile = store.application_mut(segment(request, 1))?.profile_mut(segment(request, 3))?;
    profile.resolve(&number.to_string())?;
    profile.versions.retain(|version| version.number != number);
    Ok(Reply::new(204))
}

/// Whether a label is the wanted one, or begins with it where that ends with an asterisk.
fn is_labelled(label: Option<&str>, wanted: &str) -> bool {
    match (label, wanted.strip_suffix('*')) {
        (Some(label), Some(beginning)) => label.starts_with(beginning),
        (label, _) => label == Some(wanted),
    }
}

fn find<'a>(store: &'a Store, request: &Request) -> Result<(&'a Application, &'a Profile), Refusal> {
    let application = store.application(segment(request, 1))?;
    Ok((application, application.profile(segment(request, 3))?))
}

fn header(request: &Request, name: &str, longest: usize) -> Result<Option<String>, Refusal> {
    match request.head.header(name) {
        Some(value) if value.chars().count() > longest => {
            Err(invalid(name, &format!("must have at most {longest} characters")))
        }
        value => Ok(value.filter(|value| !value.is_empty()).map(str::to_owned)),
    }
}

impl Version {
    fn json(&self, application: &str, profile: &str) -> Value {
        let mut json = json!({
            "ApplicationId": application,
            "ConfigurationProfileId": profile,
            "VersionNumber": self.number,
            "ContentType": self.content_type,
        });
        for (name, value) in [("Description", &self.description), ("VersionLabel", &self.label)] {
            if let Some(value) = value {
                json[name] = value.clone().into();
            }
        }
        json
    }

    /// The content as the body, the rest as headers.
    fn reply(&self, status: u16, application: &str, profile: &str) -> Reply {
        let mut reply = Reply::new(status)
            .header("Application-Id", application)
            .header("Configuration-Profile-Id", profile)
            .header("Version-Number", self.number.to_string())
            .header("Content-Type", &self.content_type)
            .body(self.content.clone());
        for (name, value) in [("Description", &self.description), ("VersionLabel", &self.label)] {
            if let Some(value) = value {
                reply = reply.header(name, value);
            }
        }
        reply
    }
}
