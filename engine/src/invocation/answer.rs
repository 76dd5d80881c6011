//! What the handler answered.

use std::fmt;

use bytes::Bytes;

use super::document::JsonText;
use super::http::fields;
use crate::time::Timestamp;

/// What the handler answered, as far as it can be read without holding the answer back.
pub struct Answer {
    answered_at: Timestamp,
    failed: bool,
    error_type: Option<String>,
    form: Form,
}

enum Form {
    Buffered,
    Streamed { prelude: Option<JsonText> },
}

/// A buffered answer's status, headers and body were not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the status, headers and body of a buffered answer can be read only by a policy that declares `answer-body`")]
pub struct Unreadable;

impl Answer {
    /// An answer in one piece, or an error. Its body streams past and cannot be read.
    pub fn buffered(answered_at: Timestamp, failed: bool, error_type: Option<String>) -> Self {
        Self { answered_at, failed, error_type, form: Form::Buffered }
    }

    /// A streamed answer, at its head. `prelude` is the JSON before the body where the content type is
    /// `application/vnd.awslambda.http-integration-response`, without the zero bytes that end it.
    pub fn streamed(answered_at: Timestamp, prelude: Option<Bytes>) -> Self {
        Self {
            answered_at,
            failed: false,
            error_type: None,
            form: Form::Streamed { prelude: prelude.map(JsonText::new) },
        }
    }

    /// When the answer's head reached the proxy.
    pub fn answered_at(&self) -> Timestamp {
        self.answered_at
    }

    /// Whether the handler reported an error rather than a result.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// The reported error's type.
    pub fn error_type(&self) -> Option<&str> {
        self.error_type.as_deref()
    }

    /// Whether the answer is streamed.
    pub fn streaming(&self) -> bool {
        matches!(self.form, Form::Streamed { .. })
    }

    /// The HTTP status of a streamed answer; none where its prelude says none.
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer.
    pub fn status(&self) -> Result<Option<u16>, Unreadable> {
        let status = self.prelude()?.and_then(|prelude| prelude.member("statusCode"));
        Ok(status.and_then(|status| status.parse().ok()))
    }

    /// Every value of a header of a streamed answer, in order; names are case-insensitive, and the prelude's `cookies`
    /// read as "set-cookie".
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer.
    pub fn header(&self, name: &str) -> Result<Vec<String>, Unreadable> {
        let Some(prelude) = self.prelude()? else { return Ok(Vec::new()) };
        let objects = ["headers", "multiValueHeaders"].into_iter().filter_map(|member| prelude.member(member));
        let mut found: Vec<_> =
            objects.flat_map(|object| fields::values(object, |header| header.eq_ignore_ascii_case(name))).collect();
        if name.eq_ignore_ascii_case("set-cookie") {
            found.extend(prelude.member("cookies").map(fields::strings).unwrap_or_default());
        }
        Ok(found)
    }

    /// The body: none for a streamed answer, whose body is still to come.
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer.
    pub fn body(&self) -> Result<Option<&[u8]>, Unreadable> {
        self.prelude().map(|_| None)
    }

    fn prelude(&self) -> Result<Option<&JsonText>, Unreadable> {
        match &self.form {
            Form::Buffered => Err(Unreadable),
            Form::Streamed { prelude } => Ok(prelude.as_ref()),
        }
    }
}

impl fmt::Debug for Answer {
    /// Without the prelude: its headers may hold what no log should.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Answer");
        shown
            .field("answered_at", &self.answered_at)
            .field("failed", &self.failed)
            .field("streaming", &self.streaming());
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_milliseconds(7);

    #[test]
    fn of_a_buffered_answer_only_its_head_is_readable() {
        let answer = Answer::buffered(AT, true, Some("Function.Broken".into()));
        assert_eq!((answer.answered_at(), answer.failed(), answer.streaming()), (AT, true, false));
        assert_eq!(answer.error_type(), Some("Function.Broken"));
        assert_eq!(
            (answer.status(), answer.header("a"), answer.body()),
            (Err(Unreadable), Err(Unreadable), Err(Unreadable))
        );
    }

    #[test]
    fn a_streamed_answer_has_the_status_and_headers_of_its_prelude() {
        let prelude = r#"{"statusCode": 201, "headers": {"Content-Type": "text/html"}, "cookies": ["a=1", "b=2"]}"#;
        let answer = Answer::streamed(AT, Some(Bytes::from(prelude)));
        assert_eq!((answer.streaming(), answer.failed(), answer.status()), (true, false, Ok(Some(201))));
        assert_eq!(answer.header("content-type"), Ok(vec!["text/html".into()]));
        assert_eq!(answer.header("Set-Cookie"), Ok(vec!["a=1".into(), "b=2".into()]));
        assert_eq!(answer.body(), Ok(None));
    }

    #[test]
    fn a_stream_without_a_prelude_has_no_status() {
        for prelude in [None, Some(Bytes::from("no json")), Some(Bytes::from("{}"))] {
            let answer = Answer::streamed(AT, prelude);
            assert_eq!((answer.status(), answer.header("a")), (Ok(None), Ok(Vec::new())));
        }
    }
}
