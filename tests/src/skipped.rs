//! Tests that cannot run on this machine: named, counted, and never silent.

use std::io::Write as _;

/// Writes the test's name and the reason to the file that `tests/run` reads, and to stderr.
pub fn skip(test: &str, reason: &str) {
    let line = format!("{test}: {reason}\n");
    drop(write!(std::io::stderr(), "SKIPPED {line}"));
    if let Some(path) = std::env::var_os("MISRULE_SKIPPED") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        drop(file.and_then(|mut file| file.write_all(line.as_bytes())));
    }
}
