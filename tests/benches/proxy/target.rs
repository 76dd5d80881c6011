//! What is compared: a direct connection, the two baselines, and the layer with and without an experiment.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::sleep;

use crate::allocations;
use crate::case::{Case, Size};
use crate::experiment::Armed;
use crate::lambda::Lambda;
use crate::measured::Round;
use crate::process::{Memory, Process};
use crate::runtime;

/// The programs under measurement.
pub(crate) struct Programs {
    pub(crate) extension: PathBuf,
    pub(crate) passthrough: PathBuf,
}

pub(crate) const DIRECT: &str = "direct";
pub(crate) const PASS_THROUGH: &str = "pass-through";

/// One way to Lambda.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    armed: Armed,
    lambda: Lambda,
    address: SocketAddr,
    /// None of a direct connection.
    process: Option<Process>,
    folder: TempDir,
}

impl Target {
    /// All of them, ready: what is armed is in force.
    pub(crate) async fn start_all(programs: &Programs, case: Case) -> Result<Vec<Self>> {
        let mut targets = vec![Self::direct(case.size).await?];
        for (name, more) in [("relay", &["relay"][..]), (PASS_THROUGH, &[])] {
            targets.push(Self::baseline(name, programs, case.size, more).await?);
        }
        targets.push(Self::layer("layer, no experiment", programs, case.size, Armed::Nothing).await?);
        targets.push(Self::layer("layer, three policies pass", programs, case.size, Armed::ThreePass).await?);
        // Of one long answer and one short error there is no time per event.
        if matches!(case.size, Size::Buffered(_)) {
            targets.push(Self::layer("layer, one policy acts", programs, case.size, Armed::OneActs).await?);
        }
        Ok(targets)
    }

    async fn direct(size: Size) -> Result<Self> {
        let (armed, folder) = (Armed::Nothing, tempfile::tempdir()?);
        let lambda = Lambda::serve(size, armed).await?;
        Ok(Self { name: DIRECT, armed, address: lambda.address, lambda, process: None, folder })
    }

    async fn baseline(name: &'static str, programs: &Programs, size: Size, more: &[&str]) -> Result<Self> {
        let (armed, address, folder) = (Armed::Nothing, free()?, tempfile::tempdir()?);
        let lambda = Lambda::serve(size, armed).await?;
        let mut command = Command::new(&programs.passthrough);
        command.arg(address.to_string()).arg(lambda.address.to_string()).args(more);
        let process = Some(Process::start(command)?);
        Self { name, armed, lambda, address, process, folder }.once_ready().await
    }

    async fn layer(name: &'static str, programs: &Programs, size: Size, armed: Armed) -> Result<Self> {
        let (address, folder) = (free()?, tempfile::tempdir()?);
        let lambda = Lambda::serve(size, armed).await?;
        let mut command = Command::new(&programs.extension);
        command.env_clear().env("AWS_LAMBDA_RUNTIME_API", lambda.address.to_string()).env("AWS_REGION", "us-east-1");
        command.env("AWS_LAMBDA_FUNCTION_NAME", "checkout").env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        command.env("MISRULE_LOCAL", "true").env("MISRULE_PORT", address.port().to_string());
        let file = folder.path().join("experiment.json");
        fs::write(&file, armed.experiment()?)?;
        command.env("MISRULE_SOURCE", format!("file:{}", file.display()));
        command.stdout(File::create(folder.path().join("log"))?);
        let process = Some(Process::start(command)?);
        Self { name, armed, lambda, address, process, folder }.once_ready().await
    }

    async fn once_ready(self) -> Result<Self> {
        for _ in 0..1000 {
            if TcpStream::connect(self.address).await.is_ok() && self.is_in_force() {
                return Ok(self);
            }
            sleep(Duration::from_millis(10)).await;
        }
        let said = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        anyhow::bail!("{} is not ready within ten seconds; it said:\n{said}", self.name)
    }

    /// A layer has its experiment, or knows that there is none; a baseline has no log.
    fn is_in_force(&self) -> bool {
        let said = fs::read_to_string(self.folder.path().join("log"));
        said.map_or(true, |said| said.contains(self.armed.in_force()))
    }

    /// So many invocations on each connection, and what they took for each event.
    pub(crate) async fn round(&mut self, case: Case, cycles: usize) -> Result<Round> {
        let (cpu, events) = (self.cpu()?, self.lambda.count().events);
        let taken = runtime::invocations(self.address, case, cycles).await;
        let taken = taken.with_context(|| format!("{}: {}", case.name(), self.name))?;
        let count = self.lambda.count();
        count.check(case.size).with_context(|| format!("{}: {}", case.name(), self.name))?;
        let cpu = self.cpu()?.zip(cpu).map(|(after, before)| after.saturating_sub(before));
        Ok(Round::new(taken, count.events - events, cpu))
    }

    /// Allocations for each event, while as many pass as in a round.
    pub(crate) async fn allocations(&mut self, case: Case) -> Result<Option<f64>> {
        let Some(process) = &self.process else { return Ok(None) };
        let before = self.lambda.count().events;
        let work = runtime::invocations(self.address, case, case.cycles);
        let allocations = allocations::during(process, work).await?;
        let events = self.lambda.count().events - before;
        Ok(allocations.map(|allocations| allocations as f64 / events as f64))
    }

    fn cpu(&self) -> Result<Option<Duration>> {
        self.process.as_ref().map(Process::cpu).transpose()
    }

    pub(crate) fn memory(&self) -> Result<Option<Memory>> {
        self.process.as_ref().map(Process::memory).transpose()
    }

    /// A policy that was to act did, and no other.
    pub(crate) fn has_done_its_work(&self) -> Result<()> {
        let errors = self.lambda.count().errors;
        ensure!((errors > 0) == (self.armed == Armed::OneActs), "{}: {errors} errors were posted", self.name);
        Ok(())
    }
}

/// An address on which nobody listens.
fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}
