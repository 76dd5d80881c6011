//! Deployments: one at a time in an environment.

use super::super::deployment::Deployment;
use super::super::refusal::Refusal;
use super::super::request::Request;
use super::super::rollout::{Cause, Rollout, Stage};
use super::super::store::{Application, Environment, Store, Version};
use super::super::strategy::Strategy;
use super::{number, segment};
use crate::wire::Reply;

/// How long after its completion a deployment can be reverted, in milliseconds.
const REVERTIBLE: u64 = 72 * 60 * 60 * 1000;

/// What StartDeployment was asked for, when all of it was found and nothing stands in its way.
struct Wanted {
    strategy: Strategy,
    profile: String,
    version: Version,
    description: Option<String>,
}

pub(super) fn start(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let Wanted { strategy, profile, version, description } = wanted(store, request)?;
    let (now, takes) = (store.now(), store.rollback_takes);
    let environment = store.application(segment(request, 1))?.environment(segment(request, 3))?;
    let firing = store.alarms.firing(&environment.monitors);
    let application = store.application_mut(segment(request, 1))?;
    let environment = application.environment_mut(segment(request, 3))?;
    let number = environment.deploy(&profile, version, description, Rollout::begin(strategy, now));
    let started = reply(201, application, segment(request, 3), number, now)?;
    // The answer is that of a start; the alarm is looked at right afterwards, however short the deployment is.
    if let Some(arn) = firing {
        taken_back(application, request, number)?.take_back(Cause::Alarm(arn), now, takes);
    }
    Ok(started)
}

fn wanted(store: &Store, request: &Request) -> Result<Wanted, Refusal> {
    let members = request.json()?;
    let strategy = store.strategy(&members.required("DeploymentStrategyId", 64)?)?.clone();
    let (profile, version) =
        (members.required("ConfigurationProfileId", 128)?, members.required("ConfigurationVersion", 1024)?);
    let description = members.optional("Description", 1024)?;
    let expected = members.whole("LatestDeploymentNumber", 0, u32::MAX)?;
    let application = store.application(segment(request, 1))?;
    let environment = application.environment(segment(request, 3))?;
    let profile = application.profile(&profile)?;
    let version = profile.resolve(&version)?;
    check(environment, expected, store.now())?;
    profile.validate(&application.id, version, &store.functions)?;
    Ok(Wanted { strategy, profile: profile.id.clone(), version: version.clone(), description })
}

fn check(environment: &Environment, expected: Option<u64>, now: u64) -> Result<(), Refusal> {
    if let Some(running) = environment.under_way(now) {
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

pub(super) fn list(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let application = store.application(segment(request, 1))?;
    let environment = application.environment(segment(request, 3))?;
    let summary =
        |deployment: &Deployment| deployment.summary(application.profile(&deployment.profile).ok(), store.now());
    let items: Vec<_> = environment.deployments.iter().rev().map(summary).collect();
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let number = number(request, 5, "DeploymentNumber")?;
    reply(200, store.application(segment(request, 1))?, segment(request, 3), number, store.now())
}

pub(super) fn stop(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let number = number(request, 5, "DeploymentNumber")?;
    let may_revert = request.head.header("Allow-Revert").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let (now, takes) = (store.now(), store.rollback_takes);
    let application = store.application_mut(segment(request, 1))?;
    let rollout = taken_back(application, request, number)?;
    let cause = cause(rollout, may_revert, now)?;
    rollout.take_back(cause, now, takes);
    reply(202, application, segment(request, 3), number, now)
}

/// The API reference speaks of `DEPLOYING` only, the user guide of any deployment in progress.
fn cause(rollout: &Rollout, may_revert: bool, now: u64) -> Result<Cause, Refusal> {
    let is_recent = rollout.ended(now).is_some_and(|ended| now <= ended + REVERTIBLE);
    match rollout.stage(now) {
        Stage::Deploying | Stage::Baking => Ok(Cause::Stopped),
        Stage::Complete if may_revert && is_recent => Ok(Cause::Reverted),
        Stage::Complete if may_revert => {
            Err(Refusal::bad_request("A deployment cannot be reverted more than 72 hours after its completion"))
        }
        stage => Err(Refusal::bad_request(&format!("A deployment that is {} cannot be stopped", stage.name()))),
    }
}

fn taken_back<'a>(
    application: &'a mut Application,
    request: &Request,
    number: u64,
) -> Result<&'a mut Rollout, Refusal> {
    let environment = application.environment_mut(segment(request, 3))?;
    let missing = || Refusal::not_found("Deployment", &number.to_string());
    let found = environment.deployments.iter_mut().find(|found| found.number == number);
    Ok(&mut found.ok_or_else(missing)?.rollout)
}

fn reply(status: u16, application: &Application, environment: &str, number: u64, now: u64) -> Result<Reply, Refusal> {
    let deployment = application.environment(environment)?.deployment(number)?;
    let profile = application.profile(&deployment.profile).ok();
    Ok(Reply::new(status).json(&deployment.json(&application.id, environment, profile, now)))
}
