//! A wall clock that is set while the layer runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use misrule_tests::message::Reader;
use tokio::net::TcpListener;

use super::start::waiting;
use super::upstream::connect;
use super::{EACH_ALONE, NO_LAYER};
use crate::case::{Case, case};
use crate::speech::{NEXT, answer, clocked, event};
use crate::stage::{Setting, Stage, gives, is_asked, soon, writes};

const HOUR: Duration = Duration::from_secs(3600);
/// More than an agent on localhost is left alone for between two questions.
const INTERVAL: Duration = Duration::from_secs(6);

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(
            "LAMBDA 9",
            "asks; the layers' wall clock goes 24 hours on while it waits, then back",
            "the event, on that connection",
        )
        .not_direct(NO_LAYER)
        .with(clocked())
        .scene(a_day_passes),
        case(
            "LAMBDA 54",
            "asks; the layer's wall clock goes six hours on between events, then back",
            "every event; its source is asked once more each time, neither in a burst nor after hours",
        )
        .one_layer(NO_LAYER, EACH_ALONE)
        .with(Setting { empty: true, ..clocked() })
        .scene(jumps),
    ]
}

async fn a_day_passes(stage: Stage) -> Result<()> {
    for body in ["a day ahead", "back"] {
        let (mut runtime, mut lambda) = stage.asked().await?;
        stage.clock()?.set_wall(if body == "back" { Duration::ZERO } else { 24 * HOUR })?;
        stage.passes(Duration::from_millis(1)).await?;
        gives(&mut lambda, &mut runtime, &event("", body.as_bytes())).await?;
    }
    stage.lambda.is_alone().await
}

/// An AppConfig agent that has a halt, and how often it was asked.
async fn agent() -> Result<(u16, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (port, asked) = (listener.local_addr()?.port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut layer = Reader::new(stream);
            layer.message().await;
            count.fetch_add(1, Ordering::SeqCst);
            let _ =
                writes(&mut layer, answer("200 OK", "Content-Type: application/json\r\n", b"{\"halt\":true}")).await;
        }
    });
    Ok((port, asked))
}

async fn jumps(stage: Stage) -> Result<()> {
    let (port, asked) = agent().await?;
    let start = stage.alone()?.variable("MISRULE_SOURCE", "agent:shop/prod/faults");
    let start = start.variable("AWS_APPCONFIG_EXTENSION_HTTP_PORT", port.to_string());
    let (layer, _waits) = waiting(&stage, start).await?;
    layer.until("halted", |_| true).await?;
    let mut runtime = connect(layer.port).await?;
    writes(&mut runtime, NEXT).await?;
    let mut lambda = stage.lambda.accept().await?;
    for (wall, later) in [(6 * HOUR, Duration::ZERO), (Duration::ZERO, INTERVAL)] {
        let before = asked.load(Ordering::SeqCst);
        stage.clock()?.set_wall(wall)?;
        // Where the wall clock went back, time passes on the other one alone.
        stage.clock()?.ages(later)?;
        let events = async {
            // A question to the source that is due comes beside one of these events.
            while asked.load(Ordering::SeqCst) == before {
                invoked(&mut runtime, &mut lambda).await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            for _ in 0..20 {
                invoked(&mut runtime, &mut lambda).await?;
            }
            anyhow::Ok(())
        };
        soon("another question to the source", events).await??;
        let more = asked.load(Ordering::SeqCst) - before;
        ensure!(more == 1, "{more} questions to the source with the clock {wall:?} ahead");
    }
    Ok(())
}

/// One event, after the question for it was written.
async fn invoked(runtime: &mut Reader, lambda: &mut Reader) -> Result<()> {
    is_asked(lambda).await?;
    gives(lambda, runtime, &event("", b"{}")).await?;
    writes(runtime, NEXT).await
}
