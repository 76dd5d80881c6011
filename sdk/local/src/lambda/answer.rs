use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use super::failure::{FunctionError, sanitised};
use super::refusal::{Refusal, accepted};
use super::routes::{After, Call, Unread};
use super::state::{Answering, State};
use super::{MAX_ANSWER, Outcome};
use crate::wire::{Header, WireError};

const ERROR_TYPE: &str = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY: &str = "Lambda-Runtime-Function-Error-Body";
const INVOCATION_ID: &str = "Lambda-Runtime-Invocation-Id";
const RESPONSE_MODE: &str = "Lambda-Runtime-Function-Response-Mode";
/// A body of this type carries `errorCause` beside the error; it is for tracing and the caller does not get it.
const ERROR_WITH_CAUSE: &str = "application/vnd.aws.lambda.error.cause+json";
/// How large the body of an error may be on Managed Instances.
const MAX_MANAGED_ERROR: u64 = 1024 * 1024;

impl Call<'_> {
    /// `POST /runtime/invocation/{id}/response`.
    pub(super) async fn response(&mut self, id: &str) -> Result<After, WireError> {
        let serial = match self.begin(id, Answering::Response) {
            Ok(serial) => serial,
            Err(refusal) => return self.refuse(&refusal).await,
        };
        match self.head.header(RESPONSE_MODE) {
            None | Some("") => self.buffered(serial).await,
            Some("streaming") => self.streamed(serial).await,
            Some(_) => {
                let error_type = "Runtime.InvalidResponseModeHeader";
                let error = FunctionError::request(id, error_type, "the response mode is not known");
                self.fail(serial, error, &Refusal::UNKNOWN_MODE).await
            }
        }
    }

    async fn buffered(&mut self, serial: u64) -> Result<After, WireError> {
        match self.whole(MAX_ANSWER).await {
            Ok(body) => {
                let outcome = trailing_error(&self.body.trailers).map_or(Outcome::Answer(body), Outcome::Error);
                self.settle(serial, outcome).await
            }
            Err(unread) => self.unread(serial, &unread, MAX_ANSWER).await,
        }
    }

    /// `POST /runtime/invocation/{id}/error`.
    pub(super) async fn error(&mut self, id: &str) -> Result<After, WireError> {
        let serial = match self.begin(id, Answering::Error) {
            Ok(serial) => serial,
            Err(refusal) => return self.refuse(&refusal).await,
        };
        let limit = self.shared.settings.managed.map_or(MAX_ANSWER, |_| MAX_MANAGED_ERROR);
        match self.whole(limit).await {
            Ok(body) => {
                let error = self.function_error(body);
                self.settle(serial, Outcome::Error(error)).await
            }
            Err(unread) => self.unread(serial, &unread, limit).await,
        }
    }

    /// `POST /runtime/init/error`.
    pub(super) async fn init_error(&mut self) -> Result<After, WireError> {
        let Ok(error) = self.whole_error().await else { return self.refuse(&Refusal::TRUNCATED).await };
        match self.shared.change(|state| state.fail_init(error)) {
            Ok(()) => self.reply(accepted()).await,
            Err(refusal) => self.refuse(&refusal).await,
        }
    }

    /// The error that the body tells, outside of any invocation.
    pub(super) async fn whole_error(&mut self) -> Result<FunctionError, Unread> {
        let body = self.whole(MAX_ANSWER).await?;
        Ok(self.function_error(body))
    }

    fn begin(&self, id: &str, answer: Answering) -> Result<u64, Refusal> {
        let nonce = self.head.header(INVOCATION_ID);
        self.shared.change(|state: &mut State| state.begin_answer(id, nonce, answer))
    }

    fn function_error(&self, body: Bytes) -> FunctionError {
        let error_type = sanitised(self.head.header(ERROR_TYPE).unwrap_or_default());
        let has_cause = self.head.header("content-type") == Some(ERROR_WITH_CAUSE);
        FunctionError { error_type, body: if has_cause { without_cause(body) } else { body } }
    }

    /// The caller gets its outcome, and the runtime is told: accepted, or gone where the timeout came first.
    pub(super) async fn settle(&mut self, serial: u64, outcome: Outcome) -> Result<After, WireError> {
        if self.shared.change(|state| state.answer(serial, outcome)) {
            self.reply(accepted()).await
        } else {
            self.refuse(&Refusal::GONE).await
        }
    }

    async fn unread(&mut self, serial: u64, unread: &Unread, limit: u64) -> Result<After, WireError> {
        match unread {
            Unread::TooLarge => {
                let message = format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
                let error = FunctionError::lambda("Function.ResponseSizeTooLarge", &message);
                self.fail(serial, error, &Refusal::too_large(limit)).await
            }
            Unread::Broken => {
                self.shared.change(|state| state.truncate(serial));
                self.cut_off().await
            }
        }
    }

    /// Says so to a peer that may still read, and closes.
    pub(super) async fn cut_off(&mut self) -> Result<After, WireError> {
        self.connection.reply(&Refusal::TRUNCATED.reply()).await?;
        Ok(After::Close)
    }

    async fn fail(&mut self, serial: u64, error: FunctionError, refusal: &Refusal) -> Result<After, WireError> {
        self.shared.change(|state| state.answer(serial, Outcome::Error(error)));
        self.refuse(refusal).await
    }
}

/// The error that a runtime reports behind a body that it had begun to send.
pub(super) fn trailing_error(trailers: &[Header]) -> Option<FunctionError> {
    let find = |name: &str| trailers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    let error_type = find(ERROR_TYPE)?.text().unwrap_or_default();
    let body = find(ERROR_BODY).and_then(|header| STANDARD.decode(&header.value).ok()).unwrap_or_default();
    Some(FunctionError { error_type: sanitised(error_type), body: Bytes::from(body) })
}

fn without_cause(body: Bytes) -> Bytes {
    match serde_json::from_slice(&body) {
        Ok(Value::Object(mut members)) => {
            members.remove("errorCause");
            Bytes::from(Value::Object(members).to_string())
        }
        _ => body,
    }
}
