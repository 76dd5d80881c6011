//! Native images: components that were compiled ahead of time. Running bytes as machine code is the one thing here that
//! the compiler cannot check, so two kinds of bytes only get this far, each by a type that nobody else can make:
//!
//! | image | who vouches for its bytes | who can make the type |
//! | --- | --- | --- |
//! | [`Shipped`] | it is part of this program, as its code is | `sandbox::shipped`, from `include_bytes!` |
//! | [`Image`] | a signature that verified against a key that this layer was given | `delivery`, after verifying |
//!
//! Wasmtime's own check comes third: its version, the platform, the CPU features and the settings must be this engine's.

use wasmtime::Engine;
use wasmtime::component::Component;

use super::Origin;
use super::shipped::{self, Shipped};
use crate::delivery::Image;
use crate::digest::Digest;

/// Machine code that somebody vouches for.
#[derive(Clone, Copy)]
pub(super) enum Native<'a> {
    /// Part of this program.
    Shipped(&'static Shipped),
    /// Came along in a bundle that was signed with the layer's own key.
    CameAlong(&'a Image),
}

impl<'a> Native<'a> {
    /// The image of this component and no other, where there is one.
    pub(super) fn of(component: Digest, came_along: Option<&'a Image>) -> Option<Self> {
        let came_along = came_along.filter(|image| image.component() == component);
        shipped::image_of(component).map(Self::Shipped).or(came_along.map(Self::CameAlong))
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Shipped(image) => image.bytes(),
            Self::CameAlong(image) => image.bytes(),
        }
    }

    pub(super) fn origin(&self) -> Origin {
        match self {
            Self::Shipped(_) => Origin::Shipped,
            Self::CameAlong(_) => Origin::CameAlong,
        }
    }
}

/// Loads an image. Fails where it was not made for this engine.
pub(super) fn load(engine: &Engine, image: Native<'_>) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` asks that the bytes be what `Engine::precompile_component` made, unchanged. `Native` has two
    // variants, and the bytes of both are immutable. `Shipped` has private fields, and `shipped::ALL` is the only place
    // that makes any, out of files that the build included: they are trusted as the rest of the program is.
    // `delivery::Image` has private fields, and `delivery` makes one only of a file whose digest stands in a manifest
    // whose signature verified against a key from the layer's own settings: whoever holds that key may run code here.
    #[expect(unsafe_code, reason = "loading machine code; who may make it is in the comment above")]
    unsafe {
        Component::deserialize(engine, image.bytes())
    }
}
