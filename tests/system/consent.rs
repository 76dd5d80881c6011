//! The question before something is made, at a real terminal: what it names, and what each answer does.

use std::process::Command;

use anyhow::{Result, ensure};
use misrule_local::appconfig::AppConfig;
use misrule_tests::programs::{checkout, program, python};
use serde_json::{Value, json};

const OUTAGE: &str = "name = \"outage\"\nduration = \"1h\"\nblast_radius = { functions = [\"*\"] }\n\n\
                      [[policy]]\nuse = \"path-outage\"\nsettings = { paths = [\"/health\"] }\n";
const QUESTION: &str = "there is no environment `prod`, no configuration profile `faults` in application `shop` of us-east-1: make them? [y/N] ";

/// A folder with an experiment, and an AppConfig that has the application alone.
struct Stage {
    appconfig: AppConfig,
    folder: tempfile::TempDir,
}

impl Stage {
    async fn set() -> Result<Self> {
        let (appconfig, folder) = (AppConfig::serve().await?, tempfile::tempdir()?);
        appconfig.create("shop", "staging", "other");
        std::fs::write(folder.path().join("outage.toml"), OUTAGE)?;
        Ok(Self { appconfig, folder })
    }

    fn publish(&self) -> Result<Vec<String>> {
        let misrule = program("misrule")?.display().to_string();
        let rest = ["publish", "outage.toml", "--to", "shop/prod/faults", "--region", "us-east-1", "--endpoint-url"];
        Ok([misrule].into_iter().chain(rest.map(str::to_owned)).chain([self.appconfig.endpoint()]).collect())
    }

    /// Whoever sits at the terminal types this when asked; what they see, and how the command ends.
    async fn typed(&self, answer: &str) -> Result<(String, Value)> {
        let mut command = Command::new(python("python")?);
        let asked = json!([self.publish()?, "[y/N] ", answer]).to_string();
        command.arg(checkout().join("tests/system/terminal.py")).arg(asked);
        let told: Value = serde_json::from_slice(&self.run(command).await?.stdout)?;
        let seen = told["seen"].as_str().unwrap_or_default().replace("\r\n", "\n");
        Ok((seen, told["exit"].clone()))
    }

    async fn run(&self, mut command: Command) -> Result<std::process::Output> {
        command.current_dir(self.folder.path()).env("NO_COLOR", "1").env_remove("AWS_PROFILE");
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local");
        Ok(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    /// How many things were made.
    fn made(&self) -> u64 {
        ["CreateApplication", "CreateEnvironment", "CreateConfigurationProfile"]
            .map(|call| self.appconfig.calls(call))
            .iter()
            .sum()
    }
}

#[tokio::test]
async fn yes_makes_what_the_question_names() -> Result<()> {
    for yes in ["y\n", "YES\n"] {
        let stage = Stage::set().await?;
        let (seen, exit) = stage.typed(yes).await?;
        assert_eq!((exit, stage.made()), (json!(0), 2), "{seen}");
        ensure!(seen.starts_with(QUESTION) && seen.contains("published `outage` to shop/prod/faults"), "{seen}");
    }
    Ok(())
}

#[tokio::test]
async fn whatever_is_no_yes_makes_nothing() -> Result<()> {
    // The key that ends input, too.
    for answer in ["n\n", "\n", "maybe\n", "^D"] {
        let stage = Stage::set().await?;
        let (seen, exit) = stage.typed(answer).await?;
        assert_eq!((exit, stage.made()), (json!(1), 0), "{answer:?}: {seen}");
        ensure!(seen.starts_with(QUESTION), "{answer:?}: {seen}");
        ensure!(seen.ends_with("\nerror: nothing was made\n"), "{answer:?}: {seen}");
    }
    Ok(())
}

#[tokio::test]
async fn an_interrupt_ends_the_question_and_makes_nothing() -> Result<()> {
    let stage = Stage::set().await?;
    let (seen, exit) = stage.typed("^C").await?;
    assert_eq!((exit, stage.made()), (json!(130), 0), "{seen}");
    let error = "\nerror: interrupted: nothing was deployed\nhint: `misrule status --to shop/prod/faults` tells what is in force\n";
    ensure!(seen.starts_with(QUESTION) && seen.ends_with(error), "{seen}");
    Ok(())
}

#[tokio::test]
async fn without_a_terminal_nothing_is_asked() -> Result<()> {
    let stage = Stage::set().await?;
    let words = stage.publish()?;
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(std::process::Stdio::null());
    let output = stage.run(command).await?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(
        said,
        "error: there is no environment `prod` in application `shop`\n\
         hint: there is: staging; `misrule publish --yes` makes what is absent\n"
    );
    assert_eq!((output.status.code(), stage.made()), (Some(1), 0));
    Ok(())
}
