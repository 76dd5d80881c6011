//! The summary: what clients saw in each phase, as a table.

use super::phases::Outcome;
use super::traffic::{PATHS, Seen};
use crate::table::aligned;

const HEADINGS: [&str; 6] = ["phase", "took hold", "/health", "median", "/orders/7", "median"];

/// A line for a phase that is over.
pub(crate) fn line(outcome: &Outcome) -> String {
    let saw = PATHS.map(|path| format!("{path} {} in {}", statuses(&outcome.seen, path), median(&outcome.seen, path)));
    let verdict = if outcome.kept { "as promised" } else { "NOT as promised" };
    format!("  clients saw {}: {verdict}", saw.join("; "))
}

/// The table, a row a phase.
pub(crate) fn table(outcomes: &[Outcome]) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = vec![HEADINGS.map(str::to_owned).to_vec()];
    rows[0].push("as promised".to_owned());
    rows.extend(outcomes.iter().map(row));
    aligned(&rows, &[])
}

fn row(outcome: &Outcome) -> Vec<String> {
    let took_hold = outcome.took_hold.map_or("never".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()));
    let mut cells = vec![outcome.name.to_owned(), took_hold];
    for path in PATHS {
        cells.push(statuses(&outcome.seen, path));
        cells.push(median(&outcome.seen, path));
    }
    cells.push(if outcome.kept { "yes" } else { "NO" }.to_owned());
    cells
}

fn statuses(seen: &Seen, path: &str) -> String {
    let counted = seen.statuses(path).into_iter().map(|(status, count)| format!("{count} x {status}"));
    counted.collect::<Vec<_>>().join(", ")
}

fn median(seen: &Seen, path: &str) -> String {
    format!("{} ms", seen.median(path).as_millis())
}
