//! `fail`: reports a function error, as the runtime does when the handler throws.

use http::{HeaderName, HeaderValue};
use misrule_engine::decision::{FaultKind, FunctionError, Hook, PolicyName};
use serde::Serialize;

use super::{Effect, FaultError, LAMBDA, Outcome, Post, Row, Scene};

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::Fail;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before, Hook::After];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any; after the handler not of a streamed answer",
    seen: "a function error, as if the handler had thrown it",
    undone: "nothing",
};

/// The type that Lambda is told where it would not keep the policy's own: the caller still reads that in the body.
pub const KEPT_TYPE: &str = "Function.Injected";

pub(super) const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");

/// Writes the error as Lambda reads it.
///
/// # Errors
/// Where it is too large for Lambda.
pub async fn carry_out(error: &FunctionError, policy: &PolicyName, _scene: Scene<'_>) -> Result<Effect, FaultError> {
    let post = post(error, policy, KIND);
    LAMBDA.admits(post.body.len())?;
    Ok(Effect::Answer(post))
}

/// The error as an answer that this fault wants.
pub(super) fn post(error: &FunctionError, policy: &PolicyName, kind: FaultKind) -> Post {
    let outcome = Outcome::Error(vec![(ERROR_TYPE, header_type(&error.error_type))]);
    Post { policy: policy.clone(), kind, outcome, body: body(error).into() }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody<'a> {
    error_message: &'a str,
    error_type: &'a str,
    stack_trace: &'a [String],
}

fn body(error: &FunctionError) -> Vec<u8> {
    let body = ErrorBody { error_message: &error.message, error_type: &error.error_type, stack_trace: &error.stack };
    // Strings only: there is nothing in it that JSON cannot say.
    serde_json::to_vec(&body).unwrap_or_default()
}

/// The error type for Lambda itself, which keeps only `Runtime.Name` and `Function.Name` and calls the rest unknown.
pub(super) fn header_type(error_type: &str) -> HeaderValue {
    let kept = ["Runtime.", "Function."].iter().find_map(|prefix| error_type.strip_prefix(prefix)).is_some_and(is_name);
    let kept = if kept { HeaderValue::from_str(error_type).ok() } else { None };
    kept.unwrap_or(HeaderValue::from_static(KEPT_TYPE))
}

fn is_name(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_what_a_runtime_writes() {
        let error = FunctionError {
            error_type: "Function.Injected".to_owned(),
            message: "say \"no\"".to_owned(),
            stack: vec!["at handler".to_owned()],
        };
        assert_eq!(
            String::from_utf8(body(&error)).unwrap(),
            r#"{"errorMessage":"say \"no\"","errorType":"Function.Injected","stackTrace":["at handler"]}"#
        );
    }

    #[test]
    fn lambda_is_told_only_a_type_that_it_keeps() {
        for (wanted, told) in [
            ("Function.Throttled", "Function.Throttled"),
            ("Runtime.ExitError", "Runtime.ExitError"),
            ("ValueError", KEPT_TYPE),
            ("Function.throttled", KEPT_TYPE),
            ("Function.", KEPT_TYPE),
            ("Function.X", KEPT_TYPE),
            ("Function.Line\nbreak", KEPT_TYPE),
        ] {
            assert_eq!(header_type(wanted), told, "{wanted:?}");
        }
    }
}
