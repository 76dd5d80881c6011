//! A component that is ready to be instantiated, and how it came to be.

use std::error::Error as _;
use std::sync::{Arc, Weak};

use wasmtime::component::InstancePre;

use super::SandboxError;
use super::state::State;
use crate::digest::Digest;

/// A component, ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    code: Arc<Code>,
    origin: Origin,
}

/// Where a component's machine code came from as it was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was compiled in process.
    Compiled {
        /// Why an image that there was could not be used.
        instead_of_image: Option<String>,
    },
    /// A native image that is part of this program.
    Shipped,
    /// A native image that came along in a signed bundle.
    CameAlong,
    /// It was there already: another policy has it, or the version before.
    Kept,
}

impl Origin {
    /// One word for log lines.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Compiled { .. } => "compiled",
            Self::Shipped => "shipped",
            Self::CameAlong => "came_along",
            Self::Kept => "kept",
        }
    }
}

/// Machine code with the contract linked.
pub(super) struct Code {
    digest: Digest,
    ready: InstancePre<State>,
}

impl Component {
    pub(super) fn new(digest: Digest, ready: InstancePre<State>, origin: Origin) -> Self {
        Self { code: Arc::new(Code { digest, ready }), origin }
    }

    /// This code, for whoever loads it again.
    pub(super) fn kept(code: Arc<Code>) -> Self {
        Self { code, origin: Origin::Kept }
    }

    /// It was compiled because an image was not fit.
    pub(super) fn instead_of(self, unfit: &SandboxError) -> Self {
        let reasons = std::iter::successors(unfit.source(), |error| (*error).source());
        let reason = reasons.last().map_or_else(|| unfit.to_string(), ToString::to_string);
        Self { origin: Origin::Compiled { instead_of_image: Some(reason) }, ..self }
    }

    pub(super) fn ready(&self) -> &InstancePre<State> {
        &self.code.ready
    }

    pub(super) fn weak(&self) -> Weak<Code> {
        Arc::downgrade(&self.code)
    }

    /// The digest of the component's bytes, whatever its machine code came from.
    pub fn digest(&self) -> Digest {
        self.code.digest
    }

    /// Where its machine code came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}
