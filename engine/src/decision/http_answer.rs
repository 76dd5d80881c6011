//! An HTTP answer that a policy made, and what none may say.

/// Headers that belong to the connection to the caller, which is not ours: whoever writes the answer out sets them.
const COMPUTED: [&str; 3] = ["connection", "content-length", "transfer-encoding"];

/// An HTTP answer that a policy made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status code, 100 to 599.
    pub status: u16,
    /// Headers in order; names may repeat.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// An answer, or a header, that is no HTTP. Each reads on after the fault's name. No header's value is repeated, and no name
/// that is none: either may be a secret, or come out of an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalAnswer {
    /// No status.
    #[error("with status {0}, which is none of 100 to 599")]
    Status(u16),
    /// A body where HTTP has none.
    #[error("with a body and status {0}, which has none")]
    Body(u16),
    /// No header's name (RFC 9110, section 5.6.2).
    #[error("with a header's name of {} bytes that is no token", .0.len())]
    HeaderName(String),
    /// A value that would end the header (RFC 9110, section 5.5).
    #[error("with a control character in the value of the header `{0}`")]
    HeaderValue(String),
    /// Not the policy's to set.
    #[error("with the header `{0}`, which is computed from the answer")]
    Computed(String),
}

impl HttpAnswer {
    /// Puts an answer together.
    ///
    /// # Errors
    /// Where it is no legal one (RFC 9110): the status, the first such header, or a body where the status has none.
    ///
    /// ```
    /// # use misrule_engine::decision::HttpAnswer;
    /// let error = HttpAnswer::new(503, vec![("bad name".to_owned(), String::new())], Vec::new()).unwrap_err();
    /// assert_eq!(error.to_string(), "with a header's name of 8 bytes that is no token");
    /// ```
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Result<Self, IllegalAnswer> {
        check_status(status)?;
        headers.iter().try_for_each(|(name, value)| check_header(name, value))?;
        if !body.is_empty() && has_no_body(status) {
            return Err(IllegalAnswer::Body(status));
        }
        Ok(Self { status, headers, body })
    }
}

/// RFC 9110, section 6.4.1.
const fn has_no_body(status: u16) -> bool {
    matches!(status, 100..=199 | 204 | 304)
}

pub(super) fn check_status(status: u16) -> Result<(), IllegalAnswer> {
    if (100..=599).contains(&status) { Ok(()) } else { Err(IllegalAnswer::Status(status)) }
}

fn check_header(name: &str, value: &str) -> Result<(), IllegalAnswer> {
    check_name(name)?;
    check_computed(name)?;
    check_value(name, value)
}

pub(super) fn check_name(name: &str) -> Result<(), IllegalAnswer> {
    let token = !name.is_empty() && name.bytes().all(is_of_token);
    if token { Ok(()) } else { Err(IllegalAnswer::HeaderName(name.to_owned())) }
}

pub(super) fn check_computed(name: &str) -> Result<(), IllegalAnswer> {
    let computed = COMPUTED.iter().any(|computed| computed.eq_ignore_ascii_case(name));
    if computed { Err(IllegalAnswer::Computed(name.to_owned())) } else { Ok(()) }
}

pub(super) fn check_value(name: &str, value: &str) -> Result<(), IllegalAnswer> {
    let ends_it = value.chars().any(|letter| letter.is_control() && letter != '\t');
    if ends_it { Err(IllegalAnswer::HeaderValue(name.to_owned())) } else { Ok(()) }
}

/// `tchar` of RFC 9110, section 5.6.2.
const fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Option<String> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpAnswer::new(status, headers, body.to_vec()).err().map(|error| error.to_string())
    }

    #[test]
    fn what_http_allows_passes() {
        let headers =
            [("Retry-After", "2"), ("set-cookie", "a=1"), ("Set-Cookie", "b=\u{e9}\t2"), ("x!#$%&'*+-.^_`|~", "")];
        for (status, body) in [(100, &b""[..]), (200, b"ok"), (204, b""), (304, b""), (404, b"\xff\r\n"), (599, b"")] {
            assert_eq!(refusal(status, &headers, body), None, "{status}");
        }
    }

    #[test]
    fn a_status_that_is_none_or_has_no_body_is_named() {
        for status in [0, 99, 600] {
            let expected = format!("with status {status}, which is none of 100 to 599");
            assert_eq!(refusal(status, &[], b""), Some(expected));
        }
        for status in [100, 199, 204, 304] {
            let expected = format!("with a body and status {status}, which has none");
            assert_eq!(refusal(status, &[], b"x"), Some(expected));
        }
    }

    #[test]
    fn a_header_that_is_none_is_named() {
        let rows = [
            ("", "v", "with a header's name of 0 bytes that is no token"),
            ("bad name", "v", "with a header's name of 8 bytes that is no token"),
            ("bad\nname", "v", "with a header's name of 8 bytes that is no token"),
            ("n\u{e9}", "v", "with a header's name of 3 bytes that is no token"),
            ("x:a", "\n", "with a header's name of 3 bytes that is no token"),
            ("x-a", "v\r\nx-b: injected", "with a control character in the value of the header `x-a`"),
            ("x-a", "\u{7f}", "with a control character in the value of the header `x-a`"),
        ];
        for (name, value, expected) in rows {
            assert_eq!(refusal(503, &[("vary", "a"), (name, value)], b"").as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_belongs_to_the_connection_is_not_the_policys_to_set() {
        for name in ["Content-Length", "transfer-encoding", "CONNECTION"] {
            let expected = format!("with the header `{name}`, which is computed from the answer");
            assert_eq!(refusal(503, &[(name, "1")], b""), Some(expected));
        }
    }
}
