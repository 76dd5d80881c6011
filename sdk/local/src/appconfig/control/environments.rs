//! Environments, with the alarms that are watched over deployments to them.

use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::request::Request;
use super::super::store::{Environment, Store};
use super::{changed, described, segment};
use crate::wire::Reply;

const MAX_ENVIRONMENTS: usize = 20;
const MAX_MONITORS: usize = 5;

pub(super) fn create(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let (name, description) = (members.required("Name", 64)?, members.optional("Description", 1024)?);
    let monitors = members.list("Monitors", MAX_MONITORS)?.unwrap_or_default();
    let tags = members.tags()?;
    let (id, now) = (store.id(), store.now());
    let application = store.application_mut(segment(request, 1))?;
    if application.environments.len() >= MAX_ENVIRONMENTS {
        return Err(Refusal::quota("You have reached the limit of 20 environments"));
    }
    let environment = Environment { monitors, ..Environment::new(id, name, description) };
    let reply = Reply::new(201).json(&environment.json(&application.id, now));
    let resource = resource(&application.id, &environment.id);
    application.environments.push(environment);
    store.tags.insert(resource, tags);
    Ok(reply)
}

pub(super) fn list(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let application = store.application(segment(request, 1))?;
    let json = |environment: &Environment| environment.json(&application.id, store.now());
    let items: Vec<_> = application.environments.iter().map(json).collect();
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let application = store.application(segment(request, 1))?;
    let environment = application.environment(segment(request, 3))?;
    Ok(Reply::new(200).json(&environment.json(&application.id, store.now())))
}

pub(super) fn update(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let (name, description) = (members.optional("Name", 64)?, members.optional("Description", 1024)?);
    let monitors = members.list("Monitors", MAX_MONITORS)?;
    let environment = store.application_mut(segment(request, 1))?.environment_mut(segment(request, 3))?;
    changed(&mut environment.name, name);
    described(&mut environment.description, description);
    changed(&mut environment.monitors, monitors);
    store.heed_alarms();
    get(store, request)
}

pub(super) fn delete(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let (now, id) = (store.now(), segment(request, 3));
    let application = store.application_mut(segment(request, 1))?;
    if let Some(deployment) = application.environment(id)?.under_way(now) {
        return Err(Refusal::conflict(&format!("Deployment {} is under way", deployment.number)));
    }
    application.environments.retain(|environment| environment.id != id);
    store.forget_tags(&resource(segment(request, 1), id));
    Ok(Reply::new(204))
}

fn resource(application: &str, id: &str) -> String {
    format!("application/{application}/environment/{id}")
}

impl Environment {
    fn json(&self, application: &str, now: u64) -> Value {
        let mut json = json!({
            "ApplicationId": application,
            "Id": self.id,
            "Name": self.name,
            "State": self.state(now),
            "Monitors": self.monitors,
        });
        if let Some(description) = &self.description {
            json["Description"] = description.clone().into();
        }
        json
    }
}
