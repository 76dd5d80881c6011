//! `set-header`: sets or removes an HTTP header, in the shape of the event (before) or of the answer (after).

use misrule_engine::decision::{FaultKind, Hook, PolicyName};
use misrule_engine::invocation::edit::{self, Cookies};

use super::{Effect, FaultError, Row, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::SetHeader;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "HTTP requests; after the handler whole answers",
    seen: "what the handler makes of the changed event, or the changed answer",
    undone: "nothing, likewise",
};

/// Sets the header to one value wherever the text has it, whatever case its name is in; without a value removes it.
///
/// # Errors
/// Where the text is no JSON object, or has no such header to remove.
pub async fn carry_out(
    header: (&str, Option<&str>),
    _policy: &PolicyName,
    scene: Scene<'_>,
) -> Result<Effect, FaultError> {
    let (name, value) = header;
    let edited = match scene.hook {
        Hook::Before => edit::header(scene.text, Cookies::Sent, name, value),
        Hook::After => edit::header(&scene.http_answer()?.1, Cookies::Set, name, value),
    };
    Ok(Effect::Changed(edited.map_err(|error| scene.unchangeable(error))?.into()))
}

#[cfg(test)]
mod tests {
    use misrule_tests::layered::http_event;
    use serde_json::Value;

    use super::super::staged::{Stage, policy};
    use super::*;

    async fn headers(stage: &Stage, name: &str, value: Option<&str>) -> Value {
        let Ok(Effect::Changed(text)) = carry_out((name, value), &policy(), stage.scene()).await else {
            panic!("{name} is changed")
        };
        serde_json::from_slice::<Value>(&text).unwrap()["headers"].take()
    }

    #[tokio::test]
    async fn a_header_is_set_and_removed_in_events_and_answers_whatever_its_case() {
        let event = http_event("GET", "/");
        let answer = r#"{"statusCode":200,"headers":{"Retry-After":"1"}}"#;
        let (before, after) = (Stage::before(&event), Stage::after(&event, answer));
        assert_eq!(headers(&before, "HOST", Some("b.example")).await["host"], "b.example");
        assert_eq!(headers(&before, "Host", None).await, serde_json::json!({}));
        assert_eq!(headers(&after, "retry-after", Some("7")).await["Retry-After"], "7");
        let refused = carry_out(("x-none", None), &policy(), before.scene()).await.unwrap_err();
        assert!(refused.to_string().starts_with("the event cannot be changed as wanted: "), "{refused}");
    }
}
