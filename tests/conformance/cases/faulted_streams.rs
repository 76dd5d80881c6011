//! While an experiment is in force: streams that a policy looks at, cuts or breaks off, and never an error beside one.

use anyhow::{Result, ensure};
use misrule_tests::message::{End, Reader};
use serde_json::json;

use super::NO_FAULTS;
use super::faults::accepts;
use crate::case::{Case, case};
use crate::guest::{BREAKS_OFF, CUTS, HOLDS_BACK, THROWS_AFTER};
use crate::speech::{ERROR, NEXT, RESPONSE, STREAMING, armed, armed_guest, chunk, request, streamed_head};
use crate::stage::{Stage, gives, is_asked, is_quiet, sees, soon, writes};

pub(crate) fn cases() -> Result<Vec<Case>> {
    let cases = vec![
        case(
            "LAMBDA 42",
            "streams; a policy of `after` wants an error of it",
            "the stream as it is, and no error beside it; a line says so",
        )
        .with(armed_guest(THROWS_AFTER)?)
        .scene(no_error_of_a_stream),
        case("LAMBDA 42", "would stream; a policy of `before` wants an error of it", "the error, and no stream")
            .with(armed(&json!([{ "use": "error", "settings": { "error_type": "Function.Thrown" } }])))
            .scene(error_before_a_stream),
        case(
            "LAMBDA 42",
            "streams; a policy of `after` cuts the stream after five bytes",
            "these and no end, and no error beside them; its connection closes",
        )
        .with(armed_guest(CUTS)?)
        .scene(cut_stream),
        case(
            "LAMBDA 42",
            "streams; a policy of `after` breaks the stream off after five bytes",
            "these, then an error in trailers, and none beside them",
        )
        .with(armed_guest(BREAKS_OFF)?)
        .scene(broken_off_stream),
        case("LAMBDA 40", "streams a prelude cut in two at every byte; a policy looks at it", "the same bytes")
            .with(armed_guest(HOLDS_BACK)?)
            .scene(looked_at),
    ];
    Ok(cases.into_iter().map(|row| row.not_direct(NO_FAULTS)).collect())
}

async fn looked_at(stage: Stage) -> Result<()> {
    let body = b"{\"statusCode\":200,\"cookies\":[\"a=1\"]}\0\0\0\0\0\0\0\0data";
    let head =
        format!("{STREAMING}Trailer: X-End\r\nContent-Type: application/vnd.awslambda.http-integration-response\r\n");
    let (mut runtime, mut lambda) = stage.asked().await?;
    for at in 1..body.len() {
        let number = u32::try_from(at)?;
        gives(&mut lambda, &mut runtime, &request(number, "/orders")).await?;
        let streamed = streamed_head(&head).replace("/r-1/", &format!("/r-{number}/"));
        let chunks = [chunk(&body[..at]), chunk(&body[at..]), b"0\r\nX-End: 1\r\n\r\n".to_vec()].concat();
        writes(&mut runtime, [streamed.as_bytes(), &chunks].concat()).await?;
        let seen = sees(&mut lambda, "the stream").await?;
        ensure!(seen.body == body && seen.trailers == ["x-end: 1"], "cut at {at}: {seen:?}");
        accepts(&mut lambda).await?;
        sees(&mut runtime, "what Lambda said").await?;
        writes(&mut runtime, NEXT).await?;
        is_asked(&mut lambda).await?;
    }
    Ok(())
}

async fn no_error_of_a_stream(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&request(1, "/orders")).await?;
    writes(&mut runtime, streamed_head(STREAMING)).await?;
    writes(&mut runtime, [chunk(b"fine"), b"0\r\n\r\n".to_vec()].concat()).await?;
    let seen = sees(&mut lambda, "the stream").await?;
    ensure!(seen.start == format!("POST {RESPONSE} HTTP/1.1") && seen.body == b"fine", "{seen:?}");
    stage.layer()?.until("trapped", |line| line["cause"] == "contract").await?;
    stage.lambda.is_alone().await
}

async fn error_before_a_stream(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.asked().await?;
    writes(&mut lambda, request(1, "/orders")).await?;
    let post = sees(&mut lambda, "an error of ours").await?;
    ensure!(post.start == format!("POST {ERROR} HTTP/1.1"), "{post:?}");
    ensure!(post.header("Lambda-Runtime-Function-Error-Type") == Some("Function.Thrown"), "{post:?}");
    accepts(&mut lambda).await?;
    is_asked(&mut lambda).await?;
    is_quiet(&mut runtime).await
}

/// A runtime that streams ten bytes as an answer to its event, and Lambda's end of its connection.
async fn streaming(stage: &Stage) -> Result<(Reader, Reader)> {
    let (mut runtime, lambda) = stage.invoked(&request(1, "/orders")).await?;
    let stream = [streamed_head(STREAMING).as_bytes(), &chunk(b"these and more"), b"0\r\n\r\n"].concat();
    writes(&mut runtime, stream).await?;
    Ok((runtime, lambda))
}

async fn cut_stream(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = streaming(&stage).await?;
    let seen = soon("the stream", lambda.message()).await?;
    ensure!((seen.end, &seen.body[..]) == (End::Truncated, b"these"), "{seen:?}");
    ensure!(soon("the runtime's connection to close", runtime.closes()).await?, "an answer of nobody's");
    stage.lambda.is_alone().await
}

async fn broken_off_stream(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = streaming(&stage).await?;
    let seen = sees(&mut lambda, "the stream").await?;
    ensure!(seen.start == format!("POST {RESPONSE} HTTP/1.1") && seen.body == b"these", "{seen:?}");
    let [body, error_type] = &seen.trailers[..] else { anyhow::bail!("not two trailers: {seen:?}") };
    ensure!(error_type == "lambda-runtime-function-error-type: Function.Thrown", "{seen:?}");
    ensure!(body.starts_with("lambda-runtime-function-error-body: "), "{seen:?}");
    accepts(&mut lambda).await?;
    ensure!(sees(&mut runtime, "what Lambda said").await?.start.contains("202"), "not accepted");
    stage.lambda.is_alone().await
}
