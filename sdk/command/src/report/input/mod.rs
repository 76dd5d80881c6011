//! Where log events come from, and in which form. The form is told from the content, never from a file's name:
//!
//! | form | how it begins | log stream |
//! | --- | --- | --- |
//! | [`lines`]: a log, `aws logs tail`, an export to S3 | anything else | in each line where it stands there; else the folder of an export's file |
//! | [`document`]: `aws logs filter-log-events`, `get-log-events`, `get-query-results`; an array of such events | `{` and one of their fields, or `[` | `logStreamName`, `@logStream` |
//! | [`csv`]: what the console downloads | a heading that names `@message` or `message` | `@logStream`, `logStreamName` |
//!
//! Any of them may be packed with gzip. Nothing is held in memory but the event at hand, and the results of a Logs Insights
//! query, which come newest first.

mod csv;
mod document;
mod lines;
mod results;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use flate2::bufread::MultiGzDecoder;

use crate::failure::Explain;

/// Bytes of one log event; CloudWatch Logs takes no larger ones.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
pub(super) const MAX_EVENT: usize = 1024 * 1024;

/// Bytes that are looked at to tell the form.
const LOOK: usize = 64 * 1024;

/// A file, or standard input (`-`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Input {
    Standard,
    File(PathBuf),
}

impl FromStr for Input {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "-" { Self::Standard } else { Self::File(text.into()) })
    }
}

impl std::fmt::Display for Input {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Standard => formatter.write_str("standard input"),
            Self::File(path) => path.display().fmt(formatter),
        }
    }
}

/// One log event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    /// The log stream, where it is known.
    pub(crate) stream: Option<&'a str>,
    /// What was logged.
    pub(crate) text: &'a str,
}

/// Takes log events in, one after the other.
pub(crate) trait Sink {
    /// A log event.
    fn event(&mut self, event: Event<'_>);
    /// Something that is no log event, or too large for one.
    fn bad(&mut self);
}

/// An input could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// The system said no, or what was packed is damaged.
    #[error("cannot read `{input}`")]
    Read {
        /// Which.
        input: Input,
        /// Why.
        source: io::Error,
    },
    /// Text that some Windows tools write.
    #[error("`{0}` is UTF-16 text")]
    Utf16(Input),
}

impl Explain for InputError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { input, source } if source.kind() == io::ErrorKind::IsADirectory => {
                Some(format!("give the files in it, for example {input}/*/*.gz"))
            }
            Self::Read { .. } => None,
            Self::Utf16(input) => Some(format!("convert it: iconv -f UTF-16 -t UTF-8 {input}")),
        }
    }
}

impl Input {
    /// Reads all of it.
    ///
    /// # Errors
    /// Where it cannot be opened or read. What it holds is never an error: what cannot be understood is counted as bad.
    pub(crate) fn read(&self, sink: &mut impl Sink) -> Result<(), InputError> {
        let mut read = || match self {
            Self::Standard => read(io::stdin().lock(), None, sink),
            Self::File(path) => read(BufReader::new(File::open(path)?), exported(path), sink),
        };
        match read() {
            Ok(Readable::Yes) => Ok(()),
            Ok(Readable::Utf16) => Err(InputError::Utf16(self.clone())),
            Err(source) => Err(InputError::Read { input: self.clone(), source }),
        }
    }

    /// The same log by whatever name it is given.
    pub(crate) fn place(&self) -> Self {
        match self {
            Self::Standard => Self::Standard,
            Self::File(path) => Self::File(path.canonicalize().unwrap_or_else(|_| path.clone())),
        }
    }
}

/// Whether text is of an encoding that is read.
enum Readable {
    Yes,
    Utf16,
}

/// The log stream of a file that was exported to S3: `STREAM/000000.gz`, with dashes for slashes.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html>
fn exported(path: &Path) -> Option<&str> {
    let numbered = path.file_stem()?.to_str()?.bytes().all(|byte| byte.is_ascii_digit());
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    if numbered && packed { path.parent()?.file_name()?.to_str() } else { None }
}

fn read(source: impl BufRead, stream: Option<&str>, sink: &mut impl Sink) -> io::Result<Readable> {
    let (start, source) = looked_at(source)?;
    if start.starts_with(&[0x1f, 0x8b]) {
        let (start, source) = looked_at(BufReader::new(MultiGzDecoder::new(source)))?;
        return read_text(&start, source, stream, sink);
    }
    read_text(&start, source, stream, sink)
}

fn read_text(start: &[u8], source: impl BufRead, stream: Option<&str>, sink: &mut impl Sink) -> io::Result<Readable> {
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        return Ok(Readable::Utf16);
    }
    match Form::of(start) {
        Form::Lines => lines::read(source, stream, sink),
        Form::Document => document::read(source, stream, sink),
        Form::Csv => csv::read(source, stream, sink),
    }?;
    Ok(Readable::Yes)
}

/// The first bytes of a source, and all of it.
fn looked_at(mut source: impl BufRead) -> io::Result<(Vec<u8>, impl BufRead)> {
    let mut start = Vec::new();
    source.by_ref().take(LOOK as u64).read_to_end(&mut start)?;
    Ok((start.clone(), BufReader::new(io::Cursor::new(start).chain(source))))
}

/// How log events are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines,
    Document,
    Csv,
}

/// The fields that the answers of CloudWatch Logs may begin with.
const FIELDS: &[&str] = &[
    "events",
    "results",
    "searchedLogStreams",
    "statistics",
    "status",
    "queryLanguage",
    "encryptionKey",
    "nextToken",
    "nextForwardToken",
    "nextBackwardToken",
];

impl Form {
    fn of(start: &[u8]) -> Self {
        let text = String::from_utf8_lossy(start);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let heading = text.lines().next().unwrap_or_default();
        let begins = |open: char| text.strip_prefix(open).map(str::trim_start);
        if begins('{').is_some_and(|rest| FIELDS.iter().any(|field| named(rest, field)))
            || begins('[').is_some_and(|rest| rest.starts_with(['{', '[']))
        {
            Self::Document
        } else if csv::message_column(heading).is_some() {
            Self::Csv
        } else {
            Self::Lines
        }
    }
}

fn named(text: &str, field: &str) -> bool {
    text.strip_prefix('"').and_then(|rest| rest.strip_prefix(field)).is_some_and(|rest| rest.starts_with('"'))
}

#[cfg(test)]
mod tests;
