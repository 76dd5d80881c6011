//! The bundle: a ZIP that carries an experiment and its components.
//!
//! | file | what it is |
//! | --- | --- |
//! | `manifest.json` | `{"files": {NAME: SHA-256}}`: every other file with its digest |
//! | `manifest.sig` | `{"key": ID, "signature": BASE64}`: an Ed25519 signature over the exact bytes of `manifest.json`; absent where nobody signed |
//! | `experiment.json` | the experiment |
//! | `components/FILE.wasm` | a component, under the name that the experiment's `module` gives |
//! | `native/TARGET-HASH/FILE.cwasm` | a native image of that component, for one target and one version of the host |
//!
//! Nothing else may be in it, and nothing that is missing, listed twice or not listed is overlooked. What is signed is the
//! manifest alone: name, end, accounts, regions and environments of the experiment are covered by the digest of
//! `experiment.json`, so that they stand in one place and cannot contradict each other.

mod archive;
mod file;
mod listing;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use self::archive::Archive;
use self::file::Kind;
use self::manifest::Files;
use super::DeliveryError;
use super::error::shown;
use super::image::Image;
use super::key::{KeyId, Keys, SigningKey};
use super::signature::{self, Signature, Vouched};
use crate::digest::Digest;
use crate::experiment::{ComponentRef, Experiment};

pub use listing::{Listed, Listing};

const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
const EXPERIMENT: &str = "experiment.json";

/// Native images: by the folder that names target and host, then by the module's file that each is an image of.
pub type Images = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

/// Writes a bundle, signed where there is somebody to sign. The same input gives the same bytes.
///
/// # Errors
/// Where a component that the experiment uses is not given, one that it does not use is, an image is of none of them, or a
/// limit is exceeded.
pub fn write(
    experiment: &Experiment,
    modules: &BTreeMap<String, Vec<u8>>,
    images: &Images,
    signer: Option<&SigningKey>,
) -> Result<Vec<u8>, DeliveryError> {
    check_uses(experiment, modules.keys())?;
    let mut files = BTreeMap::from([(EXPERIMENT.to_owned(), experiment.to_json().into_bytes())]);
    files.extend(modules.iter().map(|(file, component)| (file::component(file), component.clone())));
    for (folder, images) in images {
        for (module, image) in images {
            let name = file::image(folder, module);
            if !modules.contains_key(module) {
                return Err(DeliveryError::NotUsed(shown(&name)));
            }
            files.insert(name, image.clone());
        }
    }
    let manifest = manifest::write(&files);
    let signature = signer.map(|signer| signature::write(&manifest, signer));
    let head = std::iter::once((MANIFEST, manifest.as_slice())).chain(signature.as_deref().map(|it| (SIGNATURE, it)));
    archive::pack(head.chain(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))))
}

/// What a bundle holds, by the standards of who reads it.
pub(super) struct Contents {
    pub(super) experiment: Experiment,
    pub(super) modules: BTreeMap<String, Bytes>,
    pub(super) images: BTreeMap<String, Image>,
    pub(super) signed_by: Option<KeyId>,
}

/// Reads a bundle. With keys, nothing but manifest and signature is inflated before one of them is found to have signed.
/// Native images are inflated of this folder only, and only where a key signed.
pub(super) fn read(bytes: &[u8], keys: Option<&Keys>, folder: Option<&str>) -> Result<Contents, DeliveryError> {
    let (mut files, vouched) = open(bytes, keys)?;
    let (experiment, modules) = portable(&mut files)?;
    let images = match (&vouched, folder) {
        (Some(vouched), Some(folder)) => native(&mut files, folder, &modules, vouched)?,
        _ => BTreeMap::new(),
    };
    let modules = modules.into_iter().map(|(file, (bytes, _))| (file, bytes)).collect();
    Ok(Contents { experiment, modules, images, signed_by: vouched.as_ref().map(Vouched::key) })
}

/// The files, of which none was inflated yet but manifest and signature.
fn open<'a>(bytes: &'a [u8], keys: Option<&Keys>) -> Result<(Files<'a>, Option<Vouched>), DeliveryError> {
    let mut archive = Archive::open(bytes)?;
    let missing = || DeliveryError::Missing(MANIFEST.to_owned());
    let manifest = archive.inflate(MANIFEST)?.ok_or_else(missing)?;
    let vouched = match keys {
        None => None,
        Some(keys) => {
            let signature = archive.inflate(SIGNATURE)?.ok_or(DeliveryError::UnsignedBundle(keys.ids()))?;
            Some(Signature::read(&signature)?.judge(&manifest, keys)?)
        }
    };
    Ok((Files::new(archive, &manifest)?, vouched))
}

type Modules = BTreeMap<String, (Bytes, Digest)>;

/// The experiment and its components, after a look at every name in the bundle.
fn portable(files: &mut Files<'_>) -> Result<(Experiment, Modules), DeliveryError> {
    let named = |name: String| Kind::of(&name).map(|kind| (name, kind));
    let kinds = files.names().into_iter().map(named).collect::<Result<Vec<_>, _>>()?;
    let (experiment, _) = files.read(EXPERIMENT)?;
    let experiment = Experiment::from_json(&experiment).map_err(DeliveryError::Experiment)?;
    let mut modules = Modules::new();
    for (name, kind) in &kinds {
        if let Kind::Component(file) = kind {
            let (bytes, digest) = files.read(name)?;
            modules.insert(file.clone(), (bytes.into(), digest));
        }
    }
    check_uses(&experiment, modules.keys())?;
    for (name, kind) in &kinds {
        match kind {
            Kind::Image { module } if !modules.contains_key(module) => {
                return Err(DeliveryError::NotUsed(shown(name)));
            }
            _ => {}
        }
    }
    Ok((experiment, modules))
}

fn native(
    files: &mut Files<'_>,
    wanted: &str,
    modules: &Modules,
    vouched: &Vouched,
) -> Result<BTreeMap<String, Image>, DeliveryError> {
    let mut images = BTreeMap::new();
    for (module, (_, component)) in modules {
        let name = file::image(wanted, module);
        if files.has(&name) {
            let (bytes, _) = files.read(&name)?;
            images.insert(module.clone(), Image::vouched(bytes.into(), *component, vouched));
        }
    }
    Ok(images)
}

/// The modules that policies use are the modules that there are.
fn check_uses<'a>(experiment: &Experiment, given: impl Iterator<Item = &'a String>) -> Result<(), DeliveryError> {
    let mut unused: BTreeSet<&String> = given.collect();
    let given = unused.clone();
    for policy in &experiment.policies {
        if let ComponentRef::Module(file) = &policy.component {
            unused.remove(file);
            if !given.contains(file) {
                return Err(DeliveryError::Missing(file::component(file)));
            }
        }
    }
    match unused.first() {
        Some(file) => Err(DeliveryError::NotUsed(shown(&file::component(file)))),
        None => Ok(()),
    }
}
