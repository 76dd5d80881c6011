//! Why there is no layer.

use std::io;
use std::path::PathBuf;

use misrule_engine::sandbox::SandboxError;
use zip::result::ZipError;

use super::archive::LARGEST;
use super::glibc::OLDEST;
use crate::compile::CargoError;
use crate::failure::{Blame, Explain};

/// Why a layer cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayerError {
    /// There are no sources here.
    #[error("`{}` is not in a checkout of Misrule", .0.display())]
    NoCheckout(PathBuf),
    /// What links against an old glibc is not there.
    #[error("cargo has no command `zigbuild`, which links against the glibc of Amazon Linux 2")]
    NoZigbuild,
    /// Cargo is not there, lacks a target, or does not build.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// A file or folder cannot be read or made.
    #[error("cannot {what} `{}`", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// With which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A ready-made policy cannot be compiled ahead.
    #[error("`{}` has no native image", path.display())]
    Component {
        /// Its component.
        path: PathBuf,
        /// Why not.
        source: SandboxError,
    },
    /// Nothing can be compiled ahead for an architecture.
    #[error("no native images can be made")]
    Images(#[source] SandboxError),
    /// What was built is no program of 64 bits.
    #[error("`{program}` is no program for Lambda")]
    NoProgram {
        /// Which.
        program: &'static str,
        /// Why not.
        source: object::Error,
    },
    /// Lambda's oldest runtimes could not start it.
    #[error("`{program}` needs {version}, and Amazon Linux 2 has glibc {OLDEST}")]
    NewGlibc {
        /// Which.
        program: &'static str,
        /// The version's name in the program.
        version: String,
    },
    /// It would take too long to load.
    #[error("the layer for {architecture} has {bytes} bytes, more than the {LARGEST} allowed")]
    TooLarge {
        /// For what it is.
        architecture: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// It cannot be packed.
    #[error("the layer cannot be packed")]
    Pack(#[from] ZipError),
}

impl Explain for LayerError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoCheckout(_) => Some("get Misrule's sources, and run `misrule layer` among them".to_owned()),
            Self::NoZigbuild => Some("pip install cargo-zigbuild ziglang".to_owned()),
            Self::Cargo(error) => error.hint(),
            Self::NewGlibc { .. } => Some("link it with `cargo zigbuild`, as `misrule layer` does".to_owned()),
            Self::TooLarge { .. } => Some("look at what a new dependency added: `cargo bloat --crates`".to_owned()),
            Self::Component { .. } => Some("build it again with `misrule build`".to_owned()),
            Self::Images(_) | Self::File { .. } | Self::NoProgram { .. } | Self::Pack(_) => None,
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Cargo(error) => error.blame(),
            Self::Pack(_) | Self::Images(_) => Blame::Own,
            _ => Blame::Input,
        }
    }
}
