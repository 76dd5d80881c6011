//! Applications, environments and configuration profiles.

use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::request::{Request, invalid};
use super::super::store::{Application, Environment, Profile, Store};
use super::segment;
use crate::wire::Reply;

const MAX_APPLICATIONS: usize = 100;
const MAX_ENVIRONMENTS: usize = 20;
const MAX_PROFILES: usize = 100;
const MAX_VALIDATORS: usize = 2;
const MAX_MONITORS: usize = 5;

pub(super) fn create_application(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let (name, description) = (members.required("Name", 64)?, members.optional("Description", 1024)?);
    if store.applications.len() >= MAX_APPLICATIONS {
        return Err(Refusal::quota("You have reached the limit of 100 applications"));
    }
    let application = Application::new(store.id(), name, description);
    let reply = Reply::new(201).json(&application.json());
    store.applications.push(application);
    Ok(reply)
}

pub(super) fn list_applications(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let items: Vec<_> = store.applications.iter().map(Application::json).collect();
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get_application(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::new(200).json(&store.application(segment(request, 1))?.json()))
}

pub(super) fn create_environment(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let (name, description) = (members.required("Name", 64)?, members.optional("Description", 1024)?);
    let monitors = list(members.other("Monitors"), "Monitors", MAX_MONITORS)?;
    let (id, now) = (store.id(), store.now());
    let application = store.application_mut(segment(request, 1))?;
    if application.environments.len() >= MAX_ENVIRONMENTS {
        return Err(Refusal::quota("You have reached the limit of 20 environments"));
    }
    let environment = Environment { monitors, ..Environment::new(id, name, description) };
    let reply = Reply::new(201).json(&environment.json(&application.id, now));
    application.environments.push(environment);
    Ok(reply)
}

pub(super) fn list_environments(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let application = store.application(segment(request, 1))?;
    let json = |environment: &Environment| environment.json(&application.id, store.now());
    let items: Vec<_> = application.environments.iter().map(json).collect();
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get_environment(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let application = store.application(segment(request, 1))?;
    let environment = application.environment(segment(request, 3))?;
    Ok(Reply::new(200).json(&environment.json(&application.id, store.now())))
}

pub(super) fn create_profile(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let kind = members.one_of("Type", &["AWS.Freeform", "AWS.AppConfig.FeatureFlags"])?;
    let profile = Profile {
        id: store.id(),
        name: members.required("Name", 128)?,
        description: members.optional("Description", 1024)?,
        location: members.required("LocationUri", 2048)?,
        kind: kind.unwrap_or_else(|| "AWS.Freeform".to_owned()),
        validators: list(members.other("Validators"), "Validators", MAX_VALIDATORS)?,
        versions: Vec::new(),
    };
    let application = store.application_mut(segment(request, 1))?;
    if application.profiles.len() >= MAX_PROFILES {
        return Err(Refusal::quota("You have reached the limit of 100 configuration profiles"));
    }
    let reply = Reply::new(201).json(&profile.json(&application.id));
    application.profiles.push(profile);
    Ok(reply)
}

pub(super) fn list_profiles(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let application = store.application(segment(request, 1))?;
    let wanted = |profile: &&Profile| request.query("type").is_none_or(|kind| kind == profile.kind);
    let items: Vec<_> =
        application.profiles.iter().filter(wanted).map(|profile| profile.summary(&application.id)).collect();
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get_profile(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let application = store.application(segment(request, 1))?;
    let profile = application.profile(segment(request, 3))?;
    Ok(Reply::new(200).json(&profile.json(&application.id)))
}

fn list(value: Option<&Value>, name: &str, most: usize) -> Result<Value, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(json!([])),
        Some(Value::Array(items)) if items.len() <= most => Ok(items.clone().into()),
        Some(_) => Err(invalid(name, &format!("must be a list of at most {most}"))),
    }
}

fn described(mut json: Value, description: Option<&String>) -> Value {
    if let Some(description) = description {
        json["Description"] = description.clone().into();
    }
    json
}

impl Application {
    fn json(&self) -> Value {
        described(json!({ "Id": self.id, "Name": self.name }), self.description.as_ref())
    }
}

impl Environment {
    fn json(&self, application: &str, now: u64) -> Value {
        let json = json!({
            "ApplicationId": application,
            "Id": self.id,
            "Name": self.name,
            "State": self.state(now),
            "Monitors": self.monitors,
        });
        described(json, self.description.as_ref())
    }
}

impl Profile {
    fn summary(&self, application: &str) -> Value {
        let kinds = self.validators.as_array().map(|all| all.iter().filter_map(|validator| validator.get("Type")));
        json!({
            "ApplicationId": application,
            "Id": self.id,
            "Name": self.name,
            "LocationUri": self.location,
            "ValidatorTypes": kinds.map(Iterator::collect::<Vec<_>>),
            "Type": self.kind,
        })
    }

    fn json(&self, application: &str) -> Value {
        let json = json!({
            "ApplicationId": application,
            "Id": self.id,
            "Name": self.name,
            "LocationUri": self.location,
            "Validators": self.validators,
            "Type": self.kind,
        });
        described(json, self.description.as_ref())
    }
}
