//! Applications.

use serde_json::{Value, json};

use super::super::refusal::Refusal;
use super::super::request::Request;
use super::super::store::{Application, Store};
use super::{changed, described, segment};
use crate::wire::Reply;

const MAX_APPLICATIONS: usize = 100;

pub(super) fn create(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let (name, description) = (members.required("Name", 64)?, members.optional("Description", 1024)?);
    let tags = members.tags()?;
    if store.applications.len() >= MAX_APPLICATIONS {
        return Err(Refusal::quota("You have reached the limit of 100 applications"));
    }
    let application = Application::new(store.id(), name, description);
    let reply = Reply::new(201).json(&application.json());
    store.tags.insert(format!("application/{}", application.id), tags);
    store.applications.push(application);
    Ok(reply)
}

pub(super) fn list(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let items: Vec<_> = store.applications.iter().map(Application::json).collect();
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::new(200).json(&store.application(segment(request, 1))?.json()))
}

pub(super) fn update(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let (name, description) = (members.optional("Name", 64)?, members.optional("Description", 1024)?);
    let application = store.application_mut(segment(request, 1))?;
    changed(&mut application.name, name);
    described(&mut application.description, description);
    Ok(Reply::new(200).json(&application.json()))
}

/// What the service does where something is left in it is not documented; this refuses.
pub(super) fn delete(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let id = segment(request, 1).to_owned();
    let application = store.application(&id)?;
    if !application.environments.is_empty() || !application.profiles.is_empty() {
        let message = format!("Application {id} still has environments or configuration profiles");
        return Err(Refusal::bad_request(&message));
    }
    store.applications.retain(|application| application.id != id);
    store.forget_tags(&format!("application/{id}"));
    Ok(Reply::new(204))
}

impl Application {
    fn json(&self) -> Value {
        let mut json = json!({ "Id": self.id, "Name": self.name });
        if let Some(description) = &self.description {
            json["Description"] = description.clone().into();
        }
        json
    }
}
