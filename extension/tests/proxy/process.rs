//! The extension as a process, from its start to its end.

use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use super::exchange::{Lambda, connect, soon};
use super::message::{Message, Reader};

const SHUTDOWN: &str = r#"{"eventType":"SHUTDOWN","shutdownReason":"SPINDOWN","deadlineMs":1}"#;

pub(crate) struct Extension {
    process: Child,
    pub(crate) port: u16,
}

/// A port that was free a moment ago.
pub(crate) async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

pub(crate) fn start(lambda: &Lambda, port: u16, more: &[(&str, &str)]) -> Extension {
    let process = Command::new(env!("CARGO_BIN_EXE_misrule-extension"))
        // What the tests' own surroundings hold, such as the names of toolchains, is not the layer's.
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", lambda.address().to_string())
        .env("MISRULE_PORT", port.to_string())
        .envs(more.iter().copied())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    Extension { process, port }
}

async fn says(lambda: &mut Reader, status: &str, body: &str) {
    let head =
        format!("HTTP/1.1 {status}\r\nLambda-Extension-Identifier: me\r\nContent-Length: {}\r\n\r\n", body.len());
    lambda.stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await.unwrap();
}

/// Registers the extension, and gives Lambda's end of where it waits.
pub(crate) async fn registered(lambda: &Lambda) -> (Reader, Message) {
    let mut connection = lambda.accept().await;
    let registration = soon("a registration", connection.message()).await;
    says(&mut connection, "200 OK", r#"{"functionName":"f","functionVersion":"1","handler":"h"}"#).await;
    let waits = soon("event/next", connection.message()).await;
    assert_eq!(waits.start, "GET /2020-01-01/extension/event/next HTTP/1.1");
    assert_eq!(waits.header("Lambda-Extension-Identifier"), Some("me"));
    (connection, registration)
}

async fn ends(mut extension: Extension) -> (Option<i32>, String) {
    let status = soon("the end of the process", extension.process.wait()).await.unwrap();
    let mut said = String::new();
    extension.process.stdout.take().unwrap().read_to_string(&mut said).await.unwrap();
    (status.code(), said)
}

#[tokio::test]
async fn it_listens_before_it_registers_and_ends_at_shutdown_with_a_request_in_flight() {
    let lambda = Lambda::new().await;
    let extension = start(&lambda, free_port().await, &[("MISRULE_NONSENSE", "1")]);
    let mut registers = lambda.accept().await;
    let registration = soon("a registration", registers.message()).await;
    assert_eq!(registration.start, "POST /2020-01-01/extension/register HTTP/1.1");
    assert_eq!(registration.header("Lambda-Extension-Name"), Some("misrule-extension"));
    assert_eq!(registration.header("Lambda-Extension-Accept-Feature"), Some("accountId"));
    assert_eq!(registration.body, br#"{"events":["SHUTDOWN"]}"#);
    let mut runtime = connect(([127, 0, 0, 1], extension.port).into()).await;
    runtime.stream.write_all(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: l\r\n\r\n").await.unwrap();
    let mut waiting = lambda.accept().await;
    soon("the runtime's question", waiting.message()).await;
    says(&mut registers, "200 OK", "{}").await;
    soon("event/next", registers.message()).await;
    says(&mut registers, "200 OK", SHUTDOWN).await;
    let (code, said) = ends(extension).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("MISRULE_NONSENSE"), "a wrong setting is told, and stops nothing: {said}");
}

#[tokio::test]
async fn a_refused_registration_ends_it_with_one_clear_line() {
    let lambda = Lambda::new().await;
    let extension = start(&lambda, free_port().await, &[]);
    let mut registers = lambda.accept().await;
    soon("a registration", registers.message()).await;
    says(&mut registers, "403 Forbidden", r#"{"errorType":"Extension.InvalidExtensionName"}"#).await;
    let (code, said) = ends(extension).await;
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("Lambda refused to register the extension `misrule-extension`: status 403"), "{said}");
}

#[tokio::test]
async fn with_its_port_taken_it_registers_says_so_and_stays_until_shutdown() {
    let (lambda, stranger) = (Lambda::new().await, Lambda::new().await);
    let port = stranger.address().port();
    let extension = start(&lambda, port, &[]);
    let (mut waits, _) = registered(&lambda).await;
    assert!(stranger.is_alone().await);
    says(&mut waits, "200 OK", SHUTDOWN).await;
    let (code, said) = ends(extension).await;
    assert_eq!((code, said.lines().count()), (Some(0), 1), "{said}");
    assert!(said.contains(&format!("port {port} cannot be listened on")), "{said}");
}

#[tokio::test]
async fn whatever_becomes_of_its_wait_it_waits_again() {
    let lambda = Lambda::new().await;
    let extension = start(&lambda, free_port().await, &[]);
    let (mut waits, _) = registered(&lambda).await;
    says(&mut waits, "500 Internal Server Error", "{}").await;
    soon("event/next, again", waits.message()).await;
    drop(waits);
    let mut waits = lambda.accept().await;
    soon("event/next, on a new connection", waits.message()).await;
    says(&mut waits, "200 OK", SHUTDOWN).await;
    let (code, said) = ends(extension).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("event/next").count(), 1, "one line for a row of failures: {said}");
}
