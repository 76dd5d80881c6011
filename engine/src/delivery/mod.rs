//! What a source hands over: a halt, or an experiment with its components, as plain JSON or as a bundle.
//!
//! ```
//! # use misrule_engine::delivery::Delivery;
//! assert!(matches!(Delivery::read(&r#"{"halt": true}"#.into(), None), Ok(Delivery::Halt)));
//! let error = Delivery::read(&r#"{"halt": "yes"}"#.into(), None).unwrap_err();
//! assert_eq!(error.to_string(), "the delivery says `halt`, but is not exactly `{\"halt\": true}`");
//! ```
//!
//! Who was given a key takes nothing that this key did not sign, but for a halt: whoever can deliver may stop.

pub mod bundle;
mod error;
mod image;
mod key;
mod signature;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;

use crate::digest::Digest;
use crate::experiment::{ComponentRef, Experiment};
use crate::invocation::json;
use crate::limits::DELIVERY_BYTES;

pub use error::DeliveryError;
pub use image::Image;
pub use key::{KeyError, KeyId, KeyIds, Keys, PublicKey, SigningKey};

/// What a source handed over.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one is read at a time, and taken apart at once")]
pub enum Delivery {
    /// `{"halt": true}`: nothing may inject.
    Halt,
    /// An experiment.
    Experiment(Package),
}

/// How an experiment was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Plain JSON, with ready-made policies only.
    Json,
    /// A ZIP with the experiment, its components and their digests; signed or not.
    Bundle,
}

/// An experiment and the components that came along. Not checked against the clock: see [`Experiment::check`].
#[derive(Clone, Debug)]
pub struct Package {
    /// The experiment.
    pub experiment: Experiment,
    /// How it came.
    pub form: Form,
    /// The components that came along, by the file name that the experiment uses.
    pub modules: BTreeMap<String, Bytes>,
    /// The native images that came along, by the module's file that each is an image of.
    pub images: BTreeMap<String, Image>,
    /// The key that signed it, one of those that the reader gave. None where none was given: then no signature was judged.
    pub signed_by: Option<KeyId>,
    /// Of the delivered bytes: the experiment's version.
    pub digest: Digest,
}

impl Package {
    /// A package that nobody signed, without native images.
    pub fn unsigned(experiment: Experiment, form: Form, modules: BTreeMap<String, Bytes>, digest: Digest) -> Self {
        Self { experiment, form, modules, images: BTreeMap::new(), signed_by: None, digest }
    }
}

impl Delivery {
    /// Reads what a source handed over, JSON or a bundle, told apart by their first bytes. At most [`DELIVERY_BYTES`]. Native
    /// images are left out. Without keys no signature is judged.
    ///
    /// # Errors
    /// Where it is neither, too large, damaged, or not a valid experiment; with keys also where none of them signed it and it
    /// is no halt.
    pub fn read(bytes: &Bytes, keys: Option<&Keys>) -> Result<Self, DeliveryError> {
        Self::judge(bytes, keys, None)
    }

    /// As [`read`](Self::read) with keys, and with the native images in this folder of the bundle, such as
    /// `x86_64-unknown-linux-gnu-0123456789abcdef`. Those in other folders are not inflated.
    ///
    /// # Errors
    /// As [`read`](Self::read), and where an image is damaged.
    pub fn read_with_images(bytes: &Bytes, keys: &Keys, folder: &str) -> Result<Self, DeliveryError> {
        Self::judge(bytes, Some(keys), Some(folder))
    }

    fn judge(bytes: &Bytes, keys: Option<&Keys>, folder: Option<&str>) -> Result<Self, DeliveryError> {
        check_delivered(bytes)?;
        match bytes.trim_ascii_start() {
            [] => Err(DeliveryError::Empty),
            [b'{', ..] => read_json(bytes, keys),
            _ if bytes.starts_with(b"PK") => read_bundle(bytes, keys, folder),
            _ => Err(DeliveryError::UnknownForm),
        }
    }
}

fn check_delivered(bytes: &[u8]) -> Result<(), DeliveryError> {
    if DELIVERY_BYTES.admits(bytes.len()) { Ok(()) } else { Err(DeliveryError::TooLarge(bytes.len())) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Halt {
    halt: bool,
}

fn read_json(bytes: &Bytes, keys: Option<&Keys>) -> Result<Delivery, DeliveryError> {
    if json::at(bytes, "/halt").is_some() {
        return match serde_json::from_slice(bytes) {
            Ok(Halt { halt: true }) => Ok(Delivery::Halt),
            _ => Err(DeliveryError::Halt),
        };
    }
    if let Some(keys) = keys {
        return Err(DeliveryError::UnsignedJson(keys.ids()));
    }
    let experiment = Experiment::from_json(bytes).map_err(DeliveryError::Experiment)?;
    for policy in &experiment.policies {
        if let ComponentRef::Module(file) = &policy.component {
            return Err(DeliveryError::ModuleInJson { policy: policy.name.clone(), file: file.clone() });
        }
    }
    Ok(Delivery::Experiment(Package::unsigned(experiment, Form::Json, BTreeMap::new(), Digest::of(bytes))))
}

fn read_bundle(bytes: &Bytes, keys: Option<&Keys>, folder: Option<&str>) -> Result<Delivery, DeliveryError> {
    let bundle::Contents { experiment, modules, images, signed_by } = bundle::read(bytes, keys, folder)?;
    let digest = Digest::of(bytes);
    Ok(Delivery::Experiment(Package { experiment, form: Form::Bundle, modules, images, signed_by, digest }))
}
