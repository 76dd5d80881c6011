//! Why a delivery was refused.

use zip::result::ZipError;

use super::key::{KeyId, KeyIds};
use crate::decision::PolicyName;
use crate::experiment::ExperimentError;
use crate::limits::{BUNDLE_FILES, BUNDLE_UNPACKED, DELIVERY_BYTES, Limit};

/// A delivery that cannot be used. No message repeats what was delivered, names and short fields apart.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// Nothing at all.
    #[error("the delivery is empty")]
    Empty,
    /// Larger than [`DELIVERY_BYTES`].
    #[error("the delivery has {0} bytes, more than the {DELIVERY_BYTES} that are read")]
    TooLarge(usize),
    /// Of no known form.
    #[error("the delivery is neither a JSON object nor a bundle")]
    UnknownForm,
    /// An attempt at a halt.
    #[error("the delivery says `halt`, but is not exactly `{{\"halt\": true}}`")]
    Halt,
    /// The experiment is wrong.
    #[error("the experiment cannot be read")]
    Experiment(#[source] ExperimentError),
    /// Plain JSON cannot carry a component.
    #[error("policy `{policy}` uses the module `{file}`, which plain JSON cannot carry")]
    ModuleInJson {
        /// The policy.
        policy: PolicyName,
        /// The module's file.
        file: String,
    },
    /// A ZIP that does not end as one.
    #[error("the bundle is cut short")]
    CutShort,
    /// A ZIP that cannot be read, or not be written.
    #[error("the bundle is no ZIP of the form that Misrule writes")]
    Archive(#[source] ZipError),
    /// One of its files cannot be unpacked.
    #[error("`{file}` in the bundle is damaged")]
    Damaged {
        /// The file.
        file: String,
        /// How.
        source: std::io::Error,
    },
    /// A file of another size than the ZIP says, which no honest ZIP has.
    #[error("`{0}` in the bundle has another size than the bundle says")]
    FalseSize(String),
    /// Files whose bytes, or names, are those of others.
    #[error("the bundle has two files with the same name, or in the same place")]
    Overlapping,
    /// More than [`BUNDLE_FILES`].
    #[error("the bundle has {0} files, more than {BUNDLE_FILES}")]
    ManyFiles(usize),
    /// More than [`BUNDLE_UNPACKED`].
    #[error("the bundle unpacks to more than {BUNDLE_UNPACKED}")]
    Unpacked,
    /// Larger than files of its kind may be.
    #[error("`{file}` has {bytes} bytes, more than the {limit} that {what} may have")]
    LargeFile {
        /// The file.
        file: String,
        /// Its size.
        bytes: u64,
        /// Its kind.
        what: &'static str,
        /// What is allowed.
        limit: &'static Limit,
    },
    /// A path that leads out of the bundle, or nowhere.
    #[error("`{0}` in the bundle is no path below it")]
    Path(String),
    /// A file of no known kind.
    #[error("`{0}` in the bundle is nothing that this version knows")]
    UnknownFile(String),
    /// The manifest is wrong.
    #[error(
        "line {line}, column {column}: the bundle's `manifest.json` does not have the form {{\"files\": {{NAME: SHA-256}}}}"
    )]
    Manifest {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
    },
    /// A file that the manifest does not vouch for.
    #[error("`{0}` in the bundle is not in its manifest")]
    NotListed(String),
    /// A file that should be there.
    #[error("the bundle has no `{0}`")]
    Missing(String),
    /// A file that is not the one that the manifest means.
    #[error("`{0}` in the bundle does not have the digest that its manifest says")]
    Digest(String),
    /// A component without a use, or a native image without its component.
    #[error("no policy uses `{0}` in the bundle")]
    NotUsed(String),
    /// Keys are set, and plain JSON carries no signature.
    #[error("the experiment is plain JSON, which cannot be signed, and only what key {0} signed may arm")]
    UnsignedJson(KeyIds),
    /// Keys are set, and nobody signed the bundle.
    #[error("the bundle is not signed, and only what key {0} signed may arm")]
    UnsignedBundle(KeyIds),
    /// None of the layer's keys signed.
    #[error("the bundle is signed by key `{key}`, and only what key {keys} signed may arm")]
    OtherKey {
        /// The key that the signature names.
        key: KeyId,
        /// The keys that would do.
        keys: KeyIds,
    },
    /// The signature is none.
    #[error("the bundle's `manifest.sig` does not have the form {{\"key\": ID, \"signature\": BASE64}}")]
    SignatureForm,
    /// The manifest is not the one that was signed.
    #[error(
        "the bundle's signature by key `{0}` does not verify: what was signed was changed, or another key signed it"
    )]
    Signature(KeyId),
}

impl DeliveryError {
    /// What to do next, where there is something to say.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Experiment(error) => error.hint_of_delivered(),
            Self::Halt => Some("to halt say `misrule halt`; to go on publish an experiment".to_owned()),
            Self::Empty | Self::UnknownForm | Self::CutShort | Self::Archive(_) | Self::ModuleInJson { .. } => {
                Some("deliver what `misrule publish` makes".to_owned())
            }
            Self::UnsignedJson(_) | Self::UnsignedBundle(_) => Some("sign it: `misrule publish --key FILE`".to_owned()),
            Self::OtherKey { .. } => Some(
                "sign it with another key, or give the layer this one as the second in MISRULE_PUBLIC_KEY".to_owned(),
            ),
            Self::Signature(_) | Self::SignatureForm => {
                Some("publish it again: `misrule publish --key FILE`".to_owned())
            }
            _ => None,
        }
    }
}

/// A name from a delivery, fit for a message.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(100).flat_map(char::escape_debug).collect()
}
