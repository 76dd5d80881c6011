//! The end of an environment.

use anyhow::{Context as _, Result, ensure};

use super::NO_LAYER;
use crate::case::{Case, case};
use crate::speech::{ACCEPTED, event, response};
use crate::stage::{Stage, sees, soon, writes};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case(
            "LAMBDA 59",
            "answers and waits again; then Lambda says SHUTDOWN",
            "the last answer; the layers end with code 0, the runtime's wait closes",
        )
        .not_direct(NO_LAYER)
        .scene(ends),
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
    let mut layers = std::mem::take(&mut stage.layers);
    for layer in &mut layers {
        let (code, said) = layer.ends().await?;
        ensure!(code == Some(0), "{said:?}");
    }
    ensure!(soon("the wait to close", waits.closes()).await?, "an answer of nobody's");
    layers.pop().context("there was no layer")?;
    Ok(())
}
