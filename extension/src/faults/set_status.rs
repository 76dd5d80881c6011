//! `set-status`: changes the HTTP status of a buffered answer.

use misrule_engine::decision::{FaultKind, Hook, PolicyName};
use misrule_engine::invocation::{HttpShape, edit, json};

use super::respond_http::description;
use super::{Effect, FaultError, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::SetStatus;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::After];

/// Sets the status, and nothing beside it; for a load balancer also the words that describe it.
///
/// # Errors
/// Where the answer is none to an HTTP request, or no JSON object.
pub async fn carry_out(status: u16, _policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let (shape, text) = scene.http_answer()?;
    let set = |text: &[u8], pointer, value: &str| {
        edit::pointed(text, pointer, Some(value)).map_err(|error| scene.unchangeable(error))
    };
    let mut changed = set(&text, "/statusCode", &status.to_string())?;
    if matches!(shape, HttpShape::LoadBalancer | HttpShape::LoadBalancerMultiValue) {
        changed = set(&changed, "/statusDescription", &json::quoted(&description(status)))?;
    }
    Ok(Effect::Changed(changed.into()))
}
