//! Answers of a handler.

use std::time::Duration;

use bytes::Bytes;
use misrule_engine::invocation::{Answer as Answered, Invocation};
use serde_json::{Map, Value, json};

use crate::host::double::trap;

/// What the handler answered, 10 ms after the event arrived unless said otherwise.
#[derive(Clone, Debug)]
pub struct Answer {
    form: Form,
    took: Duration,
}

#[derive(Clone, Debug)]
enum Form {
    Succeeded(Body),
    Failed(String),
    Streamed { status: u16, headers: Map<String, Value> },
}

#[derive(Clone, Debug)]
enum Body {
    Null,
    Json(String),
    Http { status: u16, headers: Map<String, Value>, body: String },
}

impl Answer {
    /// A result, in one piece: `null`.
    pub fn succeeded() -> Self {
        Self::of(Form::Succeeded(Body::Null))
    }

    /// A result that is this JSON text. Only a policy with [`Hooks::ANSWER_BODY`](crate::Hooks::ANSWER_BODY) can read it.
    pub fn json(text: &str) -> Self {
        Self::of(Form::Succeeded(Body::Json(text.to_owned())))
    }

    /// A result that is an HTTP answer with this status, in one piece. Only a policy with
    /// [`Hooks::ANSWER_BODY`](crate::Hooks::ANSWER_BODY) can read it.
    pub fn http(status: u16) -> Self {
        Self::of(Form::Succeeded(Body::Http { status, headers: Map::new(), body: String::new() }))
    }

    /// An error of this type.
    pub fn failed(error_type: &str) -> Self {
        Self::of(Form::Failed(error_type.to_owned()))
    }

    /// A streamed HTTP answer with this status, at its head.
    pub fn streamed(status: u16) -> Self {
        Self::of(Form::Streamed { status, headers: Map::new() })
    }

    fn of(form: Form) -> Self {
        Self { form, took: Duration::from_millis(10) }
    }

    /// A header of an HTTP answer.
    ///
    /// # Panics
    ///
    /// Where the answer is neither [`Self::http`] nor [`Self::streamed`].
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match &mut self.form {
            Form::Streamed { headers, .. } | Form::Succeeded(Body::Http { headers, .. }) => {
                headers.insert(name.to_owned(), json!(value))
            }
            _ => trap("only `Answer::http` and `Answer::streamed` have headers that a policy can read"),
        };
        self
    }

    /// The body of an HTTP answer.
    ///
    /// # Panics
    ///
    /// Where the answer is not [`Self::http`].
    #[track_caller]
    pub fn body(mut self, text: impl Into<String>) -> Self {
        match &mut self.form {
            Form::Succeeded(Body::Http { body, .. }) => *body = text.into(),
            _ => trap("only `Answer::http` has a body of its own"),
        }
        self
    }

    /// How long after the event's arrival it came.
    pub fn after(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    pub(super) fn to(&self, invocation: &Invocation, with_body: bool) -> Answered {
        let answered_at = invocation.head().arrived.plus(self.took);
        let (answer, text) = match &self.form {
            Form::Succeeded(body) => (Answered::buffered(answered_at, false, None), body.text()),
            Form::Failed(error_type) => {
                let text = json!({ "errorMessage": "", "errorType": error_type }).to_string();
                (Answered::buffered(answered_at, true, Some(error_type.clone())), text)
            }
            Form::Streamed { status, headers } => {
                let prelude = json!({ "statusCode": status, "headers": headers }).to_string();
                return Answered::streamed(answered_at, Some(Bytes::from(prelude)));
            }
        };
        if with_body { answer.with_body(Bytes::from(text), invocation.answerable()) } else { answer }
    }
}

impl Body {
    /// The text that a handler would have answered.
    fn text(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Json(text) => text.clone(),
            Self::Http { status, headers, body } => {
                json!({ "statusCode": status, "headers": headers, "body": body, "isBase64Encoded": false }).to_string()
            }
        }
    }
}
