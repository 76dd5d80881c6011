//! What is packed: the bytes that a layer reads, and what they say of who signed them.

use std::path::Path;

use bytes::Bytes;
use misrule_engine::delivery::bundle::Listing;
use misrule_engine::delivery::{Delivery, DeliveryError, Form, KeyId, Package};
use misrule_engine::experiment::Experiment;

use super::ContentError;

/// What is to be uploaded.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    pub(super) bytes: Vec<u8>,
    pub(super) form: Form,
    /// Whether native images would make it too large, and are left out.
    pub(super) without_images: bool,
    /// The key that its signature names.
    pub(super) key: Option<KeyId>,
    /// The sizes and names of its files, where it was packed already.
    pub(super) files: Vec<(usize, String)>,
}

impl Packed {
    /// Plain JSON of an experiment.
    pub(super) fn json(experiment: &Experiment) -> Self {
        let bytes = experiment.to_json().into_bytes();
        Self { bytes, form: Form::Json, without_images: false, key: None, files: Vec::new() }
    }

    /// Reads all of what `misrule bundle` made, native images too: a layer inflates those of its own architecture only.
    pub(super) fn read(path: &Path, bytes: Vec<u8>) -> Result<(Package, Self), ContentError> {
        let refused = |source| ContentError::Unreadable { path: path.to_owned(), source };
        let delivery = Delivery::read(&bytes.clone().into(), None).map_err(refused)?;
        let Delivery::Experiment(package) = delivery else { return Err(ContentError::Halt(path.to_owned())) };
        let listing = match package.form {
            Form::Json => None,
            Form::Bundle => Some(Listing::read(&bytes).map_err(refused)?),
        };
        let key = listing.as_ref().and_then(|listing| listing.key);
        let files = listing.into_iter().flat_map(|listing| listing.files);
        let files = files.map(|file| (usize::try_from(file.bytes).unwrap_or(usize::MAX), file.name)).collect();
        let packed = Self { bytes, form: package.form, without_images: false, key, files };
        Ok((package, packed))
    }
}

/// Who signed something, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// Nobody.
    None,
    /// It names this key, and was not judged.
    Named(KeyId),
    /// This key did.
    Verified(KeyId),
}

impl Signature {
    /// Of the key that is named, and of the one that was found to have signed.
    pub(super) fn of(named: Option<KeyId>, signed_by: Option<KeyId>) -> Self {
        signed_by.map(Self::Verified).or(named.map(Self::Named)).unwrap_or(Self::None)
    }

    /// The key that it names.
    pub(crate) fn key(self) -> Option<KeyId> {
        match self {
            Self::None => None,
            Self::Named(key) | Self::Verified(key) => Some(key),
        }
    }
}

/// Whether a file holds what `misrule bundle` makes: a ZIP, or a JSON object, with which no TOML begins.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK") || bytes.trim_ascii_start().starts_with(b"{")
}

/// What a layer reads in these bytes.
///
/// # Errors
///
/// They are nothing that it would arm or halt for.
pub(crate) fn delivered(bytes: &Bytes) -> Result<Delivery, DeliveryError> {
    Delivery::read(bytes, None)
}

/// The key that the signature of a bundle names; none where there is no signature, or no bundle. It is not judged.
pub(crate) fn key_named(bytes: &[u8]) -> Option<KeyId> {
    Listing::key_named(bytes).ok().flatten()
}

/// What is damaged in a bundle, also where not every layer looks: in a native image, or in the signature.
pub(crate) fn damage(bytes: &[u8]) -> Option<DeliveryError> {
    bytes.starts_with(b"PK").then(|| Listing::read(bytes).err()).flatten()
}
