//! Deployment strategies.

use super::super::refusal::Refusal;
use super::super::request::{Request, invalid};
use super::super::store::Store;
use super::super::strategy::{Growth, Strategy};
use super::segment;
use crate::wire::Reply;

const MAX_STRATEGIES: usize = 20;
const MAX_MINUTES: u32 = 1440;

pub(super) fn create(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let name = members.required("Name", 64)?;
    let minutes = members.whole("DeploymentDurationInMinutes", 0, MAX_MINUTES)?;
    let factor = members.number("GrowthFactor", 1.0, 100.0)?;
    let factor = factor.ok_or_else(|| invalid("GrowthFactor", "is required"))?;
    let kind = members.one_of("GrowthType", &["LINEAR", "EXPONENTIAL"])?;
    let strategy = Strategy {
        id: store.id(),
        name,
        description: members.optional("Description", 1024)?,
        minutes: minutes.ok_or_else(|| invalid("DeploymentDurationInMinutes", "is required"))?,
        growth: if kind.as_deref() == Some("EXPONENTIAL") {
            Growth::Exponential(factor)
        } else {
            Growth::Linear(factor)
        },
        bake_minutes: members.whole("FinalBakeTimeInMinutes", 0, MAX_MINUTES)?.unwrap_or(0),
        replicate_to: members.one_of("ReplicateTo", &["NONE", "SSM_DOCUMENT"])?.unwrap_or_else(|| "NONE".to_owned()),
    };
    let own = store.strategies.len() - Strategy::predefined().len();
    if own >= MAX_STRATEGIES {
        return Err(Refusal::quota("You have reached the limit of 20 deployment strategies"));
    }
    let reply = Reply::new(201).json(&strategy.json());
    store.strategies.push(strategy);
    Ok(reply)
}

pub(super) fn list(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let items: Vec<_> = store.strategies.iter().map(Strategy::json).collect();
    Ok(Reply::new(200).json(&request.page(&items)?))
}

pub(super) fn get(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::new(200).json(&store.strategy(segment(request, 1))?.json()))
}
