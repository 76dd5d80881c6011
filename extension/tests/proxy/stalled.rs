//! A log that nobody reads.

use std::time::Duration;

use misrule_extension::clock;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::exchange::{Lambda, connect, soon};
use super::injected::{asks, event, is_asked, request_id, says, sees};
use super::message::Reader;
use super::process::{registered, start};

/// Their lines take more than the 64 KiB that fit into a pipe.
const EVENTS: u32 = 300;

/// In a dry run: a line for each event.
fn experiment() -> String {
    let expires = clock::now().plus(Duration::from_secs(600)).to_string();
    let policy = json!([{ "use": "path-outage", "settings": { "paths": ["/health"], "status": 404 } }]);
    let blast_radius = json!({ "functions": ["*"] });
    json!({ "name": "trial", "expires": expires, "blast_radius": blast_radius, "policy": policy }).to_string()
}

/// One event to a runtime that asked, and its next question.
async fn invocation(number: u32, runtime: &mut Reader, upstream: &mut Reader) {
    is_asked(upstream).await;
    says(upstream, &event(number, "/health")).await;
    assert_eq!(request_id(&sees(runtime, "the event").await), Some(format!("r-{number}").as_str()));
    asks(runtime).await;
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_no_event_up_and_says_later_what_it_lost() {
    let (lambda, folder) = (Lambda::new().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("experiment.json");
    std::fs::write(&file, experiment()).unwrap();
    let source = format!("file:{}", file.display());
    let variables = [
        ("MISRULE_SOURCE", source.as_str()),
        ("MISRULE_LOCAL", "true"),
        ("MISRULE_DRY_RUN", "true"),
        ("MISRULE_FIRST_WAIT", "20s"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "orders"),
    ];
    let extension = start(&lambda, &variables);
    let _waits = registered(&lambda).await;
    let mut runtime = connect(([127, 0, 0, 1], extension.port).into()).await;
    asks(&mut runtime).await;
    let mut upstream = lambda.accept().await;
    for number in 0..EVENTS {
        invocation(number, &mut runtime, &mut upstream).await;
    }
    // Once there is room, the next event finds it.
    let events = tokio::spawn(async move {
        loop {
            invocation(EVENTS, &mut runtime, &mut upstream).await;
        }
    });
    let (mut lines, mut told) = (BufReader::new(extension.log).lines(), 0);
    let lost = loop {
        let line = soon("a line", lines.next_line()).await.unwrap().unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        told += u64::from(line["misrule"] == "would_have");
        if line["misrule"] == "lines_lost" {
            break line["count"].as_u64().unwrap();
        }
    };
    events.abort();
    assert!(lost > 0 && told > 0 && told + lost >= u64::from(EVENTS), "{told} and {lost} of {EVENTS}");
}
