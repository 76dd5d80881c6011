//! WebSocket APIs, where a client connects: any status but 2xx refuses the connection, and the client reads it. Of headers
//! only the subprotocol is documented to reach the client, and no body is: nothing else is written.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html>

use std::collections::BTreeMap;

use serde::Serialize;

use super::parts::{Parts, json};

const SUBPROTOCOL: &str = "sec-websocket-protocol";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WebSocket<'a> {
    status_code: u16,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'a str, String>,
}

pub(super) fn write(parts: &Parts<'_>) -> Vec<u8> {
    let headers = parts.joined().into_iter().filter(|(name, _)| *name == SUBPROTOCOL).collect();
    json(&WebSocket { status_code: parts.status, headers })
}
