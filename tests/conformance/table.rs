//! The table of cases and verdicts, as tests/README.md shows it.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use misrule_tests::programs::checkout;

use super::{Verdict, Way};

/// What writes the table anew.
pub(crate) const COMMAND: &str = "cargo test --workspace --test conformance -- --write";

const BEGIN: &str = "<!-- conformance: begin -->\n";
const END: &str = "<!-- conformance: end -->\n";
const HEAD: &str = "| case | the runtime | Lambda sees, and the runtime back | direct | layer | two |\n\
    | --- | --- | --- | --- | --- | --- |\n";

/// One case, and what came of it in each way.
pub(crate) struct Row {
    pub(crate) from: &'static str,
    pub(crate) runtime: &'static str,
    pub(crate) seen: &'static str,
    pub(crate) verdicts: Vec<Verdict>,
}

/// All of them.
pub(crate) struct Table {
    rows: Vec<Row>,
}

impl Row {
    /// What failed, and how.
    pub(crate) fn failures(&self) -> impl Iterator<Item = String> {
        Way::ALL.iter().zip(&self.verdicts).filter_map(|(way, verdict)| match verdict {
            Verdict::Failed(why) => Some(format!("{}: {} ({way:?}): {why}", self.from, self.runtime)),
            _ => None,
        })
    }

    fn line(&self) -> String {
        let verdicts: Vec<_> = self.verdicts.iter().map(ToString::to_string).collect();
        let cell = |text: &str| text.replace('|', "\\|");
        format!("| {} | {} | {} | {} |\n", self.from, cell(self.runtime), cell(self.seen), verdicts.join(" | "))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdicts: Vec<_> = self.verdicts.iter().map(ToString::to_string).collect();
        write!(formatter, "{}: {} ... {}", self.from, self.runtime, verdicts.join(", "))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => write!(formatter, "passed"),
            Self::ByTheClock => write!(formatter, "by the clock"),
            Self::Shortened => write!(formatter, "shortened"),
            Self::NotApplicable("") => write!(formatter, "n/a"),
            Self::NotApplicable(why) => write!(formatter, "n/a: {why}"),
            Self::Failed(_) => write!(formatter, "**fails**"),
        }
    }
}

impl Table {
    pub(crate) fn new(rows: Vec<Row>) -> Self {
        Self { rows }
    }

    /// How many of each.
    pub(crate) fn summary(&self) -> String {
        let count = |fits: fn(&Verdict) -> bool| {
            self.rows.iter().flat_map(|row| &row.verdicts).filter(|verdict| fits(verdict)).count()
        };
        format!(
            "{} cases: {} passed, {} passed by the clock, {} passed shortened, {} not applicable, {} failed",
            self.rows.len(),
            count(|verdict| *verdict == Verdict::Passed),
            count(|verdict| *verdict == Verdict::ByTheClock),
            count(|verdict| *verdict == Verdict::Shortened),
            count(|verdict| matches!(verdict, Verdict::NotApplicable(_))),
            count(|verdict| matches!(verdict, Verdict::Failed(_))),
        )
    }

    /// What stands between the marks.
    fn text(&self) -> String {
        let lines: String = self.rows.iter().map(Row::line).collect();
        format!("{HEAD}{lines}\n{}.\n", self.summary())
    }

    /// Lines that stand in one table and not in the other. A long run passes what a usual one passes by the clock or shortened.
    pub(crate) fn differences(&self, long: bool) -> Result<Vec<String>> {
        let passed = |text: String| text.replace("| by the clock", "| passed").replace("| shortened", "| passed");
        let seen = |text: String| if long { passed(text) } else { text };
        let (_, written, _) = parts()?;
        let (written, found) = (seen(written), seen(self.text()));
        let lines =
            |text: &str| text.lines().filter(|line| line.starts_with('|')).map(str::to_owned).collect::<Vec<_>>();
        let (written, found) = (lines(&written), lines(&found));
        let missing = found.iter().filter(|line| !written.contains(line)).map(|line| format!("found:   {line}"));
        let gone = written.iter().filter(|line| !found.contains(line)).map(|line| format!("written: {line}"));
        Ok(missing.chain(gone).collect())
    }

    /// Puts this table into the README.
    pub(crate) fn write(&self) -> Result<()> {
        let (before, _, after) = parts()?;
        Ok(fs::write(readme(), format!("{before}{BEGIN}{}{END}{after}", self.text()))?)
    }
}

fn readme() -> PathBuf {
    checkout().join("tests/README.md")
}

/// The README before the table, the table, and what follows.
fn parts() -> Result<(String, String, String)> {
    let text = fs::read_to_string(readme())?;
    let marks = || format!("tests/README.md lacks the lines {BEGIN}{END}");
    let (before, rest) = text.split_once(BEGIN).with_context(marks)?;
    let (table, after) = rest.split_once(END).with_context(marks)?;
    Ok((before.to_owned(), table.to_owned(), after.to_owned()))
}
