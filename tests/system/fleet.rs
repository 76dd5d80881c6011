//! Publishing and halting with the command, as a running function feels them.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use misrule_local::appconfig::{AlarmState, AppConfig};
use misrule_tests::layered::{self, PLACE};
use misrule_tests::publishing;

const ALARM: &str = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders-fail";
const OUTAGE: &str = r#"
name = "outage"
duration = "1h"
[blast_radius]
functions = ["*"]
[[policy]]
use = "path-outage"
settings = { paths = ["/health"], status = 404 }
"#;

/// Runs the command on [`PLACE`]; what it says on stdout.
async fn misrule(arguments: &[&str], folder: &Path, appconfig: &AppConfig) -> Result<String> {
    let endpoint = appconfig.endpoint();
    let there = ["--to", PLACE, "--region", "us-east-1", "--endpoint-url", &endpoint];
    let output = publishing::misrule(&[arguments, &there].concat(), folder).await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn what_is_published_is_what_arms_and_a_halt_holds_while_the_alarm_fires() -> Result<()> {
    let layered = layered::layered(layered::python("orders")?).await?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("outage.toml"), OUTAGE)?;
    assert_eq!(layered.get("/health").await?.0, 200);

    let news = layered.news();
    let publish = ["publish", "outage.toml", "--alarm", ALARM];
    let published = misrule(&publish, folder.path(), &layered.appconfig).await?;
    let (_, digest) = published.trim_end().rsplit_once(' ').context("the digest stands last")?;
    let armed = news.until("armed").await?;
    let version = armed["version"].as_str().context("a version")?;
    assert!(digest.starts_with(version), "{armed} {published}");
    assert_eq!(layered.get("/health").await?.0, 404);

    let news = layered.news();
    layered.appconfig.set_alarm(ALARM, AlarmState::Alarm);
    misrule(&["halt"], folder.path(), &layered.appconfig).await?;
    news.until("halted").await?;
    assert_eq!(layered.get("/health").await?.0, 200);

    layered.appconfig.set_alarm(ALARM, AlarmState::Ok);
    let news = layered.news();
    misrule(&["resume"], folder.path(), &layered.appconfig).await?;
    let again = news.until("armed").await?;
    assert_eq!(again["version"].as_str(), Some(version), "the same bytes");
    Ok(())
}
