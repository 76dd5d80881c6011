//! Configuration profiles of the hosted store, with their validators.

use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::request::{Members, Request};
use super::super::store::{Profile, Store};
use super::super::validation::Validator;
use super::{changed, described, segment};
use crate::wire::Reply;

const MAX_PROFILES: usize = 100;
const MAX_VALIDATORS: usize = 2;
const KINDS: [&str; 2] = ["AWS.Freeform", "AWS.AppConfig.FeatureFlags"];

pub(super) fn create(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let kind = members.one_of("Type", &KINDS)?;
    let profile = Profile {
        description: members.optional("Description", 1024)?,
        location: members.required("LocationUri", 2048)?,
        kind: kind.unwrap_or_else(|| "AWS.Freeform".to_owned()),
        validators: validators(&members)?.unwrap_or_default(),
        ..Profile::hosted(store.id(), members.required("Name", 128)?)
    };
    if profile.location != "hosted" {
        return Err(Refusal::bad_request("LocationUri must be `hosted`: the local AppConfig has no other store"));
    }
    let tags = members.tags()?;
    let application = store.application_mut(segment(request, 1))?;
    if application.profiles.len() >= MAX_PROFILES {
        return Err(Refusal::quota("You have reached the limit of 100 configuration profiles"));
    }
    let reply = Reply::new(201).json(&profile.json(&application.id));
    let resource = resource(&application.id, &profile.id);
    application.profiles.push(profile);
    store.tags.insert(resource, tags);
    Ok(reply)
}

fn validators(members: &Members) -> Result<Option<Vec<Validator>>, Refusal> {
    let validators = members.list("Validators", MAX_VALIDATORS)?;
    validators.iter().flatten().try_for_each(Validator::check)?;
    Ok(validators)
}

pub(super) fn list(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let application = store.application(segment(request, 1))?;
    let wanted = |profile: &&Profile| request.query("type").is_none_or(|kind| kind == profile.kind);
    let items: Vec<_> =
        application.profiles.iter().filter(wanted).map(|profile| profile.summary(&application.id)).collect();
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let application = store.application(segment(request, 1))?;
    let profile = application.profile(segment(request, 3))?;
    Ok(Reply::new(200).json(&profile.json(&application.id)))
}

pub(super) fn update(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let (name, description) = (members.optional("Name", 128)?, members.optional("Description", 1024)?);
    let validators = validators(&members)?;
    let application = store.application_mut(segment(request, 1))?;
    let id = application.id.clone();
    let profile = application.profile_mut(segment(request, 3))?;
    changed(&mut profile.name, name);
    described(&mut profile.description, description);
    changed(&mut profile.validators, validators);
    Ok(Reply::new(200).json(&profile.json(&id)))
}

/// What the service does where versions are left in it is not documented; this refuses.
pub(super) fn delete(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let id = segment(request, 3);
    let application = store.application_mut(segment(request, 1))?;
    if !application.profile(id)?.versions.is_empty() {
        return Err(Refusal::conflict(&format!("Configuration profile {id} still has hosted versions")));
    }
    application.profiles.retain(|profile| profile.id != id);
    store.forget_tags(&resource(segment(request, 1), id));
    Ok(Reply::new(204))
}

/// Runs the validators over a version; says nothing where it passes.
pub(super) fn validate(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let version = request.query("configuration_version").filter(|version| !version.is_empty());
    let version = version.ok_or_else(|| Refusal::bad_request("configuration_version is required"))?;
    let profile = store.application(segment(request, 1))?.profile(segment(request, 3))?;
    profile.validate(segment(request, 1), profile.resolve(version)?, &store.functions)?;
    Ok(Reply::new(204))
}

fn resource(application: &str, id: &str) -> String {
    format!("application/{application}/configurationprofile/{id}")
}

impl Profile {
    fn summary(&self, application: &str) -> Value {
        let kinds: Vec<_> = self.validators.iter().map(Validator::kind).collect();
        json!({
            "ApplicationId": application,
            "Id": self.id,
            "Name": self.name,
            "LocationUri": self.location,
            "ValidatorTypes": kinds,
            "Type": self.kind,
        })
    }

    fn json(&self, application: &str) -> Value {
        let mut json = json!({
            "ApplicationId": application,
            "Id": self.id,
            "Name": self.name,
            "LocationUri": self.location,
            "Validators": self.validators,
            "Type": self.kind,
        });
        if let Some(description) = &self.description {
            json["Description"] = description.clone().into();
        }
        json
    }
}
