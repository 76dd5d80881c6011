//! The runtime answers by a stream.

use std::time::Duration;

use anyhow::{Result, ensure};
use misrule_tests::message::End;
use tokio::io::AsyncReadExt as _;

use crate::case::{Case, case};
use crate::exchange::Exchange;
use crate::speech::{ACCEPTED, STREAMING, chunk, event, refusal, response, streamed, streamed_head};
use crate::stage::{Stage, sees, soon, writes};

const TYPE: &str = "Lambda-Runtime-Function-Error-Type";
const BODY: &str = "Lambda-Runtime-Function-Error-Body";
const PRELUDE: &str = "Content-Type: application/vnd.awslambda.http-integration-response\r\n";
const MIB: usize = 1024 * 1024;
/// How many MiB a stream has in full, and how much of that more than before a layer may hold.
const STREAM: usize = 200;
const GROWTH_KIB: u64 = 8 * 1024;

pub(crate) fn cases() -> Vec<Case> {
    let with_error = |body: &str| format!("4\r\nbody\r\n0\r\n{TYPE}: E\r\n{BODY}: {body}\r\n\r\n");
    let node = format!("{STREAMING}Trailer: {TYPE}\r\nTrailer: {BODY}\r\n{PRELUDE}Connection: keep-alive\r\n");
    let one_line = format!("{STREAMING}Trailer: {TYPE}, {BODY}\r\n");
    let lower = format!("{STREAMING}trailer: {}\r\nTrailer: {BODY}\r\n", TYPE.to_lowercase());
    let no_text: Vec<u8> =
        [streamed_head(STREAMING).into_bytes(), chunk(b"\xff\x00\r\n0\r\n\r\n"), b"0\r\n\r\n".into()].concat();
    vec![
        case(
            "LAMBDA 34, PEERS 4",
            "writes a chunk, and the next one only when Lambda has the first",
            "the first before the second is written",
        )
        .scene(first_chunk_first),
        case(
            "LAMBDA 35, PEERS 4",
            "ends with an error in trailers, announced in two lines in mixed case, as Node's client does",
            "both lines, both trailers",
        )
        .bytes(vec![Exchange::new(streamed(&node, &with_error("QQ==")), ACCEPTED)]),
        case("LAMBDA 35", "announces trailers in one line, or in lower case", "the trailers, with their values").bytes(
            [&one_line, &lower]
                .map(|announced| Exchange::new(streamed(announced, &with_error("QQ==")), ACCEPTED))
                .into(),
        ),
        case("LAMBDA 35", "sends a trailer of one name twice", "both values").bytes(vec![Exchange::new(
            streamed("Trailer: X-a\r\n", "1\r\na\r\n0\r\nX-A: 1\r\nx-a: 2\r\n\r\n"),
            ACCEPTED,
        )]),
        case("LAMBDA 36", "ends with an error of 64 KB in a trailer", "all of it")
            .bytes(vec![Exchange::new(streamed(&node, &with_error(&"A".repeat(65_536))), ACCEPTED)]),
        case("LAMBDA 37", "breaks off in a stream", "no end of it, but the break")
            .bytes(vec![Exchange::cut(streamed(STREAMING, "4\r\nbody\r\n"))]),
        case("LAMBDA 38", "writes 16 MB, and Lambda refuses at once", "413, not a reset connection")
            .bytes(vec![Exchange::early(response("", &vec![b'a'; 16 * MIB]), refusal("413 Request Entity Too Large"))]),
        case(
            "LAMBDA 39, PEERS 5",
            "streams 200 MB to a Lambda that reads 2 MB a second after the first 6 MB",
            "every byte; a layer's memory grows by less than 8 MB",
        )
        .held(Duration::from_secs(100), Duration::from_secs(1))
        .scene(streams_much),
        case("LAMBDA 39", "streams to a Lambda that stops reading", "the runtime has to wait too; then every byte")
            .scene(back_pressure),
        case("LAMBDA 40", "writes a prelude, eight NULs and data, cut into two chunks at every byte", "the same bytes")
            .bytes(preludes()),
        case("Misrule", "streams bytes that are no text and look like chunks", "the same bytes")
            .bytes(vec![Exchange::new(no_text, ACCEPTED)]),
        case("LAMBDA 41", "names a mode that Lambda does not know", "the name; Lambda's 400 goes back").bytes(vec![
            Exchange::new(
                response("Lambda-Runtime-Function-Response-Mode: bogus\r\n", b"x"),
                refusal("400 Bad Request"),
            ),
        ]),
    ]
}

/// A streamed answer cut in two at every byte, as no client that is known does and every client may.
fn preludes() -> Vec<Exchange> {
    let body = b"{\"statusCode\":200,\"cookies\":[\"a=1\"]}\0\0\0\0\0\0\0\0data";
    let cut = |at: usize| {
        let head = streamed_head(&format!("{STREAMING}{PRELUDE}")).into_bytes();
        let request = [head, chunk(&body[..at]), chunk(&body[at..]), b"0\r\n\r\n".to_vec()].concat();
        Exchange::new(request, ACCEPTED)
    };
    (1..body.len()).map(cut).collect()
}

async fn first_chunk_first(stage: Stage) -> Result<()> {
    let mut runtime = stage.runtime().await?;
    writes(&mut runtime, streamed_head(STREAMING)).await?;
    writes(&mut runtime, chunk(b"first")).await?;
    let mut lambda = stage.lambda.accept().await?;
    ensure!(soon("the first chunk", lambda.until(b"first")).await?, "no chunk");
    writes(&mut runtime, [chunk(b"second"), b"0\r\n\r\n".to_vec()].concat()).await?;
    ensure!(sees(&mut lambda, "the stream").await?.body == b"firstsecond", "another stream");
    writes(&mut lambda, ACCEPTED).await?;
    ensure!(sees(&mut runtime, "what Lambda said").await?.start.contains("202"), "not accepted");
    Ok(())
}

/// In full 200 MiB at Lambda's pace; otherwise a tenth of it, as fast as it goes after a pause.
async fn streams_much(stage: Stage) -> Result<()> {
    let in_full = stage.hold > Duration::from_secs(10);
    let mebibytes = if in_full { STREAM } else { STREAM / 10 };
    let (mut runtime, _lambda) = stage.invoked(&event("", b"{}")).await?;
    let before = resident(&stage)?;
    let mut lambda_side = begin_stream(&stage).await?;
    let (mut reading, mut most, mut read) = (vec![0; MIB], 0, 0);
    while read < mebibytes * MIB {
        let count = soon("more of the stream", lambda_side.1.read(&mut reading)).await??;
        ensure!(count > 0, "it broke off after {read} bytes");
        read += count;
        most = most.max(resident(&stage)?.saturating_sub(before));
        if read > 6 * MIB && in_full {
            let pace = Duration::from_micros(count as u64 / 2);
            tokio::time::sleep(pace).await;
        }
    }
    ensure!(most < GROWTH_KIB, "a layer grew by {most} KiB");
    lambda_side.0.abort();
    writes(&mut runtime, "").await?;
    Ok(())
}

/// Resident KiB of the layer that has the most; 0 without one.
fn resident(stage: &Stage) -> Result<u64> {
    let each: Result<Vec<u64>> = stage.layers.iter().map(|layer| Ok(layer.holds()?.1)).collect();
    Ok(each?.into_iter().max().unwrap_or(0))
}

/// A runtime that writes chunks of a MiB for as long as it may, and Lambda's end of its stream.
async fn begin_stream(stage: &Stage) -> Result<(tokio::task::JoinHandle<()>, tokio::net::TcpStream)> {
    let mut runtime = stage.runtime().await?;
    writes(&mut runtime, streamed_head(STREAMING)).await?;
    let writer = tokio::spawn(async move {
        let piece = chunk(&vec![b'x'; MIB]);
        while writes(&mut runtime, &piece).await.is_ok() {}
    });
    let mut lambda = stage.lambda.accept().await?;
    ensure!(lambda.until(b"\r\n\r\n").await, "no head of a stream");
    Ok((writer, lambda.stream))
}

async fn back_pressure(stage: Stage) -> Result<()> {
    let total = 64 * MIB;
    let mut runtime = stage.runtime().await?;
    writes(&mut runtime, streamed_head(STREAMING)).await?;
    let mut lambda = stage.lambda.accept().await?;
    ensure!(lambda.until(b"\r\n\r\n").await, "no head of a stream");
    let written = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&written);
    let writer = tokio::spawn(async move {
        let piece = chunk(&[b'x'; 64 * 1024]);
        while count.load(std::sync::atomic::Ordering::Relaxed) < total {
            writes(&mut runtime, &piece).await?;
            count.fetch_add(64 * 1024, std::sync::atomic::Ordering::Relaxed);
        }
        writes(&mut runtime, "0\r\n\r\n").await?;
        anyhow::Ok(runtime)
    });
    // Nobody reads: what sockets and layers hold fills up, and the runtime stands still.
    let mut last = usize::MAX;
    while last != written.load(std::sync::atomic::Ordering::Relaxed) {
        last = written.load(std::sync::atomic::Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    ensure!(last < total, "the runtime could write {last} bytes that nobody read");
    let seen = soon("the stream", lambda.message()).await?;
    ensure!((seen.end, seen.body.len()) == (End::Complete, total), "{seen:?}");
    writes(&mut lambda, ACCEPTED).await?;
    let mut runtime = writer.await??;
    ensure!(sees(&mut runtime, "what Lambda said").await?.start.contains("202"), "not accepted");
    Ok(())
}
