//! `return-json`: answers with a JSON text in the handler's place, whatever the event is.

use misrule_engine::decision::{FaultKind, Hook, PolicyName};

use super::{Effect, FaultError, LAMBDA, Outcome, Post, Row, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::ReturnJson;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any; after the handler whole answers",
    seen: "this JSON text as the function's result; asked for before, the handler is not called",
    undone: "nothing",
};

/// Answers with the text as it stands: the caller gets what a handler's return value would become.
///
/// # Errors
/// Where it is too large for Lambda.
pub async fn carry_out(json: &str, policy: &PolicyName, _scene: Scene<'_>) -> Result<Effect, FaultError> {
    let body = LAMBDA.check(json.as_bytes().to_vec())?;
    Ok(Effect::Answer(Post { policy: policy.clone(), kind: KIND, outcome: Outcome::Response, body }))
}

#[cfg(test)]
mod tests {
    use super::super::staged::{DIRECT, Stage, policy};
    use super::super::{FaultError, MAX_ANSWER};
    use super::*;

    #[tokio::test]
    async fn the_text_is_the_answer_byte_for_byte_where_lambda_takes_it() {
        let (stage, text) = (Stage::before(DIRECT), r#"{ "a": 1.50 }"#);
        let Ok(Effect::Answer(post)) = carry_out(text, &policy(), stage.scene()).await else { panic!("an answer") };
        assert_eq!((post.outcome, post.body.as_ref()), (Outcome::Response, text.as_bytes()));
        let large = " ".repeat(MAX_ANSWER + 1);
        let refused = carry_out(&large, &policy(), stage.scene()).await;
        assert!(matches!(refused, Err(FaultError::TooLarge { .. })), "{refused:?}");
    }
}
