//! The function on AWS's Rust runtime client, behind the local Lambda and its HTTP front.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use misrule_local::front::Front;
use misrule_local::function::Function;
use misrule_local::lambda::Recording;

async fn get(front: SocketAddr, target: &'static str) -> (String, String) {
    let exchange = move || {
        let mut stream = TcpStream::connect(front).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

#[tokio::test]
async fn requests_reach_the_function_and_answers_come_back() {
    let function = Function::builder("orders")
        .runtime(env!("CARGO_BIN_EXE_misrule-local-function"), [])
        .recording(Recording::Everything)
        .start()
        .await
        .unwrap();
    let function = Arc::new(function);
    let front = Front::serve(Arc::clone(&function)).await.unwrap();
    for (target, status, body) in [
        ("/health", "200 OK", r#"{"status":"ok"}"#),
        ("/orders/17?x=1", "200 OK", r#""id":"17""#),
        ("/nothing", "404 Not Found", r#"{"error":"not found"}"#),
    ] {
        let (head, answer) = get(front.address(), target).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{target}: {head}");
        assert!(head.contains("\r\ncontent-type: application/json\r\n"), "{target}: {head}");
        assert!(answer.contains(body), "{target}: {answer}");
    }
    let exchanges = function.exchanges();
    let answer = exchanges.iter().find(|exchange| exchange.head.path().ends_with("/response")).unwrap();
    assert!(answer.head.header("lambda-runtime-invocation-id").is_some(), "the client echoes the invocation id");
    assert_eq!(answer.status, Some(202));
}

#[tokio::test]
async fn a_runtime_that_was_killed_is_a_bad_gateway_once() {
    let function = Function::builder("orders").runtime(env!("CARGO_BIN_EXE_misrule-local-function"), []);
    let function = Arc::new(function.start().await.unwrap());
    let front = Front::serve(Arc::clone(&function)).await.unwrap();
    let pid = function.process_id(&misrule_local::function::Origin::Runtime).unwrap();
    std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    let (head, body) = get(front.address(), "/health").await;
    assert!(head.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{head}");
    assert_eq!(body, "Internal Server Error");
    assert!(get(front.address(), "/health").await.0.starts_with("HTTP/1.1 200 OK\r\n"));
}
