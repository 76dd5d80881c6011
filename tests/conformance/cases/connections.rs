//! Who waits for whom, on which connection, for how long, and who is told when one side goes.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_tests::message::{Message, Reader};
use rustix::process::Signal;

use super::NO_LAYER;
use crate::case::{Case, case};
use crate::impatient;
use crate::layer::Layer;
use crate::speech::{ACCEPTED, NEXT, STREAMING, answer, chunk, clocked, event, request, response, streamed_head};
use crate::stage::{Setting, Stage, gives, has, is_asked, sees, soon, writes};

const MINUTE: Duration = Duration::from_secs(60);
/// Invocations of the case that counts them.
const MANY: usize = 1_000;
/// And of that which looks for descriptors that are left: rounds, each on connections of its own.
const ROUNDS: usize = 100;
const EACH_ROUND: usize = 100;

pub(crate) fn cases() -> Vec<Case> {
    [long_waits(), pairs()].concat()
}

fn long_waits() -> Vec<Case> {
    vec![
        case("LAMBDA 9", "asks, and no event comes for ten minutes", "the event, on that connection")
            .held(10 * MINUTE)
            .scene(holds),
        case("PEERS 16", "asks, and no event comes for an hour", "the event, on that connection")
            .held(60 * MINUTE)
            .scene(holds),
        case("Misrule", "works for fifteen minutes, then answers", "the answer, on that connection")
            .held(15 * MINUTE)
            .scene(works_long),
        case(
            "Misrule",
            "streams, and writes nothing for ten minutes between two chunks",
            "the first chunk at once; then the second, on that connection",
        )
        .held(10 * MINUTE)
        .scene(streams_with_a_gap),
        case(
            "Misrule",
            "waits for an event for ten minutes, through a proxy that waits for 30 seconds, and one that waits for an hour",
            "the case fails with the first in the layer's place, and passes with the second",
        )
        .one_layer(NO_LAYER, "one proxy shows it")
        .with(Setting { empty: true, ..Setting::default() })
        .held(10 * MINUTE)
        .scene(is_seen_to_be_impatient),
        case(
            "LAMBDA 12",
            "asks, and the layers are stopped for a minute (SIGSTOP), in which the event comes",
            "the event, whole",
        )
        .not_direct(NO_LAYER)
        .held(MINUTE)
        .scene(stopped),
    ]
}

fn pairs() -> Vec<Case> {
    vec![
        case(
            "LAMBDA 10",
            "asks and answers a thousand times",
            "a thousand questions and answers, in their order, on one connection",
        )
        .scene(counts),
        case(
            "LAMBDA 63",
            "asks and answers ten thousand times, on new connections every hundred",
            "as many descriptors as before",
        )
        .not_direct(NO_LAYER)
        .scene(leaks_nothing),
        case(
            "LAMBDA 11",
            "goes while it waits, beside one that stays",
            "its own connection closes before any time passes, and no other; none is opened",
        )
        .with(clocked())
        .scene(goes),
        case(
            "LAMBDA 17",
            "asks again after Lambda closed the idle connection",
            "the question, once, on a new connection",
        )
        .not_direct("the runtime's own connection closes")
        .with(clocked())
        .scene(replaces),
        case(
            "LAMBDA 19, PEERS 9",
            "asks on 64 connections; events come in another order, as on Managed Instances",
            "each event on the connection that Lambda chose",
        )
        .scene(sixty_four),
        case(
            "LAMBDA 31",
            "answers two events in the other order, each on a connection that is not that of its question",
            "both answers, each with its own",
        )
        .scene(crosswise),
        case(
            "LAMBDA 31",
            "sends its next question before it has the answer to the last (pipelining)",
            "both, in their order",
        )
        .scene(pipelines),
    ]
}

async fn holds(stage: Stage) -> Result<()> {
    held(&stage).await
}

async fn held(stage: &Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.asked().await?;
    let waits = stage.lambda.waits();
    stage.holds().await?;
    ensure!(!has_kernels_timer(stage.address())?, "the kernel would end a connection that idles (keep-alive)");
    gives(&mut lambda, &mut runtime, &event("", b"at last")).await?;
    ensure!(stage.lambda.waits() == waits, "a layer asked for its own next event again");
    stage.lambda.is_alone().await
}

async fn works_long(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&event("", b"{}")).await?;
    stage.holds().await?;
    answers(&mut runtime, &mut lambda, "at last").await?;
    stage.lambda.is_alone().await
}

async fn streams_with_a_gap(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&event("", b"{}")).await?;
    writes(&mut runtime, [streamed_head(STREAMING).as_bytes(), &chunk(b"first")].concat()).await?;
    ensure!(soon("the first chunk", lambda.until(b"first")).await?, "no chunk");
    stage.holds().await?;
    writes(&mut runtime, [&chunk(b" and last")[..], b"0\r\n\r\n"].concat()).await?;
    ensure!(sees(&mut lambda, "the stream").await?.body == b"first and last", "another stream");
    writes(&mut lambda, ACCEPTED).await?;
    ensure!(sees(&mut runtime, "what Lambda said").await?.start.contains("202"), "not accepted");
    stage.lambda.is_alone().await
}

/// Whether the kernel has a timer on a connection of this port, such as for TCP's keep-alive.
fn has_kernels_timer(address: SocketAddr) -> Result<bool> {
    let (table, port) = (std::fs::read_to_string("/proc/net/tcp")?, format!(":{:04X}", address.port()));
    // The second and third word are the addresses; the sixth begins with the timer, 02 where it is none of sending again.
    let words = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut here = words.filter(|words| words[1..3].iter().any(|end| end.ends_with(&port)));
    Ok(here.any(|words| words.get(5).is_some_and(|timer| timer.starts_with("02:"))))
}

async fn is_seen_to_be_impatient(mut stage: Stage) -> Result<()> {
    for (patience, passes) in [(MINUTE / 2, false), (60 * MINUTE, true)] {
        let proxy = Layer::start(impatient::start(stage.alone()?, patience)?)?;
        proxy.until("listening", |_| true).await?;
        stage.layers = vec![proxy];
        let came = held(&stage).await;
        ensure!(came.is_ok() == passes, "with {patience:?} of patience: {came:?}");
        let closed = came.err().is_none_or(|error| error.to_string().starts_with("the event: Nothing"));
        ensure!(closed, "it failed for another reason");
    }
    Ok(())
}

async fn stopped(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.asked().await?;
    for layer in &stage.layers {
        layer.stop().await?;
    }
    let event = event("", b"in between");
    writes(&mut lambda, &event).await?;
    stage.holds_stopped().await?;
    for layer in &stage.layers {
        layer.signal(Signal::CONT)?;
    }
    has(&mut runtime, &event).await?;
    stage.lambda.is_alone().await
}

/// One invocation on connections that are there.
async fn invocation(runtime: &mut Reader, lambda: &mut Reader, number: usize) -> Result<()> {
    let body = number.to_string();
    writes(runtime, NEXT).await?;
    is_asked(lambda).await?;
    gives(lambda, runtime, &event("", body.as_bytes())).await?;
    answers(runtime, lambda, &body).await
}

async fn answers(runtime: &mut Reader, lambda: &mut Reader, body: &str) -> Result<()> {
    writes(runtime, response("", body.as_bytes())).await?;
    let seen = sees(lambda, "an answer").await?;
    ensure!(seen.body == body.as_bytes(), "not the answer {body}: {seen:?}");
    writes(lambda, ACCEPTED).await?;
    sees(runtime, "what Lambda said").await?;
    Ok(())
}

async fn counts(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&event("", b"{}")).await?;
    for number in 1..MANY {
        answers(&mut runtime, &mut lambda, &number.to_string()).await?;
        writes(&mut runtime, NEXT).await?;
        is_asked(&mut lambda).await?;
        gives(&mut lambda, &mut runtime, &event("", number.to_string().as_bytes())).await?;
    }
    answers(&mut runtime, &mut lambda, "the last").await?;
    stage.lambda.is_alone().await
}

async fn leaks_nothing(stage: Stage) -> Result<()> {
    let mut held = Vec::new();
    for round in 0..ROUNDS {
        let (mut runtime, mut lambda) = stage.invoked(&event("", b"{}")).await?;
        answers(&mut runtime, &mut lambda, "the first").await?;
        for number in 1..EACH_ROUND {
            invocation(&mut runtime, &mut lambda, number).await?;
        }
        drop(runtime);
        ensure!(soon("Lambda's end to close", lambda.closes()).await?, "it stays open");
        if round == 0 {
            held = descriptors(&stage)?;
        }
    }
    // A layer closes its end when it has seen the other close.
    let closed = async {
        while descriptors(&stage)?.iter().zip(&held).any(|(now, then)| now > then) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    let closed = soon("as few descriptors as before", closed).await;
    closed.with_context(|| format!("{held:?}, then {:?}", descriptors(&stage)))?
}

fn descriptors(stage: &Stage) -> Result<Vec<usize>> {
    stage.layers.iter().map(|layer| Ok(layer.holds()?.0)).collect()
}

async fn goes(stage: Stage) -> Result<()> {
    let (goes, mut its_own) = stage.asked().await?;
    let (mut stays, mut other) = stage.asked().await?;
    drop(goes);
    ensure!(soon("its connection to close", its_own.closes()).await?, "something came on it");
    stage.lambda.is_alone().await?;
    gives(&mut other, &mut stays, &event("", b"for who stayed")).await
}

async fn replaces(stage: Stage) -> Result<()> {
    let (mut runtime, lambda) = stage.invoked(&event("", b"1")).await?;
    drop(lambda);
    // Each layer sees that before the question comes: where the two cross, nobody can tell whether Lambda saw it.
    stage.passes(Duration::from_millis(1)).await?;
    writes(&mut runtime, NEXT).await?;
    let mut second = stage.lambda.accept().await?;
    is_asked(&mut second).await?;
    gives(&mut second, &mut runtime, &event("", b"2")).await?;
    stage.lambda.is_alone().await
}

async fn sixty_four(stage: Stage) -> Result<()> {
    let mut pairs = Vec::new();
    for _ in 0..64 {
        pairs.push(stage.asked().await?);
    }
    for (number, (_, lambda)) in pairs.iter_mut().enumerate().rev() {
        writes(lambda, event("", number.to_string().as_bytes())).await?;
    }
    for (number, (runtime, _)) in pairs.iter_mut().enumerate() {
        has(runtime, &event("", number.to_string().as_bytes())).await?;
    }
    stage.lambda.is_alone().await
}

async fn crosswise(stage: Stage) -> Result<()> {
    let (mut first, mut to_first) = stage.invoked(&request(1, "/1")).await?;
    let (mut second, mut to_second) = stage.invoked(&request(2, "/2")).await?;
    for (runtime, lambda, number) in [(&mut first, &mut to_first, 2), (&mut second, &mut to_second, 1)] {
        let path = format!("/2018-06-01/runtime/invocation/r-{number}/response");
        let id = format!("Lambda-Runtime-Invocation-Id: i-{number}\r\n");
        writes(runtime, crate::speech::post(&path, &id, b"x")).await?;
        let seen: Message = sees(lambda, "an answer").await?;
        ensure!(seen.start == format!("POST {path} HTTP/1.1"), "{seen:?}");
        ensure!(seen.header("Lambda-Runtime-Invocation-Id") == Some(&format!("i-{number}")), "{seen:?}");
        writes(lambda, answer("202 Accepted", "", number.to_string().as_bytes())).await?;
        ensure!(sees(runtime, "what Lambda said").await?.body == number.to_string().as_bytes(), "another's");
    }
    Ok(())
}

async fn pipelines(stage: Stage) -> Result<()> {
    let mut runtime = stage.runtime().await?;
    writes(&mut runtime, [NEXT, NEXT].concat()).await?;
    let mut lambda = stage.lambda.accept().await?;
    for body in ["1", "2"] {
        is_asked(&mut lambda).await?;
        gives(&mut lambda, &mut runtime, &event("", body.as_bytes())).await?;
    }
    stage.lambda.is_alone().await
}
