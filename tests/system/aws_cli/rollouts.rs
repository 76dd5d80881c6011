//! Deployments over time, seen and steered by the AWS command line.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use misrule_local::appconfig::{AlarmState, AppConfig, Clock, Place};
use serde_json::{Value, json};

use super::cli::{Cli, environment};

const ALARM: &str = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders-errors";

const STRATEGY: &[&str] = &[
    "create-deployment-strategy",
    "--name",
    "doubling",
    "--deployment-duration-in-minutes",
    "3",
    "--final-bake-time-in-minutes",
    "1",
    "--growth-factor",
    "25",
    "--growth-type",
    "EXPONENTIAL",
    "--replicate-to",
    "NONE",
];

/// An account by a clock that stands still, with two versions in a place whose environment watches [`ALARM`].
struct Account {
    appconfig: AppConfig,
    cli: Cli,
    place: Place,
    strategy: String,
}

impl Account {
    async fn new() -> Result<Self> {
        let clock = Clock::held_at(UNIX_EPOCH);
        let appconfig = AppConfig::builder().clock(&clock).rollback_takes(Duration::from_secs(5)).serve().await?;
        let cli = Cli::of(appconfig.endpoint())?;
        let place = cli.make_place().await?;
        let monitors = format!("AlarmArn={ALARM},AlarmRoleArn=arn:aws:iam::123456789012:role/watch");
        let updated =
            cli.run(&[&["update-environment", "--monitors", &monitors], &environment(&place)[..]].concat()).await?;
        assert_eq!(updated["Monitors"][0]["AlarmArn"], ALARM);
        cli.upload(&place, b"\"one\"").await?;
        cli.upload(&place, b"\"two\"").await?;
        let strategy = cli.make(STRATEGY).await?;
        Ok(Self { appconfig, cli, place, strategy })
    }

    async fn start(&self, version: &str) -> Result<String> {
        self.cli.start(&self.place, &self.strategy, version).await
    }

    async fn look(&self, number: &str) -> Result<Value> {
        self.cli.about(&self.place, &["get-deployment"], number).await
    }

    async fn after(&self, seconds: u64, number: &str) -> Result<Value> {
        self.appconfig.advance(Duration::from_secs(seconds));
        self.look(number).await
    }
}

/// Event types with what triggered them, the oldest first.
fn events(deployment: &Value) -> Result<Vec<String>> {
    let log = deployment["EventLog"].as_array().context("an event log")?;
    let text = |event: &Value| Some(format!("{} {}", event["EventType"].as_str()?, event["TriggeredBy"].as_str()?));
    log.iter().rev().map(|event| text(event).context("an event")).collect()
}

#[tokio::test]
async fn the_aws_cli_sees_a_deployment_grow_and_bake() -> Result<()> {
    let account = Account::new().await?;
    let number = account.start("1").await?;
    let mut seen = Vec::new();
    for seconds in [0, 60, 60, 60, 59, 1] {
        let now = account.after(seconds, &number).await?;
        seen.push((now["State"].as_str().unwrap_or_default().to_owned(), now["PercentageComplete"].as_f64()));
    }
    let expected = [
        ("DEPLOYING", 0.0),
        ("DEPLOYING", 25.0),
        ("DEPLOYING", 50.0),
        ("BAKING", 100.0),
        ("BAKING", 100.0),
        ("COMPLETE", 100.0),
    ];
    assert_eq!(seen, expected.map(|(state, percent)| (state.to_owned(), Some(percent))));
    account.cli.about(&account.place, &["wait", "deployment-complete"], &number).await?;
    let complete = account.look(&number).await?;
    assert_eq!(complete["CompletedAt"], "1970-01-01T00:04:00Z");
    let told = [
        "DEPLOYMENT_STARTED USER",
        "PERCENTAGE_UPDATED APPCONFIG",
        "PERCENTAGE_UPDATED APPCONFIG",
        "PERCENTAGE_UPDATED APPCONFIG",
        "BAKE_TIME_STARTED APPCONFIG",
        "DEPLOYMENT_COMPLETED APPCONFIG",
    ];
    assert_eq!(events(&complete)?, told);
    Ok(())
}

#[tokio::test]
async fn the_aws_cli_sees_an_alarm_roll_a_deployment_back() -> Result<()> {
    let account = Account::new().await?;
    let number = account.start("1").await?;
    account.after(90, &number).await?;
    account.appconfig.set_alarm(ALARM, AlarmState::Alarm);
    assert_eq!(account.look(&number).await?["State"], "ROLLING_BACK");
    let environment_now = account.cli.run(&[&["get-environment"], &environment(&account.place)[..]].concat()).await?;
    assert_eq!(environment_now["State"], "ROLLING_BACK");
    let rolled_back = account.after(5, &number).await?;
    assert_eq!(rolled_back["State"], "ROLLED_BACK");
    let told = [
        "DEPLOYMENT_STARTED USER",
        "PERCENTAGE_UPDATED APPCONFIG",
        "ROLLBACK_STARTED CLOUDWATCH_ALARM",
        "ROLLBACK_COMPLETED APPCONFIG",
    ];
    assert_eq!(events(&rolled_back)?, told);
    let again = account.start("2").await?;
    assert_eq!(account.look(&again).await?["State"], "ROLLING_BACK", "the alarm fires still");
    Ok(())
}

#[tokio::test]
async fn the_aws_cli_stops_a_deployment_with_and_without_revert() -> Result<()> {
    let account = Account::new().await?;
    let (cli, place) = (&account.cli, &account.place);
    let number = account.start("1").await?;
    let busy = ["start-deployment", "--deployment-strategy-id", &account.strategy, "--configuration-version", "2"];
    let busy = [&busy[..], &environment(place), &["--configuration-profile-id", &place.profile]].concat();
    assert_eq!(cli.refused(&busy).await?, "ConflictException");
    let stopped = cli.about(place, &["stop-deployment"], &number).await?;
    assert_eq!(stopped["State"], "ROLLING_BACK");
    account.after(5, &number).await?;

    for version in ["1", "2"] {
        let number = account.start(version).await?;
        assert_eq!(account.after(240, &number).await?["State"], "COMPLETE");
    }
    let complete = "3";
    let stop = [&["stop-deployment", "--deployment-number", complete], &environment(place)[..]].concat();
    assert_eq!(cli.refused(&stop).await?, "BadRequestException");
    let reverted = cli.run(&[&stop[..], &["--allow-revert"]].concat()).await?;
    assert_eq!(
        (&reverted["State"], events(&reverted)?.pop()),
        (&json!("REVERTED"), Some("REVERT_COMPLETED USER".to_owned()))
    );
    Ok(())
}

#[tokio::test]
async fn the_aws_cli_understands_every_other_call() -> Result<()> {
    let account = Account::new().await?;
    let (cli, place) = (&account.cli, &account.place);
    let application = ["--application-id", &place.application];
    let profile = [&application[..], &["--configuration-profile-id", &place.profile]].concat();
    let schema = json!({ "$schema": "http://json-schema.org/draft-04/schema#", "enum": ["one"] }).to_string();
    let validators = json!([{ "Type": "JSON_SCHEMA", "Content": schema }]).to_string();
    cli.run(&[&["update-configuration-profile", "--validators", &validators], &profile[..]].concat()).await?;
    let validate = |version| [&["validate-configuration", "--configuration-version", version], &profile[..]].concat();
    assert_eq!(cli.run(&validate("1")).await?, Value::Null);
    assert_eq!(cli.refused(&validate("2")).await?, "BadRequestException");
    let refused = account.start("2").await.map_err(|error| error.to_string());
    assert!(refused.as_ref().is_err_and(|told| told.contains("does not meet `enum`")), "{refused:?}");

    let locked =
        ["create-hosted-configuration-version", "--content-type", "text/plain", "--content", "fileb://content"];
    let locked = [&locked[..], &profile, &["--latest-version-number", "1", "echo"]].concat();
    assert_eq!(cli.refused(&locked).await?, "ConflictException");
    std::fs::write(cli.folder().join("content"), vec![b'x'; 1024 * 1024 + 1])?;
    let too_large = [&locked[..5], &profile, &["echo"]].concat();
    assert_eq!(cli.refused(&too_large).await?, "PayloadTooLargeException");

    for _ in 0..3 {
        let number = account.start("1").await?;
        cli.about(place, &["stop-deployment"], &number).await?;
        account.after(5, &number).await?;
    }
    // In pages of one, which the command line puts together.
    let listed = cli.run(&[&["list-deployments", "--page-size", "1"], &environment(place)[..]].concat()).await?;
    let numbers: Vec<_> =
        listed["Items"].as_array().context("deployments")?.iter().map(|it| it["DeploymentNumber"].as_u64()).collect();
    assert_eq!(numbers, [Some(3), Some(2), Some(1)]);

    let ours = ["--deployment-strategy-id", &account.strategy];
    cli.run(&[&["update-deployment-strategy", "--growth-factor", "50"], &ours[..]].concat()).await?;
    assert_eq!(cli.run(&[&["get-deployment-strategy"], &ours[..]].concat()).await?["GrowthFactor"], 50.0);
    cli.run(&[&["delete-deployment-strategy"], &ours[..]].concat()).await?;
    assert_eq!(cli.run(&["list-deployment-strategies"]).await?["Items"].as_array().map(Vec::len), Some(4));
    for version in ["1", "2"] {
        cli.run(&[&["delete-hosted-configuration-version", "--version-number", version], &profile[..]].concat())
            .await?;
    }
    cli.run(&[&["delete-configuration-profile"], &profile[..]].concat()).await?;
    cli.run(&[&["delete-environment"], &environment(place)[..]].concat()).await?;
    cli.run(&[&["delete-application"], &application[..]].concat()).await?;
    assert_eq!(cli.run(&["list-applications"]).await?["Items"], json!([]));
    Ok(())
}
