//! Native images travel in signed bundles, from `misrule publish` to the layer that runs them.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use misrule_tests::layered::{PLACE, layered_beside, local_appconfig, rust};
use misrule_tests::publishing::misrule;
use serde_json::Value;

const EXPERIMENT: &str = r#"
name     = "slow"
duration = "1h"

[blast_radius]
functions = ["*"]

[[policy]]
module   = "slow.wasm"
settings = { delay = "10ms" }
"#;

/// Runs the command, which must succeed; what it wrote to stdout.
async fn run(arguments: &[&str], folder: &Path) -> Result<String> {
    let output = misrule(arguments, folder).await?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The line `loaded` of a layer to which this was published with these options.
async fn loaded(options: &[&str]) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let component = misrule_policies::component("latency").context("a ready-made policy")?;
    fs::write(folder.path().join("slow.wasm"), component)?;
    fs::write(folder.path().join("experiment.toml"), EXPERIMENT)?;
    let public_key = run(&["keygen", "--output", "key.pem", "-q"], folder.path()).await?;
    let (appconfig, place) = local_appconfig().await?;
    let endpoint = appconfig.endpoint();
    let publish = ["publish", "experiment.toml", "--to", PLACE, "--region", "us-east-1", "--endpoint-url", &endpoint];
    run(&[&publish, ["--key", "key.pem"].as_slice(), options].concat(), folder.path()).await?;
    let variables = [("MISRULE_PUBLIC_KEY", public_key.as_str()), ("MISRULE_LOG", "misrule=debug")];
    let layered = layered_beside(appconfig, place, rust("slow")?, &variables).await?;
    layered.all_news().until("loaded").await
}

#[tokio::test]
async fn the_layer_runs_the_image_that_was_published() -> Result<()> {
    let line = loaded(&[]).await?;
    assert_eq!((&line["code"], &line["reason"]), (&"came_along".into(), &Value::Null), "{line}");
    Ok(())
}

#[tokio::test]
async fn without_an_image_the_layer_compiles() -> Result<()> {
    let line = loaded(&["--no-native"]).await?;
    assert_eq!((&line["code"], &line["reason"]), (&"compiled".into(), &Value::Null), "{line}");
    Ok(())
}
