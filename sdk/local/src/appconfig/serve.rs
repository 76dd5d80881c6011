use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::refusal::Refusal;
use super::request::Request;
use super::{Behaviour, Plane, Shared, control, data};
use crate::wire::{Body, Connection, Head, Reply, WireError};

/// Larger than any body that is answered with more than "too large".
const MAX_BODY: usize = 16 * 1024 * 1024;

pub(super) async fn serve(shared: Arc<Shared>, mut connection: Connection) {
    while let Ok(Some(head)) = connection.head().await {
        let keeps_alive = head.keeps_alive();
        let Ok(body) = read(&mut connection, &head).await else { return };
        let plane = plane(&head);
        let reply = match shared.behaviour(plane) {
            Behaviour::Normal => answer(&shared, &Request::new(head, body)),
            behaviour => {
                shared.count(operation(&Request::new(head, body)));
                match behaviour {
                    Behaviour::Status(status) => Refusal::of_status(status).reply(),
                    Behaviour::Hang => return connection.closed().await,
                    Behaviour::Garbage => {
                        let _ = connection.write(b"\x00\x01 this is not HTTP\r\n\r\n").await;
                        return;
                    }
                    Behaviour::Normal | Behaviour::Refuse => return,
                }
            }
        };
        if connection.reply(&reply).await.is_err() || !keeps_alive {
            return;
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

fn plane(head: &Head) -> Plane {
    if matches!(head.path(), "/configurationsessions" | "/configuration") { Plane::Data } else { Plane::Control }
}

/// The name of the operation that a request is for.
fn operation(request: &Request) -> &'static str {
    match (request.head.method.as_str(), request.head.path()) {
        ("POST", "/configurationsessions") => "StartConfigurationSession",
        ("GET", "/configuration") => "GetLatestConfiguration",
        _ => control::operation(request).map_or("UnknownOperation", |(name, _)| name),
    }
}

fn answer(shared: &Shared, request: &Request) -> Reply {
    let name = operation(request);
    let answered = signed(request).and_then(|()| {
        let mut store = shared.store();
        match name {
            "StartConfigurationSession" => data::start_session(&mut store, request),
            "GetLatestConfiguration" => data::latest(&mut store, request),
            _ => control::answer(&mut store, request),
        }
    });
    shared.count(name);
    let request_id = crate::clock::uuid();
    answered.unwrap_or_else(|refusal| refusal.reply()).header("x-amzn-RequestId", request_id)
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
