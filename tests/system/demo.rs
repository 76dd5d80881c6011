//! The demo, run as people run it.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_tests::layered::PATIENCE;
use misrule_tests::programs;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

/// A demo in a folder of its own. Its processes can be told by their `PATH`, which they inherit.
struct Demo {
    folder: TempDir,
    command: Command,
}

impl Demo {
    fn new(arguments: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(programs::program("misrule")?);
        let path = std::env::join_paths([Path::new("/usr/bin"), Path::new("/bin"), folder.path()])?;
        // Where cargo's variables are seen the demo would first build its programs.
        command.env_remove("CARGO_MANIFEST_DIR").env("PATH", path).env("TMPDIR", folder.path());
        command.current_dir(folder.path()).arg("demo").args(arguments);
        Ok(Self { folder, command })
    }

    async fn run(mut self) -> Result<(Output, String)> {
        let output = self.command.output().await?;
        let picture = std::fs::read_to_string(self.folder.path().join("misrule-demo.svg"))?;
        std::fs::remove_file(self.folder.path().join("misrule-demo.svg"))?;
        nothing_is_left(self.folder.path()).await?;
        Ok((output, picture))
    }
}

/// No process of the demo, and no file.
async fn nothing_is_left(folder: &Path) -> Result<()> {
    let gone = async {
        while processes_of(folder) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.context("processes are left")?;
    assert_eq!(std::fs::read_dir(folder)?.count(), 0, "files are left");
    Ok(())
}

/// How many processes have the folder in their variables.
fn processes_of(folder: &Path) -> usize {
    let folder = folder.to_string_lossy();
    let variables =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| std::fs::read(entry.ok()?.path().join("environ")).ok());
    variables.filter(|variables| String::from_utf8_lossy(variables).contains(folder.as_ref())).count()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn clients_move_to_the_eu_and_the_hypothesis_holds() -> Result<()> {
    let (output, picture) = Demo::new(&[])?.run().await?;
    let (seen, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{seen}{said}");
    assert!(seen.ends_with("\nhypothesis: held\npicture: misrule-demo.svg\n") && !seen.contains(" NO\n"), "{seen}");
    let outside = |line: &str| line.contains("eu-west-1's log: {\"misrule\":\"outside_blast_radius\"");
    assert!(said.lines().any(outside), "{said}");
    assert!(picture.contains("us-region-outage: the hypothesis held</text>"), "{picture}");
    Ok(())
}

#[tokio::test]
async fn pinned_clients_never_move_and_the_hypothesis_does_not_hold() -> Result<()> {
    let (output, picture) = Demo::new(&["--broken", "--quiet"])?.run().await?;
    let (seen, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{seen}{said}");
    assert!(
        said.starts_with("error: the hypothesis does not hold: outage: at least 90 % of requests are served, but "),
        "{said}"
    );
    assert!(said.contains("all clients are in the EU within 6 s, but us-3 and us-4 never were\nhint: "), "{said}");
    assert!(picture.contains("us-region-outage: the hypothesis does not hold</text>"), "{picture}");
    Ok(())
}

#[tokio::test]
async fn an_interrupt_ends_everything() -> Result<()> {
    let mut demo = Demo::new(&[])?;
    let mut child = demo.command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut said = BufReader::new(child.stderr.take().context("it is piped")?).lines();
    while said.next_line().await?.context("it ended early")? != "steady state: clients ask for orders" {}
    assert!(processes_of(demo.folder.path()) >= 5, "itself, and a function and an extension in each region");
    let pid = child.id().context("it runs")?.to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await?.success());
    assert_eq!(child.wait().await?.code(), Some(130));
    let mut last = None;
    while let Some(line) = said.next_line().await? {
        last = Some(line);
    }
    assert_eq!(last.as_deref(), Some("error: stopped before the end; nothing is left running"));
    nothing_is_left(demo.folder.path()).await
}

#[test]
fn the_experiment_is_readmes() -> Result<()> {
    let readme = std::fs::read_to_string(programs::checkout().join("README.md"))?;
    let experiment = std::fs::read_to_string(programs::checkout().join("sdk/command/src/demo/us-region-outage.toml"))?;
    assert!(readme.contains(&format!("```toml\n{experiment}```\n")), "README shows another experiment");
    Ok(())
}
