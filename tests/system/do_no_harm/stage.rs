//! A local Lambda, and before it nothing, or the whole layer; then a tap, and whatever runtime a test puts there.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_local::lambda::{End, Exchange, RuntimeApi};
use misrule_tests::layered::free_port;
use misrule_tests::programs;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::message::{Answer, Got, Request};
use super::tap::Tap;

/// What stands between runtime and Lambda.
#[derive(Clone, Debug)]
pub(crate) enum Between {
    Nothing,
    /// The layer, with no experiment.
    Layer,
    /// The layer, with this experiment in force.
    Armed(String),
}

/// Everything that was seen from outside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// By Lambda.
    pub(crate) requests: Vec<Request>,
    /// By the runtime, for each of its connections.
    pub(crate) answers: Vec<Vec<Answer>>,
    /// By the caller of the function.
    pub(crate) got: Vec<Got>,
}

pub(crate) struct Stage {
    pub(crate) api: RuntimeApi,
    tap: Tap,
    layer: Option<Layer>,
}

struct Layer {
    _extension: Child,
    _folder: TempDir,
}

const FUNCTION: [(&str, &str); 7] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "orders"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
];

impl Stage {
    pub(crate) async fn set(between: &Between) -> Result<Self> {
        let builder = RuntimeApi::builder().function_name("orders").timeout(Duration::from_secs(60));
        if matches!(between, Between::Nothing) {
            let api = builder.serve().await?;
            let tap = Tap::before(api.address()).await;
            return Ok(Self { api, tap, layer: None });
        }
        let api = builder.extension("misrule-extension").serve().await?;
        let port = free_port()?;
        let layer = Layer::start(between, &api, port).await?;
        let tap = Tap::before(([127, 0, 0, 1], port).into()).await;
        Ok(Self { api, tap, layer: Some(layer) })
    }

    /// Starts a real runtime: through the wrapper where the layer is.
    pub(crate) fn start(&self, program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Child> {
        let mut command = match self.layer {
            Some(_) => Command::new(programs::program("misrule-wrapper")?),
            None => Command::new(program),
        };
        let address = match self.layer {
            Some(_) => {
                command.arg(program).env("MISRULE_PORT", self.tap.address.port().to_string());
                self.api.address()
            }
            None => self.tap.address,
        };
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        command.env("AWS_LAMBDA_RUNTIME_API", address.to_string()).envs(FUNCTION);
        Ok(command.envs(variables.iter().copied()).spawn()?)
    }

    /// A connection of a runtime whose every byte the test writes.
    pub(crate) async fn connect(&self) -> Wire {
        let stream = TcpStream::connect(self.tap.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Wire { stream, unread: Vec::new() }
    }

    /// Waits until every request has come to its end, and says what Lambda saw.
    pub(crate) async fn requests(&self) -> Vec<Request> {
        let settled = |all: &[Exchange]| all.iter().filter(|one| is_the_runtimes(one)).all(is_settled);
        let exchanges = self.api.until(|all| settled(all).then(|| all.to_vec())).await;
        let mut connections = Vec::new();
        let exchanges = exchanges.iter().filter(|one| is_the_runtimes(one));
        exchanges.map(|one| Request::of(one, &mut connections)).collect()
    }

    /// All that was seen, once every answer of Lambda has come to the runtime.
    pub(crate) async fn seen(&self, got: Vec<Got>) -> Seen {
        let requests = self.requests().await;
        let answered = requests.iter().filter(|request| request.status.is_some()).count();
        let asks_who = |up: &[u8]| up.starts_with(b"GET /misrule ");
        let count = |down: &[u8]| down.windows(9).filter(|nine| nine == b"HTTP/1.1 ").count();
        let traffic = self.tap.until(|all| {
            all.iter().filter(|one| !asks_who(&one.up)).map(|one| count(&one.down)).sum::<usize>() >= answered
        });
        let traffic = traffic.await;
        let answers = traffic.iter().filter(|one| !asks_who(&one.up)).map(|one| Answer::all_of(&one.down)).collect();
        Seen { requests, answers, got }
    }
}

/// What the extension says for itself is no part of the exchange between runtime and Lambda.
fn is_the_runtimes(exchange: &Exchange) -> bool {
    !exchange.head.path().starts_with("/2020-01-01/extension/")
}

fn is_settled(exchange: &Exchange) -> bool {
    let waits_for_an_event = exchange.head.path().ends_with("/invocation/next");
    match exchange.end {
        End::Open => false,
        End::Complete => exchange.status.is_some() || waits_for_an_event,
        End::Truncated => true,
    }
}

impl Layer {
    async fn start(between: &Between, api: &RuntimeApi, port: u16) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(programs::program("misrule-extension")?);
        command.env_clear().envs(FUNCTION).env("MISRULE_LOCAL", "true").env("MISRULE_PORT", port.to_string());
        command.env("AWS_LAMBDA_RUNTIME_API", api.address().to_string());
        if let Between::Armed(experiment) = between {
            let file = folder.path().join("experiment.json");
            std::fs::write(&file, experiment)?;
            command.env("MISRULE_SOURCE", format!("file:{}", file.display()));
        }
        let mut extension = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut lines = BufReader::new(extension.stdout.take().context("its stdout is piped")?).lines();
        api.extensions_registered().await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        if matches!(between, Between::Armed(_)) {
            while !lines.next_line().await?.context("the extension ended")?.contains(r#""misrule":"armed""#) {}
        }
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { _extension: extension, _folder: folder })
    }
}

/// A runtime's connection.
pub(crate) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Wire {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next answer on it.
    pub(crate) async fn answer(&mut self) -> Answer {
        loop {
            if let Some((answer, length)) = Answer::first_of(&self.unread) {
                self.unread.drain(..length);
                return answer;
            }
            let read = self.stream.read_buf(&mut self.unread).await.unwrap();
            assert!(read > 0, "Lambda closed after {}", self.unread.escape_ascii());
        }
    }
}
