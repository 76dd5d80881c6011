//! The program that is both baselines, as its own folder builds it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};

const PROGRAM: &str = "passthrough";

/// Where it lies. It is built outside its folder, which may be read-only.
pub(crate) fn passthrough(folder: &Path) -> Result<PathBuf> {
    if folder.join(PROGRAM).is_file() {
        return Ok(folder.join(PROGRAM));
    }
    let sources = folder.join("src/bin");
    let entries = fs::read_dir(&sources);
    let entries = entries.with_context(|| format!("`{}` has neither `{PROGRAM}` nor its sources", folder.display()))?;
    let build = env::temp_dir().join("proxybench-build");
    fs::create_dir_all(build.join("src/bin"))?;
    renew(&folder.join("Cargo.toml"), &build.join("Cargo.toml"))?;
    for entry in entries {
        let entry = entry?;
        renew(&entry.path(), &build.join("src/bin").join(entry.file_name()))?;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--manifest-path"]).arg(build.join("Cargo.toml"));
    cargo.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    ensure!(cargo.status()?.success(), "`{PROGRAM}` does not build in {}", build.display());
    Ok(build.join("target/release").join(PROGRAM))
}

/// A file that is the same stays as old as it is, so that nothing is built twice.
fn renew(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("`{}`", from.display()))?;
    if fs::read(to).ok().as_ref() != Some(&bytes) {
        fs::write(to, bytes)?;
    }
    Ok(())
}
