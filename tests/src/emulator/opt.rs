use std::path::Path;

use anyhow::{Context as _, Result};
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
    add_extension(opt.path(), "misrule", &extension)?;
    std::fs::copy(wrapper, opt.path().join("misrule-wrapper"))?;
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
