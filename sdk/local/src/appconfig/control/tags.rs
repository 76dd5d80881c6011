//! Tags, by the ARN of what they are on. Region and account of an ARN are not looked at.

use serde_json::json;

use super::super::refusal::Refusal;
use super::super::request::{Request, invalid};
use super::super::store::Store;
use super::segment;
use crate::wire::Reply;

pub(super) fn list(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let tags = store.tags.get(&resource(store, request)?);
    Ok(Reply::new(200).json(&json!({ "Tags": tags.cloned().unwrap_or_default() })))
}

pub(super) fn add(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let (resource, tags) = (resource(store, request)?, request.json()?.tags()?);
    store.tags.entry(resource).or_default().extend(tags);
    Ok(Reply::new(204))
}

pub(super) fn remove(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let resource = resource(store, request)?;
    if let Some(tags) = store.tags.get_mut(&resource) {
        tags.retain(|key, _| !request.queries("tagKeys").any(|removed| removed == key));
    }
    Ok(Reply::new(204))
}

/// The resource that the path names, such as `application/abc1234`.
fn resource(store: &Store, request: &Request) -> Result<String, Refusal> {
    let arn = segment(request, 1);
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "appconfig", _, _, resource] = parts[..] else {
        return Err(invalid("ResourceArn", "must be the ARN of something in AppConfig"));
    };
    let exists = match resource.split('/').collect::<Vec<_>>()[..] {
        ["application", id] => store.application(id).is_ok(),
        ["application", id, "environment", environment] => store.application(id)?.environment(environment).is_ok(),
        ["application", id, "configurationprofile", profile] => store.application(id)?.profile(profile).is_ok(),
        ["deploymentstrategy", id] => store.strategy(id).is_ok(),
        _ => false,
    };
    if exists { Ok(resource.to_owned()) } else { Err(Refusal::not_found("Resource", arn)) }
}

impl Store {
    /// Drops the tags of what is deleted: an id is not given again, but a list of tags should not grow for ever.
    pub(super) fn forget_tags(&mut self, resource: &str) {
        self.tags.remove(resource);
    }
}
