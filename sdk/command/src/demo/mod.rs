//! The demo: the classic experiment on two regions of one health-checked API.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`region`] | the two regions |
//! | [`scale`] | how much faster than Route 53's own times everything goes |
//! | [`programs`] | what runs beside this program, built where this is a checkout |
//! | [`site`] | what stands in one region: AppConfig, the function with the layer on it, its URL, its health check |
//! | [`stage`] | both regions, and the commands that are run on them |
//! | [`dns`] | how clients find a region |
//! | [`clients`] | who asks, and what came of it |
//! | [`history`] | everything that clients and health checks saw, and when |
//! | [`course`] | what is done in which order |
//! | [`judgement`] | what was promised, and what was seen |
//! | [`table`] | the summary |
//! | [`picture`] | the timeline |

pub(crate) mod clients;
pub(crate) mod course;
pub(crate) mod dns;
pub(crate) mod history;
pub(crate) mod judgement;
pub(crate) mod picture;
pub(crate) mod programs;
pub(crate) mod region;
pub(crate) mod scale;
pub(crate) mod site;
pub(crate) mod stage;
pub(crate) mod table;

use std::path::PathBuf;

use crate::failure::{Blame, Explain};
use region::Region;

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
    #[error("`misrule {command}` failed in {region}")]
    Command {
        /// `publish` or `halt`.
        command: &'static str,
        /// Whose AppConfig it spoke to.
        region: Region,
    },
    /// Nothing came of what was published.
    #[error("the fault did not take hold in {region} within {within} s")]
    NoFault {
        /// Where it was expected.
        region: Region,
        /// For how long.
        within: u64,
    },
    /// The picture cannot be written there.
    #[error("cannot write the picture to `{}`", .0.display())]
    Picture(PathBuf, #[source] std::io::Error),
    /// What must hold for the experiment to say anything did not hold.
    #[error("the demo did not go as it must: {}", .0.join("; "))]
    Promise(Vec<String>),
    /// The experiment's answer is no.
    #[error("the hypothesis does not hold: {}", .0.join("; "))]
    Hypothesis(Vec<String>),
    /// Somebody stopped it.
    #[error("stopped before the end; nothing is left running")]
    Interrupted {
        /// The signal's number.
        signal: u8,
    },
}

impl Explain for DemoError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoProgram(_) => "run the demo from a checkout: `cargo demo`",
            Self::NoFault { .. } | Self::Promise(_) => {
                "run it again with -v for the layers' own logs; a busy machine may be too slow"
            }
            Self::Picture(..) => "name a file in a folder that is there, with --picture",
            Self::Hypothesis(_) => "the picture shows which requests failed, and when",
            Self::Build | Self::Stage(..) | Self::Command { .. } | Self::Interrupted { .. } => return None,
        };
        Some(hint.to_owned())
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Promise(_) | Self::Hypothesis(_) | Self::Picture(..) => Blame::Input,
            Self::Interrupted { signal } => Blame::Signal(*signal),
            _ => Blame::Own,
        }
    }
}
