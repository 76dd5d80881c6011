//! The report as people read it: what is loud, then a table for each experiment version, then notes.

use super::delays::Lengths;
use super::findings::{Finding, Weight};
use super::summary::{Counts, Experiment, Policy, Reach, Report};
use super::times::Times;
use super::wording::{among, counted, often};
use crate::table::aligned;

const HEADINGS: [&str; 16] = [
    "policy",
    "environment",
    "armed",
    "invocations",
    "acted",
    "would have",
    "cut",
    "refused",
    "failed",
    "forbidden",
    "ended",
    "share",
    "delay",
    "median",
    "p99",
    "max",
];

/// The columns that hold numbers.
const NUMBERS: [usize; 14] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// So many environments of a policy are listed.
const LISTED: usize = 10;

/// The lines of the report.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let of = |weight| report.findings.iter().filter(move |finding| finding.weight == weight);
    of(Weight::Loud).for_each(|finding| add_finding(finding, "likely because", &mut lines));
    report.experiments.iter().for_each(|experiment| add_experiment(experiment, report.environments, &mut lines));
    of(Weight::Note).for_each(|finding| add_finding(finding, "because", &mut lines));
    lines.pop();
    lines
}

fn add_finding(finding: &Finding, because: &str, lines: &mut Vec<String>) {
    lines.push(finding.says.clone());
    for cause in &finding.causes {
        lines.push(format!("  {because}: {}", cause.cause));
        lines.extend(cause.hint.iter().map(|hint| format!("    next: {hint}")));
    }
    lines.push(String::new());
}

fn add_experiment(experiment: &Experiment, environments: usize, lines: &mut Vec<String>) {
    let (version, reach) = (&experiment.version, reach(&experiment.reach));
    lines.push(format!("{}, version {}: {reach}", version.experiment, version.version));
    lines.extend(experiment.hypothesis.iter().map(|hypothesis| format!("  hypothesis: {hypothesis}")));
    let armed_in = among(experiment.armed_in, environments, "environment");
    let first = experiment.times.first_armed.map(|time| format!(", first at {time}")).unwrap_or_default();
    lines.push(format!("  armed in {armed_in}{first}{}", ends(experiment)));
    lines.extend(acted(&experiment.times));
    lines.push(String::new());
    let mut rows = vec![HEADINGS.map(str::to_owned).to_vec()];
    experiment.policies.iter().for_each(|policy| add_rows(policy, &mut rows));
    lines.extend(aligned(&rows, &NUMBERS));
    let longest = experiment.policies.iter().map(|policy| policy.environments.len()).max().unwrap_or(0);
    if longest > LISTED {
        lines.push(format!("and {} more: --json lists all", counted(longest - LISTED, "environment")));
    }
    lines.extend(behind(experiment));
    lines.push(String::new());
}

fn ends(experiment: &Experiment) -> String {
    let ends = experiment.ends.iter().map(|(why, times)| format!("; disarmed {}: {why}", often(*times)));
    ends.collect()
}

fn acted(times: &Times) -> Option<String> {
    let (first, last) = (times.first_acted?, times.last_acted?);
    let line =
        if first == last { format!("  acted at {first}") } else { format!("  acted first at {first}, last at {last}") };
    Some(line)
}

/// The layer counts these for a minute before it says how often they came; it says the rest when the experiment ends.
fn behind(experiment: &Experiment) -> Option<String> {
    let counted = |policy: &Policy| policy.counts.cut + policy.counts.refused + policy.counts.failed > 0;
    let still_armed = experiment.still_armed_in > 0 && experiment.policies.iter().any(counted);
    still_armed.then(|| {
        "the log ends while it is armed: cut, refused and failed may lack up to the last minute of it".to_owned()
    })
}

fn reach(reach: &Reach) -> String {
    match (reach.invocations, reach.share) {
        (Some(all), Some(share)) => {
            format!("touched {} of {} ({:.1} %)", reach.touched, counted(all, "invocation"), share * 100.0)
        }
        (Some(_), None) => "no invocation started while it was armed".to_owned(),
        (None, _) => format!("touched {}", counted(reach.touched, "invocation")),
    }
}

fn add_rows(policy: &Policy, rows: &mut Vec<Vec<String>>) {
    let count = policy.environments.len();
    if count > 1 {
        rows.push(row(&policy.policy, &format!("all {count}"), &policy.counts));
    }
    let name = if count > 1 { "" } else { &policy.policy };
    rows.extend(policy.environments.iter().take(LISTED).map(|place| row(name, &place.environment, &place.counts)));
}

fn row(policy: &str, environment: &str, counts: &Counts) -> Vec<String> {
    let Counts { armed, acted, would_have, cut, refused, failed, forbidden, ended, reach, delay, .. } = counts;
    let invocations = reach.invocations.map_or("?".to_owned(), |all| all.to_string());
    let touched = reach.share.map_or("?".to_owned(), |share| format!("{:.1} %", share * 100.0));
    let mut cells = vec![policy.to_owned(), environment.to_owned(), armed.to_string(), invocations];
    cells.extend([acted, would_have, cut, refused, failed, forbidden, ended].map(u64::to_string));
    cells.push(touched);
    let of = |length: fn(&Lengths) -> u64| delay.as_ref().map_or("-".to_owned(), |delay| milliseconds(length(delay)));
    cells.extend([of(|d| d.total_ms), of(|d| d.median_ms), of(|d| d.p99_ms), of(|d| d.max_ms)]);
    cells
}

fn milliseconds(count: u64) -> String {
    if count < 10_000 { format!("{count} ms") } else { format!("{:.1} s", count as f64 / 1000.0) }
}
