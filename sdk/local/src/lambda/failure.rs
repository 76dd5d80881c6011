use bytes::Bytes;
use serde_json::json;

/// A failed invocation, as the caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// The sanitised error type, as Lambda counts and logs it; the body's own `errorType` may differ.
    pub error_type: String,
    /// The body: `{"errorType", "errorMessage", ..}`, exactly as the runtime sent it where it did.
    pub body: Bytes,
}

impl FunctionError {
    /// What Lambda's `X-Amz-Function-Error` header says with each of these.
    pub const MARKER: &'static str = "Unhandled";

    /// An error that Lambda itself reports.
    pub(crate) fn lambda(error_type: &str, message: &str) -> Self {
        let body = json!({ "errorType": error_type, "errorMessage": message });
        Self { error_type: error_type.to_owned(), body: Bytes::from(body.to_string()) }
    }

    /// The same, about one request.
    pub(crate) fn request(request_id: &str, error_type: &str, message: &str) -> Self {
        Self::lambda(error_type, &format!("RequestId: {request_id} Error: {message}"))
    }

    /// A member of the body that is a string: `errorType` or `errorMessage`.
    pub fn text(&self, member: &str) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        body.get(member)?.as_str().map(str::to_owned)
    }
}

/// The error type that Lambda keeps of what a runtime claims: the claim where it has the form
/// `Runtime.Name` or `Function.Name` anywhere in it, else one of two that say "unknown".
pub(super) fn sanitised(claim: &str) -> String {
    if is_well_formed(claim) {
        return claim.to_owned();
    }
    if claim.starts_with("Function.") { "Function.Unknown".to_owned() } else { "Runtime.Unknown".to_owned() }
}

fn is_well_formed(claim: &str) -> bool {
    let named = |prefix| claim.match_indices(prefix).any(|(at, _)| is_name(&claim[at + str::len(prefix)..]));
    named("Runtime.") || named("Function.")
}

fn is_name(text: &str) -> bool {
    let mut letters = text.bytes();
    letters.next().is_some_and(|first| first.is_ascii_uppercase())
        && letters.next().is_some_and(|second| second.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_errors_of_runtime_and_function_are_kept() {
        let kept = ["Runtime.ExitError", "Function.ChaosInjected", "xFunction.Ab1"];
        assert!(kept.iter().all(|claim| sanitised(claim) == *claim));
        for (claim, expected) in [
            ("Function.lower", "Function.Unknown"),
            ("Function.X", "Function.Unknown"),
            ("TypeError", "Runtime.Unknown"),
            ("", "Runtime.Unknown"),
            ("Runtime.", "Runtime.Unknown"),
        ] {
            assert_eq!(sanitised(claim), expected, "{claim}");
        }
    }
}
