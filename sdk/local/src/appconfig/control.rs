//! The control plane: what publishes.

mod deployments;
mod resources;
mod strategies;
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
    let operation: (&'static str, Answer) = match (request.head.method.as_str(), segments.as_slice()) {
        ("POST", ["applications"]) => ("CreateApplication", resources::create_application),
        ("GET", ["applications"]) => ("ListApplications", resources::list_applications),
        ("GET", ["applications", _]) => ("GetApplication", resources::get_application),
        ("POST", ["applications", _, "environments"]) => ("CreateEnvironment", resources::create_environment),
        ("GET", ["applications", _, "environments"]) => ("ListEnvironments", resources::list_environments),
        ("GET", ["applications", _, "environments", _]) => ("GetEnvironment", resources::get_environment),
        ("POST", ["applications", _, "configurationprofiles"]) => {
            ("CreateConfigurationProfile", resources::create_profile)
        }
        ("GET", ["applications", _, "configurationprofiles"]) => {
            ("ListConfigurationProfiles", resources::list_profiles)
        }
        ("GET", ["applications", _, "configurationprofiles", _]) => ("GetConfigurationProfile", resources::get_profile),
        ("POST", ["applications", _, "configurationprofiles", _, "hostedconfigurationversions"]) => {
            ("CreateHostedConfigurationVersion", versions::create)
        }
        ("GET", ["applications", _, "configurationprofiles", _, "hostedconfigurationversions"]) => {
            ("ListHostedConfigurationVersions", versions::list)
        }
        ("GET", ["applications", _, "configurationprofiles", _, "hostedconfigurationversions", _]) => {
            ("GetHostedConfigurationVersion", versions::get)
        }
        ("POST", ["deploymentstrategies"]) => ("CreateDeploymentStrategy", strategies::create),
        ("GET", ["deploymentstrategies"]) => ("ListDeploymentStrategies", strategies::list),
        ("GET", ["deploymentstrategies", _]) => ("GetDeploymentStrategy", strategies::get),
        ("POST", ["applications", _, "environments", _, "deployments"]) => ("StartDeployment", deployments::start),
        ("GET", ["applications", _, "environments", _, "deployments"]) => ("ListDeployments", deployments::list),
        ("GET", ["applications", _, "environments", _, "deployments", _]) => ("GetDeployment", deployments::get),
        ("DELETE", ["applications", _, "environments", _, "deployments", _]) => ("StopDeployment", deployments::stop),
        _ => return None,
    };
    Some(operation)
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
