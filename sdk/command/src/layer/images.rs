//! A checkout's ready-made policies, compiled ahead: the engine's build makes them part of the layer.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use misrule_engine::digest::Digest;
use misrule_engine::sandbox::SandboxError;
use misrule_engine::sandbox::images::Precompiler;

use super::{Architecture, Checkout, LayerError};

/// Native images for one architecture, in a folder of their own.
pub(crate) struct Images {
    folder: PathBuf,
    /// How many there are.
    pub(crate) count: usize,
    /// Their bytes, all together.
    pub(crate) bytes: usize,
}

impl Images {
    /// The variable by which the engine's build finds such a folder.
    pub(super) const VARIABLE: &str = "MISRULE_IMAGES";

    /// Compiles the components of the checkout, and leaves images that are the same as they are: what is built with them
    /// is not built anew.
    ///
    /// # Errors
    ///
    /// A component is none, or a file cannot be read or written.
    pub(crate) fn make(checkout: &Checkout, architecture: Architecture) -> Result<Self, LayerError> {
        let precompiler = Precompiler::new(architecture.platform()).map_err(LayerError::Images)?;
        let folder = checkout.images(architecture);
        let files = precompile(&precompiler, &checkout.components())?;
        let target = folder.join(precompiler.folder());
        fill(&target, &files).map_err(|source| failed("write the images in", &target, source))?;
        Ok(Self { folder, count: files.len(), bytes: files.values().map(Vec::len).sum() })
    }

    /// Where they lie.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// An image of each component in the folder, by the file name that says of which.
fn precompile(precompiler: &Precompiler, components: &Path) -> Result<BTreeMap<String, Vec<u8>>, LayerError> {
    let mut files = BTreeMap::new();
    for path in entries(components).map_err(|source| failed("read", components, source))? {
        let component = fs::read(&path).map_err(|source| failed("read", &path, source))?;
        let named = |source: SandboxError| LayerError::Component { path: path.clone(), source };
        files.insert(format!("{}.cwasm", Digest::of(&component)), precompiler.image(&component).map_err(named)?);
    }
    Ok(files)
}

/// Makes these the only files of the folder, and the folder the only one beside it.
fn fill(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for other in entries(folder.parent().unwrap_or(folder))?.into_iter().filter(|other| other != folder) {
        fs::remove_dir_all(other)?;
    }
    let is_old = |path: &PathBuf| path.file_name().is_none_or(|name| !files.contains_key(&*name.to_string_lossy()));
    entries(folder)?.into_iter().filter(is_old).try_for_each(fs::remove_file)?;
    for (name, bytes) in files {
        let path = folder.join(name);
        if fs::read(&path).ok().as_ref() != Some(bytes) {
            fs::write(&path, bytes)?;
        }
    }
    Ok(())
}

/// The entries of a folder; none of one that is not there.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> LayerError {
    LayerError::File { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_component_has_an_image_under_its_digest_and_the_same_one_twice() {
        let components = tempfile::tempdir().unwrap();
        let component = misrule_policies::component("latency").unwrap();
        fs::write(components.path().join("latency.wasm"), component).unwrap();
        for target in misrule_engine::sandbox::Target::ALL {
            let precompiler = Precompiler::new(target).unwrap();
            let files = precompile(&precompiler, components.path()).unwrap();
            assert_eq!(files.keys().collect::<Vec<_>>(), [&format!("{}.cwasm", Digest::of(component))]);
            assert_eq!(files, precompile(&precompiler, components.path()).unwrap());
        }
    }

    #[test]
    fn a_folder_has_these_files_and_what_stays_the_same_is_not_touched() {
        let top = tempfile::tempdir().unwrap();
        let (folder, old) = (top.path().join("target-1"), top.path().join("target-0"));
        fill(&old, &BTreeMap::from([("c".to_owned(), vec![3])])).unwrap();
        fill(&folder, &BTreeMap::from([("a".to_owned(), vec![1]), ("b".to_owned(), vec![2])])).unwrap();
        let written = fs::metadata(folder.join("a")).unwrap().modified().unwrap();
        fill(&folder, &BTreeMap::from([("a".to_owned(), vec![1])])).unwrap();
        assert_eq!(entries(top.path()).unwrap(), std::slice::from_ref(&folder));
        assert_eq!(entries(&folder).unwrap(), [folder.join("a")]);
        assert_eq!(fs::metadata(folder.join("a")).unwrap().modified().unwrap(), written);
    }

    #[test]
    fn what_is_no_component_is_named() {
        let components = tempfile::tempdir().unwrap();
        fs::write(components.path().join("odd.wasm"), "odd").unwrap();
        let precompiler = Precompiler::new(misrule_engine::sandbox::Target::Arm64).unwrap();
        let error = precompile(&precompiler, components.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`{}` has no native image", components.path().join("odd.wasm").display())
        );
    }
}
