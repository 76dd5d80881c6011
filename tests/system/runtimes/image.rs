//! Runtimes that heed no wrapper: the examples in extension/deploy for them, run under AWS's emulator.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use misrule_local::appconfig::AppConfig;
use misrule_tests::emulator::{self, Emulator, EmulatorBuilder, Instances};
use misrule_tests::layered::{PLACE, free_port, http_event, local_appconfig};
use misrule_tests::programs::{self, checkout};
use serde_json::Value;
use tempfile::TempDir;

use super::client::{self, Client};
use super::played::outage_of;

/// What a Dockerfile makes, as far as it can be made without its base: Lambda's own for OS-only runtimes, which has no /opt.
struct Image {
    root: TempDir,
    variables: Vec<(String, String)>,
    entry_point: Vec<String>,
}

impl Image {
    const BASE: &str = "public.ecr.aws/lambda/provided:al2023";

    /// Follows the file, with what it copies in this folder.
    fn build(dockerfile: &str, context: &Path) -> Result<Self> {
        let root = TempDir::with_prefix_in("image-", context.parent().context("a folder")?)?;
        let mut image = Self { root, variables: Vec::new(), entry_point: Vec::new() };
        for line in dockerfile.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (instruction, rest) = line.split_once(' ').context("an instruction has arguments")?;
            match (instruction, rest.split_once(' ')) {
                ("FROM", None) => ensure!(rest == Self::BASE, "the base is {rest}"),
                ("COPY", Some((from, to))) => copy(&context.join(from), &image.path(to))?,
                ("ENV", None) => {
                    let (name, value) = rest.split_once('=').context("a variable has a value")?;
                    image.variables.push((name.to_owned(), value.to_owned()));
                }
                ("ENTRYPOINT", _) => image.entry_point = serde_json::from_str(rest)?,
                _ => bail!("what does {line:?} do?"),
            }
        }
        Ok(image)
    }

    /// A path of the image, as it lies here.
    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }
}

/// As COPY does: a folder's entries, or one file by its new name.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        fs::create_dir_all(to.parent().context("a file stands in a folder")?)?;
        fs::copy(from, to).with_context(|| format!("{} is there", from.display()))?;
        return Ok(());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The function's program, on AWS's Rust client, by another name.
fn program(folder: &Path, name: &str) -> Result<()> {
    fs::copy(programs::program("misrule-tests-endings")?, folder.join(name))?;
    Ok(())
}

/// An AppConfig with an experiment that answers for one path.
async fn with_an_experiment() -> Result<AppConfig> {
    let (appconfig, place) = local_appconfig().await?;
    appconfig.deploy(&place, "application/json", outage_of("/gone"));
    Ok(appconfig)
}

/// What a caller of this path gets; then the environment ends.
async fn answers(builder: EmulatorBuilder, appconfig: &AppConfig, paths: [&str; 2]) -> Result<[Value; 2]> {
    let builder = builder.env("AWS_ENDPOINT_URL", appconfig.endpoint()).env("MISRULE_PORT", free_port()?.to_string());
    let emulator = builder.env("MISRULE_FIRST_WAIT", "10s").unwrapped().start().await?;
    let [one, other] = paths.map(|path| http_event("GET", path));
    let bodies = [emulator.invoke(&one).await?.body, emulator.invoke(&other).await?.body];
    let [one, other] = bodies.map(|body| serde_json::from_str(&body).with_context(|| body));
    let answers = [one.with_context(|| emulator.last_words())?, other.with_context(|| emulator.last_words())?];
    assert_eq!(emulator.shut_down().await?.code, Some(0));
    Ok(answers)
}

#[tokio::test]
async fn an_image_of_the_dockerfile_is_under_the_experiment() -> Result<()> {
    let test = "runtimes::image::an_image_of_the_dockerfile_is_under_the_experiment";
    let Some(namespace) = emulator::namespace(test, Instances::OnDemand).await else { return Ok(()) };
    let layer = emulator::layer()?;
    let context = TempDir::with_prefix_in("context-", layer.path().parent().context("a folder")?)?;
    copy(layer.path(), &context.path().join("layer"))?;
    program(context.path(), "bootstrap")?;
    let dockerfile = fs::read_to_string(checkout().join("extension/deploy/container/Dockerfile"))?;
    let image = Image::build(&dockerfile, context.path())?;

    let appconfig = with_an_experiment().await?;
    let mut builder = Emulator::builder(namespace, image.path("/opt")).task(image.path("/var/task"));
    for (name, value) in &image.variables {
        builder = builder.env(name, value);
    }
    assert!(image.variables.contains(&("MISRULE_SOURCE".to_owned(), format!("appconfig:{PLACE}"))));
    let [gone, passed] = answers(builder.runtime(image.entry_point), &appconfig, ["/gone", "/answer"]).await?;
    assert_eq!((&gone["statusCode"], &passed["body"]), (&404.into(), &"/answer".into()));
    Ok(())
}

#[tokio::test]
async fn a_bootstrap_before_ones_own_program_runs_it_with_the_layer_and_without() -> Result<()> {
    let test = "runtimes::image::a_bootstrap_before_ones_own_program_runs_it_with_the_layer_and_without";
    let Some(namespace) = emulator::namespace(test, Instances::OnDemand).await else { return Ok(()) };
    let (layer, without) = (emulator::layer()?, tempfile::tempdir()?);
    let task = TempDir::with_prefix_in("task-", layer.path().parent().context("a folder")?)?;
    program(task.path(), "function")?;
    let bootstrap = checkout().join("extension/deploy/os-only/bootstrap");
    assert_eq!(fs::metadata(&bootstrap)?.permissions().mode() & 0o111, 0o111, "it can be run");
    fs::copy(bootstrap, task.path().join("bootstrap"))?;
    let appconfig = with_an_experiment().await?;
    for (opt, status) in [(layer.path(), 404), (without.path(), 200)] {
        let builder = Emulator::builder(namespace, opt).task(task.path()).runtime(["/var/task/bootstrap"]);
        let builder = builder.env("MISRULE_SOURCE", format!("appconfig:{PLACE}"));
        let [gone, passed] = answers(builder, &appconfig, ["/gone", "/answer"]).await?;
        assert_eq!((&gone["statusCode"], &passed["body"]), (&status.into(), &"/answer".into()), "{}", opt.display());
    }
    Ok(())
}

/// The entry point of AWS's images for those clients, with the wrapper before it: `python -m awslambdaric`, `aws-lambda-ric`, or
/// the function's own program.
#[tokio::test]
async fn an_image_of_any_client_is_under_the_experiment_where_its_entry_point_is_the_wrapper() -> Result<()> {
    let test = "runtimes::image::an_image_of_any_client_is_under_the_experiment_where_its_entry_point_is_the_wrapper";
    let Some(namespace) = emulator::namespace(test, Instances::OnDemand).await else { return Ok(()) };
    let layer = emulator::layer()?;
    let appconfig = with_an_experiment().await?;
    for client in Client::ALL {
        let entry_point =
            [OsString::from("/opt/misrule-wrapper")].into_iter().chain(client.command("endings.handler")?);
        let builder = Emulator::builder(namespace, layer.path()).task(client::code()).handler("endings.handler");
        let builder = builder.runtime(entry_point).env("MISRULE_SOURCE", format!("appconfig:{PLACE}"));
        let [gone, passed] = answers(builder, &appconfig, ["/gone", "/answer"]).await?;
        assert_eq!((&gone["statusCode"], &passed["body"]), (&404.into(), &"/answer".into()), "{client:?}");
    }
    Ok(())
}
