//! Deployments: one at a time in an environment.

use super::super::deployment::{Deployment, Stage, Stopped};
use super::super::refusal::Refusal;
use super::super::request::Request;
use super::super::store::{Application, Environment, Profile, Store};
use super::{number, segment};
use crate::wire::Reply;

/// How long after its completion a deployment can be reverted, in milliseconds.
const REVERTIBLE: u64 = 72 * 60 * 60 * 1000;

pub(super) fn start(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let strategy = store.strategy(&members.required("DeploymentStrategyId", 64)?)?.clone();
    let (profile, version) =
        (members.required("ConfigurationProfileId", 128)?, members.required("ConfigurationVersion", 1024)?);
    let description = members.optional("Description", 1024)?;
    let expected = members.whole("LatestDeploymentNumber", 0, u32::MAX)?;
    let now = store.now();
    let application = store.application_mut(segment(request, 1))?;
    let environment = application.environment(segment(request, 3))?;
    let version = resolve(application.profile(&profile)?, &version)?;
    check(environment, expected, now)?;
    let environment = application.environment_mut(segment(request, 3))?;
    let number = environment.deploy(&profile, version, strategy, description, now).number;
    reply(201, application, segment(request, 3), number, now)
}

fn check(environment: &Environment, expected: Option<u64>, now: u64) -> Result<(), Refusal> {
    if let Some(running) = environment.deployments.iter().find(|deployment| deployment.stage(now).is_under_way()) {
        return Err(Refusal::conflict(&format!("Deployment {} is under way", running.number)));
    }
    let latest = environment.deployments.len() as u64;
    match expected {
        Some(expected) if expected != latest => {
            Err(Refusal::conflict(&format!("The latest deployment is {latest}, not {expected}")))
        }
        _ => Ok(()),
    }
}

/// A version by its number or its label.
fn resolve(profile: &Profile, version: &str) -> Result<u64, Refusal> {
    let is_it = |number: u64, label: Option<&str>| version.parse() == Ok(number) || label == Some(version);
    let found = profile.versions.iter().find(|found| is_it(found.number, found.label.as_deref()));
    let missing = || Refusal::not_found("HostedConfigurationVersion", version);
    found.map(|found| found.number).ok_or_else(missing)
}

pub(super) fn list(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let application = store.application(segment(request, 1))?;
    let environment = application.environment(segment(request, 3))?;
    let summary =
        |deployment: &Deployment| Ok(deployment.summary(application.profile(&deployment.profile)?, store.now()));
    let items = environment.deployments.iter().rev().map(summary).collect::<Result<Vec<_>, Refusal>>()?;
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let number = number(request, 5, "DeploymentNumber")?;
    reply(200, store.application(segment(request, 1))?, segment(request, 3), number, store.now())
}

pub(super) fn stop(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let number = number(request, 5, "DeploymentNumber")?;
    let may_revert = request.head.header("Allow-Revert").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let now = store.now();
    let application = store.application_mut(segment(request, 1))?;
    let environment = application.environment_mut(segment(request, 3))?;
    let missing = || Refusal::not_found("Deployment", &number.to_string());
    let found = environment.deployments.iter_mut().find(|found| found.number == number).ok_or_else(missing)?;
    found.stopped = Some(stopped(found, may_revert, now)?);
    reply(202, application, segment(request, 3), number, now)
}

fn stopped(deployment: &Deployment, may_revert: bool, now: u64) -> Result<Stopped, Refusal> {
    let ended = deployment.started + deployment.strategy.growing() + deployment.strategy.baking();
    match deployment.stage(now) {
        Stage::Deploying | Stage::Baking => Ok(Stopped::RolledBack(now)),
        Stage::Complete if may_revert && now <= ended + REVERTIBLE => Ok(Stopped::Reverted(now)),
        stage => Err(Refusal::bad_request(&format!("A deployment that is {} cannot be stopped", stage.name()))),
    }
}

fn reply(status: u16, application: &Application, environment: &str, number: u64, now: u64) -> Result<Reply, Refusal> {
    let found = application.environment(environment)?;
    let missing = || Refusal::not_found("Deployment", &number.to_string());
    let deployment = found.deployments.iter().find(|found| found.number == number).ok_or_else(missing)?;
    let profile = application.profile(&deployment.profile)?;
    Ok(Reply::new(status).json(&deployment.json(&application.id, environment, profile, now)))
}
