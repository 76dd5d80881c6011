//! What a policy's component says of itself.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use misrule_engine::decision::PolicyName;
use misrule_engine::digest::Digest;
use misrule_engine::experiment::Environment;
use misrule_engine::policy::PolicyError;
use misrule_engine::sandbox::{Hooks, Place, Refusal, Sandbox, SandboxError};
use misrule_engine::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use wasmparser::{Parser, Payload};

use super::component::SETTINGS_SECTION;
use super::imports::{self, Used};
use super::provenance::{self, Provenance, ProvenanceError};
use super::section;
use super::unsupported::unsupported;
use crate::failure::{Blame, Explain};

/// A component that a layer takes, and what is known of it.
#[derive(Debug)]
pub(crate) struct Inspection {
    /// Its digest.
    pub(crate) digest: Digest,
    /// Bytes, by what they hold.
    pub(crate) sizes: Sizes,
    /// The functions of the contract that it uses.
    pub(crate) used: Used,
    /// What it can reach that no layer has, a warning each.
    pub(crate) unsupported: Vec<String>,
    /// The hooks that it asks for; none where that depends on settings that were not given.
    pub(crate) hooks: Option<Hooks>,
    /// The JSON Schema of its settings; none where it was not built with this SDK.
    pub(crate) settings: Option<Value>,
    /// What it was compiled of; none where `misrule build` did not make it.
    pub(crate) provenance: Option<Provenance>,
}

/// Bytes of a component, by what they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Sizes {
    /// All of it.
    pub(crate) total: u64,
    /// Compiled code.
    pub(crate) code: u64,
    /// Constant data.
    pub(crate) data: u64,
    /// Schema, provenance, and what compilers leave.
    pub(crate) custom: u64,
}

/// Why a file cannot be inspected, or is not what it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InspectionError {
    /// The file is not there.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No layer would take it.
    #[error("`{}` is no policy", path.display())]
    NoPolicy {
        /// Which.
        path: PathBuf,
        /// Why.
        source: SandboxError,
    },
    /// The settings that were given.
    #[error("the settings are no JSON")]
    NoJson(#[source] serde_json::Error),
    /// A section of ours has been tampered with.
    #[error("the section `{section}` of `{}` is broken", path.display())]
    Section {
        /// The file.
        path: PathBuf,
        /// Which section.
        section: &'static str,
        /// Why.
        source: Box<dyn std::error::Error>,
    },
    /// The policy says no.
    #[error("`{}`", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// In its own words.
        source: Refusal,
    },
    /// With these settings it wants no hook.
    #[error("`{}`", path.display())]
    Idle {
        /// The file.
        path: PathBuf,
        /// That it can never act.
        source: PolicyError,
    },
    /// It was not built with this command.
    #[error("`{}` does not say what it was compiled of", .0.display())]
    NoProvenance(PathBuf),
    /// The source has changed since.
    #[error("`{}` was not compiled of the source in `{}`", path.display(), folder.display())]
    OtherSource {
        /// The component.
        path: PathBuf,
        /// The workspace's folder.
        folder: PathBuf,
        /// What is not as it was, where that is known.
        source: Option<ProvenanceError>,
    },
    /// This machine hosts no WebAssembly.
    #[error("policies cannot be tried here")]
    Sandbox(#[source] SandboxError),
}

impl Explain for InspectionError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoProvenance(_) | Self::OtherSource { .. } => Some("`misrule build` compiles it again".to_owned()),
            Self::NoPolicy { .. } => Some(
                "`misrule build` makes a policy's component; an experiment is looked at as `misrule bundle` makes it"
                    .to_owned(),
            ),
            Self::Read { .. } => {
                let names: Vec<_> = misrule_policies::READY_MADE.iter().map(|policy| policy.name).collect();
                Some(format!(
                    "name a file of a component, a bundle or plain JSON, or a ready-made policy: {}",
                    names.join(", ")
                ))
            }
            Self::Settings { .. } | Self::Idle { .. } => {
                Some("without `--settings` this command lists what it knows".to_owned())
            }
            _ => None,
        }
    }

    fn blame(&self) -> Blame {
        if matches!(self, Self::Sandbox(_)) { Blame::Own } else { Blame::Input }
    }
}

impl Inspection {
    /// Reads a component, from a file or by a ready-made policy's name, and configures it with these settings or, where none are given, with none.
    ///
    /// # Errors
    ///
    /// No layer would take it, its sections are broken, or it refuses the settings that were given.
    pub(crate) fn of(path: &Path, settings: Option<&str>) -> Result<Self, InspectionError> {
        let bytes = bytes(path)?;
        let given = settings.map(serde_json::from_str::<serde::de::IgnoredAny>).transpose();
        given.map_err(InspectionError::NoJson)?;
        let sandbox = Sandbox::new().map_err(InspectionError::Sandbox)?;
        let no_policy = |source| InspectionError::NoPolicy { path: path.to_owned(), source };
        let component = sandbox.compile(&bytes).map_err(no_policy)?;
        let configured = sandbox.configure(&component, &Arc::new(place(path)), settings.unwrap_or("{}"));
        let hooks = match configured {
            Ok((_, hooks)) if hooks.before || hooks.after => Some(hooks),
            Ok(_) if settings.is_some() => {
                return Err(InspectionError::Idle { path: path.to_owned(), source: PolicyError::NoHook });
            }
            Ok(_) => None,
            Err(source) if settings.is_some() => {
                return Err(InspectionError::Settings { path: path.to_owned(), source });
            }
            Err(_) => None,
        };
        let broken = |source: wasmparser::BinaryReaderError| no_policy(SandboxError::Invalid(source.into()));
        Ok(Self {
            digest: component.digest(),
            sizes: sizes(&bytes).map_err(broken)?,
            used: imports::used(&bytes).map_err(broken)?,
            unsupported: unsupported(&bytes).map_err(broken)?,
            hooks,
            settings: read(path, &bytes, SETTINGS_SECTION)?,
            provenance: read(path, &bytes, provenance::SECTION)?,
        })
    }

    /// Checks that it was compiled of the source in this workspace's folder.
    ///
    /// # Errors
    ///
    /// It was not, or does not say.
    pub(crate) fn check_source(&self, path: &Path, folder: &Path) -> Result<(), InspectionError> {
        let known = self.provenance.as_ref().ok_or_else(|| InspectionError::NoProvenance(path.to_owned()))?;
        let other = |source| InspectionError::OtherSource { path: path.to_owned(), folder: folder.to_owned(), source };
        let found = provenance::digest(folder, &known.files, &known.packages).map_err(|error| other(Some(error)))?;
        if found.to_string() == known.source { Ok(()) } else { Err(other(None)) }
    }
}

/// The file's content; where there is none, the ready-made policy of this name.
fn bytes(path: &Path) -> Result<Vec<u8>, InspectionError> {
    std::fs::read(path).or_else(|source| {
        let ready_made = path.to_str().and_then(misrule_policies::component);
        ready_made.map(<[u8]>::to_vec).ok_or_else(|| InspectionError::Read { path: path.to_owned(), source })
    })
}

/// What the JSON in a section says; none where there is no such section.
fn read<T: serde::de::DeserializeOwned>(
    path: &Path,
    component: &[u8],
    section: &'static str,
) -> Result<Option<T>, InspectionError> {
    let broken =
        |source: Box<dyn std::error::Error>| InspectionError::Section { path: path.to_owned(), section, source };
    let content = section::find(component, section).map_err(|error| broken(error.into()))?;
    content.map(|content| serde_json::from_slice(content).map_err(|error| broken(error.into()))).transpose()
}

fn sizes(component: &[u8]) -> Result<Sizes, wasmparser::BinaryReaderError> {
    let mut sizes = Sizes { total: component.len() as u64, ..Sizes::default() };
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::CodeSectionStart { range, .. } => sizes.code += length(&range),
            Payload::DataSection(section) => sizes.data += length(&section.range()),
            Payload::CustomSection(section) => sizes.custom += length(&section.range()),
            _ => {}
        }
    }
    Ok(sizes)
}

fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// Where the policy is tried: it may ask, but nothing of it can matter yet.
fn place(path: &Path) -> Place {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Place {
        environment: Environment {
            function_name: "misrule-inspect".to_owned(),
            function_version: "$LATEST".to_owned(),
            region: "us-east-1".to_owned(),
            account: None,
            memory_mb: 128,
            initialization: "on-demand".to_owned(),
        },
        experiment: "misrule-inspect".to_owned(),
        starts: Timestamp::default(),
        expires: Timestamp::default(),
        policy: PolicyName::new(&stem),
    }
}
