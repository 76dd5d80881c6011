//! `respond-http`: answers the caller in its own HTTP shape. The handler never sees the event (before), or its answer is
//! replaced (after).
//!
//! Each shape is one file with the same function: `write`.

mod load_balancer;
mod parts;
mod payload_v1;
mod payload_v2;
mod stream;
mod web_socket;

#[cfg(test)]
mod tests;

use misrule_engine::decision::{FaultKind, Hook, HttpAnswer, PolicyName};
use misrule_engine::invocation::HttpShape;

pub(super) use self::load_balancer::description;
use self::parts::Parts;
use super::{Effect, FaultError, LAMBDA, Limit, Outcome, Post, Row, Scene};
use crate::settings::{AnswerHeader, InvokeMode};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::RespondHttp;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "HTTP requests, see [Answers](#answers); after the handler whole answers",
    seen: "an answer in the service's shape, marked `x-misrule` unless `MISRULE_ANSWER_HEADER=false`; asked for before, the handler is not called",
    undone: "nothing",
};

/// Says which policy of which experiment made an answer, or changed it.
pub const MADE_BY: &str = "x-misrule";

/// Writes the answer in the shape that the event's source reads.
///
/// # Errors
/// Where the event is no HTTP request of a known shape, or where the answer does not fit: it is too large for who has to
/// take it, or sets more cookies than the shape has room for.
pub async fn carry_out(answer: &HttpAnswer, policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let Some(shape) = scene.invocation.answerable() else {
        return Err(FaultError::NotAnswerable { source_name: scene.invocation.source().name() });
    };
    let made_by = match scene.answer_header {
        AnswerHeader::Set => Some(format!("{}/{policy}", scene.armed.enforcer.experiment().name)),
        AnswerHeader::Absent => None,
    };
    let (outcome, body) = write(shape, scene.invoke_mode, &Parts::of(answer, made_by))?;
    Ok(Effect::Answer(Post { policy: policy.clone(), kind: KIND, outcome, body: limit(shape).check(body)? }))
}

fn write(shape: HttpShape, invoke_mode: InvokeMode, parts: &Parts<'_>) -> Result<(Outcome, Vec<u8>), FaultError> {
    let body = match (shape, invoke_mode) {
        (HttpShape::RestApi | HttpShape::FunctionUrl, InvokeMode::ResponseStream) => {
            return Ok((Outcome::Stream, stream::write(parts)));
        }
        (HttpShape::RestApi | HttpShape::HttpApiV1, _) => payload_v1::write(parts),
        (HttpShape::HttpApiV2 | HttpShape::FunctionUrl, _) => payload_v2::write(parts),
        (HttpShape::LoadBalancer, _) => load_balancer::write(parts)?,
        (HttpShape::LoadBalancerMultiValue, _) => load_balancer::write_multi_value(parts),
        (HttpShape::WebSocketConnect, _) => web_socket::write(parts),
        _ => return Err(FaultError::NotAnswerable { source_name: "a service that this layer does not know" }),
    };
    Ok((Outcome::Response, body))
}

/// What the service that invoked takes.
pub(super) fn limit(shape: HttpShape) -> Limit {
    match shape {
        HttpShape::LoadBalancer | HttpShape::LoadBalancerMultiValue => load_balancer::LIMIT,
        _ => LAMBDA,
    }
}
