//! The parts of the layer: each is a package that cargo builds with a profile of its own.

/// What is built at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The extension and the wrapper.
    Programs,
    /// What the wrapper preloads into runtimes of glibc.
    Library,
}

impl Part {
    /// All of them.
    pub(super) const ALL: [Self; 2] = [Self::Programs, Self::Library];

    /// Its package.
    pub(super) const fn package(self) -> &'static str {
        match self {
            Self::Programs => "misrule-extension",
            Self::Library => "misrule-preload",
        }
    }

    /// Cargo's profile that it is built with.
    pub(super) const fn profile(self) -> &'static str {
        match self {
            Self::Programs => "layer",
            Self::Library => "preload",
        }
    }

    /// What cargo is to build of the package.
    pub(super) const fn targets(self) -> &'static str {
        match self {
            Self::Programs => "--bins",
            Self::Library => "--lib",
        }
    }
}
