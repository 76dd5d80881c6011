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
    Succeeded,
    Failed(String),
    Streamed { status: u16, headers: Map<String, Value> },
}

impl Answer {
    /// A result, in one piece.
    pub fn succeeded() -> Self {
        Self::of(Form::Succeeded)
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

    /// A header of a streamed answer.
    ///
    /// # Panics
    ///
    /// Where the answer is not streamed: a policy cannot read the headers of a buffered one.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match &mut self.form {
            Form::Streamed { headers, .. } => headers.insert(name.to_owned(), json!(value)),
            _ => trap("only a streamed answer has headers that a policy can read"),
        };
        self
    }

    /// How long after the event's arrival it came.
    pub fn after(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    pub(super) fn to(&self, invocation: &Invocation) -> Answered {
        let answered_at = invocation.head().arrived.plus(self.took);
        match &self.form {
            Form::Succeeded => Answered::buffered(answered_at, false, None),
            Form::Failed(error_type) => Answered::buffered(answered_at, true, Some(error_type.clone())),
            Form::Streamed { status, headers } => {
                let prelude = json!({ "statusCode": status, "headers": headers }).to_string();
                Answered::streamed(answered_at, Some(Bytes::from(prelude)))
            }
        }
    }
}
