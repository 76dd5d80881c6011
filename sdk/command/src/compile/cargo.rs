//! Cargo, as a policy is built with it: the `cargo` and `rustc` of PATH, so that rustup's overrides hold.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

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
    /// The toolchain cannot compile policies.
    #[error("the toolchain `{0}` has no target {TARGET}")]
    NoTarget(String),
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
            Self::NoTarget(_) => Some(format!("rustup target add {TARGET}")),
            Self::Failed { .. } | Self::Start { .. } | Self::Answer { .. } => None,
        }
    }

    fn blame(&self) -> Blame {
        if matches!(self, Self::Answer { .. }) { Blame::Own } else { Blame::Input }
    }
}

/// A crate that can be built to a policy.
#[derive(Debug)]
pub(crate) struct PolicyCrate {
    folder: PathBuf,
    package: Package,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
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
        check_target(&folder)?;
        Ok(Self { folder, package })
    }

    /// The package's name.
    pub(crate) fn name(&self) -> &str {
        &self.package.name
    }

    /// Builds it to a core module; where that lies. Compile errors go to stderr as cargo writes them.
    ///
    /// # Errors
    ///
    /// It does not compile.
    pub(crate) fn build(&self, printer: &Printer) -> Result<PathBuf, CargoError> {
        let fixed = ["build", "--lib", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"];
        let mut arguments: Vec<_> = fixed.map(OsString::from).into();
        arguments.extend(PROFILE.iter().flat_map(|setting| ["--config".into(), (*setting).into()]));
        if printer.is_quiet() {
            arguments.push("--quiet".into());
        }
        let answer = cargo(&self.folder, arguments, "build", printer)?;
        let messages = String::from_utf8_lossy(&answer);
        let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
        let mut own = artifacts.filter(|it| it.manifest_path == self.package.manifest_path && it.target.is_module());
        let module = own.find_map(|it| it.filenames.into_iter().find(|file| file.extension() == Some("wasm".as_ref())));
        module.ok_or_else(|| CargoError::NoCdylib(self.package.name.clone()))
    }
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
    let output = command.output().map_err(|source| not_started("cargo", source))?;
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
fn check_target(folder: &Path) -> Result<(), CargoError> {
    let library = rustc(folder, &["--print", "target-libdir", "--target", TARGET])?;
    let mut files = std::fs::read_dir(library).into_iter().flatten().flatten();
    if files.any(|file| file.file_name().to_string_lossy().starts_with("libcore-")) {
        return Ok(());
    }
    let sysroot = PathBuf::from(rustc(folder, &["--print", "sysroot"])?);
    let installed = sysroot.parent().and_then(Path::file_name) == Some("toolchains".as_ref());
    let name = sysroot.file_name().filter(|_| installed).unwrap_or(sysroot.as_os_str());
    Err(CargoError::NoTarget(name.to_string_lossy().into_owned()))
}

fn rustc(folder: &Path, arguments: &[&str]) -> Result<String, CargoError> {
    let output = Command::new(surroundings::rustc()).current_dir(folder).args(arguments).output();
    let output = output.map_err(|source| not_started("rustc", source))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn not_started(program: &'static str, source: io::Error) -> CargoError {
    match source.kind() {
        io::ErrorKind::NotFound => CargoError::NotFound(program),
        _ => CargoError::Start { program, source },
    }
}
