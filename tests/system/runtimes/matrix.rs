//! Which endings each of AWS's runtime clients has, and what the caller of the function then sees.

use std::fmt::Write as _;
use std::fs;

use misrule_tests::programs::checkout;

use super::client::Client;

/// How an invocation ends, or the init before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Answer,
    Stream,
    StreamError,
    HandlerError,
    InitError,
    Crash,
    Timeout,
}

impl Ending {
    /// As the table calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Stream => "streamed answer",
            Self::StreamError => "error in mid-stream",
            Self::HandlerError => "handler error",
            Self::InitError => "init error",
            Self::Crash => "crash",
            Self::Timeout => "timeout",
        }
    }

    /// The path that asks for it.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Answer | Self::InitError => "/answer",
            Self::Stream => "/stream",
            Self::StreamError => "/stream-error",
            Self::HandlerError => "/handler-error",
            Self::Crash => "/crash",
            Self::Timeout => "/timeout",
        }
    }

    /// The handler that has it: in Node one either streams or does not.
    pub(crate) fn handler(self) -> &'static str {
        if matches!(self, Self::Stream | Self::StreamError) { "endings.streaming" } else { "endings.handler" }
    }
}

/// What there is to be seen of one ending under one client.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    /// The caller sees this, and Lambda the same requests, with and without the layer.
    Sees(&'static str),
    /// The client has no such ending, and why.
    Cannot(&'static str),
}

/// One ending under each client.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) ending: Ending,
    /// In the order of [`Client::ALL`].
    pub(crate) verdicts: [Verdict; 3],
}

const fn row(ending: Ending, verdicts: [Verdict; 3]) -> Row {
    Row { ending, verdicts }
}

const NO_STREAMS: Verdict = Cannot("the client has no streams");

use Verdict::{Cannot, Sees};

/// Every ending, each once.
pub(crate) const MATRIX: &[Row] = &[
    row(Ending::Answer, [Sees("answer"), Sees("answer"), Sees("answer")]),
    row(Ending::Stream, [NO_STREAMS, Sees("whole stream"), Sees("whole stream")]),
    row(Ending::StreamError, [NO_STREAMS, Sees("stream, then `Runtime.Unknown`"), Sees("whole stream")]),
    row(Ending::HandlerError, [Sees("`Runtime.Unknown`"), Sees("`Runtime.Unknown`"), Sees("`Runtime.Unknown`")]),
    row(Ending::InitError, [Sees("`Runtime.Unknown`"), Sees("`Runtime.Unknown`"), Sees("`Runtime.ExitError`")]),
    row(Ending::Crash, [Sees("`Runtime.ExitError`"), Sees("`Runtime.ExitError`"), Sees("`Runtime.ExitError`")]),
    row(Ending::Timeout, [Sees("`Sandbox.Timedout`"), Sees("`Sandbox.Timedout`"), Sees("`Sandbox.Timedout`")]),
];

/// The table as tests/README.md has it.
fn table() -> String {
    let mut table = "| ending |".to_owned();
    for client in Client::ALL {
        let _ = write!(table, " {client:?} |");
    }
    table += "\n| --- | --- | --- | --- |\n";
    for Row { ending, verdicts } in MATRIX {
        let _ = write!(table, "| {} |", ending.name());
        for verdict in verdicts {
            let _ = match verdict {
                Sees(what) => write!(table, " {what} |"),
                Cannot(reason) => write!(table, " none: {reason} |"),
            };
        }
        table.push('\n');
    }
    table
}

#[test]
fn the_readme_has_this_table() {
    let readme = fs::read_to_string(checkout().join("tests/README.md")).unwrap();
    assert!(readme.contains(&table()), "tests/README.md lacks:\n{}", table());
}

#[test]
fn the_readme_names_the_versions_that_are_tested() {
    let read = |file: &str| fs::read_to_string(checkout().join(file)).unwrap();
    let readme = read("tests/README.md");
    for (client, file, before) in [
        ("awslambdaric", "tests/requirements.txt", "awslambdaric=="),
        ("aws-lambda-ric", "tests/node/package.json", "\"aws-lambda-ric\": \""),
        ("lambda_runtime", "Cargo.lock", "name = \"lambda_runtime\"\nversion = \""),
    ] {
        let text = read(file);
        let (_, rest) = text.split_once(before).unwrap();
        let version: String = rest.chars().take_while(|part| part.is_ascii_digit() || *part == '.').collect();
        assert!(readme.contains(&format!("`{client}` {version}")), "tests/README.md does not say {client} {version}");
    }
}
