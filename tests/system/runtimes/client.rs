//! AWS's runtime clients, each with the same function.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use misrule_local::function::FunctionBuilder;
use misrule_tests::{layered, programs};

/// One of AWS's clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Python,
    Node,
    Rust,
}

impl Client {
    pub(crate) const ALL: [Self; 3] = [Self::Python, Self::Node, Self::Rust];

    /// The program and its arguments that serve this handler.
    pub(crate) fn command(self, handler: &str) -> Result<Vec<OsString>> {
        Ok(match self {
            Self::Python => {
                vec![programs::python("python")?.into(), "-m".into(), "awslambdaric".into(), handler.into()]
            }
            Self::Node => programs::node()?.into_iter().map(Into::into).chain([handler.into()]).collect(),
            Self::Rust => vec![programs::program("misrule-tests-endings")?.into()],
        })
    }

    /// The function on the local Lambda.
    pub(crate) fn function(self, handler: &str) -> Result<FunctionBuilder> {
        let command = self.command(handler)?;
        let arguments: Vec<_> = command[1..].iter().map(|word| word.to_string_lossy()).collect();
        let builder = layered::function("endings").runtime(&command[0], arguments.iter().map(AsRef::as_ref));
        // What Python would cache lies in the checkout.
        Ok(builder.handler(handler).task_root(code()).env("PYTHONDONTWRITEBYTECODE", "1"))
    }
}

/// Where the function's code is.
pub(crate) fn code() -> PathBuf {
    programs::checkout().join("tests/functions/endings")
}
