//! Lambda's architectures, by Lambda's names.

use misrule_engine::sandbox::Target;

/// What a layer runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    /// Intel and AMD.
    X86_64,
    /// Graviton.
    Arm64,
}

impl Architecture {
    /// Lambda's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// Rust's name.
    pub(crate) const fn target(self) -> &'static str {
        self.platform().triple()
    }

    /// The engine's.
    pub(crate) const fn platform(self) -> Target {
        match self {
            Self::X86_64 => Target::X86_64,
            Self::Arm64 => Target::Arm64,
        }
    }
}

/// Which architectures are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Wanted {
    /// Intel and AMD
    #[value(name = "x86_64")]
    X86_64,
    /// Graviton
    #[value(name = "arm64")]
    Arm64,
    /// A zip for each
    #[value(name = "all")]
    All,
}

impl Wanted {
    /// One after the other.
    pub(crate) const fn each(self) -> &'static [Architecture] {
        match self {
            Self::X86_64 => &[Architecture::X86_64],
            Self::Arm64 => &[Architecture::Arm64],
            Self::All => &[Architecture::X86_64, Architecture::Arm64],
        }
    }
}
