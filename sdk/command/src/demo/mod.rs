//! The demo: one function with the layer on it, traffic, and an experiment that comes, changes and goes.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`stage`] | what stands: AppConfig, the function with its extension, a front for clients |
//! | [`traffic`] | a client, and what it saw |
//! | [`phases`] | what is published in which order, and what clients must see then |
//! | [`table`] | the summary |

pub(crate) mod phases;
pub(crate) mod stage;
pub(crate) mod table;
pub(crate) mod traffic;

use std::path::PathBuf;

use crate::failure::{Blame, Explain};

/// Why the demo could not show what it has to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    /// A program that the demo runs is not there.
    #[error("`{}` is not there", .0.display())]
    NoProgram(PathBuf),
    /// Building the programs failed.
    #[error("`cargo build` of the demo's programs failed")]
    Build,
    /// Something of the stage could not be set up.
    #[error("cannot set up {0}")]
    Stage(&'static str, #[source] Box<dyn std::error::Error>),
    /// A command did not do its work.
    #[error("`misrule {0}` failed")]
    Command(String),
    /// Clients saw something else than a phase promises.
    #[error("{} did not do what {} says: {}", if .0.len() == 1 { "a phase" } else { "phases" }, if .0.len() == 1 { "it" } else { "they" }, .0.join(", "))]
    Promise(Vec<&'static str>),
}

impl Explain for DemoError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoProgram(_) => "run the demo from a checkout: `cargo demo`",
            Self::Promise(_) => "the table above says what clients saw; run it again with -v for the layer's own log",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Promise(_) => Blame::Input,
            _ => Blame::Own,
        }
    }
}
