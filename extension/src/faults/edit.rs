//! `edit`: replaces, adds or removes what stands at a JSON pointer, in the event (before) or the answer (after), or in its HTTP body.

use misrule_engine::decision::{FaultKind, Hook, PolicyName};
use misrule_engine::invocation::{Document, edit};

use super::{Effect, FaultError, Row, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Edit;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "JSON; its HTTP body on HTTP requests; after the handler whole answers",
    seen: "what the handler makes of the changed event, or the changed answer",
    undone: "nothing: each invocation has an event and an answer of its own",
};

/// What an edit does.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// In which document.
    pub document: Document,
    /// An RFC 6901 pointer. A member that is not there yet is added to its object; `-` adds to an array.
    pub pointer: &'a str,
    /// JSON text; none removes.
    pub value: Option<&'a str>,
}

/// Changes the text in one place. A body in base64 stays in base64, JSON in a string stays a string.
///
/// # Errors
/// Where the text is no JSON, has nothing to remove, or nothing to put the value into.
pub async fn carry_out(wanted: Edit<'_>, _policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let Edit { document, pointer, value } = wanted;
    let edited = match document {
        Document::Whole => edit::pointed(scene.text, pointer, value),
        Document::Body if scene.hook == Hook::After => edit::body(&scene.http_answer()?.1, pointer, value),
        Document::Body => edit::body(scene.text, pointer, value),
    };
    Ok(Effect::Changed(edited.map_err(|error| scene.unchangeable(error))?.into()))
}

#[cfg(test)]
mod tests {
    use misrule_tests::layered::http_event;

    use super::super::staged::{DIRECT, Stage, policy};
    use super::*;

    const A: Edit<'_> = Edit { document: Document::Whole, pointer: "/a", value: Some("2") };

    #[tokio::test]
    async fn the_event_or_the_body_of_the_answer_is_changed_in_one_place() {
        let before = Stage::before(DIRECT);
        let changed = carry_out(A, &policy(), before.scene()).await;
        assert_eq!(changed, Ok(Effect::Changed(r#"{"a":2}"#.into())));
        let after = Stage::after(&http_event("GET", "/"), r#"{"statusCode":200,"body":"{\"a\":1}"}"#);
        let changed = carry_out(Edit { document: Document::Body, ..A }, &policy(), after.scene()).await;
        assert_eq!(changed, Ok(Effect::Changed(r#"{"statusCode":200,"body":"{\"a\":2}"}"#.into())));
        let refused = carry_out(Edit { pointer: "/b/c", ..A }, &policy(), before.scene()).await.unwrap_err();
        assert!(refused.to_string().starts_with("the event cannot be changed as wanted: "), "{refused}");
    }
}
