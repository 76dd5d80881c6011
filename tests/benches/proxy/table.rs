//! The figures as a table in Markdown.

use std::fmt::Write as _;

use anyhow::Result;

use crate::Row;
use crate::measured::{Measured, Spread, Targets};

const HEAD: &str = "\
| | an event takes, us | added, us | x pass-through | CPU, us | x pass-through | allocations | resident: before, peak, after, MB |
| --- | --- | --- | --- | --- | --- | --- | --- |
";

/// A table for each case; each figure is the median of the rounds, with the least and the most.
pub(crate) fn of(rows: &[Row]) -> Result<String> {
    let mut text = String::new();
    for (case, targets) in rows {
        write!(text, "### {}\n\n{HEAD}", case.name())?;
        for (name, measured) in &targets.0 {
            writeln!(text, "{}", line(name, measured, targets))?;
        }
        writeln!(text)?;
    }
    Ok(text)
}

fn line(name: &str, measured: &Measured, targets: &Targets) -> String {
    let (taken, added, ratio) = (measured.taken(), targets.added(measured), targets.added_ratio(measured));
    let of_proxy = measured.before.is_some();
    let (added, ratio) = (added.filter(|_| of_proxy), ratio.filter(|_| of_proxy));
    let cells = [
        name.to_owned(),
        told(taken, 1),
        told(added, 1),
        told(ratio, 2),
        told(measured.cpu(), 1),
        told(targets.cpu_ratio(measured), 2),
        measured.allocations.map_or_else(String::new, |allocations| format!("{allocations:.1}")),
        memory(measured),
    ];
    format!("| {} |", cells.join(" | "))
}

fn told(spread: Option<Spread>, digits: usize) -> String {
    let told = |Spread { least, median, most }| format!("{median:.digits$} ({least:.digits$} to {most:.digits$})");
    spread.map(told).unwrap_or_default()
}

fn memory(measured: &Measured) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let (Some(before), Some(after)) = (measured.before, measured.after) else { return String::new() };
    let [before, peak, after] = [before.resident, after.peak, after.resident].map(megabytes);
    format!("{before:.1}, {peak:.1}, {after:.1}")
}
