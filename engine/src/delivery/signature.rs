//! A bundle's `manifest.sig`: which key signed, and its signature over the exact bytes of `manifest.json`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::DeliveryError;
use super::key::{KeyId, Keys, SigningKey};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Form {
    key: String,
    signature: String,
}

/// A signature, as it says of itself.
pub(super) struct Signature {
    /// The key that it names.
    pub(super) key: KeyId,
    bytes: [u8; 64],
}

/// The proof that one of the layer's keys signed a manifest. Only [`Signature::judge`] gives it.
pub(super) struct Vouched(KeyId);

impl Vouched {
    /// The key that signed.
    pub(super) fn key(&self) -> KeyId {
        self.0
    }
}

pub(super) fn write(manifest: &[u8], signer: &SigningKey) -> Vec<u8> {
    let (key, signature) = (signer.public_key().id().to_string(), STANDARD.encode(signer.sign(manifest)));
    // Strings only: nothing that could fail.
    serde_json::to_vec_pretty(&Form { key, signature }).unwrap_or_default()
}

impl Signature {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, DeliveryError> {
        let form: Form = serde_json::from_slice(bytes).map_err(|_| DeliveryError::SignatureForm)?;
        let key = KeyId::from_hex(&form.key).ok_or(DeliveryError::SignatureForm)?;
        let signature = STANDARD.decode(form.signature).ok().and_then(|bytes| bytes.try_into().ok());
        signature.map(|bytes| Self { key, bytes }).ok_or(DeliveryError::SignatureForm)
    }

    /// Whether one of these keys signed exactly this manifest.
    pub(super) fn judge(&self, manifest: &[u8], keys: &Keys) -> Result<Vouched, DeliveryError> {
        let key = keys.find(self.key).ok_or(DeliveryError::OtherKey { key: self.key, keys: keys.ids() })?;
        if key.verifies(manifest, &self.bytes) {
            Ok(Vouched(self.key))
        } else {
            Err(DeliveryError::Signature(self.key))
        }
    }
}
