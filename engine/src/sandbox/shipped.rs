//! Native images that are part of this program. `misrule layer` has them built in, through `build.rs`; a plain build has
//! none.

use crate::digest::Digest;

/// The native image of one component.
pub(super) struct Shipped {
    /// The SHA-256 of the component that it was made of, in hexadecimal.
    component: &'static str,
    bytes: &'static [u8],
}

impl Shipped {
    pub(super) fn bytes(&self) -> &'static [u8] {
        self.bytes
    }
}

/// All of them: `build.rs` wrote the list, with `include_bytes!` for each image.
static ALL: &[Shipped] = &include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The image of the component with this digest.
pub(super) fn image_of(component: Digest) -> Option<&'static Shipped> {
    let component = component.to_string();
    ALL.iter().find(|image| image.component == component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_build_ships_no_image() {
        assert_eq!(ALL.is_empty(), option_env!("MISRULE_IMAGES").is_none());
    }

    #[test]
    fn each_image_is_of_a_component() {
        assert!(image_of(Digest::of(b"no component")).is_none());
        assert!(ALL.iter().all(|image| Digest::from_hex(image.component).is_some() && !image.bytes.is_empty()));
    }
}
