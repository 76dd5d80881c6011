//! What the handler answered.

use bytes::Bytes;

use crate::time::Timestamp;

/// What the handler answered, as far as it can be read without holding the answer back.
#[derive(Clone, Debug)]
pub struct Answer {
    answered_at: Timestamp,
    failed: bool,
    error_type: Option<String>,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Buffered,
    Streamed { prelude: Option<Bytes> },
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
    /// `application/vnd.awslambda.http-integration-response`.
    pub fn streamed(answered_at: Timestamp, prelude: Option<Bytes>) -> Self {
        Self { answered_at, failed: false, error_type: None, form: Form::Streamed { prelude } }
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
        self.prelude().map(|_| None)
    }

    /// Every value of a header of a streamed answer, in order; names are case-insensitive, `cookies` read as "set-cookie".
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer.
    pub fn header(&self, _name: &str) -> Result<Vec<String>, Unreadable> {
        self.prelude().map(|_| Vec::new())
    }

    /// The body: none for a streamed answer.
    ///
    /// # Errors
    /// [`Unreadable`] for a buffered answer.
    pub fn body(&self) -> Result<Option<&[u8]>, Unreadable> {
        self.prelude().map(|_| None)
    }

    fn prelude(&self) -> Result<Option<&Bytes>, Unreadable> {
        match &self.form {
            Form::Buffered => Err(Unreadable),
            Form::Streamed { prelude } => Ok(prelude.as_ref()),
        }
    }
}
