use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::disturbance::{DataCall, Disturbance};
use super::refusal::{ASKED_FOR, Refusal};
use super::request::Request;
use super::{Behaviour, Plane, Shared, control, data, local};
use crate::wire::{Body, Connection, Head, Reply, WireError};

/// Larger than any body that is answered with more than "too large".
const MAX_BODY: usize = 16 * 1024 * 1024;

/// What goes back over a connection.
enum Answer {
    Reply(Reply),
    /// The reply, after this time.
    Late(Duration, Reply),
    /// These bytes, and then the end.
    Bytes(Vec<u8>),
    /// The end.
    End,
    /// Nothing, as long as the peer waits.
    Silence,
}

pub(super) async fn serve(shared: Arc<Shared>, mut connection: Connection) {
    while let Ok(Some(head)) = connection.head().await {
        let keeps_alive = head.keeps_alive();
        let Ok(body) = read(&mut connection, &head).await else { return };
        let answer = answer(&shared, &Request::new(head, body));
        if send(&mut connection, answer).await.is_none() || !keeps_alive {
            return;
        }
    }
}

/// Nothing where the connection is over.
async fn send(connection: &mut Connection, answer: Answer) -> Option<()> {
    match answer {
        Answer::Reply(reply) => connection.reply(&reply).await.ok(),
        Answer::Late(by, reply) => {
            tokio::time::sleep(by).await;
            connection.reply(&reply).await.ok()
        }
        Answer::Bytes(bytes) => {
            // The peer may have gone; either way this is the end.
            let _ = connection.write(&bytes).await;
            None
        }
        Answer::End => None,
        Answer::Silence => {
            connection.closed().await;
            None
        }
    }
}

async fn read(connection: &mut Connection, head: &Head) -> Result<Bytes, WireError> {
    let mut body = Body::of(head)?;
    let mut whole = BytesMut::new();
    while let Some(piece) = body.next(connection).await? {
        whole.extend_from_slice(&piece.data);
        if whole.len() > MAX_BODY {
            return Err(WireError::Malformed("its body is too large"));
        }
    }
    Ok(whole.freeze())
}

fn plane(request: &Request) -> Plane {
    if data_call(request).is_some() { Plane::Data } else { Plane::Control }
}

fn data_call(request: &Request) -> Option<DataCall> {
    match (request.head.method.as_str(), request.head.path()) {
        ("POST", "/configurationsessions") => Some(DataCall::StartConfigurationSession),
        ("GET", "/configuration") => Some(DataCall::GetLatestConfiguration),
        _ => None,
    }
}

/// The name of the operation that a request is for.
fn operation(request: &Request) -> &'static str {
    match data_call(request) {
        Some(DataCall::StartConfigurationSession) => "StartConfigurationSession",
        Some(DataCall::GetLatestConfiguration) => "GetLatestConfiguration",
        None => control::operation(request).map_or("UnknownOperation", |(name, _)| name),
    }
}

fn answer(shared: &Shared, request: &Request) -> Answer {
    if request.segments.first().is_some_and(|first| first == local::PREFIX) {
        let answered = local::answer(&mut shared.store(), request);
        return Answer::Reply(answered.unwrap_or_else(|refusal| refusal.reply()));
    }
    let answer = match shared.behaviour(plane(request)) {
        Behaviour::Normal => {
            let disturbance = data_call(request).and_then(|call| shared.store().disturbances.take(call));
            disturbance.map_or_else(|| Answer::Reply(carried_out(shared, request)), |it| disturbed(shared, request, it))
        }
        Behaviour::Status(status) => Answer::Reply(Refusal::of_status(status).reply()),
        Behaviour::Hang => Answer::Silence,
        Behaviour::Refuse => Answer::End,
        Behaviour::Garbage => Answer::Bytes(b"\x00\x01 this is not HTTP\r\n\r\n".to_vec()),
    };
    shared.count(operation(request));
    answer
}

/// The answer of the service.
fn carried_out(shared: &Shared, request: &Request) -> Reply {
    let answered = signed(request).and_then(|()| {
        let mut store = shared.store();
        match data_call(request) {
            Some(DataCall::StartConfigurationSession) => data::start_session(&mut store, request),
            Some(DataCall::GetLatestConfiguration) => data::latest(&mut store, request),
            None => control::answer(&mut store, request),
        }
    });
    let request_id = crate::clock::uuid();
    answered.unwrap_or_else(|refusal| refusal.reply()).header("x-amzn-RequestId", request_id)
}

fn disturbed(shared: &Shared, request: &Request, disturbance: Disturbance) -> Answer {
    let reply = match disturbance {
        Disturbance::Refuse { status, exception } => Refusal::new(status, exception, ASKED_FOR).reply(),
        Disturbance::Throttle { retry_after } => {
            let reply = Refusal::of_status(429).reply();
            retry_after.iter().fold(reply, |reply, after| reply.header("Retry-After", after.to_string()))
        }
        Disturbance::Answer { status, body } => Reply::new(status).header("Content-Type", "text/html").body(body),
        Disturbance::Token(problem) => data::refuse(&mut shared.store(), request, problem).reply(),
        Disturbance::DropBefore => return Answer::End,
        Disturbance::DropAfter => {
            carried_out(shared, request);
            return Answer::End;
        }
        Disturbance::Truncate(length) => return truncated(&carried_out(shared, request), length),
        Disturbance::Header { name, value } => carried_out(shared, request).with_header(&name, value.as_deref()),
        Disturbance::Slow(by) => return Answer::Late(by, carried_out(shared, request)),
        Disturbance::Hang => return Answer::Silence,
    };
    Answer::Reply(reply)
}

fn truncated(reply: &Reply, length: usize) -> Answer {
    let mut bytes = reply.bytes();
    let missing = reply.body.len().saturating_sub(length);
    bytes.truncate(bytes.len() - missing);
    Answer::Bytes(bytes)
}

/// Whether the request carries a signature for this service.
fn signed(request: &Request) -> Result<(), Refusal> {
    let Some(authorization) = request.head.header("authorization") else {
        return Err(Refusal::unsigned("Missing Authentication Token", "MissingAuthenticationTokenException"));
    };
    let scope = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=").and_then(|rest| rest.split(',').next());
    let parts: Vec<&str> = scope.unwrap_or_default().split('/').collect();
    let is_complete = ["SignedHeaders=", "Signature="].iter().all(|part| authorization.contains(part));
    match parts.as_slice() {
        [_, _, _, "appconfig", "aws4_request"] if is_complete => Ok(()),
        [_, _, _, _, "aws4_request"] if is_complete => {
            let message = "Credential should be scoped to correct service: 'appconfig'.";
            Err(Refusal::unsigned(message, "InvalidSignatureException"))
        }
        _ => Err(Refusal::unsigned("The Authorization header is not complete", "IncompleteSignatureException")),
    }
}
