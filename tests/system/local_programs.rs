//! The local Lambda and AppConfig as programs, as a user starts them by hand.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_tests::layered::{PATIENCE, free_port};
use misrule_tests::programs;
use misrule_tests::publishing::experiment_within;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;

/// A program that serves, its address, and all that it says on standard error.
struct Serving {
    process: Child,
    address: String,
    log: JoinHandle<std::io::Result<String>>,
    _output: Lines<BufReader<ChildStdout>>,
}

impl Serving {
    async fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn()?;
        let mut output = BufReader::new(process.stdout.take().context("its output is read")?).lines();
        let mut errors = process.stderr.take().context("its errors are read")?;
        let log = tokio::spawn(async move {
            let mut log = String::new();
            errors.read_to_string(&mut log).await.map(|_| log)
        });
        let Some(url) = tokio::time::timeout(PATIENCE, output.next_line()).await?? else {
            anyhow::bail!("it says no address: {}", log.await??)
        };
        let address = url.strip_prefix("http://").with_context(|| format!("no address: {url}"))?.to_owned();
        Ok(Self { process, address, log, _output: output })
    }

    /// Status line, headers and body of the answer to `GET path`.
    async fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    /// Asks again until the status is this.
    async fn until(&self, path: &str, status: u16) -> Result<()> {
        let asks = async {
            while !self.get(path).await?.starts_with(&format!("HTTP/1.1 {status} ")) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, asks).await.with_context(|| format!("waited for {status}"))?
    }

    /// Ends it as Ctrl-C does; its log, and the layer's lines in it.
    async fn interrupt(mut self) -> Result<(String, Vec<Value>)> {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.context("it runs")?, Signal::INT)?;
        ensure!(tokio::time::timeout(PATIENCE, self.process.wait()).await??.success());
        let log = self.log.await??;
        let ours = |line: &str| serde_json::from_str(line.strip_prefix("extension misrule-extension: ")?).ok();
        let lines = log.lines().filter_map(ours).collect();
        Ok((log, lines))
    }
}

/// The local function with this program as its runtime, in a folder of its own. Of variables it has none: those of the tests
/// would reach the layer.
fn function(folder: &TempDir, runtime: &[&str]) -> Result<Command> {
    let mut command = Command::new(programs::example("function")?);
    command.args(runtime).current_dir(folder.path()).env_clear();
    Ok(command)
}

#[tokio::test]
async fn a_function_is_named_by_its_variable_and_ends_as_on_lambda() -> Result<()> {
    let folder = TempDir::new()?;
    let within = json!({ "functions": ["shop-*"], "regions": ["eu-west-3"], "faults": ["respond-http"] });
    let policies = json!([
        { "use": "path-outage", "settings": { "paths": ["/health"] } },
        { "use": "latency", "settings": { "paths": ["/slow"], "delay": "1s" } },
    ]);
    std::fs::write(folder.path().join("outage.json"), experiment_within("outage", &within, &policies))?;
    let mut command = function(&folder, &[&programs::program("misrule-local-function")?.to_string_lossy()])?;
    command.env("MISRULE_SOURCE", format!("file:{}", folder.path().join("outage.json").display()));
    command.env("MISRULE_PORT", free_port()?.to_string());
    command.env("AWS_LAMBDA_FUNCTION_NAME", "shop-cart").env("AWS_REGION", "eu-west-3");
    let function = Serving::start(command).await?;
    function.until("/health", 503).await?;
    for _ in 0..3 {
        assert!(function.get("/slow").await?.starts_with("HTTP/1.1 404 "), "the function knows no such path");
    }
    let (log, lines) = function.interrupt().await?;
    let start = lines.iter().find(|line| line["misrule"] == "start").context("it started")?;
    assert_eq!(start["function"], "shop-cart", "{log}");
    let refused: u64 =
        lines.iter().filter(|line| line["misrule"] == "refused_step").filter_map(|line| line["count"].as_u64()).sum();
    assert_eq!(refused, 3, "what was counted is told at the end:\n{log}");
    assert!(log.contains("\nREPORT RequestId: "), "{log}");
    Ok(())
}

#[tokio::test]
async fn nodes_client_finds_its_handler() -> Result<()> {
    let folder = TempDir::new()?;
    let handler = "exports.handler = async () => ({ statusCode: 200, body: process.env._HANDLER });\n";
    std::fs::write(folder.path().join("app.js"), handler)?;
    let [node, client] = programs::node()?;
    let command = function(&folder, &[&node.to_string_lossy(), &client.to_string_lossy(), "app.handler"])?;
    let function = Serving::start(command).await?;
    let answer = function.get("/").await?;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("app.handler"), "{answer}");
    function.interrupt().await?;
    Ok(())
}

#[tokio::test]
async fn each_says_how_it_is_used_and_what_it_does_not_know() -> Result<()> {
    let said = async |name: &str, argument: &str| {
        let output = Command::new(programs::example(name)?).arg(argument).kill_on_drop(true).output();
        let output = tokio::time::timeout(PATIENCE, output).await??;
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        anyhow::Ok((output.status.code(), text))
    };
    for name in ["function", "appconfig"] {
        let (code, [usage, errors]) = said(name, "--help").await?;
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        assert!(usage.contains(&format!("\nUsage: cargo run -p misrule-local --example {name}")), "{usage}");
    }
    let (code, [_, error]) = said("function", "--port").await?;
    assert_eq!((code, error.as_str()), (Some(1), "error: there is no option `--port`: --help says what there is\n"));
    let (code, [_, error]) = said("appconfig", "9000").await?;
    assert_eq!((code, error.as_str()), (Some(1), "error: it takes no `9000`: --help says what there is\n"));
    Ok(())
}
