//! Native images that came in a bundle.

use bytes::Bytes;

use super::signature::Vouched;
use crate::digest::Digest;

/// A native image, machine code, from a bundle whose signature verified against a key that the layer was given. Reading
/// such a bundle is the only thing that makes one.
#[derive(Clone, Debug)]
pub struct Image {
    bytes: Bytes,
    component: Digest,
}

impl Image {
    /// Call it with bytes only that have the digest in the manifest that was vouched for.
    pub(super) fn vouched(bytes: Bytes, component: Digest, _: &Vouched) -> Self {
        Self { bytes, component }
    }

    /// The image.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The digest of the component that it was signed beside, and that it is an image of.
    pub fn component(&self) -> Digest {
        self.component
    }
}
