//! What a source hands over: a halt, or an experiment with its components, as plain JSON or as a bundle.
//!
//! ```
//! # use misrule_engine::delivery::Delivery;
//! assert!(matches!(Delivery::read(&r#"{"halt": true}"#.into()), Ok(Delivery::Halt)));
//! let error = Delivery::read(&r#"{"halt": "yes"}"#.into()).unwrap_err();
//! assert_eq!(error.to_string(), "the delivery says `halt`, but is not exactly `{\"halt\": true}`");
//! ```

pub mod bundle;
mod error;
mod image;
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
    /// A ZIP with the experiment, its components and their digests.
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
    /// Of the delivered bytes: the experiment's version.
    pub digest: Digest,
}

impl Delivery {
    /// Reads what a source handed over, JSON or a bundle, told apart by their first bytes. At most [`DELIVERY_BYTES`].
    ///
    /// # Errors
    /// Where it is neither, too large, damaged, or not a valid experiment.
    pub fn read(bytes: &Bytes) -> Result<Self, DeliveryError> {
        if !DELIVERY_BYTES.admits(bytes.len()) {
            return Err(DeliveryError::TooLarge(bytes.len()));
        }
        match bytes.trim_ascii_start() {
            [] => Err(DeliveryError::Empty),
            [b'{', ..] => read_json(bytes),
            _ if bytes.starts_with(b"PK") => read_bundle(bytes),
            _ => Err(DeliveryError::UnknownForm),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Halt {
    halt: bool,
}

fn read_json(bytes: &Bytes) -> Result<Delivery, DeliveryError> {
    if json::at(bytes, "/halt").is_some() {
        return match serde_json::from_slice(bytes) {
            Ok(Halt { halt: true }) => Ok(Delivery::Halt),
            _ => Err(DeliveryError::Halt),
        };
    }
    let experiment = Experiment::from_json(bytes).map_err(DeliveryError::Experiment)?;
    for policy in &experiment.policies {
        if let ComponentRef::Module(file) = &policy.component {
            return Err(DeliveryError::ModuleInJson { policy: policy.name.clone(), file: file.clone() });
        }
    }
    Ok(delivered(bytes, Form::Json, experiment, BTreeMap::new()))
}

fn read_bundle(bytes: &Bytes) -> Result<Delivery, DeliveryError> {
    let (experiment, modules) = bundle::read(bytes)?;
    Ok(delivered(bytes, Form::Bundle, experiment, modules))
}

fn delivered(bytes: &Bytes, form: Form, experiment: Experiment, modules: BTreeMap<String, Bytes>) -> Delivery {
    Delivery::Experiment(Package { experiment, form, modules, digest: Digest::of(bytes) })
}
