//! Native images that came in a bundle.

use bytes::Bytes;

use crate::digest::Digest;

/// A native image, machine code, from a bundle whose signature verified against a key that the layer was given. Nothing
/// makes one in this version.
#[derive(Clone, Debug)]
pub struct Image {
    bytes: Bytes,
    component: Digest,
}

impl Image {
    /// The image.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The digest of the component that it was signed beside, and that it is an image of.
    pub fn component(&self) -> Digest {
        self.component
    }
}
