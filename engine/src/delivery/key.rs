//! Ed25519 keys ([RFC 8032](https://www.rfc-editor.org/rfc/rfc8032)): who may have signed a bundle.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};

use crate::digest::Digest;

/// What a signature names its key by: the first 8 bytes of the SHA-256 of the public key, as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    /// Reads 16 hexadecimal digits of either case; none where the text is anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let plain = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        plain.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyId({self})")
    }
}

/// A public key, written as its 32 bytes in base64.
///
/// ```
/// use misrule_engine::delivery::PublicKey;
///
/// let key: PublicKey = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".parse().unwrap();
/// assert_eq!(key.id().to_string(), "21fe31dfa154a261");
/// assert!("AAAA".parse::<PublicKey>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// What signatures name it by.
    pub fn id(&self) -> KeyId {
        let [a, b, c, d, e, f, g, h, ..] = Digest::of(&self.0).to_bytes();
        KeyId([a, b, c, d, e, f, g, h])
    }

    /// Whether its private key signed exactly these bytes.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| key.verify_strict(signed, &signature).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        let key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        // For a weak key there are signatures that fit any text.
        key.filter(|key| !key.is_weak()).map(|key| Self(key.to_bytes())).ok_or(KeyError::NoKey)
    }
}

/// The public keys that a layer was given: one, or two while they are rotated. Written with a comma between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    first: PublicKey,
    second: Option<PublicKey>,
}

impl Keys {
    /// These keys.
    pub const fn new(first: PublicKey, second: Option<PublicKey>) -> Self {
        Self { first, second }
    }

    /// Their ids.
    pub fn ids(&self) -> KeyIds {
        KeyIds { first: self.first.id(), second: self.second.map(|second| second.id()) }
    }

    /// The key of this id, where it is one of them.
    pub(super) fn find(&self, id: KeyId) -> Option<PublicKey> {
        self.iter().find(|key| key.id() == id)
    }

    fn iter(&self) -> impl Iterator<Item = PublicKey> {
        std::iter::once(self.first).chain(self.second)
    }
}

impl From<PublicKey> for Keys {
    fn from(key: PublicKey) -> Self {
        Self::new(key, None)
    }
}

/// What signatures name a layer's keys by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyIds {
    first: KeyId,
    second: Option<KeyId>,
}

impl fmt::Display for KeyIds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.first)?;
        self.second.iter().try_for_each(|second| write!(formatter, " or `{second}`"))
    }
}

impl FromStr for Keys {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let keys: Vec<_> = text.split(',').map(str::trim).filter(|key| !key.is_empty()).collect();
        match keys[..] {
            [] => Err(KeyError::Empty),
            [first] => Ok(Self::new(first.parse()?, None)),
            [first, second] => Ok(Self::new(first.parse()?, Some(second.parse()?))),
            _ => Err(KeyError::Many),
        }
    }
}

/// Why a text is no key, or are no keys. The text is not repeated: it may be a private key by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is none.
    #[error("no public key is given")]
    Empty,
    /// Not 32 bytes in base64, or no point of the curve that a key may be.
    #[error("this is no Ed25519 public key")]
    NoKey,
    /// More than two.
    #[error("more than two public keys are given")]
    Many,
}

/// A private key: it signs bundles. Nothing shows it.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key that these 32 secret bytes are.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// What verifies its signatures.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({})", self.public_key().id())
    }
}
