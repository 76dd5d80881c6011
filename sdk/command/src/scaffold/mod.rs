//! A new policy crate: the template, and the SDK's sources beside it.

mod crate_name;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use crate_name::CrateName;

use crate::failure::{Blame, Explain};

/// The folder of a new crate that holds the SDK's sources: misrule-sdk is not on crates.io.
const SDK_FOLDER: &str = ".misrule";
/// Path and content of each file of the SDK, made by build.rs.
const SDK_SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk_sources.rs"));
/// The versions of the packages that the SDK stands on.
const LOCK: &str = include_str!(concat!(env!("OUT_DIR"), "/policy.lock"));
/// What stands in a template where the crate's name goes.
const NAME: &str = "{{name}}";

/// The crate's own files.
const TEMPLATE: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/Cargo.toml.in")),
    ("Cargo.lock", LOCK),
    ("src/lib.rs", include_str!("template/lib.rs.in")),
    ("experiment.toml", include_str!("template/experiment.toml.in")),
    ("README.md", include_str!("template/README.md.in")),
    (".gitignore", include_str!("template/gitignore.in")),
];

/// Why a crate could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScaffoldError {
    /// There is something already, and it could be the user's work.
    #[error("`{}` exists and is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// A file stands where the folder would go.
    #[error("`{}` exists and is no folder", .0.display())]
    NoFolder(PathBuf),
    /// A file or folder could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Explain for ScaffoldError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotEmpty(_) | Self::NoFolder(_) => Some("choose another folder with `--path`".to_owned()),
            Self::Write { .. } => None,
        }
    }

    fn blame(&self) -> Blame {
        Blame::Input
    }
}

/// Writes a policy crate of this name into `folder`, which must be empty or absent.
///
/// # Errors
///
/// The folder holds something, or a file cannot be written.
pub(crate) fn write(name: &CrateName, folder: &Path) -> Result<(), ScaffoldError> {
    check_vacant(folder)?;
    for (path, content) in TEMPLATE {
        write_file(&folder.join(path), &content.replace(NAME, name.as_str()))?;
    }
    SDK_SOURCES.iter().try_for_each(|(path, content)| write_file(&folder.join(SDK_FOLDER).join(path), content))
}

fn check_vacant(folder: &Path) -> Result<(), ScaffoldError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(ScaffoldError::NotEmpty(folder.to_owned())),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(ScaffoldError::NoFolder(folder.to_owned())),
        Err(_) => Ok(()),
    }
}

fn write_file(path: &Path, content: &str) -> Result<(), ScaffoldError> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, content));
    written.map_err(|source| ScaffoldError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copied_workspace_names_only_what_is_copied() {
        let (_, root) = SDK_SOURCES.iter().find(|(path, _)| *path == "Cargo.toml").unwrap();
        for path in root.lines().filter_map(|line| line.split_once("path = \"")?.1.split_once('"')) {
            let manifest = format!("{}/Cargo.toml", path.0);
            assert!(SDK_SOURCES.iter().any(|(path, _)| *path == manifest), "{manifest}");
        }
        assert!(root.contains(r#"members = ["engine", "sdk/guest", "sdk/macros"]"#), "{root}");
    }

    #[test]
    fn the_lock_holds_what_the_sdk_stands_on_and_no_more() {
        for needed in ["serde_json", "syn", "wit-bindgen", "jiff"] {
            assert!(LOCK.contains(&format!("name = \"{needed}\"")), "{needed}");
        }
        for superfluous in ["wasmtime", "aws-config", "misrule-sdk", "proptest"] {
            assert!(!LOCK.contains(&format!("name = \"{superfluous}\"")), "{superfluous}");
        }
    }
}
