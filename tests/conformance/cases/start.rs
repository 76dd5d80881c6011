//! Start and registration: what Lambda sees of the layer before any runtime is there.

use std::slice::from_ref;
use std::time::Duration;

use anyhow::{Result, ensure};
use misrule_tests::message::Reader;
use tokio::net::{TcpListener, TcpStream};

use super::upstream::connect;
use super::{EACH_ALONE, NO_LAYER};
use crate::case::{Case, case};
use crate::lambda::{refuse, register, registration, say_shutdown};
use crate::layer::{Layer, Start};
use crate::speech::{NEXT, clocked, event};
use crate::stage::{Setting, Stage, gives, is_asked, sees, soon, writes};

pub(crate) fn cases() -> Vec<Case> {
    let alone = |case: Case| case.one_layer(NO_LAYER, EACH_ALONE).with(Setting { empty: true, ..clocked() });
    vec![
        alone(
            case("LAMBDA 1", "asks before Lambda has answered the layer's registration", "the question")
                .scene(listens_before_it_registers),
        ),
        alone(
            case("LAMBDA 2", "(the layer's program has another file name)", "a registration under that name")
                .scene(registers_by_its_file_name),
        ),
        alone(
            case(
                "LAMBDA 3",
                "(the layer registers; also on Managed Instances)",
                "SHUTDOWN alone is asked for; then event/next",
            )
            .scene(asks_for_shutdown_only),
        ),
        alone(
            case(
                "LAMBDA 4, PEERS 11",
                "asks while the layer's source accepts and never answers",
                "event/next before any time passes; the question after 100 ms at the most",
            )
            .scene(waits_for_no_source),
        ),
        alone(
            case("LAMBDA 5", "(Lambda refuses the registration: 403, 500)", "the layer ends with code 1 and one line")
                .scene(refused),
        ),
        alone(
            case(
                "LAMBDA 6, PEERS 14",
                "(the layer's port is taken)",
                "it registers, says so in one line, and stays until SHUTDOWN",
            )
            .scene(port_taken),
        ),
        alone(
            case("LAMBDA 7", "(another machine connects)", "the layer listens on 127.0.0.1 only").scene(loopback_only),
        ),
        case("LAMBDA 8", "(from exec to the registration)", "less than 20 ms")
            .elsewhere("speed: measured by `benches/start_to_armed`"),
        case("Misrule", "(Lambda refuses event/next, or closes it)", "event/next again")
            .one_layer(NO_LAYER, EACH_ALONE)
            .with(Setting { empty: true, ..Setting::default() })
            .scene(waits_again),
        alone(
            case(
                "PEERS 12",
                "waits; the layer is killed before it registered, or while the runtime waits",
                "Lambda's and the runtime's connections close at once",
            )
            .scene(killed),
        ),
        alone(
            case(
                "PEERS 12",
                "works; the layer is killed, then it answers",
                "both connections close at once; the answer finds nobody",
            )
            .scene(killed_at_work),
        ),
    ]
}

/// A layer that was let register, and the connection on which it waits.
pub(super) async fn waiting(stage: &Stage, start: Start) -> Result<(Layer, Reader)> {
    let layer = Layer::start(start)?;
    let mut extension = stage.lambda.accept_extension().await?;
    registration(&mut extension).await?;
    register(&mut extension).await;
    let waits = sees(&mut extension, "event/next").await?;
    ensure!(waits.start == "GET /2020-01-01/extension/event/next HTTP/1.1", "{waits:?}");
    ensure!(waits.header("Lambda-Extension-Identifier") == Some("me"), "{waits:?}");
    Ok((layer, extension))
}

async fn served(stage: &Stage, layer: &Layer) -> Result<()> {
    let mut runtime = connect(layer.port).await?;
    writes(&mut runtime, NEXT).await?;
    let mut lambda = stage.lambda.accept().await?;
    is_asked(&mut lambda).await?;
    gives(&mut lambda, &mut runtime, &event("", b"{}")).await
}

async fn listens_before_it_registers(stage: Stage) -> Result<()> {
    let layer = Layer::start(stage.alone()?.variable("MISRULE_NONSENSE", "1"))?;
    let mut extension = stage.lambda.accept_extension().await?;
    registration(&mut extension).await?;
    // A wrong setting is told, and stops nothing.
    layer.until("setting_wrong", |line| line["variable"] == "MISRULE_NONSENSE").await?;
    // The registration stands unanswered.
    served(&stage, &layer).await
}

async fn registers_by_its_file_name(stage: Stage) -> Result<()> {
    for (path, name) in [("/opt/extensions/misrule", "misrule"), ("/opt/extensions/chaos", "chaos"), ("bare", "bare")] {
        let _layer = Layer::start(Start { name: path.to_owned(), ..stage.alone()? })?;
        let seen = registration(&mut stage.lambda.accept_extension().await?).await?;
        ensure!(seen.header("Lambda-Extension-Name") == Some(name), "{seen:?}");
    }
    Ok(())
}

async fn asks_for_shutdown_only(stage: Stage) -> Result<()> {
    for initialization in ["on-demand", "lambda-managed-instances"] {
        let start = stage.alone()?.variable("AWS_LAMBDA_INITIALIZATION_TYPE", initialization);
        let _layer = Layer::start(start)?;
        let mut extension = stage.lambda.accept_extension().await?;
        let seen = registration(&mut extension).await?;
        ensure!(seen.start == "POST /2020-01-01/extension/register HTTP/1.1", "{seen:?}");
        ensure!(seen.body == br#"{"events":["SHUTDOWN"]}"#, "{seen:?}");
        ensure!(seen.header("Lambda-Extension-Accept-Feature") == Some("accountId"), "{seen:?}");
        register(&mut extension).await;
        sees(&mut extension, "event/next").await?;
    }
    Ok(())
}

async fn waits_for_no_source(stage: Stage) -> Result<()> {
    let source = TcpListener::bind("127.0.0.1:0").await?;
    let port = source.local_addr()?.port().to_string();
    let start = stage.alone()?.variable("MISRULE_SOURCE", "agent:shop/prod/faults");
    let start = start.variable("AWS_APPCONFIG_EXTENSION_HTTP_PORT", port);
    let (layer, _waits) = waiting(&stage, start).await?;
    let (_unanswered, _) = soon("the layer to ask its source", source.accept()).await??;
    let mut runtime = connect(layer.port).await?;
    writes(&mut runtime, NEXT).await?;
    held_back(&stage, &layer).await?;
    let mut lambda = stage.lambda.accept().await?;
    is_asked(&mut lambda).await?;
    gives(&mut lambda, &mut runtime, &event("", b"{}")).await
}

/// Lets as much time pass as a layer may hold a question back for that was just sent to it.
pub(super) async fn held_back(stage: &Stage, layer: &Layer) -> Result<()> {
    // First it accepts the connection, and at its next look for events reads the question; then its time passes.
    for time in [1, 1, 100] {
        stage.clock()?.passes(Duration::from_millis(time), from_ref(layer)).await?;
    }
    Ok(())
}

async fn refused(stage: Stage) -> Result<()> {
    for status in ["403 Forbidden", "500 Internal Server Error"] {
        let mut layer = Layer::start(stage.alone()?)?;
        let mut extension = stage.lambda.accept_extension().await?;
        registration(&mut extension).await?;
        refuse(&mut extension, status).await;
        let (code, said) = layer.ends().await?;
        ensure!((code, said.len()) == (Some(1), 1), "{code:?}: {said:?}");
        let told = format!("Lambda refused to register the extension `misrule`: status {status}");
        ensure!(said[0].contains(&told), "{said:?}");
    }
    Ok(())
}

async fn port_taken(stage: Stage) -> Result<()> {
    let stranger = TcpListener::bind("127.0.0.1:0").await?;
    let port = stranger.local_addr()?.port();
    let (mut layer, mut waits) = waiting(&stage, Start { port, ..stage.alone()? }).await?;
    layer.lives()?;
    say_shutdown(&mut waits).await;
    let (code, said) = layer.ends().await?;
    ensure!((code, said.len()) == (Some(0), 1), "{code:?}: {said:?}");
    ensure!(said[0].contains(&format!("port {port} cannot be listened on")), "{said:?}");
    Ok(())
}

async fn loopback_only(stage: Stage) -> Result<()> {
    let (layer, _waits) = waiting(&stage, stage.alone()?).await?;
    let listening = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let table = listening("/proc/net/tcp") + &listening("/proc/net/tcp6");
    let port = format!(":{:04X}", layer.port);
    // The second word is the local address, the fourth the state: 0A listens.
    let words = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let listeners = words.filter(|words| words.get(3) == Some(&"0A") && words[1].ends_with(&port));
    let addresses: Vec<_> = listeners.map(|words| words[1].to_owned()).collect();
    ensure!(addresses == [format!("0100007F{port}")], "{addresses:?}");
    Ok(())
}

async fn waits_again(stage: Stage) -> Result<()> {
    let (mut layer, mut waits) = waiting(&stage, stage.alone()?).await?;
    refuse(&mut waits, "500 Internal Server Error").await;
    sees(&mut waits, "event/next, again").await?;
    drop(waits);
    // On a new connection it is no registration.
    let mut waits = stage.lambda.accept().await?;
    sees(&mut waits, "event/next, on a new connection").await?;
    say_shutdown(&mut waits).await;
    let (code, said) = layer.ends().await?;
    ensure!(code == Some(0), "{said:?}");
    let told = said.iter().filter(|line| line.contains("event/next")).count();
    ensure!(told == 1, "one line for a row of failures: {said:?}");
    Ok(())
}

async fn killed(stage: Stage) -> Result<()> {
    let layer = Layer::start(stage.alone()?)?;
    let mut extension = stage.lambda.accept_extension().await?;
    registration(&mut extension).await?;
    drop(layer);
    ensure!(soon("the registration to break off", extension.closes()).await?, "it goes on");
    let (layer, _waits) = waiting(&stage, stage.alone()?).await?;
    let mut runtime = connect(layer.port).await?;
    writes(&mut runtime, NEXT).await?;
    let mut lambda = stage.lambda.accept().await?;
    is_asked(&mut lambda).await?;
    drop(layer);
    ensure!(soon("the question to break off", lambda.closes()).await?, "it goes on");
    ensure!(soon("the wait to break off", runtime.closes()).await?, "an answer of nobody's");
    Ok(())
}

async fn killed_at_work(stage: Stage) -> Result<()> {
    let (layer, _waits) = waiting(&stage, stage.alone()?).await?;
    let (port, mut runtime) = (layer.port, connect(layer.port).await?);
    writes(&mut runtime, NEXT).await?;
    let mut lambda = stage.lambda.accept().await?;
    is_asked(&mut lambda).await?;
    gives(&mut lambda, &mut runtime, &event("", b"{}")).await?;
    drop(layer);
    ensure!(soon("Lambda's connection to close", lambda.closes()).await?, "it goes on");
    ensure!(soon("the runtime's connection to close", runtime.closes()).await?, "an answer of nobody's");
    // The kernel takes apart what a process had one by one.
    let refused = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("nobody to listen", refused).await
}
