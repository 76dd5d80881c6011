//! The bundle: a ZIP that carries an experiment and its components.
//!
//! | file | what it is |
//! | --- | --- |
//! | `manifest.json` | `{"files": {NAME: SHA-256}}`: every other file with its digest |
//! | `experiment.json` | the experiment |
//! | `components/FILE.wasm` | a component, under the name that the experiment's `module` gives |
//!
//! Nothing else may be in it, and nothing that is missing, listed twice or not listed is overlooked.

mod archive;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::DeliveryError;
use super::error::shown;
use crate::experiment::{ComponentRef, Experiment};
use crate::limits::COMPONENT_BYTES;

const MANIFEST: &str = "manifest.json";
const EXPERIMENT: &str = "experiment.json";
const COMPONENTS: &str = "components/";

/// Writes an unsigned bundle. The same input gives the same bytes.
///
/// # Errors
/// Where a component that the experiment uses is not given, one that it does not use is, or a limit is exceeded.
pub fn write(experiment: &Experiment, modules: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, DeliveryError> {
    check_uses(experiment, modules.keys())?;
    let mut files = BTreeMap::from([(EXPERIMENT.to_owned(), experiment.to_json().into_bytes())]);
    for (file, component) in modules {
        let name = format!("{COMPONENTS}{file}");
        check_component(&name, component.len() as u64)?;
        files.insert(name, component.clone());
    }
    let manifest = manifest::write(&files);
    archive::pack(std::iter::once((MANIFEST, manifest.as_slice())).chain(borrowed(&files)))
}

fn borrowed(files: &BTreeMap<String, Vec<u8>>) -> impl Iterator<Item = (&str, &[u8])> {
    files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
}

/// Reads a bundle and everything that it says about itself.
pub(super) fn read(bytes: &[u8]) -> Result<(Experiment, BTreeMap<String, Bytes>), DeliveryError> {
    let mut files = archive::unpack(bytes)?;
    let manifest = files.remove(MANIFEST).ok_or_else(|| DeliveryError::Missing(MANIFEST.to_owned()))?;
    manifest::check(&manifest, &files)?;
    let experiment = files.remove(EXPERIMENT).ok_or_else(|| DeliveryError::Missing(EXPERIMENT.to_owned()))?;
    let experiment = Experiment::from_json(&experiment).map_err(DeliveryError::Experiment)?;
    let modules = files.into_iter().map(module).collect::<Result<BTreeMap<_, _>, _>>()?;
    check_uses(&experiment, modules.keys())?;
    Ok((experiment, modules))
}

fn module((name, bytes): (String, Vec<u8>)) -> Result<(String, Bytes), DeliveryError> {
    match name.strip_prefix(COMPONENTS) {
        Some(file) => Ok((file.to_owned(), bytes.into())),
        None => Err(DeliveryError::UnknownFile(shown(&name))),
    }
}

fn check_component(name: &str, bytes: u64) -> Result<(), DeliveryError> {
    if name.starts_with(COMPONENTS) && bytes > COMPONENT_BYTES.value {
        return Err(DeliveryError::LargeComponent { file: shown(name), bytes });
    }
    Ok(())
}

/// The modules that policies use are the modules that there are.
fn check_uses<'a>(experiment: &Experiment, given: impl Iterator<Item = &'a String>) -> Result<(), DeliveryError> {
    let mut unused: BTreeSet<&String> = given.collect();
    let given = unused.clone();
    for policy in &experiment.policies {
        if let ComponentRef::Module(file) = &policy.component {
            unused.remove(file);
            if !given.contains(file) {
                return Err(DeliveryError::Missing(format!("{COMPONENTS}{file}")));
            }
        }
    }
    match unused.first() {
        Some(file) => Err(DeliveryError::NotUsed(shown(&format!("{COMPONENTS}{file}")))),
        None => Ok(()),
    }
}
