//! From an experiment's file to the bytes that are published, checked as a layer would check them: nothing leaves this
//! machine that no layer would arm.

mod error;
mod packed;
mod room;
mod warnings;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use misrule_engine::decision::{Armoury, Carries, Enforcer};
use misrule_engine::delivery::{Delivery, Form, KeyId, Keys, SigningKey, bundle};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::{ComponentRef, Ends, Environment, Experiment, PublishedTo};
use misrule_engine::sandbox::Sandbox;
use misrule_engine::time::Timestamp;

pub(crate) use error::ContentError;
pub(crate) use packed::{Signature, damage, delivered, key_named};
pub(crate) use warnings::{faults, out_of_hook};

use self::packed::Packed;
use crate::appconfig::{Content, media_type};
use crate::images;
use crate::key_file::Signer;
use crate::revision;

/// What AppConfig's hosted store is sure to take, in bytes (AppConfig's quotas: 1 MB for each version by default).
pub(crate) const LARGEST: usize = 1024 * 1024;

/// An experiment, ready to be published.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Its name.
    pub(crate) name: String,
    /// When it ends.
    pub(crate) ends: Timestamp,
    /// Where it says that it was published to.
    pub(crate) published_to: PublishedTo,
    /// The digest of the content: what log lines call the experiment's version.
    pub(crate) digest: Digest,
    /// Its form.
    pub(crate) form: Form,
    /// Who signed it, as far as that is known.
    pub(crate) signature: Signature,
    /// Whether native images would make it too large, and are left out.
    without_images: bool,
    /// The faults that its policies ask for in vain.
    out_of_hook: Vec<String>,
    /// Why nothing can ever be injected where it goes, where that is sure.
    pub(crate) in_vain: Option<String>,
    /// What is uploaded.
    pub(crate) content: Content,
}

/// An experiment with its modules, checked as far as it can be before it is known where it goes.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    experiment: Experiment,
    modules: BTreeMap<String, Vec<u8>>,
    read: Timestamp,
    signer: Option<SigningKey>,
    /// Native images of the modules; only what is signed has any.
    images: bundle::Images,
    /// The public keys that must have signed it, where they are known beside its signer's.
    keys: Option<Keys>,
    /// Whether it becomes a bundle, also where it has no modules and nobody signs it.
    bundled: bool,
    /// The bytes that are published as they are, where its file holds them.
    packed: Option<Packed>,
}

impl Draft {
    /// Reads an experiment that is published at `now`, and the modules that lie beside it; or what `misrule bundle` made of them.
    ///
    /// # Errors
    ///
    /// A file is missing, the experiment is none, is over, or uses a policy that there is not.
    pub(crate) fn read(path: &Path, now: Timestamp) -> Result<Self, ContentError> {
        let path = path.to_owned();
        let bytes = fs::read(&path).map_err(|source| ContentError::Read { path: path.clone(), source })?;
        if packed::is_packed(&bytes) {
            return Self::packed(path, bytes, now);
        }
        if bytes.starts_with(b"\0asm") {
            return Err(ContentError::Component(path));
        }
        let unreadable = |error| ContentError::Read {
            path: path.clone(),
            source: io::Error::new(io::ErrorKind::InvalidData, error),
        };
        let text = String::from_utf8(bytes).map_err(|error| unreadable(error.utf8_error()))?;
        let experiment = Experiment::from_toml_at(&text, now);
        let experiment = experiment.map_err(|source| ContentError::Experiment { path: path.clone(), source })?;
        if experiment.published_to != PublishedTo::default() {
            return Err(ContentError::PublishedTo(path));
        }
        check_ready_made(&experiment)?;
        let modules = read_modules(&path, &experiment)?;
        let images = bundle::Images::new();
        let draft = Self {
            path,
            experiment,
            modules,
            read: now,
            signer: None,
            images,
            keys: None,
            bundled: false,
            packed: None,
        };
        Ok(draft)
    }

    fn packed(path: PathBuf, bytes: Vec<u8>, now: Timestamp) -> Result<Self, ContentError> {
        let (package, packed) = Packed::read(&path, bytes)?;
        check_ready_made(&package.experiment)?;
        let modules = package.modules.iter().map(|(file, component)| (file.clone(), component.to_vec())).collect();
        let (experiment, images) = (package.experiment, bundle::Images::new());
        let packed = Some(packed);
        Ok(Self { path, experiment, modules, read: now, signer: None, images, keys: None, bundled: false, packed })
    }

    /// The same, where it is not packed yet.
    ///
    /// # Errors
    ///
    /// It is.
    pub(crate) fn unpacked(self) -> Result<Self, ContentError> {
        if self.packed.is_some() { Err(ContentError::Packed(self.path)) } else { Ok(self) }
    }

    /// With a key it becomes a bundle that this key signs. Layers take native images from nobody else.
    ///
    /// # Errors
    ///
    /// There is a key, and it is packed already.
    pub(crate) fn signed(self, signer: Option<Signer>) -> Result<Self, ContentError> {
        if signer.is_some() && self.packed.is_some() {
            return Err(ContentError::Packed(self.path));
        }
        let native = signer.as_ref().is_some_and(|signer| signer.native);
        let images = if native { images::of_all(&self.modules) } else { bundle::Images::new() };
        Ok(Self { signer: signer.map(|signer| signer.key), images, ..self })
    }

    /// It is refused where none of these keys signed it: a layer that was given them would refuse it, too.
    pub(crate) fn judged_by(self, keys: Option<Keys>) -> Self {
        Self { keys, ..self }
    }

    /// As a bundle where that is wanted, for a profile that has bundles. What is packed already stays as it is.
    pub(crate) fn bundled(self, bundled: bool) -> Self {
        Self { bundled, ..self }
    }

    /// Resolves it for where it is published to at `now`, packs it, and tries it as a layer in the first region would. It is
    /// the same in all regions: one version.
    ///
    /// # Errors
    ///
    /// Whatever a layer would refuse it for, and what keeps AppConfig from carrying it.
    pub(crate) fn prepare(&self, to: &PublishedTo, now: Timestamp) -> Result<Prepared, ContentError> {
        let Self { path, experiment, .. } = self;
        let meant = to.regions.first().or(experiment.blast_radius.regions.first());
        let region = meant.ok_or_else(|| ContentError::NoRegion(path.clone()))?;
        let (experiment, Packed { bytes, form, without_images, key, .. }) = match &self.packed {
            Some(packed) => (experiment.clone(), packed.clone()),
            None => self.resolve_and_pack(to, now, region)?,
        };
        if bytes.len() > LARGEST {
            return Err(ContentError::TooLarge { path: path.clone(), bytes: bytes.len(), room: self.room() });
        }
        let (armed, signed_by) = self.try_to_arm(&bytes, region, now)?;
        let digest = Digest::of(&bytes);
        let content = Content { bytes, media_type: media_type(form), description: self.description(digest) };
        Ok(Prepared {
            ends: end(&experiment, now),
            name: experiment.name,
            published_to: experiment.published_to,
            digest,
            form,
            signature: Signature::of(key, signed_by),
            without_images,
            out_of_hook: self.out_of_hook(&armed),
            in_vain: self.in_vain(&to.regions, &armed),
            content,
        })
    }

    fn resolve_and_pack(
        &self,
        to: &PublishedTo,
        now: Timestamp,
        region: &str,
    ) -> Result<(Experiment, Packed), ContentError> {
        let experiment = Experiment { published_to: to.clone(), ..self.experiment.clone() };
        let resolved = experiment.resolve(now, region);
        let resolved =
            resolved.map_err(|error| ContentError::Experiment { path: self.path.clone(), source: error.into() })?;
        let packed = self.pack(&resolved)?;
        Ok((resolved, packed))
    }

    /// Plain JSON, or a bundle, with native images where it then still fits.
    fn pack(&self, experiment: &Experiment) -> Result<Packed, ContentError> {
        let Self { path, modules, signer, images, .. } = self;
        if modules.is_empty() && signer.is_none() && !self.bundled {
            return Ok(Packed::json(experiment));
        }
        let bundle = |images: &bundle::Images| bundle::write(experiment, modules, images, signer.as_ref());
        let whole = bundle(images).ok().filter(|bytes| bytes.len() <= LARGEST);
        let without_images = whole.is_none() && !images.is_empty();
        let packed = whole.map_or_else(|| bundle(&bundle::Images::new()), Ok);
        let bytes = packed.map_err(|source| ContentError::Pack { path: path.clone(), source })?;
        let key = signer.as_ref().map(|signer| signer.public_key().id());
        Ok(Packed { bytes, form: Form::Bundle, without_images, key, files: Vec::new() })
    }

    /// Does what a layer with these keys does with what it receives, in an environment made up for the purpose. Gives what it
    /// armed, and the key that it found to have signed.
    fn try_to_arm(
        &self,
        bytes: &[u8],
        region: &str,
        now: Timestamp,
    ) -> Result<(Enforcer, Option<KeyId>), ContentError> {
        let path = || self.path.clone();
        let keys = self.keys.or_else(|| self.signer.as_ref().map(|signer| Keys::from(signer.public_key())));
        let delivery = Delivery::read(&bytes.to_vec().into(), keys.as_ref());
        let delivery = delivery.map_err(|source| match self.keys {
            Some(_) => ContentError::Unverified { path: path(), source },
            None => ContentError::Pack { path: path(), source },
        })?;
        let Delivery::Experiment(package) = delivery else { return Err(ContentError::Halt(path())) };
        let sandbox = Sandbox::new().map_err(ContentError::Sandbox)?;
        let armoury = Armoury {
            sandbox: &sandbox,
            ready_made: &misrule_policies::component,
            environment: &environment(region),
            carries: &Carries::everything(),
            previous: None,
        };
        let armed = armoury.arm(&package, now);
        let armed = armed.map_err(|source| ContentError::Unarmed { path: path(), source: Box::new(source) })?;
        Ok((armed, package.signed_by))
    }

    /// Name, digest and revision: what the AppConfig console shows.
    fn description(&self, digest: Digest) -> String {
        let revision = revision::of(self.path.parent().unwrap_or(Path::new("")));
        let revision = revision.map(|revision| format!(" git {revision}")).unwrap_or_default();
        format!("misrule: {} sha256 {}{revision}", self.experiment.name, digest.short())
    }
}

fn end(experiment: &Experiment, now: Timestamp) -> Timestamp {
    match experiment.ends {
        Ends::At(end) => end,
        Ends::After(duration) => experiment.starts.unwrap_or(now).plus(duration),
    }
}

fn check_ready_made(experiment: &Experiment) -> Result<(), ContentError> {
    for policy in &experiment.policies {
        if let ComponentRef::ReadyMade(name) = &policy.component
            && misrule_policies::component(name).is_none()
        {
            return Err(ContentError::NotReadyMade { policy: policy.name.clone(), name: name.clone() });
        }
    }
    Ok(())
}

/// The modules lie beside the experiment's file.
fn read_modules(path: &Path, experiment: &Experiment) -> Result<BTreeMap<String, Vec<u8>>, ContentError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut modules = BTreeMap::new();
    for policy in &experiment.policies {
        if let ComponentRef::Module(file) = &policy.component {
            let path = folder.join(file);
            let read = fs::read(&path);
            let read = read.map_err(|source| ContentError::Module { policy: policy.name.clone(), path, source })?;
            modules.insert(file.clone(), read);
        }
    }
    Ok(modules)
}

fn environment(region: &str) -> Environment {
    Environment {
        function_name: "misrule-publish".to_owned(),
        function_version: "$LATEST".to_owned(),
        region: region.to_owned(),
        account: None,
        memory_mb: 128,
        initialization: "on-demand".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surroundings;

    /// A draft with a signer and one module, and with an image of so many bytes that cannot be packed any smaller.
    fn draft(image: usize) -> Draft {
        let experiment = "name = \"trial\"\nduration = \"1h\"\n[blast_radius]\nfunctions = [\"*\"]\n\
                          [[policy]]\nmodule = \"latency.wasm\"\nsettings = { delay = \"1s\" }\n";
        let component = misrule_policies::component("latency").unwrap().to_vec();
        let mut digest = Digest::of(b"image");
        let noise = std::iter::repeat_with(|| {
            digest = Digest::of(format!("{digest}").as_bytes());
            digest.to_string().into_bytes()
        });
        let image: Vec<u8> = noise.flatten().take(image).collect();
        let modules = BTreeMap::from([("latency.wasm".to_owned(), component)]);
        let images = BTreeMap::from([("target-0".to_owned(), BTreeMap::from([("latency.wasm".to_owned(), image)]))]);
        let experiment = Experiment::from_toml(experiment).unwrap();
        let (read, signer) = (surroundings::now(), Some(SigningKey::from_seed(&[7; 32])));
        Draft {
            path: "trial.toml".into(),
            experiment,
            modules,
            read,
            signer,
            images,
            keys: None,
            bundled: false,
            packed: None,
        }
    }

    fn prepared(draft: &Draft) -> Prepared {
        let to = PublishedTo { regions: vec!["us-east-1".to_owned()], ..PublishedTo::default() };
        draft.prepare(&to, surroundings::now()).unwrap()
    }

    #[test]
    fn images_that_fit_go_along() {
        let prepared = prepared(&draft(100_000));
        assert!(prepared.content.bytes.len() > 50_000);
        assert_eq!(prepared.warnings(), [""; 0]);
    }

    #[test]
    fn images_that_do_not_fit_are_left_out_and_that_is_said() {
        // Hexadecimal digits pack to half.
        let prepared = prepared(&draft(3_000_000));
        assert!(prepared.content.bytes.len() < 50_000);
        let [warning] = &prepared.warnings()[..] else { panic!("one warning") };
        assert!(warning.starts_with("`trial` goes without native images"), "{warning}");
    }
}
