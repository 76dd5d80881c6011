//! A checkout of Misrule, and the layer's parts as they are built in it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;

use super::glibc::OLDEST;
use super::part::Part;
use super::{Architecture, Images, LayerError};
use crate::compile::{self, CargoError};
use crate::printer::Printer;
use crate::surroundings;

/// Misrule's sources, and cargo's folder for what is built from them.
#[derive(Debug, Deserialize)]
pub(crate) struct Checkout {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
}

impl Checkout {
    /// The checkout that this folder lies in.
    ///
    /// # Errors
    ///
    /// No cargo, or none of Misrule's sources.
    pub(crate) fn around(folder: &Path) -> Result<Self, LayerError> {
        let mut cargo = surroundings::cargo();
        cargo.current_dir(folder).args(["metadata", "--no-deps", "--format-version", "1"]);
        let output = cargo.output().map_err(|source| CargoError::not_started("cargo", source))?;
        let found = serde_json::from_slice(&output.stdout).ok();
        found
            .filter(Self::has_layer)
            .ok_or_else(|| LayerError::NoCheckout(folder.canonicalize().unwrap_or_else(|_| folder.to_owned())))
    }

    fn has_layer(&self) -> bool {
        self.packages.iter().any(|package| package.name == Part::Programs.package())
    }

    /// Where layers are written where nobody says otherwise.
    pub(crate) fn default_output(&self) -> PathBuf {
        self.target_directory.join("layer")
    }

    /// Refuses to begin where something is missing that all of these need.
    ///
    /// # Errors
    ///
    /// The first thing that is missing.
    pub(crate) fn check(&self, architectures: &[Architecture]) -> Result<(), LayerError> {
        for architecture in architectures {
            compile::check_target(&self.workspace_root, architecture.target())?;
        }
        let mut cargo = surroundings::cargo();
        let cargo = cargo.current_dir(&self.workspace_root).args(["zigbuild", "--help"]);
        let status = cargo.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let status = status.map_err(|source| CargoError::not_started("cargo", source))?;
        if status.success() { Ok(()) } else { Err(LayerError::NoZigbuild) }
    }

    /// Builds the layer's parts: minutes for the first time. What cargo has to say goes to stderr.
    ///
    /// # Errors
    ///
    /// They do not compile.
    pub(crate) fn build(
        &self,
        architecture: Architecture,
        images: &Images,
        printer: &Printer,
    ) -> Result<(), LayerError> {
        Part::ALL.iter().try_for_each(|part| self.build_part(*part, architecture, images, printer))
    }

    fn build_part(
        &self,
        part: Part,
        architecture: Architecture,
        images: &Images,
        printer: &Printer,
    ) -> Result<(), LayerError> {
        let mut cargo = surroundings::cargo();
        cargo.current_dir(&self.workspace_root).args(["zigbuild", "--profile", part.profile(), "--locked"]);
        cargo.args(["--package", part.package(), part.targets()]);
        cargo.args(["--target", &format!("{}.{OLDEST}", architecture.target())]);
        if printer.is_quiet() {
            cargo.arg("--quiet");
        }
        cargo.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", self.flags().join("\x1f".as_ref()));
        cargo.env(Images::VARIABLE, images.folder());
        printer.detail(format_args!("{cargo:?}"));
        let status = cargo.stdin(Stdio::null()).stdout(Stdio::null()).status();
        let status = status.map_err(|source| CargoError::not_started("cargo", source))?;
        let failed = || CargoError::Failed { what: "build", folder: self.workspace_root.clone() };
        if status.success() { Ok(()) } else { Err(failed().into()) }
    }

    /// The components of the ready-made policies.
    pub(super) fn components(&self) -> PathBuf {
        self.workspace_root.join("policies/components")
    }

    /// Where native images for an architecture are kept.
    pub(super) fn images(&self, architecture: Architecture) -> PathBuf {
        self.target_directory.join("images").join(architecture.name())
    }

    /// Where a file of this part lies once it is built.
    pub(super) fn built(&self, part: Part, architecture: Architecture, file: &str) -> PathBuf {
        self.target_directory.join(architecture.target()).join(part.profile()).join(file)
    }

    /// No folder of this machine in a program, and nobody's own flags: programs of any checkout are the same.
    fn flags(&self) -> Vec<OsString> {
        let private = surroundings::private_folders();
        let registries = private.iter().flat_map(|(folder, _)| registries(Path::new(folder)));
        let registries: Vec<_> = registries.map(|folder| (folder, "registry")).collect();
        let own = [(&self.workspace_root, "."), (&self.target_directory, "target")];
        let own = own.map(|(from, to)| (from.clone().into_os_string(), to));
        private.iter().cloned().chain(registries).chain(own).map(|(from, to)| remap(from, to)).collect()
    }
}

/// A folder for each registry that cargo, whose home this may be, took packages from: they are named for its host.
fn registries(home: &Path) -> Vec<OsString> {
    let sources = fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
    let mut folders: Vec<_> = sources.map(|entry| entry.path().into_os_string()).collect();
    folders.sort();
    folders
}

fn remap(from: OsString, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}
