//! The wrapper as a process: it becomes the runtime, pointed at the proxy where that is there.

use std::path::Path;
use std::process::Output;

use misrule_local::port;
use misrule_tests::programs;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::exchange::{Lambda, proxy_before, soon};

const WRAPPER: &str = env!("CARGO_BIN_EXE_misrule-wrapper");

async fn run(port: u16, arguments: &[&str], next: Option<&Path>) -> Output {
    run_before("lambda:9001", port, arguments, next).await
}

async fn run_before(runtime_api: &str, port: u16, arguments: &[&str], next: Option<&Path>) -> Output {
    let mut command = Command::new(WRAPPER);
    command.args(arguments).env("AWS_LAMBDA_RUNTIME_API", runtime_api).env("MISRULE_PORT", port.to_string());
    command.envs(next.map(|next| ("MISRULE_NEXT_WRAPPER", next)));
    soon("the runtime", command.output()).await.unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

const SHOW: &str = r#"printf '%s|' "$AWS_LAMBDA_RUNTIME_API" "$@"; exit 7"#;

#[tokio::test]
async fn a_runtime_is_pointed_at_the_proxy_and_keeps_its_arguments_and_status() {
    let lambda = Lambda::new().await;
    let runtime_api = lambda.address().to_string();
    let port = proxy_before(&runtime_api).await.port();
    let output = run_before(&runtime_api, port, &["sh", "-c", SHOW, "sh", "a b", "$HOME", "'\"", ""], None).await;
    assert_eq!(said(&output), format!("127.0.0.1:{port}|a b|$HOME|'\"||"));
    assert_eq!(output.status.code(), Some(7));
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[tokio::test]
async fn the_proxy_of_another_function_is_a_stranger() {
    let (lambda, others) = (Lambda::new().await, Lambda::new().await);
    let port = proxy_before(&others.address().to_string()).await.port();
    let runtime_api = lambda.address().to_string();
    let output = run_before(&runtime_api, port, &["sh", "-c", SHOW], None).await;
    assert_eq!(said(&output), format!("{runtime_api}|"));
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(complaint.contains(&format!("does not stand before {runtime_api}")), "{complaint}");
}

#[tokio::test]
async fn without_the_proxy_or_with_a_stranger_the_runtime_runs_as_it_would() {
    let stranger = Lambda::new().await;
    let port = stranger.address().port();
    let answers = async {
        let mut curious = stranger.accept().await;
        curious.message().await;
        curious.stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
    };
    let (output, ()) = tokio::join!(run(port, &["sh", "-c", SHOW], None), answers);
    assert_eq!(said(&output), "lambda:9001|");
    assert!(String::from_utf8_lossy(&output.stderr).contains("something else answers"), "{output:?}");
    let output = run(port::free().unwrap(), &["sh", "-c", SHOW], None).await;
    assert_eq!(said(&output), "lambda:9001|");
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing answers"), "{output:?}");
}

#[tokio::test]
async fn another_wrapper_is_run_first_but_never_itself() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other wrapper");
    std::os::unix::fs::symlink(programs::checkout().join("tests/functions/other-wrapper"), &other).unwrap();
    assert_eq!(said(&run(1, &["echo", "runtime"], Some(&other)).await), "other runtime\n");
    assert_eq!(said(&run(1, &["echo", "runtime"], Some(Path::new(WRAPPER))).await), "runtime\n");
}

#[tokio::test]
async fn another_wrapper_that_is_not_there_does_not_stop_the_runtime() {
    let output = run(1, &["echo", "runtime"], Some(Path::new("/no/such/wrapper"))).await;
    assert_eq!(said(&output), "runtime\n");
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(complaint.contains("MISRULE_NEXT_WRAPPER: `/no/such/wrapper` cannot be run"), "{complaint}");
}

#[tokio::test]
async fn a_stranger_that_says_nothing_is_not_waited_for() {
    let stranger = Lambda::new().await;
    let output = run(stranger.address().port(), &["sh", "-c", SHOW], None).await;
    assert_eq!(said(&output), "lambda:9001|");
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not say that it is Misrule"), "{output:?}");
}

#[tokio::test]
async fn where_nothing_can_be_run_it_names_what_and_gives_127() {
    let output = run(1, &["/no/such/runtime"], None).await;
    assert_eq!(output.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`/no/such/runtime` cannot be run: "), "{output:?}");
    assert_eq!(run(1, &[], None).await.status.code(), Some(127));
}
