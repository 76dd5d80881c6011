//! The runtime answers by a stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_tests::message::{End, Reader};
use tokio::task::JoinHandle;

use crate::case::{Case, case};
use crate::exchange::Exchange;
use crate::speech::{ACCEPTED, STREAMING, chunk, event, refusal, response, streamed, streamed_head};
use crate::stage::{Stage, sees, soon, writes};

const TYPE: &str = "Lambda-Runtime-Function-Error-Type";
const BODY: &str = "Lambda-Runtime-Function-Error-Body";
const PRELUDE: &str = "Content-Type: application/vnd.awslambda.http-integration-response\r\n";
const MIB: usize = 1024 * 1024;
/// How many MiB a long stream has, how many Lambda reads as they come, and how long it takes for each after them: in full,
/// and otherwise.
const STREAM: usize = 200;
const AT_ONCE: usize = 6;
const EACH: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(25)];
/// How much more than before a layer may hold of it.
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
            "every byte, to the end; a layer's memory grows by less than 8 MB",
        )
        .long(Duration::from_secs(100))
        .scene(streams_much),
        case(
            "LAMBDA 39",
            "streams to a Lambda that stops reading",
            "the runtime has to wait too, and no layer holds it; then every byte",
        )
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

/// Each MiB begins with its number, so that none is missed, doubled or out of its order.
fn block(number: usize) -> Vec<u8> {
    let mut block: Vec<u8> = (0..=250).collect::<Vec<_>>().repeat(MIB / 251 + 1);
    block.truncate(MIB);
    block[..8].copy_from_slice(&(number as u64).to_be_bytes());
    block
}

/// A runtime that streams all of it, counts each MiB that it could write, and hears what Lambda said of it.
struct Writer {
    written: Arc<AtomicUsize>,
    task: JoinHandle<Result<()>>,
}

impl Writer {
    fn start(mut runtime: Reader) -> Self {
        let written = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&written);
        let task = tokio::spawn(async move {
            writes(&mut runtime, streamed_head(STREAMING)).await?;
            for number in 0..STREAM {
                writes(&mut runtime, chunk(&block(number))).await?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            writes(&mut runtime, "0\r\n\r\n").await?;
            ensure!(sees(&mut runtime, "what Lambda said").await?.start.contains("202"), "not accepted");
            Ok(())
        });
        Self { written, task }
    }

    /// How many MiB it could write when it could write no more.
    async fn stands_still(&self) -> usize {
        let mut last = usize::MAX;
        while last != self.written.load(Ordering::Relaxed) {
            last = self.written.load(Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        last
    }
}

/// At Lambda's pace in full, and at twenty times that otherwise.
async fn streams_much(stage: Stage) -> Result<()> {
    let (runtime, mut lambda) = stage.invoked(&event("", b"{}")).await?;
    let before = resident(&stage)?;
    let writer = Writer::start(runtime);
    let most = read(&stage, &mut lambda, EACH[usize::from(!stage.in_full())]).await?;
    ensure!(most < before + GROWTH_KIB, "a layer grew from {before} to {most} KiB");
    writes(&mut lambda, ACCEPTED).await?;
    writer.task.await?
}

/// Reads the stream to its end, for so long each MiB after the first. The most KiB that a layer holds meanwhile.
async fn read(stage: &Stage, lambda: &mut Reader, each: Duration) -> Result<u64> {
    ensure!(soon("a stream", lambda.message_with(false)).await?.end == End::Complete, "no head of a stream");
    let (mut read, mut number, mut most) = (Vec::new(), 0, 0);
    while soon("more of the stream", lambda.chunk(&mut read)).await?.context("it broke off")? > 0 {
        while read.len() >= MIB {
            let rest = read.split_off(MIB);
            ensure!(read == block(number), "not what the runtime wrote, after {number} MiB");
            (read, number, most) = (rest, number + 1, most.max(resident(stage)?));
            tokio::time::sleep(if number > AT_ONCE { each } else { Duration::ZERO }).await;
        }
    }
    ensure!((number, read.len()) == (STREAM, 0), "{number} MiB and {} bytes", read.len());
    ensure!(lambda.until(b"\r\n").await, "no end");
    Ok(most)
}

/// Resident KiB of the layer that has the most; 0 without one.
fn resident(stage: &Stage) -> Result<u64> {
    let each: Result<Vec<u64>> = stage.layers.iter().map(|layer| Ok(layer.holds()?.1)).collect();
    Ok(each?.into_iter().max().unwrap_or(0))
}

async fn back_pressure(stage: Stage) -> Result<()> {
    let (runtime, mut lambda) = stage.invoked(&event("", b"{}")).await?;
    let before = resident(&stage)?;
    let writer = Writer::start(runtime);
    // Nobody reads: what sockets and layers hold fills up, and the runtime stands still.
    let written = soon("the runtime to stand still", writer.stands_still()).await?;
    ensure!(written < STREAM, "the runtime could write {written} MiB that nobody read");
    ensure!(resident(&stage)? < before + GROWTH_KIB, "a layer holds what nobody read");
    read(&stage, &mut lambda, Duration::ZERO).await?;
    writes(&mut lambda, ACCEPTED).await?;
    writer.task.await?
}
