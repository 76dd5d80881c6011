//! The bundle that is damaged and forged.

use std::collections::BTreeMap;

use misrule_engine::delivery::{Keys, Package, SigningKey, bundle};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::Experiment;

/// Where its native image lies.
pub(crate) const FOLDER: &str = "x86_64-unknown-linux-gnu-0123456789abcdef";
const EXPERIMENT: &str = r#"{
    "name": "outage", "expires": "2026-12-01T10:00:00Z", "blast_radius": {"functions": ["*"]},
    "published_to": {"accounts": ["123456789012"], "regions": ["us-east-1"], "environments": ["staging"]},
    "policy": [{"module": "brownout.wasm"}]
}"#;
const MODULE: &str = "brownout.wasm";
const COMPONENT: &[u8] = b"\0asm a component, as far as a bundle is concerned";
const IMAGE: &[u8] = b"\x7fELF an image, as far as a bundle is concerned";

pub(crate) struct Original {
    pub(crate) bundle: Vec<u8>,
    pub(crate) keys: Keys,
    experiment: Experiment,
    signer: SigningKey,
}

impl Original {
    pub(crate) fn new() -> Self {
        let signer = SigningKey::from_seed(&[7; 32]);
        let experiment = Experiment::from_json(EXPERIMENT.as_bytes()).unwrap();
        let bundle = write(&experiment, &signer);
        Self { bundle, keys: signer.public_key().into(), experiment, signer }
    }

    /// The same, but that somebody else signed it.
    pub(crate) fn by_a_stranger(&self) -> Vec<u8> {
        write(&self.experiment, &SigningKey::from_seed(&[8; 32]))
    }

    /// A package has what was signed, and nothing else.
    pub(crate) fn check(&self, package: &Package) {
        assert_eq!(package.signed_by, Some(self.signer.public_key().id()));
        assert_eq!(package.experiment, self.experiment);
        let modules: Vec<_> = package.modules.iter().map(|(file, bytes)| (file.as_str(), &bytes[..])).collect();
        assert_eq!(modules, [(MODULE, COMPONENT)]);
        let images = package.images.iter();
        let images: Vec<_> = images.map(|(file, it)| (file.as_str(), &it.bytes()[..], it.component())).collect();
        assert_eq!(images, [(MODULE, IMAGE, Digest::of(COMPONENT))]);
    }
}

fn write(experiment: &Experiment, signer: &SigningKey) -> Vec<u8> {
    let of = |bytes: &[u8]| BTreeMap::from([(MODULE.to_owned(), bytes.to_vec())]);
    let images = BTreeMap::from([(FOLDER.to_owned(), of(IMAGE))]);
    bundle::write(experiment, &of(COMPONENT), &images, Some(signer)).unwrap()
}
