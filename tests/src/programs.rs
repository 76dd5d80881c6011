//! The programs under test and the clients that judge them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};

/// The checkout.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// A program of the workspace, built once for all tests.
///
/// # Errors
///
/// Where it cannot be built.
pub fn program(name: &str) -> Result<PathBuf> {
    static BUILT: OnceLock<bool> = OnceLock::new();
    ensure!(*BUILT.get_or_init(|| build(&["--workspace", "--bins"])), "cargo cannot build the programs under test");
    built(name)
}

/// An example of the workspace, which looks for the programs of the workspace in the folder above its own.
///
/// # Errors
///
/// Where it cannot be built.
pub fn example(name: &str) -> Result<PathBuf> {
    static BUILT: OnceLock<bool> = OnceLock::new();
    ensure!(*BUILT.get_or_init(|| build(&["--workspace", "--bins", "--examples"])), "cargo cannot build the examples");
    built(&format!("examples/{name}"))
}

/// The same as it was built before, for benches: what is measured is whose path they are given.
///
/// # Errors
///
/// Where it was not built in the profile of the program that asks.
pub fn built(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    // target/PROFILE/deps/TEST
    let folder = here.parent().and_then(Path::parent).context("tests run from the target folder")?;
    let program = folder.join(name);
    ensure!(program.exists(), "{} is not there", program.display());
    Ok(program)
}

/// The library that is preloaded into runtimes, as it ships but for the glibc that it is linked against. Built once for all
/// tests, with the profile that it ships with: it lies in a folder of its own.
///
/// # Errors
///
/// Where it cannot be built.
pub fn library() -> Result<PathBuf> {
    static BUILT: OnceLock<bool> = OnceLock::new();
    let built = || build(&["--profile", "preload", "--package", "misrule-preload"]);
    ensure!(*BUILT.get_or_init(built), "cargo cannot build the library that is preloaded");
    let folder = std::env::current_exe()?;
    // target/PROFILE/deps/TEST
    let target = folder.ancestors().nth(3).context("tests run from the target folder")?;
    let library = target.join("preload/libmisrule_preload.so");
    ensure!(library.exists(), "{} is not there", library.display());
    Ok(library)
}

fn build(what: &[&str]) -> bool {
    let mut cargo = Command::new("cargo");
    // Build scripts would take the variables of the cargo that runs these tests for a change.
    for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        if name == "OUT_DIR" || name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_") {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(checkout()).args(["build", "--quiet"]).args(what);
    cargo.status().is_ok_and(|status| status.success())
}

/// A program of the Python environment that `tests/run` provides, such as `python` or `aws`.
///
/// # Errors
///
/// Where it is not there: then `tests/run` has not run.
pub fn python(name: &str) -> Result<PathBuf> {
    let program = checkout().join("target/provision/venv/bin").join(name);
    ensure!(program.exists(), "{} is not there: run `tests/run` once", program.display());
    Ok(program)
}

/// Node and AWS's client for it, as `tests/run` provides them: the program, and the script that it runs.
///
/// # Errors
///
/// Where they are not there: then `tests/run` has not run.
pub fn node() -> Result<[PathBuf; 2]> {
    let folder = checkout().join("target/provision/node");
    let [program, client] = ["node", "node_modules/aws-lambda-ric/index.mjs"].map(|name| folder.join(name));
    let missing = [&program, &client].into_iter().find(|path| !path.exists());
    ensure!(missing.is_none(), "{} is not complete: run `tests/run` once", folder.display());
    Ok([program, client])
}

/// The toolchain that has the target wasm32-unknown-unknown, where there is one.
pub fn wasm_toolchain() -> Option<String> {
    let named = std::env::var_os("MISRULE_WASM_TOOLCHAIN").and_then(|name| name.into_string().ok());
    let default = || Some("stable".to_owned());
    named.or_else(default).filter(|toolchain| has_wasm_target(toolchain))
}

fn has_wasm_target(toolchain: &str) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.env("RUSTUP_TOOLCHAIN", toolchain).args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]);
    let Ok(output) = rustc.output() else { return false };
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success() && Path::new(&folder).is_dir()
}
