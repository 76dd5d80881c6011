//! The local AppConfig, judged by a client that is not ours: AWS's own command line publishes, and reads what we published.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_engine::delivery::Delivery;
use misrule_engine::digest::Digest;
use misrule_local::appconfig::{AppConfig, NothingDeployed};
use misrule_tests::layered::{self, PLACE};
use misrule_tests::publishing::{self, experiment};
use serde_json::json;

use cli::{Cli, environment};

mod cli;
mod differences;
mod moto;
mod rollouts;
mod validated;

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
    let cli = Cli::of(appconfig.endpoint())?;
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
    let cli = Cli::of(appconfig.endpoint())?;
    let place = cli.make_place().await?;
    let published = publishing::publish(&bundle(cli.folder())?, PLACE, &appconfig).await?;
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
    let halted = publishing::misrule(&halt, cli.folder()).await?;
    assert_eq!(String::from_utf8_lossy(&halted.stdout), "version 3 deployment 5\n", "{}", told(&halted));
    assert_eq!(cli.state(&place, &slow).await?, "ROLLED_BACK");
    assert_eq!(cli.state(&place, "5").await?, "COMPLETE");
    assert_eq!(cli.version(&place, "3").await?.1, br#"{"halt": true}"#);
    Ok(())
}
