//! How Lambda's address is written, who lies between, and what must not.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Result, ensure};
use misrule_tests::layered::free_port;
use misrule_tests::message::Reader;
use tokio::net::{TcpListener, TcpStream};

use super::{EACH_ALONE, NO_LAYER};
use crate::case::{Case, case};
use crate::lambda::{Lambda, Registrations};
use crate::layer::{Layer, Start};
use crate::speech::{ACCEPTED, NEXT, STREAMING, answer, event, response, set, streamed};
use crate::stage::{Setting, Stage, Upstream, gives, is_asked, relay, sees, writes};

pub(crate) fn cases() -> Vec<Case> {
    let over = |upstream: Upstream| Setting { upstream, ..Setting::default() };
    // Nobody listens on port 9 of this machine: what goes there is lost.
    let hole = "http://127.0.0.1:9";
    let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let proxies: Vec<_> = proxies.iter().map(|name| (*name, hole)).collect();
    let unstarted = || Setting { empty: true, ..Setting::default() };
    vec![
        case("LAMBDA 49", "asks; Lambda's address is localhost:PORT", "the question")
            .not_direct("the runtime's own matter")
            .with(over(Upstream::Localhost))
            .scene(whole_invocation),
        case("LAMBDA 49", "asks; Lambda's address is http://HOST:PORT/.rt", "the question below that path")
            .not_direct("the runtime's own matter")
            .with(over(Upstream::BasePath))
            .scene(below_a_path),
        case("LAMBDA 50, PEERS 10", "asks and answers; HTTP_PROXY and its kin lead nowhere", "both")
            .not_direct(NO_LAYER)
            .with(set(&proxies))
            .scene(whole_invocation),
        case("LAMBDA 51, PEERS 13", "asks, answers and streams", "all of it").scene(whole_invocation),
        case("LAMBDA 51, PEERS 13", "the same, with another's proxy above the layers and one below", "all of it")
            .not_direct(NO_LAYER)
            .with(over(Upstream::Relayed))
            .scene(between_others),
        case("LAMBDA 52", "asks while Lambda does not listen for half a second", "the question, once")
            .one_layer("the runtime's own matter", EACH_ALONE)
            .with(unstarted())
            .scene(late),
        case(
            "Misrule",
            "asks; the proxy that MISRULE_RUNTIME_API names is not there",
            "the question, without that proxy",
        )
        .one_layer(NO_LAYER, EACH_ALONE)
        .with(unstarted())
        .scene(passed_by),
        case(
            "Misrule",
            "asks; MISRULE_RUNTIME_API names a proxy below a base path, which is there",
            "(that proxy) the question below that path; Lambda nothing",
        )
        .one_layer(NO_LAYER, EACH_ALONE)
        .with(unstarted())
        .scene(not_passed_by),
        case("Misrule", "asks the port who it is (GET /misrule)", "nothing; the answer names the layer and Lambda")
            .one_layer(NO_LAYER, EACH_ALONE)
            .scene(says_who_it_is),
    ]
}

async fn whole_invocation(stage: Stage) -> Result<()> {
    let runtime = stage.runtime().await?;
    invocation_of(&stage, runtime).await
}

/// A question, an event, an answer; another question, an event, a stream.
async fn invocation_of(stage: &Stage, mut runtime: Reader) -> Result<()> {
    let mut lambda = None;
    for answer in [
        response("", b"done"),
        streamed(&format!("{STREAMING}Trailer: X-End\r\n"), "4\r\ndone\r\n0\r\nX-End: 1\r\n\r\n"),
    ] {
        writes(&mut runtime, NEXT).await?;
        let lambda = match &mut lambda {
            Some(lambda) => lambda,
            none => none.insert(stage.lambda.accept().await?),
        };
        is_asked(lambda).await?;
        gives(lambda, &mut runtime, &event("", b"{}")).await?;
        let is_stream = answer.windows(STREAMING.len()).any(|window| window == STREAMING.as_bytes());
        writes(&mut runtime, answer).await?;
        let seen = sees(lambda, "the answer").await?;
        ensure!(seen.body == b"done" && seen.trailers.is_empty() != is_stream, "{seen:?}");
        writes(lambda, ACCEPTED).await?;
        ensure!(sees(&mut runtime, "what Lambda said").await?.start.contains("202"), "not accepted");
    }
    stage.lambda.is_alone().await
}

async fn between_others(stage: Stage) -> Result<()> {
    let runtime = Reader::new(TcpStream::connect(relay(stage.address()).await?).await?);
    invocation_of(&stage, runtime).await
}

async fn below_a_path(stage: Stage) -> Result<()> {
    let mut runtime = stage.runtime().await?;
    writes(&mut runtime, NEXT).await?;
    let mut lambda = stage.lambda.accept().await?;
    let question = sees(&mut lambda, "the question").await?;
    ensure!(question.start == "GET /.rt/2018-06-01/runtime/invocation/next HTTP/1.1", "{question:?}");
    gives(&mut lambda, &mut runtime, &event("", b"{}")).await
}

/// An address where nobody listens.
fn nobody() -> Result<SocketAddr> {
    Ok((Ipv4Addr::LOCALHOST, free_port()?).into())
}

async fn late(_: Stage) -> Result<()> {
    let address = nobody()?;
    let start = Start::before(&address.to_string())?;
    let layer = Layer::start(start)?;
    let mut runtime = connect(layer.port).await?;
    writes(&mut runtime, NEXT).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let lambda = Lambda::listening(TcpListener::bind(address).await?)?;
    let mut upstream = lambda.accept().await?;
    is_asked(&mut upstream).await?;
    gives(&mut upstream, &mut runtime, &event("", b"late")).await?;
    lambda.is_alone().await
}

/// A connection to a layer that was only just started.
pub(super) async fn connect(port: u16) -> Result<Reader> {
    let connected = async {
        loop {
            match TcpStream::connect(("127.0.0.1", port)).await {
                Ok(stream) => return Reader::new(stream),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    crate::stage::soon("the layer to listen", connected).await
}

async fn passed_by(_: Stage) -> Result<()> {
    for another in [format!("{}/base", nobody()?), "no.such.host.invalid:9001".to_owned()] {
        without(another).await?;
    }
    Ok(())
}

async fn without(another: String) -> Result<()> {
    let lambda = Lambda::new(Registrations::Taken).await?;
    let start = Start::before(&lambda.address().to_string())?;
    let mut layer = Layer::start(start.variable("MISRULE_RUNTIME_API", another))?;
    let mut runtime = connect(layer.port).await?;
    for body in ["first", "second"] {
        writes(&mut runtime, NEXT).await?;
        let mut upstream = lambda.accept().await?;
        is_asked(&mut upstream).await?;
        let event = answer("200 OK", "Connection: close\r\n", body.as_bytes());
        gives(&mut upstream, &mut runtime, &event).await?;
        runtime = connect(layer.port).await?;
    }
    lambda.until_waiting(1).await?;
    lambda.shut_down();
    // Lines are written beside the traffic: all of them are there once it has ended.
    layer.ends().await?;
    let told = layer.lines("failed");
    ensure!(told.len() == 1 && told[0].to_string().contains("MISRULE_RUNTIME_API"), "{told:?}");
    Ok(())
}

async fn not_passed_by(_: Stage) -> Result<()> {
    let lambda = Lambda::new(Registrations::Taken).await?;
    let another = Lambda::new(Registrations::Taken).await?;
    let start = Start::before(&lambda.address().to_string())?;
    let layer = Layer::start(start.variable("MISRULE_RUNTIME_API", format!("{}/base", another.address())))?;
    let mut runtime = connect(layer.port).await?;
    writes(&mut runtime, NEXT).await?;
    let mut upstream = another.accept().await?;
    let question = sees(&mut upstream, "the question").await?;
    ensure!(question.start == "GET /base/2018-06-01/runtime/invocation/next HTTP/1.1", "{question:?}");
    gives(&mut upstream, &mut runtime, &event("", b"by another")).await?;
    lambda.is_alone().await
}

async fn says_who_it_is(stage: Stage) -> Result<()> {
    let mut runtime = stage.runtime().await?;
    writes(&mut runtime, "GET /misrule HTTP/1.1\r\nHost: l\r\n\r\n").await?;
    let identity: serde_json::Value = serde_json::from_slice(&sees(&mut runtime, "an answer").await?.body)?;
    ensure!(identity["name"] == "misrule" && identity["version"] == env!("CARGO_PKG_VERSION"), "{identity}");
    ensure!(identity["before"] == serde_json::json!([stage.lambda.address().to_string()]), "{identity}");
    stage.lambda.is_alone().await
}
