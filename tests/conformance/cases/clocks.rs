//! A wall clock that is set while the layer runs. A small library in front of the C library's clock sets it for the layer alone.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use misrule_tests::message::Reader;
use misrule_tests::programs::checkout;
use tokio::net::TcpListener;

use super::upstream::connect;
use super::{EACH_ALONE, NO_LAYER};
use crate::case::{Case, case};
use crate::layer::{Layer, Start};
use crate::speech::{NEXT, answer, event};
use crate::stage::{Stage, is_asked, sees, soon, writes};

const HOURS: i64 = 6 * 3600;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(
            "LAMBDA 9, 54",
            "asks; the layer's wall clock goes six hours on between events, then back",
            "every event; its source is asked once more each time, neither in a burst nor after hours",
        )
        .one_layer(NO_LAYER, EACH_ALONE)
        .scene(jumps),
    ]
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

fn library(folder: &Path) -> Result<std::path::PathBuf> {
    let (source, library) = (checkout().join("tests/conformance/clock.c"), folder.join("clock.so"));
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status()?;
    ensure!(built.success(), "the C compiler gave {built}");
    Ok(library)
}

async fn jumps(stage: Stage) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ahead = folder.path().join("ahead");
    std::fs::write(&ahead, "0")?;
    let (port, asked) = agent().await?;
    let start = Start::before(&stage.lambda.address().to_string())?
        .variable("LD_PRELOAD", library(folder.path())?.to_string_lossy())
        .variable("SECONDS_AHEAD", ahead.to_string_lossy())
        .variable("MISRULE_SOURCE", "agent:shop/prod/faults")
        .variable("AWS_APPCONFIG_EXTENSION_HTTP_PORT", port.to_string());
    let layer = Layer::start(start)?;
    layer.until("halted", |_| true).await?;
    let mut runtime = connect(layer.port).await?;
    writes(&mut runtime, NEXT).await?;
    let mut lambda = stage.lambda.accept().await?;
    for seconds in [HOURS, 0] {
        let before = asked.load(Ordering::SeqCst);
        std::fs::write(&ahead, seconds.to_string())?;
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
        ensure!(more == 1, "{more} questions to the source with the clock {seconds} s ahead");
    }
    let first = layer.said().into_iter().next().unwrap_or_default();
    ensure!(first.contains("misrule"), "{first}");
    Ok(())
}

/// One event, after the question for it was written.
async fn invoked(runtime: &mut Reader, lambda: &mut Reader) -> Result<()> {
    is_asked(lambda).await?;
    writes(lambda, event("", b"{}")).await?;
    sees(runtime, "the event").await?;
    writes(runtime, NEXT).await
}
