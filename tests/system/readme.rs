//! README's own code blocks, run as a stranger would run them.

use std::path::Path;
use std::process::Output;

use anyhow::{Context as _, Result};
use misrule_engine::experiment::Experiment;
use misrule_engine::time::Timestamp;
use misrule_local::appconfig::AppConfig;
use misrule_tests::layered;
use misrule_tests::publishing;
use misrule_tests::{programs, skipped};
use tokio::process::Command;

/// Lines of a policy that a stranger writes, its test apart.
const MAX_POLICY: usize = 30;

fn readme() -> Result<String> {
    Ok(std::fs::read_to_string(programs::checkout().join("README.md"))?)
}

/// The code block behind the line `<!-- test: NAME -->`.
pub(crate) fn block(name: &str) -> Result<String> {
    let readme = readme()?;
    let mark = format!("<!-- test: {name} -->\n```");
    let (_, behind) = readme.split_once(&mark).with_context(|| format!("README has no block `{name}`"))?;
    let (_, code) = behind.split_once('\n').context("a fence is a line")?;
    let (code, _) = code.split_once("\n```").context("the block ends")?;
    Ok(format!("{code}\n"))
}

/// All code blocks in a language.
fn blocks(language: &str) -> Result<Vec<String>> {
    let readme = readme()?;
    let opened = format!("\n```{language}\n");
    let blocks = readme.split(&opened).skip(1).filter_map(|behind| behind.split_once("\n```"));
    Ok(blocks.map(|(code, _)| code.to_owned()).collect())
}

#[test]
fn the_policy_is_short() -> Result<()> {
    let code = block("lib")?;
    let policy = code.split("#[test]").next().unwrap_or_default();
    let lines = policy.lines().filter(|line| !line.trim().is_empty()).count();
    assert!((1..=MAX_POLICY).contains(&lines), "{lines} lines");
    Ok(())
}

#[test]
fn every_experiment_can_be_published() -> Result<()> {
    let experiments = blocks("toml")?;
    assert!(experiments.len() > 1, "README shows experiments");
    for text in experiments {
        let now: Timestamp = publishing::now();
        Experiment::from_toml(&text)?.resolve(now, "us-east-1")?.check(now)?;
    }
    Ok(())
}

/// A stranger's shell: `misrule` and `aws` on the path, credentials for the local AppConfig, and nothing of the test's own cargo.
async fn run(code: &str, folder: &Path, appconfig: &AppConfig, toolchain: &str) -> Result<Output> {
    let misrule = programs::program("misrule")?;
    let aws = programs::python("aws")?;
    let installed = [misrule, aws].into_iter().filter_map(|program| program.parent().map(Path::to_owned));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(installed.chain(std::env::split_paths(&path)))?;
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", code]).current_dir(folder).kill_on_drop(true).env("PATH", path);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let cargos = name.starts_with("CARGO_") && !name.starts_with("CARGO_HOME") && !name.starts_with("CARGO_HTTP");
        if cargos || name.starts_with("AWS_") || ["LD_LIBRARY_PATH", "RUSTFLAGS"].contains(&name.as_str()) {
            shell.env_remove(name);
        }
    }
    shell.env("RUSTUP_TOOLCHAIN", toolchain).env("CARGO_TARGET_DIR", programs::checkout().join("target/tmp/policies"));
    shell.env("AWS_ENDPOINT_URL", appconfig.endpoint()).env("AWS_DEFAULT_REGION", "us-east-1");
    shell.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
    let output = shell.output().await.context("sh runs")?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{code}{}{}", text(&output.stdout), text(&output.stderr));
    Ok(output)
}

#[tokio::test]
async fn the_place_is_made_as_readme_says() -> Result<()> {
    let appconfig = AppConfig::serve().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("experiment.toml");
    std::fs::write(&file, blocks("toml")?.first().context("README begins with an experiment")?)?;
    run(&block("place")?, folder.path(), &appconfig, "stable").await?;
    run("misrule publish experiment.toml --to shop/prod/faults", folder.path(), &appconfig, "stable").await?;
    run("misrule halt --to shop/prod/faults", folder.path(), &appconfig, "stable").await?;
    // A halt goes first where nothing was deployed.
    assert_eq!(appconfig.calls("StartDeployment"), 4);
    run(&block("signed")?, folder.path(), &appconfig, "stable").await?;
    assert_eq!(appconfig.calls("StartDeployment"), 6);
    Ok(())
}

#[tokio::test]
async fn a_policy_of_ones_own_reaches_a_running_function() -> Result<()> {
    let Some(toolchain) = programs::wasm_toolchain() else {
        skipped::skip(
            "readme::a_policy_of_ones_own_reaches_a_running_function",
            "no toolchain compiles to WebAssembly",
        );
        return Ok(());
    };
    let (appconfig, place) = layered::local_appconfig().await?;
    appconfig.create("shop", "prod", "own");
    let source = ("MISRULE_SOURCE", "appconfig:shop/prod/own");
    let layered = layered::layered_beside(appconfig, place, layered::python("shop-front")?, &[source]).await?;
    assert_eq!(layered.get("/orders/7").await?.0, 200);
    let (news, process) = (layered.news(), layered.process_id()?);

    let folder = tempfile::tempdir()?;
    // What stands further up on the page was done before.
    std::fs::write(folder.path().join("experiment.toml"), blocks("toml")?.first().context("README begins with one")?)?;
    run(&block("place")?, folder.path(), &layered.appconfig, &toolchain).await?;
    let policy = folder.path().join("paris-outage");
    run(&block("new")?, folder.path(), &layered.appconfig, &toolchain).await?;
    std::fs::write(policy.join("src/lib.rs"), block("lib")?)?;
    std::fs::write(policy.join("experiment.toml"), block("experiment")?)?;
    let built = run(&block("build")?, &policy, &layered.appconfig, &toolchain).await?;
    assert!(String::from_utf8_lossy(&built.stdout).contains("test result: ok. 1 passed"));
    run(&block("publish")?, &policy, &layered.appconfig, &toolchain).await?;

    let armed = news.until("armed").await?;
    assert_eq!(armed["experiment"], "paris-outage");
    let (status, answer) = layered.get("/orders/7").await?;
    assert_eq!((status, &answer["headers"]["retry-after"]), (503, &"2".into()), "{answer}");
    assert_eq!(layered.get("/orders").await?.0, 200);
    assert_eq!(layered.process_id()?, process, "the layer was started again");
    Ok(())
}
