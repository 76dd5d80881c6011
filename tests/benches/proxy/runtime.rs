//! A runtime: asks for an event, answers it, and takes the time of both.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::case::{Case, Size};
use crate::stream::Stream;

type Body = BoxBody<Bytes, Infallible>;

/// As many invocations as this on each of the case's connections, and how long each of them took.
pub(crate) async fn invocations(address: SocketAddr, case: Case, cycles: usize) -> Result<Vec<Duration>> {
    let mut connections = JoinSet::new();
    for _ in 0..case.concurrency {
        connections.spawn(one_connection(address, case.size, cycles));
    }
    let mut all = Vec::new();
    while let Some(taken) = connections.join_next().await {
        all.extend(taken??);
    }
    Ok(all)
}

async fn one_connection(address: SocketAddr, size: Size, cycles: usize) -> Result<Vec<Duration>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        let _ = connection.await;
    });
    let answer = Bytes::from(vec![b'y'; if matches!(size, Size::Buffered(_)) { size.answer() } else { 0 }]);
    let mut taken = Vec::with_capacity(cycles);
    for _ in 0..cycles {
        let began = Instant::now();
        invocation(&mut sender, address, size, &answer).await?;
        taken.push(began.elapsed());
    }
    Ok(taken)
}

async fn invocation(sender: &mut SendRequest<Body>, host: SocketAddr, size: Size, answer: &Bytes) -> Result<()> {
    let host = host.to_string();
    let question = Request::get("/2018-06-01/runtime/invocation/next").header("host", &host);
    sender.ready().await?;
    let event = sender.send_request(question.body(Empty::new().boxed())?).await?;
    let id = event.headers().get("lambda-runtime-aws-request-id").context("an event has an id")?.to_str()?.to_owned();
    let length = event.into_body().collect().await?.to_bytes().len();
    ensure!(length == size.event(), "an event of {length} bytes, not {}", size.event());
    let request = Request::post(format!("/2018-06-01/runtime/invocation/{id}/response")).header("host", &host);
    sender.ready().await?;
    let told =
        sender.send_request(request.header("content-type", "application/json").body(body(size, answer))?).await?;
    ensure!(told.status() == 202, "status {}", told.status());
    read(told.into_body()).await
}

fn body(size: Size, answer: &Bytes) -> Body {
    match size {
        Size::Buffered(_) => Full::new(answer.clone()).boxed(),
        Size::Streamed(bytes) => Stream::new(bytes).boxed(),
    }
}

async fn read(body: Incoming) -> Result<()> {
    body.collect().await?;
    Ok(())
}
