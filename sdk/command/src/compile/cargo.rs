//! Cargo, as a policy is built with it: the `cargo` and `rustc` of PATH, so that rustup's overrides hold.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::provenance::{self, Provenance, ProvenanceError};
use crate::failure::{Blame, Explain};
use crate::printer::Printer;
use crate::surroundings;

/// What policies are compiled to.
const TARGET: &str = "wasm32-unknown-unknown";
/// Small before fast: a policy is tens of kilobytes and decides in microseconds. `strip` keeps the contract's types. No
/// LTO: cargo does none for a crate that is an rlib too, and a standard library that was built from source often comes
/// without what it needs.
const PROFILE: &[&str] = &[
    "profile.release.opt-level=\"s\"",
    "profile.release.lto=false",
    "profile.release.codegen-units=1",
    "profile.release.panic=\"abort\"",
    "profile.release.strip=true",
];
/// The default of 1 MiB would make every instance larger than it need be.
const STACK: [&str; 2] = ["-C", "link-arg=-zstack-size=65536"];

/// Why cargo has not built a policy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CargoError {
    /// There is nothing to build.
    #[error("there is no Cargo.toml in `{}`", .0.display())]
    NoManifest(PathBuf),
    /// There is no such program.
    #[error("`{0}` is not on PATH")]
    NotFound(&'static str),
    /// The program is there and does not start.
    #[error("cannot run `{program}`")]
    Start {
        /// Which.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Cargo has said on stderr what it does not like.
    #[error("cargo could not {what} `{}`", folder.display())]
    Failed {
        /// What it was asked to do.
        what: &'static str,
        /// Where.
        folder: PathBuf,
    },
    /// A workspace's top.
    #[error("`{}` is a workspace without a package of its own", .0.display())]
    Virtual(PathBuf),
    /// The library is not built as a module.
    #[error("`{0}` is not built as a WebAssembly module")]
    NoCdylib(String),
    /// The toolchain cannot compile for the target.
    #[error("the toolchain `{toolchain}` has no target {target}")]
    NoTarget {
        /// Its name.
        toolchain: String,
        /// What it lacks.
        target: &'static str,
    },
    /// What it was compiled of is not to be told.
    #[error("cannot tell what `{0}` was compiled of")]
    Provenance(String, #[source] ProvenanceError),
    /// Cargo's own words are not understood.
    #[error("cannot read what cargo says about `{}`", folder.display())]
    Answer {
        /// Where it ran.
        folder: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

impl Explain for CargoError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoManifest(_) => Some("`misrule new NAME` makes a policy crate; `--path` names one".to_owned()),
            Self::NotFound(_) => Some("install Rust: https://rustup.rs".to_owned()),
            Self::Virtual(_) => Some("name the policy's own folder with `--path`".to_owned()),
            Self::NoCdylib(_) => {
                Some("add `crate-type = [\"cdylib\", \"rlib\"]` under `[lib]` in its Cargo.toml".to_owned())
            }
            Self::NoTarget { target, .. } => {
                Some(format!("rustup target add {target}; or name a toolchain that has it in RUSTUP_TOOLCHAIN"))
            }
            Self::Failed { .. } | Self::Start { .. } | Self::Provenance(..) | Self::Answer { .. } => None,
        }
    }

    fn blame(&self) -> Blame {
        if matches!(self, Self::Answer { .. }) { Blame::Own } else { Blame::Input }
    }
}

impl CargoError {
    /// A program that is asked to run and does not.
    pub(crate) fn not_started(program: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound(program),
            _ => Self::Start { program, source },
        }
    }
}

/// A crate that can be built to a policy.
#[derive(Debug)]
pub(crate) struct PolicyCrate {
    folder: PathBuf,
    package: Package,
    workspace: Workspace,
}

/// A core module, and what it was compiled of.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Where it lies.
    pub(crate) module: PathBuf,
    /// What it was compiled of, and by what.
    pub(crate) provenance: Provenance,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    #[serde(flatten)]
    workspace: Workspace,
}

#[derive(Debug, Deserialize)]
struct Workspace {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    manifest_path: PathBuf,
    target: Target,
    filenames: Vec<PathBuf>,
}

impl PolicyCrate {
    /// The crate in this folder, once it is clear that it can be built.
    ///
    /// # Errors
    ///
    /// No cargo, no crate, no cdylib, or a toolchain without the target.
    pub(crate) fn open(folder: &Path, printer: &Printer) -> Result<Self, CargoError> {
        let manifest = folder.join("Cargo.toml");
        let manifest = manifest.canonicalize().map_err(|_| CargoError::NoManifest(folder.to_owned()))?;
        let folder = manifest.parent().unwrap_or(folder).to_owned();
        let arguments = ["metadata", "--no-deps", "--format-version", "1"];
        let answer = cargo(&folder, arguments.map(OsString::from), "read", printer)?;
        let source = |source| CargoError::Answer { folder: folder.clone(), source };
        let metadata: Metadata = serde_json::from_slice(&answer).map_err(source)?;
        let package = metadata.packages.into_iter().find(|package| package.manifest_path == manifest);
        let package = package.ok_or_else(|| CargoError::Virtual(folder.clone()))?;
        if !package.targets.iter().any(Target::is_module) {
            return Err(CargoError::NoCdylib(package.name));
        }
        check_target(&folder, TARGET)?;
        Ok(Self { folder, package, workspace: metadata.workspace })
    }

    /// The package's name.
    pub(crate) fn name(&self) -> &str {
        &self.package.name
    }

    /// Builds it to a core module. Compile errors go to stderr as cargo writes them.
    ///
    /// # Errors
    ///
    /// It does not compile.
    pub(crate) fn build(&self, printer: &Printer) -> Result<Compiled, CargoError> {
        let fixed = ["build", "--lib", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"];
        let mut arguments: Vec<_> = fixed.map(OsString::from).into();
        arguments.extend(PROFILE.iter().flat_map(|setting| ["--config".into(), (*setting).into()]));
        if printer.is_quiet() {
            arguments.push("--quiet".into());
        }
        let answer = cargo(&self.folder, arguments, "build", printer)?;
        let messages = String::from_utf8_lossy(&answer);
        let artifacts: Vec<Artifact> = messages.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let mut own =
            artifacts.iter().filter(|it| it.manifest_path == self.package.manifest_path && it.target.is_module());
        let module = own.find_map(|it| it.filenames.iter().find(|file| file.extension() == Some("wasm".as_ref())));
        let module = module.ok_or_else(|| CargoError::NoCdylib(self.package.name.clone()))?;
        let provenance = self.provenance(module, &artifacts)?;
        Ok(Compiled { module: module.clone(), provenance })
    }

    /// What the module was compiled of: the files are those that cargo's dep-info names beside it, for the crate and for
    /// all that it depends on by path.
    fn provenance(&self, module: &Path, artifacts: &[Artifact]) -> Result<Provenance, CargoError> {
        let failed = |source| CargoError::Provenance(self.package.name.clone(), source);
        let dep_info = module.with_extension("d");
        let read = std::fs::read_to_string(&dep_info);
        let read = read.map_err(|source| failed(ProvenanceError::Read { path: dep_info, source }))?;
        let (own, foreign): (Vec<_>, Vec<_>) = artifacts.iter().partition(|it| it.package_id.starts_with("path+"));
        let manifests = own.iter().map(|it| it.manifest_path.clone());
        let files = provenance::files_of(&read).into_iter().chain(manifests);
        let files = files.filter(|file| !file.starts_with(&self.workspace.target_directory));
        let files = sorted(files.map(|file| provenance::relative(&self.workspace.workspace_root, &file)));
        let packages =
            sorted(foreign.iter().filter_map(|it| it.package()).map(|(name, version)| format!("{name} {version}")));
        let source = provenance::digest(&self.workspace.workspace_root, &files, &packages).map_err(failed)?;
        let sdk = artifacts.iter().filter_map(Artifact::package).find(|(name, _)| *name == "misrule-sdk");
        let sdk = sdk.map(|(_, version)| version.to_owned());
        let rustc = rustc(&self.folder, &["--version"])?;
        Ok(Provenance { source: source.to_string(), rustc, sdk, files, packages })
    }
}

impl Artifact {
    /// Its package's name and version: `serde` and `1.0.0` of `registry+https://..#serde@1.0.0`. Where the last part of the
    /// address is the name already, an id has only the version.
    fn package(&self) -> Option<(&str, &str)> {
        let (address, package) = self.package_id.split_once('#')?;
        let last = || address.rsplit('/').next().map(|last| last.split('?').next().unwrap_or(last));
        package.split_once('@').or_else(|| Some((last()?, package)))
    }
}

/// In order, each once.
fn sorted(texts: impl Iterator<Item = String>) -> Vec<String> {
    texts.collect::<BTreeSet<_>>().into_iter().collect()
}

impl Target {
    fn is_module(&self) -> bool {
        self.crate_types.iter().any(|kind| kind == "cdylib")
    }
}

/// Runs cargo in a folder; what it wrote to stdout. What it writes to stderr goes to ours.
fn cargo(
    folder: &Path,
    arguments: impl IntoIterator<Item = OsString>,
    what: &'static str,
    printer: &Printer,
) -> Result<Vec<u8>, CargoError> {
    let mut command = surroundings::cargo();
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    command.env("CARGO_ENCODED_RUSTFLAGS", flags(folder).join(std::ffi::OsStr::new("\x1f")));
    printer.detail(format_args!("{command:?}"));
    let output = command.output().map_err(|source| CargoError::not_started("cargo", source))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(CargoError::Failed { what, folder: folder.to_owned() })
    }
}

/// The user's own flags, then ours: a small stack, and no folder of this machine in the component.
fn flags(folder: &Path) -> Vec<OsString> {
    let own = surroundings::rust_flags().into_iter().map(OsString::from);
    let mut flags: Vec<_> = own.chain(STACK.map(OsString::from)).collect();
    let private = surroundings::private_folders().into_iter();
    for (from, to) in private.chain([(folder.as_os_str().to_owned(), ".")]) {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flags.push(flag);
    }
    flags
}

/// Refuses a toolchain that lacks the target's standard library, before cargo says so at length.
///
/// # Errors
///
/// The toolchain, by name, or that there is none.
pub(crate) fn check_target(folder: &Path, target: &'static str) -> Result<(), CargoError> {
    let library = rustc(folder, &["--print", "target-libdir", "--target", target])?;
    let mut files = std::fs::read_dir(library).into_iter().flatten().flatten();
    if files.any(|file| file.file_name().to_string_lossy().starts_with("libcore-")) {
        return Ok(());
    }
    let sysroot = PathBuf::from(rustc(folder, &["--print", "sysroot"])?);
    let installed = sysroot.parent().and_then(Path::file_name) == Some("toolchains".as_ref());
    let name = sysroot.file_name().filter(|_| installed).unwrap_or(sysroot.as_os_str());
    Err(CargoError::NoTarget { toolchain: name.to_string_lossy().into_owned(), target })
}

fn rustc(folder: &Path, arguments: &[&str]) -> Result<String, CargoError> {
    let output = Command::new(surroundings::rustc()).current_dir(folder).args(arguments).output();
    let output = output.map_err(|source| CargoError::not_started("rustc", source))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
