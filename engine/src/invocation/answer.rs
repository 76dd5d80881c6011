//! What the handler answered.

mod whole;

use std::fmt;

use bytes::Bytes;

use self::whole::Whole;
use super::document::JsonText;
use super::http::fields;
use super::{Document, HttpShape, json};
use crate::time::Timestamp;

/// What the handler answered, as far as it can be read without holding the answer back.
pub struct Answer {
    answered_at: Timestamp,
    failed: bool,
    error_type: Option<String>,
    content: Content,
}

enum Content {
    Head,
    Whole(Whole),
    Streamed { prelude: Option<JsonText> },
}

/// How much of an answer there is to read, and so which faults may be asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerForm {
    /// An answer in one piece, or an error, whose body streams past.
    Head,
    /// The same, held back until its body was there.
    Whole,
    /// A streamed answer, before the first byte of its body.
    Streamed,
}

impl AnswerForm {
    /// The answer in words, to follow a hook's name.
    pub const fn of_which(self) -> &'static str {
        match self {
            Self::Head => " of a buffered answer without the hook flag `answer-body`",
            Self::Whole => " of a buffered answer",
            Self::Streamed => " of a streamed answer",
        }
    }
}

/// A buffered answer's status, headers and body were not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the status, headers and body of a buffered answer can be read only by a policy that declares `answer-body`")]
pub struct Unreadable;

impl Answer {
    /// An answer in one piece, or an error. Its body streams past and cannot be read.
    pub fn buffered(answered_at: Timestamp, failed: bool, error_type: Option<String>) -> Self {
        Self { answered_at, failed, error_type, content: Content::Head }
    }

    /// A streamed answer, at its head. `prelude` is the JSON before the body where the content type is
    /// `application/vnd.awslambda.http-integration-response`, without the zero bytes that end it.
    pub fn streamed(answered_at: Timestamp, prelude: Option<Bytes>) -> Self {
        let content = Content::Streamed { prelude: prelude.map(JsonText::new) };
        Self { answered_at, failed: false, error_type: None, content }
    }

    /// The same as an error: the handler failed behind what it had begun to answer.
    #[must_use]
    pub fn failing(self) -> Self {
        Self { failed: true, ..self }
    }

    /// The same answer in one piece with its body, byte for byte. `shape` is how the event wants its answer written; none
    /// where the event is no HTTP request. An error has neither status nor headers nor HTTP body.
    #[must_use]
    pub fn with_body(self, body: Bytes, shape: Option<HttpShape>) -> Self {
        let shape = shape.filter(|_| !self.failed);
        Self { content: Content::Whole(Whole::new(body, shape, self.failed)), ..self }
    }

    /// The same answer as a policy sees it that does not declare `answer-body`.
    #[must_use]
    pub fn without_body(&self) -> Self {
        let content = match &self.content {
            Content::Streamed { prelude } => {
                Content::Streamed { prelude: prelude.as_ref().map(|text| JsonText::new(text.bytes().clone())) }
            }
            Content::Head | Content::Whole(_) => Content::Head,
        };
        Self { answered_at: self.answered_at, failed: self.failed, error_type: self.error_type.clone(), content }
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

    /// How much of it there is to read.
    pub fn form(&self) -> AnswerForm {
        match self.content {
            Content::Head => AnswerForm::Head,
            Content::Whole(_) => AnswerForm::Whole,
            Content::Streamed { .. } => AnswerForm::Streamed,
        }
    }

    /// Whether the answer is streamed.
    pub fn streaming(&self) -> bool {
        self.form() == AnswerForm::Streamed
    }

    /// Bytes that reading it scans; those of a streamed answer's prelude.
    pub fn size(&self) -> usize {
        match &self.content {
            Content::Head => 0,
            Content::Whole(whole) => whole.text().bytes().len(),
            Content::Streamed { prelude } => prelude.as_ref().map_or(0, |prelude| prelude.bytes().len()),
        }
    }

    /// The HTTP status; none where the answer says none, and where it is none to an HTTP request.
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer without its body.
    pub fn status(&self) -> Result<Option<u16>, Unreadable> {
        match &self.content {
            Content::Head => Err(Unreadable),
            Content::Whole(whole) => Ok(whole.status()),
            Content::Streamed { prelude } => {
                let status = prelude.as_ref().and_then(|prelude| prelude.member("statusCode"));
                Ok(status.and_then(|status| status.parse().ok()))
            }
        }
    }

    /// Every value of a header, in order; names are case-insensitive, and `cookies` read as "set-cookie".
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer without its body.
    pub fn header(&self, name: &str) -> Result<Vec<String>, Unreadable> {
        match &self.content {
            Content::Head => Err(Unreadable),
            Content::Whole(whole) => Ok(whole.header(name)),
            Content::Streamed { prelude } => Ok(prelude.as_ref().map(|text| headers(text, name)).unwrap_or_default()),
        }
    }

    /// The body, decoded where the answer carries it in base64. An answer that is none to an HTTP request is all body. None
    /// for an error, and for a streamed answer, whose body is still to come.
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer without its body.
    pub fn body(&self) -> Result<Option<&[u8]>, Unreadable> {
        match &self.content {
            Content::Head => Err(Unreadable),
            Content::Whole(whole) => Ok(whole.body().map(|body| body.bytes().as_ref())),
            Content::Streamed { .. } => Ok(None),
        }
    }

    /// The exact JSON text at an RFC 6901 pointer. None of a streamed answer.
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer without its body.
    pub fn json(&self, document: Document, pointer: &str) -> Result<Option<&str>, Unreadable> {
        match (&self.content, document) {
            (Content::Head, _) => Err(Unreadable),
            (Content::Whole(whole), Document::Whole) => Ok(whole.text().at(pointer)),
            (Content::Whole(whole), Document::Body) => Ok(whole.body().and_then(|body| body.at(pointer))),
            (Content::Streamed { .. }, _) => Ok(None),
        }
    }

    /// The unescaped string at a pointer; none where something else stands there.
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer without its body.
    pub fn text(&self, document: Document, pointer: &str) -> Result<Option<String>, Unreadable> {
        self.json(document, pointer).map(|value| value.and_then(json::text))
    }

    /// The number at a pointer; none where something else stands there.
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer without its body.
    pub fn number(&self, document: Document, pointer: &str) -> Result<Option<f64>, Unreadable> {
        self.json(document, pointer).map(|value| value.and_then(json::number))
    }

    /// Elements of the array or members of the object at a pointer; none where something else stands there.
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer without its body.
    pub fn count(&self, document: Document, pointer: &str) -> Result<Option<u32>, Unreadable> {
        self.json(document, pointer).map(|value| value.and_then(json::count))
    }
}

/// Every value of a header in the members that answers keep them in.
fn headers(text: &JsonText, name: &str) -> Vec<String> {
    let objects = ["headers", "multiValueHeaders"].into_iter().filter_map(|member| text.member(member));
    let mut found: Vec<_> =
        objects.flat_map(|object| fields::values(object, |header| header.eq_ignore_ascii_case(name))).collect();
    if name.eq_ignore_ascii_case("set-cookie") {
        found.extend(text.member("cookies").map(fields::strings).unwrap_or_default());
    }
    found
}

impl fmt::Debug for Answer {
    /// Without body and headers: they may hold what no log should.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Answer");
        shown.field("answered_at", &self.answered_at).field("failed", &self.failed).field("form", &self.form());
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
        assert_eq!((answer.answered_at(), answer.failed(), answer.form()), (AT, true, AnswerForm::Head));
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
    fn who_may_not_see_the_body_sees_the_head_alone() {
        let whole = Answer::buffered(AT, false, None).with_body(Bytes::from("[1]"), None);
        assert_eq!((whole.form(), whole.count(Document::Whole, "")), (AnswerForm::Whole, Ok(Some(1))));
        let head = whole.without_body();
        assert_eq!((head.form(), head.json(Document::Whole, "")), (AnswerForm::Head, Err(Unreadable)));
        let streamed = Answer::streamed(AT, Some(Bytes::from(r#"{"statusCode": 201}"#))).without_body();
        assert_eq!((streamed.streaming(), streamed.status()), (true, Ok(Some(201))));
    }

    #[test]
    fn a_stream_without_a_prelude_has_no_status() {
        for prelude in [None, Some(Bytes::from("no json")), Some(Bytes::from("{}"))] {
            let answer = Answer::streamed(AT, prelude);
            assert_eq!((answer.status(), answer.header("a")), (Ok(None), Ok(Vec::new())));
        }
    }
}
