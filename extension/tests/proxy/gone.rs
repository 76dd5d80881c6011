//! What becomes of a request whose runtime goes, or whose Lambda does.

use tokio::io::AsyncWriteExt as _;

use super::exchange::{Lambda, connect, proxy_before, soon};
use super::injected::{RESPONSE, accepts, asks, is_asked, sees};
use super::process::{registered, start};

const EMPTY: &str = "\r\nHost: l\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn an_empty_answer_goes_up_though_its_runtime_goes_at_once() {
    let lambda = Lambda::new().await;
    let proxy = proxy_before(&lambda.address().to_string()).await;
    for _ in 0..20 {
        let mut runtime = connect(proxy).await;
        runtime.stream.write_all(format!("{RESPONSE}{EMPTY}").as_bytes()).await.unwrap();
        drop(runtime);
        let mut upstream = lambda.accept().await;
        assert_eq!(sees(&mut upstream, "the answer").await.start, RESPONSE);
    }
}

#[tokio::test]
async fn who_closed_its_half_behind_an_answer_learns_what_lambda_says() {
    let lambda = Lambda::new().await;
    let mut runtime = connect(proxy_before(&lambda.address().to_string()).await).await;
    runtime.stream.write_all(format!("{RESPONSE}{EMPTY}").as_bytes()).await.unwrap();
    runtime.stream.shutdown().await.unwrap();
    let mut upstream = lambda.accept().await;
    sees(&mut upstream, "the answer").await;
    accepts(&mut upstream).await;
    assert_eq!(sees(&mut runtime, "what Lambda said").await.start, "HTTP/1.1 202 Accepted");
}

/// A dead runtime looks the same, and would lose the event.
#[tokio::test]
async fn who_closed_its_half_behind_a_question_is_taken_for_gone() {
    let lambda = Lambda::new().await;
    let mut runtime = connect(proxy_before(&lambda.address().to_string()).await).await;
    asks(&mut runtime).await;
    let mut upstream = lambda.accept().await;
    is_asked(&mut upstream).await;
    runtime.stream.shutdown().await.unwrap();
    assert!(soon("the upstream connection to close", upstream.closes()).await);
}

#[tokio::test]
async fn an_answer_that_lambda_loses_is_told_and_a_wait_that_ends_is_not() {
    let lambda = Lambda::new().await;
    let mut extension = start(&lambda, &[]);
    let _registered = registered(&lambda).await;
    let mut waits = connect(([127, 0, 0, 1], extension.port).into()).await;
    asks(&mut waits).await;
    is_asked(&mut lambda.accept().await).await;
    assert!(soon("the wait to end", waits.closes()).await);
    let mut answers = connect(([127, 0, 0, 1], extension.port).into()).await;
    answers.stream.write_all(format!("{RESPONSE}{EMPTY}").as_bytes()).await.unwrap();
    sees(&mut lambda.accept().await, "the answer").await;
    assert!(soon("the connection to close", answers.closes()).await);
    let line = extension.says("failed").await;
    let reason = line["reason"].as_str().unwrap();
    let why = format!("Lambda's Runtime API at {} closed the connection without an answer: ", lambda.address());
    assert!(reason.starts_with(&format!("a request of the runtime got no answer: {why}")), "{line}");
    extension.ends().await;
}
