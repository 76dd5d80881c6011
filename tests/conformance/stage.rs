//! Where a case is played: a scripted Lambda, the layers of its way, and the address that a runtime is given.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use misrule_tests::message::{End, Message, Reader};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::case::Way;
use super::clock::Clock;
use super::lambda::{Lambda, Registrations};
use super::layer::{Layer, Start};
use super::speech::{NEXT, request};

/// A case that waits longer for anything has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits, but not for ever.
pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| anyhow!("nothing came of: {what}"))
}

/// How the layer next to the runtime is set, and what lies between it and Lambda.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setting {
    /// What its source, a file, has.
    pub(crate) delivery: Option<Vec<u8>>,
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) upstream: Upstream,
    /// The case starts its layers itself.
    pub(crate) empty: bool,
    /// What the layer writes cannot be written: its disk is full.
    pub(crate) disk_full: bool,
    /// The layers have a clock that only the case moves.
    pub(crate) clocked: bool,
}

/// How a case is played that may take long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// For how long it holds what it holds.
    pub(crate) hold: Duration,
    /// On a clock of the layers' own.
    pub(crate) clocked: bool,
    /// All of it is played, however long it takes.
    pub(crate) in_full: bool,
}

/// How Lambda's address is written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Upstream {
    #[default]
    Plain,
    Localhost,
    BasePath,
    /// Plain, and a relay of somebody else's lies between.
    Relayed,
}

/// A case's surroundings.
pub(crate) struct Stage {
    pub(crate) lambda: Lambda,
    /// That next to the runtime comes first.
    pub(crate) layers: Vec<Layer>,
    /// The layers' own, where they have one.
    clock: Option<Clock>,
    pace: Pace,
    way: Way,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn set(way: Way, setting: &Setting, pace: Pace) -> Result<Self> {
        let registrations = if setting.empty { Registrations::ByHand } else { Registrations::Taken };
        let (lambda, folder) = (Lambda::new(registrations).await?, tempfile::tempdir()?);
        let clock = (setting.clocked || pace.clocked).then(Clock::new).transpose()?;
        let mut stage = Self { lambda, layers: Vec::new(), clock, pace, way, folder };
        if !setting.empty {
            stage.start(setting).await?;
        }
        Ok(stage)
    }

    async fn start(&mut self, setting: &Setting) -> Result<()> {
        if self.way == Way::Direct {
            return Ok(());
        }
        let lambda = self.lambda_for(setting.upstream).await?;
        let mut first = self.clocked(Start::before(&lambda)?)?;
        if self.way == Way::Chain {
            let behind = Start { name: "/opt/extensions/another".to_owned(), ..self.clocked(Start::before(&lambda)?)? };
            first = first.variable("MISRULE_RUNTIME_API", format!("127.0.0.1:{}", behind.port));
            self.layers.push(Layer::start(behind)?);
        }
        first.disk_full = setting.disk_full;
        let first = Layer::start(self.furnished(first, setting)?)?;
        self.layers.insert(0, first);
        self.lambda.until_waiting(self.layers.len()).await
    }

    /// A layer before this Lambda that a case starts itself.
    pub(crate) fn alone(&self) -> Result<Start> {
        self.clocked(Start::before(&self.lambda.address().to_string())?)
    }

    fn clocked(&self, start: Start) -> Result<Start> {
        self.clock.iter().try_fold(start, |start, clock| clock.of(start))
    }

    /// The layers' clock.
    pub(crate) fn clock(&self) -> Result<&Clock> {
        self.clock.as_ref().context("the layers have the machine's clock")
    }

    /// Whether all of a long case is to be played.
    pub(crate) fn in_full(&self) -> bool {
        self.pace.in_full
    }

    /// Lets the time pass for which the case holds what it holds.
    pub(crate) async fn holds(&self) -> Result<()> {
        match &self.clock {
            Some(clock) => clock.passes(self.pace.hold, &self.layers).await,
            None => {
                tokio::time::sleep(self.pace.hold).await;
                Ok(())
            }
        }
    }

    /// The same while the layers are stopped.
    pub(crate) async fn holds_stopped(&self) -> Result<()> {
        match &self.clock {
            Some(clock) => clock.jumps(self.pace.hold),
            None => {
                tokio::time::sleep(self.pace.hold).await;
                Ok(())
            }
        }
    }

    /// Lets so much time pass for the layers.
    pub(crate) async fn passes(&self, time: Duration) -> Result<()> {
        self.clock()?.passes(time, &self.layers).await
    }

    fn furnished(&self, mut start: Start, setting: &Setting) -> Result<Start> {
        for (name, value) in &setting.variables {
            start = start.variable(name, value.clone());
        }
        if let Some(delivery) = &setting.delivery {
            self.deliver(delivery)?;
            let file = format!("file:{}", self.delivered().display());
            start = start.variable("MISRULE_SOURCE", file).variable("MISRULE_LOCAL", "true");
            start = start.variable("MISRULE_FIRST_WAIT", "20s");
        }
        Ok(start)
    }

    async fn lambda_for(&self, upstream: Upstream) -> Result<String> {
        let address = self.lambda.address();
        Ok(match upstream {
            Upstream::Plain => address.to_string(),
            Upstream::Localhost => format!("localhost:{}", address.port()),
            Upstream::BasePath => format!("http://{address}/.rt"),
            Upstream::Relayed => relay(address).await?.to_string(),
        })
    }

    fn delivered(&self) -> std::path::PathBuf {
        self.folder.path().join("experiment")
    }

    /// Puts this in the place of what the layer's source has.
    pub(crate) fn deliver(&self, delivery: &[u8]) -> Result<()> {
        if self.delivered().is_dir() {
            std::fs::remove_dir(self.delivered())?;
        }
        let next = self.delivered().with_extension("next");
        std::fs::write(&next, delivery)?;
        Ok(std::fs::rename(next, self.delivered())?)
    }

    /// Leaves the layer's source, a file, as one that cannot be read: a folder.
    pub(crate) fn break_source(&self) -> Result<()> {
        std::fs::remove_file(self.delivered())?;
        Ok(std::fs::create_dir(self.delivered())?)
    }

    /// Where a runtime's connections go.
    pub(crate) fn address(&self) -> SocketAddr {
        match self.layers.first() {
            Some(layer) => (Ipv4Addr::LOCALHOST, layer.port).into(),
            None => self.lambda.address(),
        }
    }

    /// The layer next to the runtime.
    pub(crate) fn layer(&self) -> Result<&Layer> {
        self.layers.first().context("there is no layer")
    }

    /// A runtime's connection.
    pub(crate) async fn runtime(&self) -> Result<Reader> {
        Ok(Reader::new(TcpStream::connect(self.address()).await?))
    }

    /// A runtime that asked for an event, and Lambda's end of its connection, where the question was read.
    pub(crate) async fn asked(&self) -> Result<(Reader, Reader)> {
        let mut runtime = self.runtime().await?;
        writes(&mut runtime, NEXT).await?;
        let mut lambda = self.lambda.accept().await?;
        is_asked(&mut lambda).await?;
        Ok((runtime, lambda))
    }

    /// Sends events, each on connections of its own, until the layer next to the runtime has written a line of this kind
    /// that fits: without events it does not look for news.
    pub(crate) async fn busy_until(&self, kind: &str, fits: impl Fn(&Value) -> bool) -> Result<()> {
        let events = async {
            for number in 100.. {
                if self.layer()?.lines(kind).iter().any(&fits) {
                    break;
                }
                self.invoked(&request(number, "/elsewhere")).await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        };
        soon(kind, events).await?
    }

    /// A runtime that has this event, and Lambda's end of its connection.
    pub(crate) async fn invoked(&self, event: &[u8]) -> Result<(Reader, Reader)> {
        let (mut runtime, mut lambda) = self.asked().await?;
        gives(&mut lambda, &mut runtime, event).await?;
        Ok((runtime, lambda))
    }
}

/// Somebody else's proxy: connections to the address that it gives lead to this one.
pub(crate) async fn relay(to: SocketAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut far) = TcpStream::connect(to).await {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    });
    Ok(address)
}

/// Writes on a connection.
pub(crate) async fn writes(connection: &mut Reader, bytes: impl AsRef<[u8]>) -> Result<()> {
    Ok(connection.stream.write_all(bytes.as_ref()).await?)
}

/// The next message on a connection, whole.
pub(crate) async fn sees(connection: &mut Reader, what: &str) -> Result<Message> {
    let seen = soon(what, connection.message()).await?;
    ensure!(seen.end == End::Complete, "{what}: {seen:?}");
    Ok(seen)
}

/// Lambda writes an event, and the runtime that waits has it as it was.
pub(crate) async fn gives(lambda: &mut Reader, runtime: &mut Reader, event: &[u8]) -> Result<()> {
    writes(lambda, event).await?;
    has(runtime, event).await
}

/// The runtime that waits for this event has it as it was.
pub(crate) async fn has(runtime: &mut Reader, event: &[u8]) -> Result<()> {
    let (seen, given) = (sees(runtime, "the event").await?, Reader::over(event).message().await);
    ensure!(seen == given, "the runtime saw {seen:?}\nwhere Lambda gave {given:?}");
    Ok(())
}

/// That nothing came on this connection.
pub(crate) async fn is_quiet(connection: &mut Reader) -> Result<()> {
    let came = tokio::time::timeout(Duration::from_millis(50), connection.holds(1)).await;
    ensure!(came.is_err(), "something came, or it closed");
    Ok(())
}

/// That Lambda is asked for an event.
pub(crate) async fn is_asked(lambda: &mut Reader) -> Result<()> {
    let question = sees(lambda, "the question for an event").await?;
    ensure!(question.start == "GET /2018-06-01/runtime/invocation/next HTTP/1.1", "{question:?}");
    Ok(())
}
