//! A profile with our JSON Schema for a validator, and AWS's command line that uploads to it what it likes.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use misrule_local::appconfig::{AppConfig, Place};
use misrule_tests::layered::PLACE;
use misrule_tests::publishing::{self, experiment_within};
use serde_json::{Value, json};

use super::cli::{Cli, environment};
use super::{AT_ONCE, told};

const OUTAGE: &str = "name = \"outage\"\nduration = \"1h\"\nblast_radius = { functions = [\"*\"] }\n\n\
                      [[policy]]\nuse = \"path-outage\"\nsettings = { paths = [\"/health\"] }\n";

/// Runs the command on [`PLACE`], which must go well.
async fn misrule(arguments: &[&str], folder: &Path, appconfig: &AppConfig) -> Result<String> {
    let endpoint = appconfig.endpoint();
    let there = ["--to", PLACE, "--region", "us-east-1", "--endpoint-url", &endpoint];
    let output = publishing::misrule(&[arguments, &there].concat(), folder).await?;
    ensure!(output.status.success(), "{}", told(&output));
    Ok(String::from_utf8(output.stdout)?)
}

/// Starts a deployment of this content; what AppConfig answers.
async fn start(cli: &Cli, place: &Place, strategy: &str, content: &str) -> Result<(Value, String)> {
    let version = cli.upload(place, content.as_bytes()).await?;
    let what = ["start-deployment", "--deployment-strategy-id", strategy, "--configuration-profile-id", &place.profile];
    let told = cli.told(&[&what[..], &["--configuration-version", &version], &environment(place)].concat()).await?;
    Ok((told.error, told.message))
}

fn outage(blast_radius: &Value) -> String {
    let settings = json!({ "paths": ["/health"] });
    experiment_within("outage", blast_radius, &json!([{ "use": "path-outage", "settings": settings }]))
}

#[tokio::test]
async fn a_validator_refuses_a_wrong_experiment_and_lets_right_ones_and_halts_through() -> Result<()> {
    let appconfig = AppConfig::serve().await?;
    let cli = Cli::of(appconfig.endpoint())?;
    let place = cli.make_place().await?;
    std::fs::write(cli.folder().join("outage.toml"), OUTAGE)?;
    misrule(&["publish", "outage.toml", "--validator"], cli.folder(), &appconfig).await?;
    let strategy = cli.make(AT_ONCE).await?;

    for wrong in [
        outage(&json!({ "functions": ["*"], "rate": 7 })),
        outage(&json!({ "functions": ["*"], "regoins": ["us-east-1"] })),
        r#"{"halt": "yes"}"#.to_owned(),
        "name = \"outage\"".to_owned(),
    ] {
        let (error, message) = start(&cli, &place, &strategy, &wrong).await?;
        assert_eq!(error, "BadRequestException", "{wrong}: {message}");
    }
    for right in [outage(&json!({ "functions": ["*"], "rate": 0.7 })), r#"{"halt":true}"#.to_owned()] {
        let (error, message) = start(&cli, &place, &strategy, &right).await?;
        assert_eq!(error, Value::Null, "{right}: {message}");
    }
    let resumed = misrule(&["resume"], cli.folder(), &appconfig).await?;
    ensure!(resumed.starts_with("version 7 "), "{resumed}");
    misrule(&["halt"], cli.folder(), &appconfig).await?;
    misrule(&["publish", "outage.toml"], cli.folder(), &appconfig).await?;
    let about = ["--application-id", &place.application, "--configuration-profile-id", &place.profile];
    let profile = cli.run(&[&["get-configuration-profile"], &about[..]].concat()).await?;
    let schema = profile["Validators"][0]["Content"].as_str().context("a validator")?;
    let printed = publishing::misrule(&["schema"], cli.folder()).await?;
    assert_eq!(serde_json::from_str::<Value>(schema)?, serde_json::from_slice::<Value>(&printed.stdout)?);
    Ok(())
}
