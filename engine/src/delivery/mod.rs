//! What a source hands over: a halt, or an experiment with its components, as plain JSON or as a bundle.

pub mod bundle;
mod error;

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::digest::Digest;
use crate::experiment::Experiment;

pub use error::DeliveryError;

/// What a source handed over.
#[derive(Clone, Debug)]
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
    /// Reads what a source handed over, JSON or a bundle, told apart by their first bytes.
    ///
    /// # Errors
    /// Where it is neither, too large, damaged, or not a valid experiment.
    pub fn read(_bytes: &Bytes) -> Result<Self, DeliveryError> {
        Err(DeliveryError::Empty)
    }
}
