//! The two control programs behind one face, so that a case is run on either by the same code.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_local::function::{Function, Origin};
use misrule_local::lambda::{Exchange, Recording};
use misrule_tests::emulator::{Emulator, Instances, Namespace};
use misrule_tests::layered::{self, PATIENCE, free_port};
use misrule_tests::programs;

use super::cases::Case;
use super::observed::{known_request, plain};

/// Lambda's own, or ours.
pub(crate) enum ControlProgram {
    /// AWS's emulator.
    Emulator(Box<Emulator>),
    /// The local Lambda, and what its processes wrote.
    Local(Function, Lines),
}

type Lines = Arc<Mutex<Vec<String>>>;

/// What a caller got.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    /// The error type as Lambda counts it, where it is known at once.
    pub(crate) error_type: Option<String>,
    pub(crate) body: String,
}

/// The variables of the function's configuration: Managed Instances refuse to tell an extension of invocations.
fn variables(case: &Case) -> Result<[(&'static str, String); 2]> {
    let wanted = if case.instances == Instances::OnDemand { r#"["INVOKE","SHUTDOWN"]"# } else { r#"["SHUTDOWN"]"# };
    Ok([("MISRULE_PORT", free_port()?.to_string()), ("EVENTS", wanted.to_owned())])
}

impl ControlProgram {
    pub(crate) async fn emulator(case: &Case, namespace: Namespace, opt: &Path) -> Result<Self> {
        let mut builder = Emulator::builder(namespace, opt).instances(case.instances).timeout(case.timeout);
        for (name, value) in variables(case)? {
            builder = builder.env(name, value);
        }
        Ok(Self::Emulator(Box::new(builder.start().await?)))
    }

    pub(crate) async fn local(case: &Case, opt: &Path) -> Result<Self> {
        let lines = Lines::default();
        let listener = Arc::clone(&lines);
        let mut builder = layered::python("orders")?
            .runtime(programs::python("python")?, ["-m", "awslambdaric", "lifecycle.handler"])
            .handler("lifecycle.handler")
            .timeout(case.timeout)
            .extension(opt.join("extensions/misrule"), [])
            .extension(opt.join("extensions/witness"), [])
            .wrapper(opt.join("misrule-wrapper"))
            .recording(Recording::Everything)
            .on_output(move |line| listener.lock().unwrap_or_else(PoisonError::into_inner).push(line.text.clone()));
        if let Instances::Managed(concurrency) = case.instances {
            builder = builder.managed_instances(concurrency.into());
        }
        for (name, value) in variables(case)? {
            builder = builder.env(name, value);
        }
        Ok(Self::Local(builder.start().await?, lines))
    }

    /// What the caller of the function gets for this path.
    pub(crate) async fn invoke(&self, path: &str) -> Result<Got> {
        let event = layered::http_event("GET", path);
        match self {
            Self::Emulator(emulator) => {
                let answer = emulator.invoke(&event).await?;
                Ok(Got { error_type: answer.error_type, body: plain(&answer.body) })
            }
            Self::Local(function, _) => {
                let outcome = function.invoke(event).await.outcome;
                let error_type = outcome.error().map(|error| error.error_type.clone());
                Ok(Got { error_type, body: plain(&String::from_utf8(outcome.bytes().await.to_vec())?) })
            }
        }
    }

    /// The process id of our extension.
    pub(crate) fn extension(&self) -> Result<u32> {
        match self {
            Self::Emulator(emulator) => emulator.process_id("/opt/extensions/misrule"),
            Self::Local(function, _) => {
                let extension = Origin::Extension("misrule".to_owned());
                function.process_id(&extension).context("the extension does not run")
            }
        }
    }

    /// What the processes wrote, and under the emulator what it wrote itself.
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Emulator(emulator) => emulator.log().lines(),
            Self::Local(_, lines) => lines.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// The requests so far that both must see, in their order.
    fn requests(&self) -> Vec<String> {
        match self {
            Self::Emulator(emulator) => requests_in(&emulator.log().lines()),
            Self::Local(function, _) => function.exchanges().iter().filter_map(recorded).collect(),
        }
    }

    /// Waits until this holds of what was written and asked.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&[String], &[String]) -> bool) -> Result<()> {
        let held = async {
            while !holds(&self.lines(), &self.requests()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let failed = || format!("waited for {what}; {:?}\n{}", self.requests(), self.lines().join("\n"));
        tokio::time::timeout(PATIENCE, held).await.with_context(failed)
    }

    /// Ends it as Lambda does when it has no more work; the requests and the lines.
    pub(crate) async fn end(self) -> Result<(Vec<String>, Vec<String>)> {
        let requests = self.requests();
        match self {
            Self::Emulator(emulator) => {
                let lines = emulator.shut_down().await?.lines;
                Ok((requests_in(&lines), lines))
            }
            Self::Local(function, lines) => {
                function.shutdown().await.context("it had an environment")?;
                let lines = lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Ok((requests, lines))
            }
        }
    }
}

fn requests_in(lines: &[String]) -> Vec<String> {
    lines.iter().filter_map(|line| logged(line)).collect()
}

/// A request as the emulator's log has it, in either of its two forms: on demand and on Managed Instances.
fn logged(line: &str) -> Option<String> {
    let (_, request) = line.split_once("API request")?;
    let extension = request.contains("Lambda-Extension-Name:[misrule]").then_some("misrule");
    let (method, rest) = match request.strip_prefix(" - ") {
        Some(rest) => rest.split_once(' ')?,
        None => request.split_once("method=")?.1.split_once(" url=")?,
    };
    known_request(method, rest.split([',', ' ']).next()?, extension)
}

fn recorded(exchange: &Exchange) -> Option<String> {
    let extension = exchange.head.header("Lambda-Extension-Name");
    known_request(&exchange.head.method, exchange.head.path(), extension)
}
