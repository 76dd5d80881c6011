//! The settings' values: each is parsed once, at the edge.

use std::time::Duration;

use tracing_subscriber::filter::Targets;

use super::error::Problem;

/// The longest that a setting may let an invocation wait.
pub const MAX_WAIT: Duration = Duration::from_secs(60);

/// A share from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(f64);

impl Default for Share {
    /// All of it.
    fn default() -> Self {
        Self(1.0)
    }
}

impl Share {
    /// None of it.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self(0.0);

    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let share = text.parse().map_err(|_| Problem::Share)?;
        (0.0..=1.0).contains(&share).then_some(Self(share)).ok_or(Problem::Share)
    }

    /// Whether a draw from all 64-bit numbers falls into the share: none does where it is 0, all do where it is 1.
    pub fn takes(self, draw: u64) -> bool {
        // The upper 53 bits are what a double holds exactly, so the quotient lies in 0 <= quotient < 1.
        let quotient = (draw >> 11) as f64 / (1_u64 << 53) as f64;
        quotient < self.0
    }
}

/// How function URLs and REST APIs wait for an answer: for the whole of it, or for a stream that begins with its HTTP
/// prelude. The event does not say which, and neither reads the other's form.
/// <https://docs.aws.amazon.com/lambda/latest/dg/config-rs-invoke-furls.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvokeMode {
    /// For the whole of it.
    Buffered,
    /// For a stream.
    ResponseStream,
}

impl InvokeMode {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        match text.to_ascii_uppercase().as_str() {
            "BUFFERED" => Ok(Self::Buffered),
            "RESPONSE_STREAM" => Ok(Self::ResponseStream),
            _ => Err(Problem::InvokeMode),
        }
    }
}

/// How CloudWatch learns what to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metrics {
    /// From the log lines.
    #[default]
    Embedded,
    /// It does not.
    Off,
}

impl Metrics {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        Ok(if flag(text)? { Self::Embedded } else { Self::Off })
    }
}

/// Whether HTTP answers that Misrule made or changed say so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerHeader {
    /// They do, in `x-misrule`.
    #[default]
    Set,
    /// They do not: callers cannot tell them from the handler's.
    Absent,
}

impl AnswerHeader {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        Ok(if flag(text)? { Self::Set } else { Self::Absent })
    }
}

/// Whether names of hosts may fail to resolve, for which runtimes get a library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlockHosts {
    /// They may not.
    #[default]
    Refused,
    /// They may.
    Allowed,
}

impl BlockHosts {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        Ok(if flag(text)? { Self::Allowed } else { Self::Refused })
    }
}

/// `true` or `false`, also in capitals or as 1 and 0, as templates write them.
pub(super) fn flag(text: &str) -> Result<bool, Problem> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Problem::Flag),
    }
}

/// A number with the unit ms, s, m or h; a bare 0 needs none.
pub(super) fn wait(text: &str) -> Result<Duration, Problem> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - unit.len()];
    let seconds_each = match unit.trim() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "" if number == "0" => 1.0,
        _ => return Err(Problem::Duration),
    };
    let number: f64 = number.parse().map_err(|_| Problem::Duration)?;
    let wait = Duration::try_from_secs_f64(number * seconds_each).map_err(|_| Problem::TooLong)?;
    if wait > MAX_WAIT { Err(Problem::TooLong) } else { Ok(wait) }
}

pub(super) fn port(text: &str) -> Result<u16, Problem> {
    text.parse().ok().filter(|port| *port != 0).ok_or(Problem::Port)
}

pub(super) fn megabytes(text: &str) -> Result<u32, Problem> {
    text.parse().map_err(|_| Problem::Megabytes)
}

/// Levels by target. Tracing itself takes any text for a target's name, and would log nothing: who wants no line of ours says
/// `off`.
pub(super) fn filter(text: &str) -> Result<Targets, Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_:-.=, ".contains(c);
    if !text.chars().all(plain) {
        return Err(Problem::Filter);
    }
    let targets: Targets = text.parse().map_err(|_| Problem::Filter)?;
    let silent = !targets.would_enable("misrule", &tracing::Level::ERROR) && !text.contains("off");
    if silent { Err(Problem::Filter) } else { Ok(targets) }
}
