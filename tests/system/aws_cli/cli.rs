//! AWS's own command line, pointed at some AppConfig.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use misrule_local::appconfig::Place;
use misrule_tests::layered::PLACE;
use misrule_tests::programs;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

/// `aws appconfig`, in a folder of its own.
pub(crate) struct Cli {
    endpoint: String,
    folder: TempDir,
    driver: Mutex<Driver>,
}

/// A process that runs it: `driver.py`.
struct Driver {
    asking: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Told {
    /// The HTTP status, and the exception where there was one.
    pub(crate) status: Value,
    pub(crate) error: Value,
    /// What it printed, null where it was silent.
    pub(crate) answer: Value,
    /// What it said on the side.
    pub(crate) message: String,
    succeeded: bool,
}

impl Driver {
    fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new(programs::python("python")?);
        command.arg(programs::checkout().join("tests/system/aws_cli/driver.py"));
        command.current_dir(folder).kill_on_drop(true).env_clear().env("PYTHONDONTWRITEBYTECODE", "1");
        command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "LD_LIBRARY_PATH"));
        command.env("HOME", folder).env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_MAX_ATTEMPTS", "1");
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("aws runs")?;
        let asking = child.stdin.take().context("its stdin")?;
        let answers = BufReader::new(child.stdout.take().context("its stdout")?).lines();
        Ok(Self { asking, answers, _child: child })
    }

    async fn ask(&mut self, arguments: &[&str]) -> Result<Value> {
        self.asking.write_all(format!("{}\n", json!(arguments)).as_bytes()).await?;
        let line = self.answers.next_line().await?.context("the driver of aws has ended")?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Cli {
    /// Starts it, with credentials that nobody checks.
    pub(crate) fn of(endpoint: String) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let driver = Mutex::new(Driver::start(folder.path())?);
        Ok(Self { endpoint, folder, driver })
    }

    /// Where its files lie.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command, whatever comes of it.
    pub(crate) async fn told(&self, arguments: &[&str]) -> Result<Told> {
        let service = ["--endpoint-url", &self.endpoint, "--region", "us-east-1", "--output", "json", "appconfig"];
        let mut told = self.driver.lock().await.ask(&[&service[..], arguments].concat()).await?;
        Ok(Told {
            status: told["status"].take(),
            error: told["error"].take(),
            answer: told["answer"].take(),
            message: told["told"].as_str().unwrap_or_default().to_owned(),
            succeeded: told["code"] == 0,
        })
    }

    /// Runs a command that must succeed; what it says, as JSON, or nothing where it is silent.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<Value> {
        let told = self.told(arguments).await?;
        ensure!(told.succeeded, "aws appconfig {}: {}", arguments.join(" "), told.message);
        Ok(told.answer)
    }

    /// Runs a command that must be refused; the exception.
    pub(crate) async fn refused(&self, arguments: &[&str]) -> Result<String> {
        let told = self.told(arguments).await?;
        let error = told.error.as_str().with_context(|| format!("aws appconfig {}: {told:?}", arguments.join(" ")))?;
        Ok(error.to_owned())
    }

    /// Makes something; its id.
    pub(crate) async fn make(&self, arguments: &[&str]) -> Result<String> {
        let made = self.run(arguments).await?;
        Ok(made["Id"].as_str().with_context(|| format!("no id in {made}"))?.to_owned())
    }

    /// Makes [`PLACE`].
    pub(crate) async fn make_place(&self) -> Result<Place> {
        let [application, environment, profile] = PLACE.split('/').collect::<Vec<_>>()[..] else {
            anyhow::bail!("{PLACE} has not three parts");
        };
        let application = self.make(&["create-application", "--name", application]).await?;
        let within = ["--application-id", &application, "--name"];
        let environment = self.make(&[&["create-environment"], &within[..], &[environment]].concat()).await?;
        let hosted = [profile, "--location-uri", "hosted", "--type", "AWS.Freeform"];
        let profile = self.make(&[&["create-configuration-profile"], &within[..], &hosted].concat()).await?;
        Ok(Place { application, environment, profile })
    }

    /// Uploads a file's content as a version; its number.
    pub(crate) async fn upload(&self, place: &Place, content: &[u8]) -> Result<String> {
        std::fs::write(self.folder.path().join("content"), content)?;
        let made = self
            .run(&[
                "create-hosted-configuration-version",
                "--application-id",
                &place.application,
                "--configuration-profile-id",
                &place.profile,
                "--content-type",
                "application/json",
                "--content",
                "fileb://content",
                "echo",
            ])
            .await?;
        ensure!(std::fs::read(self.folder.path().join("echo"))? == content, "the answer holds other bytes");
        Ok(made["VersionNumber"].as_u64().context("a version number")?.to_string())
    }

    /// Starts a deployment; its number.
    pub(crate) async fn start(&self, place: &Place, strategy: &str, version: &str) -> Result<String> {
        let started = [
            "start-deployment",
            "--deployment-strategy-id",
            strategy,
            "--configuration-profile-id",
            &place.profile,
            "--configuration-version",
            version,
        ];
        let started = self.run(&[&started[..], &environment(place)].concat()).await?;
        Ok(started["DeploymentNumber"].as_u64().context("a deployment number")?.to_string())
    }

    pub(crate) async fn about(&self, place: &Place, what: &[&str], number: &str) -> Result<Value> {
        self.run(&[what, &environment(place), &["--deployment-number", number]].concat()).await
    }

    pub(crate) async fn state(&self, place: &Place, number: &str) -> Result<Value> {
        Ok(self.about(place, &["get-deployment"], number).await?["State"].clone())
    }

    /// The content of a version, and what is said about it.
    pub(crate) async fn version(&self, place: &Place, version: &str) -> Result<(Value, Vec<u8>)> {
        let about = ["--application-id", &place.application, "--configuration-profile-id", &place.profile];
        let which = ["--version-number", version, "version"];
        let about = self.run(&[&["get-hosted-configuration-version"], &about[..], &which].concat()).await?;
        Ok((about, std::fs::read(self.folder.path().join("version"))?))
    }
}

pub(crate) fn environment(place: &Place) -> [&str; 4] {
    ["--application-id", &place.application, "--environment-id", &place.environment]
}
