//! Every other route of Lambda's server, known or not.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::{NO_FAULTS, NO_LAYER};
use crate::case::{Case, case};
use crate::exchange::Exchange;
use crate::lambda::INTERNAL;
use crate::speech::{ACCEPTED, NEXT, RESTORE, answer, armed_with, event, outage, post, refusal, request, set};
use crate::stage::{Stage, gives, is_asked, sees, writes};

const WHOSE: &str = "eyJhbGciOiJub25lIn0-of-this-function";

pub(crate) fn cases() -> Vec<Case> {
    [of_the_runtimes_life(), unknown(), of_extensions()].concat()
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: l\r\n\r\n")
}

fn not_found() -> Vec<u8> {
    answer("404 Not Found", "Content-Type: text/plain\r\n", b"404 page not found")
}

fn of_the_runtimes_life() -> Vec<Case> {
    let failed = "Lambda-Runtime-Function-Error-Type: Runtime.AfterRestoreError\r\n";
    let reports = ["init", "restore"].map(|of| post(&format!("/2018-06-01/runtime/{of}/error"), failed, b"{}"));
    let accepted = reports.iter().map(|report| Exchange::new(report.clone(), ACCEPTED));
    let refused = reports.iter().map(|report| Exchange::new(report.clone(), refusal("403 Forbidden")));
    vec![
        case(
            "LAMBDA 43, PEERS 7",
            "reports that it cannot start (init/error), or be restored (restore/error)",
            "its type and its body; 202 or 403 goes back",
        )
        .bytes(accepted.chain(refused).collect()),
        case(
            "LAMBDA 43, PEERS 7",
            "waits to be restored (restore/next), then asks on a connection from before",
            "the wait, held; then a new connection",
        )
        .not_direct("the runtime's own connection")
        .held(Duration::from_secs(600))
        .scene(restored),
        case(
            "LAMBDA 43",
            "is a copy of a snapshot (SnapStart), whose source is AppConfig",
            "a session with AppConfig, and credentials, of the copy's own",
        )
        .elsewhere("the proxy's own test `a_copy_begins_a_session_with_credentials_of_its_own`"),
        case(
            "LAMBDA 43",
            "waits to be restored (SnapStart), then asks for what an experiment would hit; MISRULE_SHARE=0",
            "the event as it was: whether the copy takes part is drawn, and said, once it is restored",
        )
        .not_direct(NO_FAULTS)
        .with(armed_with(&outage(), &[("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"), ("MISRULE_SHARE", "0")]))
        .scene(drawn_after_a_restore),
        case("LAMBDA 44, PEERS 7", "waits to be restored where there is no SnapStart", "Lambda's 404, which is text")
            .bytes(vec![Exchange::new(RESTORE, not_found())]),
    ]
}

fn unknown() -> Vec<Case> {
    let not_allowed = answer("405 Method Not Allowed", "Allow: GET\r\n", b"");
    let brew = "BREW /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: l\r\n\r\n";
    vec![
        case(
            "LAMBDA 45, PEERS 8",
            "asks for what nobody knows: escaped slashes, empty segments, a query",
            "the same target; Lambda's 404 or 405 goes back",
        )
        .bytes(vec![
            Exchange::new(get("/a%2Fb//c?x=%20&y=a+b&&z"), not_found()),
            Exchange::new(get("//a//b"), not_allowed.clone()),
            Exchange::new(get("/2030-01-01/runtime/invocation/next?wait=1"), not_found()),
        ]),
        case("LAMBDA 45", "asks with methods that nobody knows, or that have no body (HEAD)", "the same method").bytes(
            vec![
                Exchange::new(brew, not_allowed),
                Exchange::new(
                    "HEAD /2018-06-01/ping HTTP/1.1\r\nHost: l\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n",
                ),
            ],
        ),
    ]
}

fn of_extensions() -> Vec<Case> {
    let register =
        post("/2020-01-01/extension/register", &format!("Lambda-Extension-Name: {INTERNAL}\r\n"), b"{\"events\":[]}");
    let put = "PUT /2022-07-01/telemetry HTTP/1.1\r\nHost: l\r\nContent-Length: 2\r\n\r\n{}";
    vec![
        case("LAMBDA 46", "has an extension inside, which registers", "its name; the identifier goes back")
            .bytes(vec![Exchange::new(register, answer("200 OK", "Lambda-Extension-Identifier: id\r\n", b"{}"))]),
        case(
            "LAMBDA 46",
            "has an extension inside, which waits long for its next event",
            "its identifier, held; then the event",
        )
        .held(Duration::from_secs(600))
        .scene(internal_extension),
        case("LAMBDA 47", "asks for credentials with its token", "the token; the credentials go back").bytes(vec![
            Exchange::new(
                format!("GET /2021-04-23/credentials HTTP/1.1\r\nHost: l\r\nAuthorization: {WHOSE}\r\n\r\n"),
                answer("200 OK", "", b"{\"SecretAccessKey\":\"hush-hush\"}"),
            ),
        ]),
        case(
            "LAMBDA 47",
            "asks for credentials while the layers log all they can",
            "no line with the token or with what it was given",
        )
        .not_direct(NO_LAYER)
        .with(set(&[("MISRULE_LOG", "trace")]))
        .scene(logs_no_secret),
        case("LAMBDA 48", "subscribes to telemetry", "the subscription").bytes(vec![Exchange::new(put, ACCEPTED)]),
    ]
}

async fn restored(stage: Stage) -> Result<()> {
    let (mut runtime, _before) = stage.invoked(&event("", b"1")).await?;
    let mut restoring = stage.runtime().await?;
    writes(&mut restoring, RESTORE).await?;
    let mut snapshot = stage.lambda.accept().await?;
    sees(&mut snapshot, "the wait to be restored").await?;
    stage.holds().await?;
    writes(&mut snapshot, answer("200 OK", "", b"")).await?;
    sees(&mut restoring, "the restore").await?;
    writes(&mut runtime, NEXT).await?;
    let mut after = stage.lambda.accept().await?;
    is_asked(&mut after).await?;
    gives(&mut after, &mut runtime, &event("", b"2")).await
}

async fn drawn_after_a_restore(stage: Stage) -> Result<()> {
    let layer = stage.layer()?;
    layer.until("armed", |_| true).await?;
    let mut restoring = stage.runtime().await?;
    writes(&mut restoring, RESTORE).await?;
    let mut snapshot = stage.lambda.accept().await?;
    sees(&mut snapshot, "the wait to be restored").await?;
    ensure!(layer.lines("pass_through").is_empty(), "drawn for all copies: {:?}", layer.said());
    writes(&mut snapshot, answer("200 OK", "", b"")).await?;
    sees(&mut restoring, "the restore").await?;
    layer.until("pass_through", |line| line["reason"].to_string().contains("MISRULE_SHARE")).await?;
    stage.invoked(&request(1, "/health")).await?;
    Ok(())
}

async fn internal_extension(stage: Stage) -> Result<()> {
    let mut runtime = stage.runtime().await?;
    let wait = "GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: l\r\nLambda-Extension-Identifier: id\r\n\r\n";
    writes(&mut runtime, wait).await?;
    let mut lambda = stage.lambda.accept().await?;
    let seen = sees(&mut lambda, "event/next").await?;
    ensure!(seen.header("Lambda-Extension-Identifier") == Some("id"), "{seen:?}");
    stage.holds().await?;
    let event = answer("200 OK", "Lambda-Extension-Event-Identifier: e\r\n", b"{\"eventType\":\"INVOKE\"}");
    gives(&mut lambda, &mut runtime, &event).await
}

async fn logs_no_secret(stage: Stage) -> Result<()> {
    let mut runtime = stage.runtime().await?;
    let ask = format!("GET /2021-04-23/credentials HTTP/1.1\r\nHost: l\r\nAuthorization: {WHOSE}\r\n\r\n");
    writes(&mut runtime, ask).await?;
    let mut lambda = stage.lambda.accept().await?;
    ensure!(sees(&mut lambda, "the question").await?.header("Authorization") == Some(WHOSE), "no token");
    writes(&mut lambda, answer("200 OK", "", b"{\"SecretAccessKey\":\"hush-hush\"}")).await?;
    sees(&mut runtime, "credentials").await?;
    stage.layer()?.until("start", |_| true).await?;
    for line in stage.layers.iter().flat_map(|layer| layer.said()) {
        ensure!(!line.contains(WHOSE) && !line.contains("hush-hush"), "{line}");
    }
    Ok(())
}
