//! A raw event, as Lambda's Invoke takes one, but without a signature: the body is the event, the answer is what the function
//! answered. <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::json;

use super::answer::REQUEST_ID;
use crate::function::Function;
use crate::lambda::{FunctionError, Outcome, StreamEnd};
use crate::wire::{Head, Reply};

/// Where it is; a function URL has no such place of its own.
const PATH: &str = "/local/invoke";

/// Whether a request is one.
pub(super) fn is_meant(head: &Head) -> bool {
    head.method == "POST" && head.path() == PATH
}

/// Invokes the function with this event; with `{}` where there is none. A streamed answer comes whole, as far as it came.
pub(super) async fn reply(function: &Function, event: Bytes) -> Reply {
    let event = if event.is_empty() { Bytes::from_static(b"{}") } else { event };
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(&event) {
        return refused(&error);
    }
    let invoked = function.invoke(event).await;
    let (body, failed) = match invoked.outcome {
        Outcome::Answer(body) => (body, false),
        Outcome::Streamed(mut streamed) => {
            let (body, end) = streamed.collect().await;
            (body, end != StreamEnd::Complete)
        }
        Outcome::Error(error) | Outcome::TimedOut(error) => (error.body, true),
    };
    let reply = Reply::new(200).header("Content-Type", "application/json").header(REQUEST_ID, invoked.request_id);
    let reply = reply.header("X-Amz-Executed-Version", "$LATEST").body(body);
    if failed { reply.header("X-Amz-Function-Error", FunctionError::MARKER) } else { reply }
}

fn refused(error: &serde_json::Error) -> Reply {
    let message = format!("Could not parse request body into json: {error}");
    Reply::new(400)
        .header("x-amzn-ErrorType", "InvalidRequestContentException")
        .json(&json!({ "Type": "User", "message": message }))
}
