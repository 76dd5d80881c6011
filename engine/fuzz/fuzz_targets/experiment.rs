//! An experiment as its author writes it, in TOML, and as it is delivered, in JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use misrule_engine::experiment::{Ends, Experiment, ExperimentError};
use misrule_engine::limits::EXPERIMENT_LENGTH;
use misrule_engine::time::Timestamp;

/// 2026-12-01T09:00:00Z.
const NOW: Timestamp = Timestamp::from_milliseconds(1_796_115_600_000);

fuzz_target!(|input: &[u8]| {
    let written = std::str::from_utf8(input).map(Experiment::from_toml);
    for read in written.into_iter().chain([Experiment::from_json(input)]) {
        match read {
            Ok(experiment) => holds(&experiment),
            Err(error) => tell(&error),
        }
    }
});

/// What reads well reads back the same, and ends within a week from its start once it is published.
fn holds(experiment: &Experiment) {
    assert_eq!(Experiment::from_json(experiment.to_json().as_bytes()).ok().as_ref(), Some(experiment));
    assert!(!experiment.policies.is_empty() && !experiment.blast_radius.functions.is_empty());
    match experiment.resolve(NOW, "us-east-1") {
        Ok(published) => ends_in_time(&published),
        Err(error) => tell(&error),
    }
}

fn ends_in_time(published: &Experiment) {
    let Ends::At(end) = published.ends else { panic!("an experiment was published without an end") };
    let begins = published.starts.unwrap_or(NOW);
    assert!(end > NOW && end.since(begins).as_secs() <= EXPERIMENT_LENGTH.value);
    assert!(published.check(NOW).is_ok() && published.check(end).is_err());
}

fn tell(error: &ExperimentError) {
    assert!(!error.to_string().is_empty());
    let _ = error.hint();
}
