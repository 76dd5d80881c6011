//! The local AppConfig, judged by a client that is not ours: AWS's own command line publishes, and reads what we published.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_engine::delivery::Delivery;
use misrule_engine::digest::Digest;
use misrule_local::appconfig::{AppConfig, NothingDeployed, Place};
use misrule_tests::layered::{self, PLACE};
use misrule_tests::programs;
use misrule_tests::publishing::{self, experiment};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

/// `aws appconfig`, pointed at a local AppConfig.
struct Cli {
    endpoint: String,
    folder: TempDir,
}

impl Cli {
    fn of(appconfig: &AppConfig) -> Result<Self> {
        Ok(Self { endpoint: appconfig.endpoint(), folder: tempfile::tempdir()? })
    }

    /// Runs a command; what it says, as JSON, or nothing where it is silent.
    async fn run(&self, arguments: &[&str]) -> Result<Value> {
        let mut command = Command::new(programs::python("aws")?);
        command.args(["--endpoint-url", &self.endpoint, "--region", "us-east-1", "--output", "json", "appconfig"]);
        command.args(arguments).current_dir(self.folder.path()).kill_on_drop(true).env_clear();
        command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "LD_LIBRARY_PATH"));
        command.env("HOME", self.folder.path()).env("AWS_PAGER", "").env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
        let output = command.output().await.context("aws runs")?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "aws appconfig {}: {told}", arguments.join(" "));
        let silent = output.stdout.iter().all(u8::is_ascii_whitespace);
        Ok(if silent { Value::Null } else { serde_json::from_slice(&output.stdout)? })
    }

    /// Makes something; its id.
    async fn make(&self, arguments: &[&str]) -> Result<String> {
        let made = self.run(arguments).await?;
        Ok(made["Id"].as_str().with_context(|| format!("no id in {made}"))?.to_owned())
    }

    /// Makes [`PLACE`].
    async fn make_place(&self) -> Result<Place> {
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
    async fn upload(&self, place: &Place, content: &[u8]) -> Result<String> {
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
    async fn start(&self, place: &Place, strategy: &str, version: &str) -> Result<String> {
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

    async fn about(&self, place: &Place, what: &[&str], number: &str) -> Result<Value> {
        self.run(&[what, &environment(place), &["--deployment-number", number]].concat()).await
    }

    async fn state(&self, place: &Place, number: &str) -> Result<Value> {
        Ok(self.about(place, &["get-deployment"], number).await?["State"].clone())
    }

    /// The content of a version, and what is said about it.
    async fn version(&self, place: &Place, version: &str) -> Result<(Value, Vec<u8>)> {
        let about = ["--application-id", &place.application, "--configuration-profile-id", &place.profile];
        let which = ["--version-number", version, "version"];
        let about = self.run(&[&["get-hosted-configuration-version"], &about[..], &which].concat()).await?;
        Ok((about, std::fs::read(self.folder.path().join("version"))?))
    }
}

fn environment(place: &Place) -> [&str; 4] {
    ["--application-id", &place.application, "--environment-id", &place.environment]
}

const AT_ONCE: &[&str] = &[
    "create-deployment-strategy",
    "--name",
    "at-once",
    "--deployment-duration-in-minutes",
    "0",
    "--final-bake-time-in-minutes",
    "0",
    "--growth-factor",
    "100",
    "--growth-type",
    "LINEAR",
    "--replicate-to",
    "NONE",
];

#[tokio::test]
async fn what_the_aws_cli_deploys_is_enforced() -> Result<()> {
    let appconfig = AppConfig::serve().await?;
    appconfig.set_poll_interval(Duration::from_secs(1));
    appconfig.set_nothing_deployed(NothingDeployed::Empty);
    let cli = Cli::of(&appconfig)?;
    let place = cli.make_place().await?;
    let layered = layered::layered_beside(appconfig, place.clone(), layered::python("orders")?, &[]).await?;
    assert_eq!(layered.get("/health").await?.0, 200);

    let settings = json!({ "paths": ["/health"], "status": 404 });
    let outage = experiment("outage", &json!([{ "use": "path-outage", "settings": settings }]));
    let version = cli.upload(&place, outage.as_bytes()).await?;
    let strategy = cli.make(AT_ONCE).await?;
    let news = layered.news();
    let deployment = cli.start(&place, &strategy, &version).await?;
    cli.about(&place, &["wait", "deployment-complete"], &deployment).await?;
    assert_eq!(cli.state(&place, &deployment).await?, "COMPLETE");

    let armed = news.until("armed").await?;
    let digest = Digest::of(outage.as_bytes());
    assert_eq!((&armed["experiment"], &armed["version"]), (&json!("outage"), &json!(digest.short())), "{armed}");
    assert_eq!(layered.get("/health").await?.0, 404);
    assert_eq!(layered.get("/orders").await?.0, 200);
    Ok(())
}

/// A policy of our own, so that a bundle is published: bytes that no text survives.
fn bundle(folder: &Path) -> Result<PathBuf> {
    let component = misrule_policies::component("path-outage").context("a ready-made policy")?;
    std::fs::write(folder.join("own.wasm"), component)?;
    let file = folder.join("experiment.toml");
    let text = "name = \"own\"\nduration = \"1h\"\nblast_radius = { functions = [\"*\"] }\n\n\
        [[policy]]\nmodule = \"own.wasm\"\nsettings = { paths = [\"/health\"], status = 404 }\n";
    std::fs::write(&file, text)?;
    Ok(file)
}

fn told(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn the_aws_cli_reads_what_misrule_published_and_halted() -> Result<()> {
    let appconfig = AppConfig::serve().await?;
    let cli = Cli::of(&appconfig)?;
    let place = cli.make_place().await?;
    let published = publishing::publish(&bundle(cli.folder.path())?, PLACE, &appconfig).await?;
    assert!(published.status.success(), "{}", told(&published));

    // A halt went first.
    let (about, content) = cli.version(&place, "2").await?;
    let line = format!("version 2 deployment 2 sha256 {}\n", Digest::of(&content));
    assert_eq!(String::from_utf8_lossy(&published.stdout), line);
    assert_eq!(about["ContentType"], "application/zip");
    let Delivery::Experiment(package) = Delivery::read(&content.into(), None)? else { anyhow::bail!("no experiment") };
    assert_eq!(package.experiment.name, "own");
    let listed = cli.run(&[&["list-deployments"], &environment(&place)[..]].concat()).await?;
    let newest = &listed["Items"][0];
    assert_eq!((&newest["State"], &newest["ConfigurationVersion"]), (&json!("COMPLETE"), &json!("2")), "{listed}");

    let slow = cli.start(&place, "AppConfig.Linear20PercentEvery6Minutes", "2").await?;
    assert_eq!(cli.state(&place, &slow).await?, "DEPLOYING");
    cli.about(&place, &["stop-deployment"], &slow).await?;
    assert_eq!(cli.state(&place, &slow).await?, "ROLLED_BACK");
    let slow = cli.start(&place, "AppConfig.Linear20PercentEvery6Minutes", "2").await?;
    let endpoint = appconfig.endpoint();
    let halt = ["halt", "--to", PLACE, "--region", "us-east-1", "--endpoint-url", &endpoint];
    let halted = publishing::misrule(&halt, cli.folder.path()).await?;
    assert_eq!(String::from_utf8_lossy(&halted.stdout), "version 3 deployment 5\n", "{}", told(&halted));
    assert_eq!(cli.state(&place, &slow).await?, "ROLLED_BACK");
    assert_eq!(cli.state(&place, "5").await?, "COMPLETE");
    assert_eq!(cli.version(&place, "3").await?.1, br#"{"halt": true}"#);
    Ok(())
}
