//! The one place that writes to stdout and stderr. Stdout is data; everything said goes to stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::failure::Failure;
use crate::surroundings;

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors only.
    Quiet,
    /// What was done.
    Normal,
    /// Each step on the way.
    Verbose,
}

impl Verbosity {
    /// What `-q` and `-v` ask for.
    pub(crate) const fn chosen(quiet: bool, verbose: bool) -> Self {
        match (quiet, verbose) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Verbose,
            (false, false) => Self::Normal,
        }
    }
}

/// Writes what a command has to say. Nothing breaks when nobody reads it.
pub(crate) struct Printer {
    verbosity: Verbosity,
    terminal: bool,
    coloured: bool,
    /// Bars of several regions stand below each other.
    bars: MultiProgress,
}

impl Printer {
    /// A printer to this process's stdout and stderr.
    pub(crate) fn new(verbosity: Verbosity) -> Self {
        let terminal = io::stderr().is_terminal();
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        if terminal && verbosity >= Verbosity::Normal {
            bars.set_draw_target(ProgressDrawTarget::stderr());
        }
        Self { verbosity, terminal, coloured: terminal && surroundings::colour_allowed(), bars }
    }

    /// A line of the result, to stdout.
    pub(crate) fn data(&self, line: impl Display) {
        drop(writeln!(io::stdout(), "{line}"));
    }

    /// What was done.
    pub(crate) fn say(&self, line: impl Display) {
        if self.verbosity >= Verbosity::Normal {
            self.tell(line);
        }
    }

    /// A step on the way, for those who asked with `-v`.
    pub(crate) fn detail(&self, line: impl Display) {
        if self.verbosity >= Verbosity::Verbose {
            self.tell(line);
        }
    }

    /// Whether each step is wanted.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// What another process said, from wherever it is heard.
    pub(crate) fn aside(line: impl Display) {
        drop(writeln!(io::stderr(), "{line}"));
    }

    /// Whether only errors are wanted: then programs that the command runs should be quiet too.
    pub(crate) fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    /// What was done, but may not be what was meant.
    pub(crate) fn warn(&self, line: impl Display) {
        self.say(format_args!("{} {}", self.painted("warning:", "1;33"), harmless(line)));
    }

    /// What went wrong, why, and what to do next. A file, a policy or a service may have a say in it.
    pub(crate) fn failure(&self, failure: &Failure) {
        let causes = failure.causes();
        let (error, causes) = causes.split_first().map_or(("", &[][..]), |(error, causes)| (error, causes));
        self.tell(format_args!("{} {}", self.painted("error:", "1;31"), harmless(error)));
        for cause in causes {
            // Mistakes in settings or in an experiment come a line each.
            let lines: Vec<_> = cause.split('\n').map(harmless).collect();
            self.tell(format_args!("  {} {}", self.painted("because:", "1"), lines.join("\n    ")));
        }
        for hint in failure.hints() {
            self.tell(format_args!("{} {}", self.painted("hint:", "1;36"), harmless(hint)));
        }
    }

    /// A bar from 0 to 100 percent: drawn on a terminal, a line for each change elsewhere.
    pub(crate) fn progress(&self, what: &str) -> Progress<'_> {
        let bar = self.bars.add(ProgressBar::new(100));
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}% {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what.to_owned());
        Progress { printer: self, bar, what: what.to_owned(), last: String::new() }
    }

    /// Something that goes on: on a terminal its state is shown until this is dropped, elsewhere nothing is.
    pub(crate) fn activity(&self, what: &str) -> Activity<'_> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        // What other processes say in the meantime would break it.
        if self.terminal && self.verbosity == Verbosity::Normal {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {wide_msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_owned());
        Activity { printer: self, bar }
    }

    /// Asks a question, where there is a terminal to answer it at: whether the answer is yes.
    pub(crate) async fn asks(&self, question: &str) -> Option<bool> {
        if !self.terminal || !io::stdin().is_terminal() {
            return None;
        }
        drop(write!(io::stderr(), "{} [y/N] ", harmless(question)));
        let mut line = OpenLine(true);
        let answer = typed().await;
        line.0 = !answer.ends_with('\n');
        Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    fn tell(&self, line: impl Display) {
        self.bars.suspend(|| drop(writeln!(io::stderr(), "{line}")));
    }

    fn painted(&self, text: &str, style: &str) -> String {
        if self.coloured { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// A line that is ended when nobody did, also where the command is interrupted.
struct OpenLine(bool);

impl Drop for OpenLine {
    fn drop(&mut self) {
        if self.0 {
            drop(writeln!(io::stderr()));
        }
    }
}

/// The line that is typed next, as far as it goes. A thread of its own waits for it, so that signals are heard meanwhile; where
/// the command ends first, it ends with it.
async fn typed() -> String {
    let (sender, answer) = tokio::sync::oneshot::channel();
    let typing = std::thread::Builder::new().spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        sender.send(read.map(|_| line).unwrap_or_default())
    });
    drop(typing);
    answer.await.unwrap_or_default()
}

/// How far something has come that is done elsewhere.
pub(crate) struct Progress<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
    what: String,
    last: String,
}

impl Progress<'_> {
    /// Percent done, and the state's name.
    pub(crate) fn set(&mut self, percent: f32, state: &str) {
        let line = format!("{}: {state}, {percent:.0} %", self.what);
        if line == self.last {
            return;
        }
        if self.printer.terminal {
            self.bar.set_message(state.to_owned());
            self.bar.set_position(percent as u64);
        } else {
            self.printer.say(&line);
        }
        self.last = line;
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Something that goes on.
pub(crate) struct Activity<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
}

impl Activity<'_> {
    /// How it goes now.
    pub(crate) fn set(&self, state: &str) {
        self.bar.set_message(state.to_owned());
        self.bar.tick();
    }

    /// Says something meanwhile.
    pub(crate) fn say(&self, line: impl Display) {
        self.bar.suspend(|| self.printer.say(line));
    }
}

impl Drop for Activity<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A text in which nothing moves the cursor, colours what follows or pretends to be a line of ours: control characters are
/// written out, as `\n` and `\u{1b}`.
fn harmless(text: impl Display) -> String {
    let letters = text.to_string();
    let mut plain = String::with_capacity(letters.len());
    for letter in letters.chars() {
        if letter.is_control() { plain.extend(letter.escape_default()) } else { plain.push(letter) }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(harmless("a\x1b[2J\r\nerror: b\t\u{9b}1m"), "a\\u{1b}[2J\\r\\nerror: b\\t\\u{9b}1m");
        assert_eq!(harmless("`caf\u{e9}`: \"x\\y\""), "`caf\u{e9}`: \"x\\y\"");
    }
}
