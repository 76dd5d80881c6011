//! The end of an environment.

use std::time::Duration;

use anyhow::{Result, ensure};
use misrule_tests::message::End;

use super::NO_LAYER;
use crate::case::{Case, case};
use crate::speech::{ACCEPTED, RESPONSE, clocked, event, response};
use crate::stage::{Stage, sees, soon, writes};

/// So long after SHUTDOWN a layer has ended, whatever is under way.
const END: Duration = Duration::from_millis(500);

pub(crate) fn cases() -> Vec<Case> {
    let row = |runtime, seen| case("LAMBDA 59", runtime, seen).not_direct(NO_LAYER).with(clocked());
    vec![
        row(
            "answers and waits again; then Lambda says SHUTDOWN",
            "the last answer; the layers end with code 0 before any time passes, the runtime's wait closes",
        )
        .scene(ends),
        row(
            "answers, and Lambda says SHUTDOWN before it accepts that",
            "the whole answer, once; the layers end with code 0 within half a second",
        )
        .scene(ends_before_an_answer_is_accepted),
        row(
            "is still sending its answer when Lambda says SHUTDOWN",
            "what there was of it, and the break; the layers end with code 0 within half a second",
        )
        .scene(ends_within_an_answer),
    ]
}

async fn ends(mut stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&event("", b"{}")).await?;
    let (mut waits, _lambda) = stage.asked().await?;
    writes(&mut runtime, response("", b"the last")).await?;
    ensure!(sees(&mut lambda, "the last answer").await?.body == b"the last", "another answer");
    writes(&mut lambda, ACCEPTED).await?;
    sees(&mut runtime, "what Lambda said").await?;
    stage.lambda.shut_down();
    all_end(&mut stage).await?;
    ensure!(soon("the wait to close", waits.closes()).await?, "an answer of nobody's");
    Ok(())
}

async fn all_end(stage: &mut Stage) -> Result<()> {
    for mut layer in std::mem::take(&mut stage.layers) {
        let (code, said) = layer.ends().await?;
        ensure!(code == Some(0), "{said:?}");
    }
    Ok(())
}

async fn ends_before_an_answer_is_accepted(mut stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&event("", b"{}")).await?;
    writes(&mut runtime, response("", b"the last")).await?;
    ensure!(sees(&mut lambda, "the last answer").await?.body == b"the last", "another answer");
    stage.lambda.shut_down();
    stage.clock()?.jumps(END)?;
    all_end(&mut stage).await?;
    ensure!(soon("Lambda's connection to close", lambda.closes()).await?, "something more");
    stage.lambda.is_alone().await
}

async fn ends_within_an_answer(mut stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&event("", b"{}")).await?;
    let part = format!("POST {RESPONSE} HTTP/1.1\r\nHost: l\r\nContent-Length: 9\r\n\r\nbody");
    writes(&mut runtime, part).await?;
    ensure!(soon("what there is of the answer", lambda.until(b"body")).await?, "no answer");
    stage.lambda.shut_down();
    stage.clock()?.jumps(END)?;
    all_end(&mut stage).await?;
    let seen = soon("the break", lambda.message()).await?;
    ensure!((seen.end, &seen.body[..]) == (End::Truncated, b"body"), "{seen:?}");
    ensure!(soon("the runtime's connection to close", runtime.closes()).await?, "an answer of nobody's");
    stage.lambda.is_alone().await
}
