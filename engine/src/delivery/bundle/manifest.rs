//! The list of a bundle's files, each with its digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::DeliveryError;
use super::super::error::shown;
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

/// The files are those that the manifest lists, byte for byte.
pub(super) fn check(manifest: &[u8], files: &BTreeMap<String, Vec<u8>>) -> Result<(), DeliveryError> {
    let Manifest { files: listed } = serde_json::from_slice(manifest)
        .map_err(|error| DeliveryError::Manifest { line: error.line(), column: error.column() })?;
    if let Some(name) = files.keys().find(|name| !listed.contains_key(*name)) {
        return Err(DeliveryError::NotListed(shown(name)));
    }
    for (name, digest) in &listed {
        let bytes = files.get(name).ok_or_else(|| DeliveryError::Missing(shown(name)))?;
        if Digest::from_hex(digest) != Some(Digest::of(bytes)) {
            return Err(DeliveryError::Digest(shown(name)));
        }
    }
    Ok(())
}
