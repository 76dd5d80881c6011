//! Which headers an answer may have: a layer would refuse it with others, at each request anew.

/// Headers that are computed from the answer.
const COMPUTED: [&str; 3] = ["connection", "content-length", "transfer-encoding"];

/// What is wrong with a header, where something is (RFC 9110, section 5).
pub(crate) fn check(name: &str, value: &str) -> Result<(), String> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)) {
        return Err(format!("`headers`: `{name}` is no header's name"));
    }
    if COMPUTED.iter().any(|computed| computed.eq_ignore_ascii_case(name)) {
        return Err(format!("`headers.{name}`: it is computed from the answer"));
    }
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(format!("`headers.{name}`: expected text without control characters"));
    }
    Ok(())
}
