//! A bundle's file, opened to look at.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use misrule_engine::delivery::bundle::{Listed, Listing};
use misrule_engine::delivery::{Delivery, DeliveryError, KeyId, Keys};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::{Ends, Experiment};
use misrule_engine::limits::DELIVERY_BYTES;
use misrule_engine::time::Timestamp;
use serde_json::{Value, json};

use crate::content::LARGEST;
use crate::failure::Explain;

/// A bundle's file, every file in it held against its digest; or an experiment in plain JSON, which has no files.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Of the whole file: what log lines call the experiment's version.
    pub(crate) digest: Digest,
    /// Its size.
    pub(crate) bytes: usize,
    /// What is in it.
    pub(crate) listing: Listing,
}

/// Why a file is not looked at, or not trusted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// It is not there, or not to be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No layer would take it.
    #[error("`{}` is no {what} that a layer takes", path.display())]
    Refused {
        /// Which.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Why.
        source: DeliveryError,
    },
    /// No layer with these keys would take it.
    #[error("`{}` does not verify", path.display())]
    Unverified {
        /// Which.
        path: PathBuf,
        /// Why.
        source: DeliveryError,
    },
    /// A halt carries no signature, and needs none.
    #[error("`{}` is a halt, which every layer obeys and nobody signs", .0.display())]
    Halt(PathBuf),
}

impl Explain for OpenError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { source, .. } | Self::Unverified { source, .. } => source.hint(),
            Self::Read { .. } | Self::Halt(_) => None,
        }
    }
}

/// At most what a layer reads, and one byte more, which says that there is too much.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(DELIVERY_BYTES.value + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Opened {
    /// Opens a bundle without judging its signature, or an experiment in plain JSON; none where the file is neither.
    ///
    /// # Errors
    ///
    /// It is one that no layer would take, or a halt.
    pub(crate) fn experiment(path: &Path) -> Result<Option<Self>, OpenError> {
        // What cannot be read is none: a ready-made policy goes by its name alone.
        let Ok(bytes) = read(path) else { return Ok(None) };
        let refused = |what| move |source| OpenError::Refused { path: path.to_owned(), what, source };
        let (digest, size) = (Digest::of(&bytes), bytes.len());
        let listing = match bytes.trim_ascii_start() {
            [b'P', b'K', ..] => Listing::read(&bytes).map_err(refused("bundle"))?,
            [b'{', ..] => match Delivery::read(&bytes.into(), None).map_err(refused("experiment"))? {
                Delivery::Experiment(plain) => Listing { experiment: plain.experiment, files: Vec::new(), key: None },
                Delivery::Halt => return Err(OpenError::Halt(path.to_owned())),
            },
            _ => return Ok(None),
        };
        Ok(Some(Self { digest, bytes: size, listing }))
    }

    /// Opens a bundle that one of these keys signed.
    ///
    /// # Errors
    ///
    /// None of them did, or it is no bundle.
    pub(crate) fn verified(path: &Path, keys: &Keys) -> Result<Self, OpenError> {
        let bytes = read(path).map_err(|source| OpenError::Read { path: path.to_owned(), source })?;
        let bytes = Bytes::from(bytes);
        let unverified = |source| OpenError::Unverified { path: path.to_owned(), source };
        if let Delivery::Halt = Delivery::read(&bytes, Some(keys)).map_err(unverified)? {
            return Err(OpenError::Halt(path.to_owned()));
        }
        let listing = Listing::verified(&bytes, keys).map_err(unverified)?;
        Ok(Self { digest: Digest::of(&bytes), bytes: bytes.len(), listing })
    }
}

impl Opened {
    /// What there is to know, as lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Listing { experiment, files, key } = &self.listing;
        let to = &experiment.published_to;
        let named = |names: &[String]| if names.is_empty() { "not said".to_owned() } else { names.join(", ") };
        let mut lines = vec![
            format!("digest       sha256 {}", self.digest),
            format!("bytes        {}: {} % of what AppConfig takes", self.bytes, self.bytes * 100 / LARGEST),
            format!("signature    {}", signature(*key)),
            format!("name         {}", experiment.name),
        ];
        lines.extend(experiment.hypothesis.as_ref().map(|hypothesis| format!("hypothesis   {hypothesis}")));
        lines.extend(experiment.starts.map(|starts| format!("starts       {starts}")));
        lines.extend(ends(experiment).map(|ends| format!("ends         {ends}")));
        lines.push(format!("accounts     {}", named(&to.accounts)));
        lines.push(format!("regions      {}", named(&to.regions)));
        lines.push(format!("environments {}", named(&to.environments)));
        let policies: Vec<_> = experiment.policies.iter().map(|policy| policy.name.to_string()).collect();
        lines.push(format!("policies     {}", policies.join(", ")));
        let width = files.iter().map(|file| file.name.len()).max().unwrap_or(0);
        let file = |file: &Listed| {
            format!("file         {:width$}  {:>7} bytes  sha256 {}", file.name, file.bytes, file.digest)
        };
        lines.extend(files.iter().map(file));
        lines
    }

    /// What there is to know, as JSON: the experiment as it is in the bundle.
    pub(crate) fn as_json(&self) -> Value {
        let Listing { experiment, files, key } = &self.listing;
        let experiment: Value = serde_json::from_str(&experiment.to_json()).unwrap_or_default();
        let file = |file: &Listed| json!({ "name": file.name, "bytes": file.bytes, "sha256": file.digest.to_string() });
        json!({
            "sha256": self.digest.to_string(),
            "bytes": self.bytes,
            "key": key.map(|key| key.to_string()),
            "experiment": experiment,
            "files": files.iter().map(file).collect::<Vec<_>>(),
        })
    }
}

/// What a signature says of itself, where nobody judged it.
pub(crate) fn signature(key: Option<KeyId>) -> String {
    key.map_or_else(|| "none".to_owned(), |key| format!("names key {key}"))
}

fn ends(experiment: &Experiment) -> Option<Timestamp> {
    match experiment.ends {
        Ends::At(end) => Some(end),
        Ends::After(_) => None,
    }
}
