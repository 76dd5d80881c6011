//! Deployment strategies. The predefined ones are listed with an account's own, and stay as they are.

use super::super::refusal::Refusal;
use super::super::request::{Members, Request, invalid};
use super::super::store::Store;
use super::super::strategy::{Growth, Strategy};
use super::{changed, described, segment};
use crate::wire::Reply;

const MAX_STRATEGIES: usize = 20;
const MAX_MINUTES: u32 = 1440;

pub(super) fn create(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let minutes = minutes(&members, "DeploymentDurationInMinutes")?;
    let factor = members.number("GrowthFactor", 1.0, 100.0)?.ok_or_else(|| invalid("GrowthFactor", "is required"))?;
    let strategy = Strategy {
        id: store.id(),
        name: members.required("Name", 64)?,
        description: members.optional("Description", 1024)?,
        minutes: minutes.ok_or_else(|| invalid("DeploymentDurationInMinutes", "is required"))?,
        growth: growth(&members, factor, Growth::Linear(factor))?,
        bake_minutes: self::minutes(&members, "FinalBakeTimeInMinutes")?.unwrap_or(0),
        replicate_to: members.one_of("ReplicateTo", &["NONE", "SSM_DOCUMENT"])?.unwrap_or_else(|| "NONE".to_owned()),
    };
    let tags = members.tags()?;
    let own = store.strategies.len() - Strategy::predefined().len();
    if own >= MAX_STRATEGIES {
        return Err(Refusal::quota("You have reached the limit of 20 deployment strategies"));
    }
    let reply = Reply::new(201).json(&strategy.json());
    store.tags.insert(format!("deploymentstrategy/{}", strategy.id), tags);
    store.strategies.push(strategy);
    Ok(reply)
}

fn minutes(members: &Members, name: &str) -> Result<Option<u64>, Refusal> {
    members.whole(name, 0, MAX_MINUTES)
}

fn growth(members: &Members, factor: f64, default: Growth) -> Result<Growth, Refusal> {
    let kind = members.one_of("GrowthType", &["LINEAR", "EXPONENTIAL"])?;
    Ok(match (kind.as_deref(), default) {
        (Some("EXPONENTIAL"), _) | (None, Growth::Exponential(_)) => Growth::Exponential(factor),
        _ => Growth::Linear(factor),
    })
}

pub(super) fn list(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let items: Vec<_> = store.strategies.iter().map(Strategy::json).collect();
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::new(200).json(&store.strategy(segment(request, 1))?.json()))
}

/// Deployments that have begun keep the strategy that they began with.
pub(super) fn update(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let (description, factor) = (members.optional("Description", 1024)?, members.number("GrowthFactor", 1.0, 100.0)?);
    let (grows, bakes) =
        (minutes(&members, "DeploymentDurationInMinutes")?, minutes(&members, "FinalBakeTimeInMinutes")?);
    let strategy = own(store, segment(request, 1))?;
    let growth = growth(&members, factor.unwrap_or(strategy.growth.factor()), strategy.growth)?;
    strategy.growth = growth;
    described(&mut strategy.description, description);
    changed(&mut strategy.minutes, grows);
    changed(&mut strategy.bake_minutes, bakes);
    Ok(Reply::new(200).json(&strategy.json()))
}

pub(super) fn delete(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let id = own(store, segment(request, 1))?.id.clone();
    store.strategies.retain(|strategy| strategy.id != id);
    store.forget_tags(&format!("deploymentstrategy/{id}"));
    Ok(Reply::new(204))
}

/// A strategy that the account made.
fn own<'a>(store: &'a mut Store, id: &str) -> Result<&'a mut Strategy, Refusal> {
    if id.starts_with("AppConfig.") {
        return Err(Refusal::bad_request("A predefined deployment strategy cannot be changed"));
    }
    let found = store.strategies.iter_mut().find(|strategy| strategy.id == id);
    found.ok_or_else(|| Refusal::not_found("DeploymentStrategy", id))
}
