//! What a bundle's files are called, and how large each may be.

use super::super::DeliveryError;
use super::super::error::shown;
use super::{EXPERIMENT, MANIFEST, SIGNATURE};
use crate::limits::{COMPONENT_BYTES, IMAGE_BYTES, MANIFEST_BYTES};

const COMPONENTS: &str = "components/";
const IMAGES: &str = "native/";

/// What a file is, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Experiment,
    /// Of this module's file.
    Component(String),
    /// Of this module's component.
    Image {
        module: String,
    },
}

impl Kind {
    pub(super) fn of(name: &str) -> Result<Self, DeliveryError> {
        let known = match name {
            EXPERIMENT => Some(Self::Experiment),
            _ => component_of(name).or_else(|| image_of(name)),
        };
        known.ok_or_else(|| DeliveryError::UnknownFile(shown(name)))
    }
}

fn component_of(name: &str) -> Option<Kind> {
    let file = name.strip_prefix(COMPONENTS)?;
    Some(Kind::Component(file.to_owned()))
}

fn image_of(name: &str) -> Option<Kind> {
    let (_, file) = name.strip_prefix(IMAGES)?.split_once('/')?;
    let stem = file.strip_suffix(".cwasm").filter(|stem| !stem.contains('/'))?;
    Some(Kind::Image { module: format!("{stem}.wasm") })
}

/// Where a module's component lies.
pub(super) fn component(module: &str) -> String {
    format!("{COMPONENTS}{module}")
}

/// Where the native image of a module's component lies.
pub(super) fn image(folder: &str, module: &str) -> String {
    format!("{IMAGES}{folder}/{}.cwasm", module.strip_suffix(".wasm").unwrap_or(module))
}

/// Whether a file of this name may be so large.
pub(super) fn check_size(name: &str, bytes: u64) -> Result<(), DeliveryError> {
    let (what, limit) = match name {
        MANIFEST | SIGNATURE => ("it", &MANIFEST_BYTES),
        _ if name.starts_with(COMPONENTS) => ("a component", &COMPONENT_BYTES),
        _ if name.starts_with(IMAGES) => ("a native image", &IMAGE_BYTES),
        _ => return Ok(()),
    };
    if bytes > limit.value {
        return Err(DeliveryError::LargeFile { file: shown(name), bytes, what, limit });
    }
    Ok(())
}
