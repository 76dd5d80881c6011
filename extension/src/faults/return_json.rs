//! `return-json`: answers with a JSON text in the handler's place, whatever the event is.

use misrule_engine::decision::{FaultKind, Hook, PolicyName};

use super::{Effect, FaultError, LAMBDA, Outcome, Post, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::ReturnJson;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Answers with the text as it stands: the caller gets what a handler's return value would become.
///
/// # Errors
/// Where it is too large for Lambda.
pub async fn carry_out(json: &str, policy: &PolicyName, _scene: Scene<'_>) -> Result<Effect, FaultError> {
    let body = LAMBDA.check(json.as_bytes().to_vec())?;
    Ok(Effect::Answer(Post { policy: policy.clone(), kind: KIND, outcome: Outcome::Response, body }))
}
