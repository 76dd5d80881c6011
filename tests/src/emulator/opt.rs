use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::programs;

/// The programs under test where Lambda finds them: `extensions/misrule` and `misrule-wrapper`.
///
/// # Errors
///
/// Where they cannot be built or copied.
pub fn layer() -> Result<TempDir> {
    let (extension, wrapper) = (programs::program("misrule-extension")?, programs::program("misrule-wrapper")?);
    // Beside the programs: there things can be executed.
    let beside = extension.parent().context("programs stand in a folder")?;
    let opt = TempDir::with_prefix_in("opt-", beside)?;
    // Linked: what is written here cannot be run while a process that another test starts just then still has it open, too.
    std::fs::create_dir(opt.path().join("extensions"))?;
    std::fs::hard_link(extension, opt.path().join("extensions/misrule"))?;
    std::fs::hard_link(wrapper, opt.path().join("misrule-wrapper"))?;
    Ok(opt)
}

/// Puts one more extension into a folder that is to be `/opt`.
///
/// # Errors
///
/// Where it cannot be copied.
pub fn add_extension(opt: &Path, name: &str, program: &Path) -> Result<()> {
    let extensions = opt.join("extensions");
    std::fs::create_dir_all(&extensions)?;
    std::fs::copy(program, extensions.join(name)).with_context(|| format!("{} is there", program.display()))?;
    Ok(())
}

/// Unpacks a layer's zip as Lambda does, with the modes that it holds.
///
/// # Errors
///
/// Where it cannot be unpacked.
pub fn unpacked(zip: &Path) -> Result<TempDir> {
    const UNPACK: &str = "import os, sys, zipfile\n\
        archive = zipfile.ZipFile(sys.argv[1])\n\
        for entry in archive.infolist():\n    \
            os.chmod(archive.extract(entry, sys.argv[2]), entry.external_attr >> 16 & 0o777)\n";
    let opt = TempDir::with_prefix_in("opt-", zip.parent().context("a zip stands in a folder")?)?;
    let mut python = Command::new(programs::python("python")?);
    let status = python.args(["-c", UNPACK]).arg(zip).arg(opt.path()).status()?;
    ensure!(status.success(), "{} cannot be unpacked", zip.display());
    Ok(opt)
}
