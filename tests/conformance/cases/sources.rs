//! Sources that fail, and switches that win over every source: nothing is injected, and nobody waits.

use anyhow::{Result, ensure};
use misrule_tests::message::Reader;
use serde_json::json;
use tokio::net::TcpListener;

use super::upstream::connect;
use super::{EACH_ALONE, NO_FAULTS};
use crate::case::{Case, case};
use crate::layer::{Layer, Start};
use crate::speech::{answer, armed_with, outage, request};
use crate::stage::{Setting, Stage, is_asked, sees, writes};

const NEVER: &str = "the event, in time and as it was; one line says why";

pub(crate) fn cases() -> Vec<Case> {
    let source = |case: Case| case.one_layer(NO_FAULTS, EACH_ALONE);
    let has = |delivery: &[u8]| Setting { delivery: Some(delivery.to_vec()), ..armed_with(&json!([]), &[]) };
    vec![
        source(case("PEERS 11", "asks while the source refuses connections, or answers 500", NEVER)).scene(fails),
        source(case("PEERS 11", "asks while the source has garbage", NEVER))
            .with(has(b"\x00garbage"))
            .scene(async |stage: Stage| passes(stage, "refused").await),
        source(case("PEERS 15", "asks for what an experiment would hit, with MISRULE_DISABLED=true", "the event"))
            .with(armed_with(&outage(), &[("MISRULE_DISABLED", "true")]))
            .scene(async |stage: Stage| passes(stage, "pass_through").await),
        source(case("PEERS 15", "asks for what an experiment would hit, once the source says halt", "the event"))
            .with(armed_with(&outage(), &[]))
            .scene(halted),
        source(case(
            "PEERS 15",
            "asks for what an experiment would hit, with MISRULE_DRY_RUN=true",
            "the event; a line says what would have been",
        ))
        .with(armed_with(&outage(), &[("MISRULE_DRY_RUN", "true")]))
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
    let nobody = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    for port in [failing, nobody] {
        let start = Start::before(&stage.lambda.address().to_string())?;
        let start = start.variable("MISRULE_SOURCE", "agent:shop/prod/faults");
        let layer = Layer::start(start.variable("AWS_APPCONFIG_EXTENSION_HTTP_PORT", port.to_string()))?;
        let mut runtime = connect(layer.port).await?;
        writes(&mut runtime, crate::speech::NEXT).await?;
        let mut lambda = stage.lambda.accept().await?;
        is_asked(&mut lambda).await?;
        writes(&mut lambda, request(1, "/health")).await?;
        sees(&mut runtime, "the event").await?;
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
