//! Why an experiment is not published.

use std::io;
use std::path::PathBuf;

use misrule_engine::decision::{ArmError, PolicyName};
use misrule_engine::delivery::DeliveryError;
use misrule_engine::experiment::Mistakes;
use misrule_engine::policy::PolicyError;
use misrule_engine::sandbox::{Refusal, SandboxError};

use super::LARGEST;
use crate::failure::{Blame, Explain};

/// Why an experiment is not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContentError {
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no experiment, or one that cannot be published now.
    #[error("`{}` cannot be published", path.display())]
    Experiment {
        /// Which.
        path: PathBuf,
        /// Why: all that is wrong with it.
        source: Mistakes,
    },
    /// Its author says what only publishing can.
    #[error("`{}` says `published_to`, which publishing fills in", .0.display())]
    PublishedTo(PathBuf),
    /// The file is a policy's component.
    #[error("`{}` is a policy's component, not an experiment", .0.display())]
    Component(PathBuf),
    /// A policy that is neither ours nor a module.
    #[error("policy `{policy}` uses `{name}`, which is no ready-made policy")]
    NotReadyMade {
        /// The policy's name in the experiment.
        policy: PolicyName,
        /// What it uses.
        name: String,
    },
    /// A policy's module cannot be read.
    #[error("policy `{policy}`: cannot read its module `{}`", path.display())]
    Module {
        /// The policy's name.
        policy: PolicyName,
        /// Where its module should be.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The bytes cannot be made, or would not be read back.
    #[error("`{}` cannot be packed", path.display())]
    Pack {
        /// The experiment's file.
        path: PathBuf,
        /// Why.
        source: DeliveryError,
    },
    /// It is packed, and was to be packed.
    #[error("`{}` is packed already: it is published as it is", .0.display())]
    Packed(PathBuf),
    /// It is packed, and no layer would take it.
    #[error("`{}` is nothing that a layer arms", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: DeliveryError,
    },
    /// No layer with the keys that were given would take it.
    #[error("`{}` does not verify", path.display())]
    Unverified {
        /// Which.
        path: PathBuf,
        /// Why.
        source: DeliveryError,
    },
    /// It is packed, and is no experiment.
    #[error("`{}` is a halt", .0.display())]
    Halt(PathBuf),
    /// AppConfig would not take it.
    #[error("`{}` comes to {bytes} bytes, more than the {LARGEST} that AppConfig takes", path.display())]
    TooLarge {
        /// The experiment's file.
        path: PathBuf,
        /// With its modules.
        bytes: usize,
        /// What takes the room.
        room: String,
    },
    /// Neither the experiment nor who publishes it says where.
    #[error("`{}` names no region", .0.display())]
    NoRegion(PathBuf),
    /// A layer would refuse it.
    #[error("no layer would arm `{}`", path.display())]
    Unarmed {
        /// The experiment's file.
        path: PathBuf,
        /// Why.
        source: Box<ArmError>,
    },
    /// Policies cannot be tried on this machine.
    #[error("policies cannot be tried here")]
    Sandbox(#[source] SandboxError),
}

impl Explain for ContentError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::PublishedTo(_) => Some(
                "leave it out: `misrule publish` writes where it published to; for a bundle say `--account`, `--region` and `--environment`"
                    .to_owned(),
            ),
            Self::Component(path) => Some(format!(
                "name the TOML of an experiment that uses it, under `[[policy]]` as `module = \"{}\"`",
                path.file_name().unwrap_or_default().display()
            )),
            Self::NotReadyMade { .. } => Some(format!(
                "ready-made policies: {}; for one of your own say `module = \"NAME.wasm\"`",
                ready_made_names().join(", ")
            )),
            Self::Module { .. } => Some("`misrule build` makes it".to_owned()),
            Self::TooLarge { room, .. } => Some(format!("make smaller, or leave out, what takes the most room: {room}")),
            Self::NoRegion(_) => Some("say `--region REGION`, or `regions` under `[blast_radius]`".to_owned()),
            Self::Unarmed { source, .. } => arming_hint(source),
            Self::Packed(_) => Some("name the experiment's TOML to pack or to sign it anew".to_owned()),
            Self::Unreadable { source, .. } | Self::Unverified { source, .. } => source.hint(),
            Self::Halt(_) => Some("`misrule halt` deploys one".to_owned()),
            Self::Experiment { .. } | Self::Read { .. } | Self::Pack { .. } | Self::Sandbox(_) => None,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Experiment { source, .. } => source.hints(),
            other => other.hint().into_iter().collect(),
        }
    }

    fn blame(&self) -> Blame {
        if matches!(self, Self::Sandbox(_)) { Blame::Own } else { Blame::Input }
    }
}

fn arming_hint(error: &ArmError) -> Option<String> {
    match error {
        ArmError::Experiment { source, .. } => source.hint(),
        ArmError::Policy { source: PolicyError::Configure(Refusal::Settings(_)), .. } => {
            Some("`misrule inspect POLICY` lists a policy's settings: of a ready-made one or of a module".to_owned())
        }
        _ => None,
    }
}

fn ready_made_names() -> Vec<&'static str> {
    misrule_policies::READY_MADE.iter().map(|policy| policy.name).collect()
}
