//! A bundle as its author looks at it: every file of it, each held against its digest.

use super::super::key::{KeyId, Keys};
use super::super::signature::Signature;
use super::super::{DeliveryError, check_delivered};
use super::archive::Archive;
use super::{SIGNATURE, open, portable};
use crate::digest::Digest;
use crate::experiment::Experiment;

/// What is in a bundle.
#[derive(Debug)]
pub struct Listing {
    /// The experiment.
    pub experiment: Experiment,
    /// Every file but manifest and signature, by name.
    pub files: Vec<Listed>,
    /// The key that the signature names; none where there is no signature. It signed only where [`Listing::verified`] says so.
    pub key: Option<KeyId>,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its path in the bundle.
    pub name: String,
    /// Its size in bytes, unpacked.
    pub bytes: u64,
    /// Its digest, which is the one in the manifest.
    pub digest: Digest,
}

impl Listing {
    /// Lists a bundle. Its signature is not judged.
    ///
    /// # Errors
    /// As [`Delivery::read`](crate::delivery::Delivery::read) of a bundle without a key, and where a native image is not the
    /// one that the manifest says.
    pub fn read(bytes: &[u8]) -> Result<Self, DeliveryError> {
        Self::list(bytes, None)
    }

    /// Lists a bundle that one of these keys signed.
    ///
    /// # Errors
    /// As [`read`](Self::read), and where none of them did.
    pub fn verified(bytes: &[u8], keys: &Keys) -> Result<Self, DeliveryError> {
        Self::list(bytes, Some(keys))
    }

    /// The key that a bundle's signature names, none where there is no signature. Nothing else in it is looked at, and the
    /// signature is not judged.
    ///
    /// # Errors
    /// It is no bundle, or the signature has another form.
    pub fn key_named(bytes: &[u8]) -> Result<Option<KeyId>, DeliveryError> {
        let signature = Archive::open(bytes)?.inflate(SIGNATURE)?;
        signature.map(|signature| Ok(Signature::read(&signature)?.key)).transpose()
    }

    fn list(bytes: &[u8], keys: Option<&Keys>) -> Result<Self, DeliveryError> {
        check_delivered(bytes)?;
        let (mut files, _) = open(bytes, keys)?;
        let (experiment, _) = portable(&mut files)?;
        let names = files.names().into_iter();
        let listed = |name: String| {
            let (content, digest) = files.read(&name)?;
            Ok(Listed { name, bytes: content.len() as u64, digest })
        };
        let listed = names.map(listed).collect::<Result<_, DeliveryError>>()?;
        Ok(Self { experiment, files: listed, key: Self::key_named(bytes)? })
    }
}
