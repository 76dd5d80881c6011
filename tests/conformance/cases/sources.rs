//! Sources that fail, and switches that win over every source: nothing is injected, and nobody waits.

use std::slice::from_ref;
use std::time::Duration;

use anyhow::{Result, ensure};
use misrule_tests::layered::free_port;
use misrule_tests::message::Reader;
use tokio::net::TcpListener;

use super::start::{held_back, waiting};
use super::upstream::connect;
use super::{EACH_ALONE, NO_FAULTS};
use crate::case::{Case, case};
use crate::speech::{answer, armed_with, clocked, outage, request};
use crate::stage::{Setting, Stage, gives, is_asked, sees, writes};

const NEVER: &str = "the question after 100 ms at the most, then the event as it was; one line says why";
/// For so long a layer tries to reach an agent that may not listen yet, and a bit more.
const STARTING: Duration = Duration::from_millis(2_100);

pub(crate) fn cases() -> Vec<Case> {
    let source = |case: Case| case.one_layer(NO_FAULTS, EACH_ALONE);
    let has = |delivery: &[u8]| Setting { delivery: Some(delivery.to_vec()), ..clocked() };
    let outage_with = |name| Setting { clocked: true, ..armed_with(&outage(), &[(name, "true")]) };
    vec![
        source(case("PEERS 11", "asks while the source refuses connections, or answers 500", NEVER))
            .with(Setting { empty: true, ..clocked() })
            .scene(fails),
        source(case("PEERS 11", "asks while the source has garbage", NEVER))
            .with(has(b"\x00garbage"))
            .scene(async |stage: Stage| passes(stage, "refused").await),
        source(case(
            "PEERS 15",
            "asks for what an experiment would hit, with MISRULE_DISABLED=true",
            "the event as it was",
        ))
        .with(outage_with("MISRULE_DISABLED"))
        .scene(async |stage: Stage| passes(stage, "pass_through").await),
        source(case(
            "PEERS 15",
            "asks for what an experiment would hit, once the source says halt",
            "the event as it was",
        ))
        .with(armed_with(&outage(), &[]))
        .scene(halted),
        source(case(
            "PEERS 15",
            "asks for what an experiment would hit, with MISRULE_DRY_RUN=true",
            "the event as it was; a line says what would have been",
        ))
        .with(outage_with("MISRULE_DRY_RUN"))
        .scene(async |stage: Stage| passes(stage, "would_have").await),
    ]
}

/// The event passes, and a line of this kind is there.
async fn passes(stage: Stage, kind: &str) -> Result<()> {
    stage.invoked(&request(1, "/health")).await?;
    stage.layer()?.until(kind, |_| true).await?;
    ensure!(stage.layer()?.lines("injected").is_empty(), "{:?}", stage.layer()?.said());
    Ok(())
}

async fn fails(stage: Stage) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let failing = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut asked = Reader::new(stream);
            asked.message().await;
            let _ = writes(&mut asked, answer("500 Internal Server Error", "", b"no")).await;
        }
    });
    for (port, until_told) in [(failing, Duration::ZERO), (free_port()?, STARTING)] {
        let start = stage.alone()?.variable("MISRULE_SOURCE", "agent:shop/prod/faults");
        let start = start.variable("AWS_APPCONFIG_EXTENSION_HTTP_PORT", port.to_string());
        let (layer, _waits) = waiting(&stage, start).await?;
        let mut runtime = connect(layer.port).await?;
        writes(&mut runtime, crate::speech::NEXT).await?;
        held_back(&stage, &layer).await?;
        let mut lambda = stage.lambda.accept().await?;
        is_asked(&mut lambda).await?;
        gives(&mut lambda, &mut runtime, &request(1, "/health")).await?;
        stage.clock()?.passes(until_told, from_ref(&layer)).await?;
        layer.until("source_failed", |_| true).await?;
        ensure!(layer.lines("source_failed").len() == 1, "{:?}", layer.said());
    }
    Ok(())
}

async fn halted(stage: Stage) -> Result<()> {
    let (waits, mut lambda) = stage.asked().await?;
    writes(&mut lambda, request(1, "/health")).await?;
    let hit = sees(&mut lambda, "an answer of ours").await?;
    ensure!(hit.start.ends_with("/invocation/r-1/response HTTP/1.1"), "{hit:?}");
    drop(waits);
    stage.deliver(br#"{"halt": true}"#)?;
    stage.busy_until("halted", |_| true).await?;
    stage.invoked(&request(2, "/health")).await?;
    Ok(())
}
