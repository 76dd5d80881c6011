//! The control plane: what publishes.

mod applications;
mod deployments;
mod environments;
mod profiles;
mod strategies;
mod tags;
mod versions;

use super::refusal::Refusal;
use super::request::Request;
use super::store::Store;
use crate::wire::Reply;

/// What answers an operation.
pub(super) type Answer = fn(&mut Store, &Request) -> Result<Reply, Refusal>;

/// Name and answer of the operation that a request is for.
pub(super) fn operation(request: &Request) -> Option<(&'static str, Answer)> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let method = request.head.method.as_str();
    match segments.as_slice() {
        ["applications", _, "environments", _, "deployments", rest @ ..] => of_deployments(method, rest),
        ["applications", _, "environments", rest @ ..] => of_environments(method, rest),
        ["applications", _, "configurationprofiles", _, "hostedconfigurationversions", rest @ ..] => {
            of_versions(method, rest)
        }
        ["applications", _, "configurationprofiles", rest @ ..] => of_profiles(method, rest),
        ["applications", rest @ ..] => of_applications(method, rest),
        ["deploymentstrategies", rest @ ..] => of_strategies(method, rest),
        // The service's own model has it so.
        ["deployementstrategies", _] if method == "DELETE" => Some(("DeleteDeploymentStrategy", strategies::delete)),
        ["tags", _] => of_tags(method),
        _ => None,
    }
}

fn of_applications(method: &str, rest: &[&str]) -> Option<(&'static str, Answer)> {
    Some(match (method, rest) {
        ("POST", []) => ("CreateApplication", applications::create),
        ("GET", []) => ("ListApplications", applications::list),
        ("GET", [_]) => ("GetApplication", applications::get),
        ("PATCH", [_]) => ("UpdateApplication", applications::update),
        ("DELETE", [_]) => ("DeleteApplication", applications::delete),
        _ => return None,
    })
}

fn of_environments(method: &str, rest: &[&str]) -> Option<(&'static str, Answer)> {
    Some(match (method, rest) {
        ("POST", []) => ("CreateEnvironment", environments::create),
        ("GET", []) => ("ListEnvironments", environments::list),
        ("GET", [_]) => ("GetEnvironment", environments::get),
        ("PATCH", [_]) => ("UpdateEnvironment", environments::update),
        ("DELETE", [_]) => ("DeleteEnvironment", environments::delete),
        _ => return None,
    })
}

fn of_profiles(method: &str, rest: &[&str]) -> Option<(&'static str, Answer)> {
    Some(match (method, rest) {
        ("POST", []) => ("CreateConfigurationProfile", profiles::create),
        ("GET", []) => ("ListConfigurationProfiles", profiles::list),
        ("GET", [_]) => ("GetConfigurationProfile", profiles::get),
        ("PATCH", [_]) => ("UpdateConfigurationProfile", profiles::update),
        ("DELETE", [_]) => ("DeleteConfigurationProfile", profiles::delete),
        ("POST", [_, "validators"]) => ("ValidateConfiguration", profiles::validate),
        _ => return None,
    })
}

fn of_versions(method: &str, rest: &[&str]) -> Option<(&'static str, Answer)> {
    Some(match (method, rest) {
        ("POST", []) => ("CreateHostedConfigurationVersion", versions::create),
        ("GET", []) => ("ListHostedConfigurationVersions", versions::list),
        ("GET", [_]) => ("GetHostedConfigurationVersion", versions::get),
        ("DELETE", [_]) => ("DeleteHostedConfigurationVersion", versions::delete),
        _ => return None,
    })
}

fn of_strategies(method: &str, rest: &[&str]) -> Option<(&'static str, Answer)> {
    Some(match (method, rest) {
        ("POST", []) => ("CreateDeploymentStrategy", strategies::create),
        ("GET", []) => ("ListDeploymentStrategies", strategies::list),
        ("GET", [_]) => ("GetDeploymentStrategy", strategies::get),
        ("PATCH", [_]) => ("UpdateDeploymentStrategy", strategies::update),
        _ => return None,
    })
}

fn of_deployments(method: &str, rest: &[&str]) -> Option<(&'static str, Answer)> {
    Some(match (method, rest) {
        ("POST", []) => ("StartDeployment", deployments::start),
        ("GET", []) => ("ListDeployments", deployments::list),
        ("GET", [_]) => ("GetDeployment", deployments::get),
        ("DELETE", [_]) => ("StopDeployment", deployments::stop),
        _ => return None,
    })
}

fn of_tags(method: &str) -> Option<(&'static str, Answer)> {
    Some(match method {
        "GET" => ("ListTagsForResource", tags::list),
        "POST" => ("TagResource", tags::add),
        "DELETE" => ("UntagResource", tags::remove),
        _ => return None,
    })
}

pub(super) fn answer(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let (_, answer) = operation(request).ok_or_else(Refusal::unknown_operation)?;
    answer(store, request)
}

/// A part of the path by its place; the routes have made sure that it is there.
fn segment(request: &Request, place: usize) -> &str {
    request.segments.get(place).map_or("", String::as_str)
}

fn number(request: &Request, place: usize, name: &str) -> Result<u64, Refusal> {
    segment(request, place).parse().map_err(|_| super::request::invalid(name, "must be a whole number"))
}

/// What an update says of a member that it may leave out.
fn changed<T>(member: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *member = said;
    }
}

/// The same of a description, which an empty one removes.
fn described(description: &mut Option<String>, said: Option<String>) {
    if let Some(said) = said {
        *description = Some(said).filter(|said| !said.is_empty());
    }
}
