//! The list of a bundle's files, each with its digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::DeliveryError;
use super::super::error::shown;
use super::archive::Archive;
use super::{MANIFEST, SIGNATURE};
use crate::digest::Digest;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    files: BTreeMap<String, String>,
}

pub(super) fn write(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let files = files.iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes).to_string())).collect();
    // Strings only: nothing that could fail.
    serde_json::to_vec_pretty(&Manifest { files }).unwrap_or_default()
}

/// A bundle's files, which are those that its manifest lists. What is read of one has the digest that stands there.
pub(super) struct Files<'a> {
    archive: Archive<'a>,
    listed: BTreeMap<String, String>,
}

impl<'a> Files<'a> {
    pub(super) fn new(archive: Archive<'a>, manifest: &[u8]) -> Result<Self, DeliveryError> {
        let Manifest { files: listed } = serde_json::from_slice(manifest)
            .map_err(|error| DeliveryError::Manifest { line: error.line(), column: error.column() })?;
        let apart = |name: &&String| ![MANIFEST, SIGNATURE].contains(&name.as_str());
        if let Some(name) = archive.names().filter(apart).find(|name| !listed.contains_key(*name)) {
            return Err(DeliveryError::NotListed(shown(name)));
        }
        let missing = listed.keys().find(|name| !apart(name) || !archive.has(name));
        missing.map_or(Ok(()), |name| Err(DeliveryError::Missing(shown(name))))?;
        Ok(Self { archive, listed })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.listed.keys().cloned().collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.listed.contains_key(name)
    }

    /// Inflates a file, and holds it against its digest.
    pub(super) fn read(&mut self, name: &str) -> Result<(Vec<u8>, Digest), DeliveryError> {
        let missing = || DeliveryError::Missing(shown(name));
        let said = self.listed.get(name).ok_or_else(missing)?;
        let bytes = self.archive.inflate(name)?.ok_or_else(missing)?;
        let digest = Digest::of(&bytes);
        if Digest::from_hex(said) == Some(digest) {
            Ok((bytes, digest))
        } else {
            Err(DeliveryError::Digest(shown(name)))
        }
    }
}
