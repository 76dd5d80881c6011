//! Where a component comes from: what it was compiled of, and by what. `misrule build` writes it into the component.
//!
//! The digest of the source is the SHA-256 of a text with a line for each file that the compiler read, sorted by path, and
//! then one for each package of a registry, sorted by name: `DIGEST  PATH` as `sha256sum` writes it, and `CHECKSUM  NAME
//! VERSION` as Cargo.lock has it. Paths start at the workspace's folder.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use misrule_engine::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::failure::Explain;

/// The custom section that holds it, as JSON.
pub(crate) const SECTION: &str = "misrule:provenance";

/// What a component was compiled of, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Provenance {
    /// The digest of the source.
    pub(crate) source: String,
    /// The line with which rustc names itself.
    pub(crate) rustc: String,
    /// The version of misrule-sdk; none where the policy is not written with it.
    pub(crate) sdk: Option<String>,
    /// The files that the compiler read, and the manifests of their crates.
    pub(crate) files: Vec<String>,
    /// The packages of registries that it compiled, `NAME VERSION`.
    pub(crate) packages: Vec<String>,
}

impl Provenance {
    /// As the section holds it.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // Texts and lists of texts only: there is nothing in it that JSON cannot say.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Why a digest of source cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProvenanceError {
    /// A file of the source.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Cargo.lock is none.
    #[error("cannot read the packages in `{}`", path.display())]
    Lock {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// Cargo.lock has another version, or none.
    #[error("`{}` does not lock `{package}`", path.display())]
    NotLocked {
        /// Cargo.lock.
        path: PathBuf,
        /// The package and its version.
        package: String,
    },
}

impl Explain for ProvenanceError {}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
    source: Option<String>,
}

/// The digest of the source in this workspace's folder.
///
/// # Errors
///
/// A file cannot be read, or a package is not in Cargo.lock.
pub(crate) fn digest(folder: &Path, files: &[String], packages: &[String]) -> Result<Digest, ProvenanceError> {
    let mut lines = String::new();
    for file in files {
        let content = read(&folder.join(file))?;
        lines.push_str(&format!("{}  {file}\n", Digest::of(&content)));
    }
    if !packages.is_empty() {
        let path = folder.join("Cargo.lock");
        let locked = locked(&path)?;
        for package in packages {
            let checksum = locked.get(package);
            let missing = || ProvenanceError::NotLocked { path: path.clone(), package: package.clone() };
            lines.push_str(&format!("{}  {package}\n", checksum.ok_or_else(missing)?));
        }
    }
    Ok(Digest::of(lines.as_bytes()))
}

/// What Cargo.lock says of each package: its checksum, or where it is from, such as a commit.
fn locked(path: &Path) -> Result<BTreeMap<String, String>, ProvenanceError> {
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    let lock: Result<Lock, _> = toml::from_str(&text);
    let lock = lock.map_err(|source| ProvenanceError::Lock { path: path.to_owned(), source: Box::new(source) })?;
    let named = |it: Locked| Some((format!("{} {}", it.name, it.version), it.checksum.or(it.source)?));
    Ok(lock.package.into_iter().filter_map(named).collect())
}

fn read(path: &Path) -> Result<Vec<u8>, ProvenanceError> {
    std::fs::read(path).map_err(|source| ProvenanceError::Read { path: path.to_owned(), source })
}

/// The files that cargo's dep-info names: `MODULE: FILE FILE`, with a backslash before a space in a name.
pub(crate) fn files_of(dep_info: &str) -> Vec<PathBuf> {
    let files = dep_info.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, files)| files);
    let joined = files.replace("\\ ", "\0");
    joined.split_whitespace().map(|file| PathBuf::from(file.replace('\0', " "))).collect()
}

/// A path as it is written down: from the folder, with slashes.
pub(crate) fn relative(folder: &Path, path: &Path) -> String {
    let shared = folder.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let parts = up.chain(path.components().skip(shared));
    let parts: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_what_sha256sum_writes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "abc").unwrap();
        let lock = "[[package]]\nname = \"p\"\nversion = \"1.0.0\"\nchecksum = \"c0\"\nsource = \"registry\"\n";
        std::fs::write(folder.path().join("Cargo.lock"), lock).unwrap();
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\nc0  p 1.0.0\n";
        let made = digest(folder.path(), &["a".to_owned()], &["p 1.0.0".to_owned()]).unwrap();
        assert_eq!(made, Digest::of(text.as_bytes()));
        let error = digest(folder.path(), &[], &["p 1.0.1".to_owned()]).unwrap_err().to_string();
        assert!(error.ends_with("Cargo.lock` does not lock `p 1.0.1`"), "{error}");
        let error = digest(folder.path(), &["b".to_owned()], &[]).unwrap_err().to_string();
        assert!(error.starts_with("cannot read `") && error.ends_with("/b`"), "{error}");
    }

    #[test]
    fn dep_info_is_read_with_spaces_in_names() {
        let files = files_of("/t/p.wasm: /a/src/lib.rs /a/my\\ file.rs\n\n/other: /b\n");
        assert_eq!(files, [Path::new("/a/src/lib.rs"), Path::new("/a/my file.rs")]);
        assert!(files_of("").is_empty());
    }

    #[test]
    fn paths_start_at_the_folder() {
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/b/src/lib.rs")), "src/lib.rs");
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/c/lib.rs")), "../c/lib.rs");
    }
}
