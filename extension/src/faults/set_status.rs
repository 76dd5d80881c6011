//! `set-status`: changes the HTTP status of a buffered answer.

use misrule_engine::decision::{FaultKind, Hook, PolicyName};
use misrule_engine::invocation::{HttpShape, edit, json};

use super::respond_http::description;
use super::{Effect, FaultError, Row, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::SetStatus;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "HTTP requests, whole answers",
    seen: "the handler's answer with this status",
    undone: "nothing, likewise",
};

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

#[cfg(test)]
mod tests {
    use misrule_tests::layered::http_event;

    use super::super::staged::{DIRECT, Stage, policy};
    use super::*;

    const TO_A_LOAD_BALANCER: &str =
        r#"{"requestContext":{"elb":{"targetGroupArn":"arn"}},"httpMethod":"GET","path":"/","headers":{}}"#;

    #[tokio::test]
    async fn the_status_alone_is_changed_and_a_load_balancers_words_for_it() {
        for (event, answer, expected) in [
            (http_event("GET", "/"), r#"{"body":"a","statusCode":200}"#, r#"{"body":"a","statusCode":502}"#),
            (
                TO_A_LOAD_BALANCER.to_owned(),
                r#"{"statusCode":200,"statusDescription":"200 OK"}"#,
                r#"{"statusCode":502,"statusDescription":"502 Bad Gateway"}"#,
            ),
        ] {
            let stage = Stage::after(&event, answer);
            let changed = carry_out(502, &policy(), stage.scene()).await;
            assert_eq!(changed, Ok(Effect::Changed(expected.into())), "{answer}");
        }
        let refused = carry_out(502, &policy(), Stage::after(DIRECT, "{}").scene()).await;
        assert!(matches!(refused, Err(FaultError::NotAnswerable { .. })), "{refused:?}");
    }
}
