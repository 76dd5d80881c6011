//! Experiments: read, resolved, refused.

mod gathered;
mod mistakes;
mod round_trip;
#[cfg(feature = "delivery")]
mod schema;

use std::num::NonZeroU64;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::decision::FaultKind;
use crate::limits::{NAME_BYTES, POLICIES};

const WHOLE: &str = r#"
name       = "us-region-outage"
hypothesis = "Every client moves to the EU region."
starts     = 2026-12-01T09:00:00Z
expires    = 2026-12-01T11:00:00+01:00
published_to = { accounts = ["012345678901"], regions = ["us-east-1", "eu-west-1"], environments = ["prod", "a1b2c3d"] }

[blast_radius]
functions = ["health-*", "orders:live"]
accounts  = ["012345678901"]
regions   = ["us-east-1"]
faults    = ["respond-http", "fail-items"]
rate      = 1
max_delay = "5s"
budget    = { per_environment = 1000, per_minute = 60 }
stop_when = { handler_errors = 0.2, over = "2m", min_invocations = 30 }
max_age   = "1m30s"
partial_batches = true

[[policy]]
use      = "path-outage"
rate     = 0.1
settings = { paths = ["/health"], status = 404, since = 2026-12-01, share = 0.30000000000000004 }

[[policy]]
module = "brownout.wasm"
"#;

const LEAST: &str =
    "name = \"a\"\nduration = \"1h\"\n[blast_radius]\nfunctions = [\"*\"]\n[[policy]]\nuse = \"latency\"\n";

fn at(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn whole() -> Experiment {
    Experiment::from_toml(WHOLE).unwrap()
}

fn least() -> Experiment {
    Experiment::from_toml(LEAST).unwrap()
}

#[test]
fn every_field_is_read() {
    let experiment = whole();
    assert_eq!(experiment.name, "us-region-outage");
    assert_eq!(experiment.hypothesis.as_deref(), Some("Every client moves to the EU region."));
    assert_eq!(experiment.starts, Some(at("2026-12-01T09:00:00Z")));
    assert_eq!(experiment.ends, Ends::At(at("2026-12-01T10:00:00Z")));
    let [accounts, regions, environments] = [&["012345678901"][..], &["us-east-1", "eu-west-1"], &["prod", "a1b2c3d"]]
        .map(|names| names.iter().map(ToString::to_string).collect());
    assert_eq!(experiment.published_to, PublishedTo { accounts, regions, environments });
    let radius = &experiment.blast_radius;
    let functions: Vec<_> = radius.functions.iter().map(ToString::to_string).collect();
    assert_eq!(functions, ["health-*", "orders:live"]);
    let named = (&radius.accounts[..], &radius.regions[..]);
    assert_eq!(named, (&["012345678901".to_owned()][..], &["us-east-1".to_owned()][..]));
    assert_eq!(radius.rate, Rate::ALL);
    let count = NonZeroU64::new;
    assert_eq!(radius.budget, Budget { per_environment: count(1000), per_minute: count(60) });
    let (handler_errors, over) = (Rate::new(0.2).unwrap(), Duration::from_secs(120));
    assert_eq!(radius.stop_when, Some(StopWhen { handler_errors, over, min_invocations: count(30).unwrap() }));
    assert_eq!(radius.faults, [FaultKind::RespondHttp, FaultKind::FailItems]);
    assert_eq!((radius.max_delay, radius.max_age), (Some(Duration::from_secs(5)), Duration::from_secs(90)));
    assert!(radius.partial_batches);
}

#[test]
fn the_policies_are_read_in_order() {
    let [outage, brownout] = &whole().policies[..] else { panic!("two policies") };
    assert_eq!((outage.name.as_str(), outage.rate.share()), ("path-outage", 0.1));
    assert_eq!(outage.component, ComponentRef::ReadyMade("path-outage".into()));
    let settings = json!({"paths": ["/health"], "status": 404, "since": "2026-12-01", "share": 0.30000000000000004});
    assert_eq!(outage.settings, settings);
    assert_eq!((brownout.name.as_str(), brownout.rate), ("brownout", Rate::ALL));
    assert_eq!(brownout.component, ComponentRef::Module("brownout.wasm".into()));
    assert_eq!(brownout.settings, json!({}));
}

#[test]
fn what_is_left_out_has_a_default() {
    let experiment = least();
    assert_eq!(experiment.published_to, PublishedTo::default());
    assert_eq!((experiment.starts, experiment.ends), (None, Ends::After(Duration::from_secs(3600))));
    let radius = &experiment.blast_radius;
    assert_eq!(radius.faults, [FaultKind::Delay, FaultKind::RespondHttp, FaultKind::Fail]);
    assert_eq!((radius.regions.len(), radius.rate, radius.max_delay), (0, Rate::ALL, None));
    assert_eq!((radius.max_age, radius.partial_batches), (Duration::from_secs(300), false));
    assert_eq!((radius.accounts.len(), radius.budget, radius.stop_when), (0, Budget::default(), None));
    let stopping = LEAST.replace("[[policy]]", "stop_when = { handler_errors = 0.2 }\n[[policy]]");
    let stop_when = Experiment::from_toml(&stopping).unwrap().blast_radius.stop_when.unwrap();
    assert_eq!((stop_when.over, stop_when.min_invocations.get()), (Duration::from_secs(60), 20));
}

#[test]
fn json_reads_as_toml_does() {
    for experiment in [whole(), least()] {
        assert_eq!(Experiment::from_json(experiment.to_json().as_bytes()), Ok(experiment));
    }
    let json = json!({
        "name": "a", "duration": "1h", "blast_radius": {"functions": ["*"]}, "policy": [{"use": "latency"}],
    });
    assert_eq!(Experiment::from_json(json.to_string().as_bytes()), Ok(least()));
}

#[test]
fn publishing_settles_the_end_and_the_region() {
    let now = at("2026-12-01T08:00:00Z");
    let published = least().resolve(now, "eu-west-1").unwrap();
    assert_eq!(published.ends, Ends::At(at("2026-12-01T09:00:00Z")));
    assert_eq!(published.blast_radius.regions, ["eu-west-1"]);
    let mut later = least();
    later.starts = Some(at("2026-12-02T08:00:00Z"));
    assert_eq!(later.resolve(now, "eu-west-1").unwrap().ends, Ends::At(at("2026-12-02T09:00:00Z")));
    assert_eq!(whole().resolve(now, "eu-west-1"), Ok(whole()));
    let mut to_several = least();
    to_several.published_to.regions = vec!["eu-west-1".to_owned(), "us-east-1".to_owned()];
    assert!(to_several.resolve(now, "eu-west-1").unwrap().blast_radius.regions.is_empty());
}

#[test]
fn the_clock_refuses_what_is_over_or_endless() {
    let refusal = |experiment: &Experiment, now: &str| experiment.check(at(now)).unwrap_err().to_string();
    let over = "`expires` was 2026-12-01T10:00:00Z: the experiment is over";
    assert_eq!(refusal(&whole(), "2026-12-01T10:00:00Z"), over);
    assert_eq!(whole().resolve(at("2026-12-01T10:00:00Z"), "us-east-1").unwrap_err().to_string(), over);
    assert_eq!(whole().check(at("2026-12-01T09:59:59Z")), Ok(()));
    let unresolved = "`duration` must be resolved to `expires` when the experiment is published";
    assert_eq!(refusal(&least(), "2026-12-01T09:00:00Z"), unresolved);
    let mut endless = least();
    endless.ends = Ends::At(at("2026-12-09T00:00:01Z"));
    assert_eq!(refusal(&endless, "2026-12-02T00:00:00Z"), "`expires` makes the experiment longer than 7 days");
    assert_eq!(endless.check(at("2026-12-02T00:00:01Z")), Ok(()));
    endless.starts = Some(at("2026-12-03T00:00:00Z"));
    assert_eq!(endless.check(at("2026-12-01T00:00:00Z")), Ok(()));
}

/// The fields that may stand behind this header, as the message about an unknown one lists them.
pub(super) fn known_fields(header: &str) -> Vec<String> {
    let text = format!("name = \"a\"\n{header}not_a_field = 1\n");
    let message = Experiment::from_toml(&text).unwrap_err().problem().to_string();
    let (_, listed) = message.split_once("expected ").expect("an unknown field is told with those that are known");
    let listed = listed.trim_start_matches("one of ").replace(" or ", ", ");
    listed.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

/// The rows of a table in a README: the cells of each.
fn rows<'a>(readme: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).expect("the README has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

#[test]
fn the_readme_lists_every_field() {
    let within = |prefix: &str, header: &str| -> Vec<_> {
        known_fields(header).iter().map(|field| format!("`{prefix}{field}`")).collect()
    };
    let published_to = within("published_to.", "[published_to]\n");
    let blast_radius = within("blast_radius.", "[blast_radius]\n");
    let budget = within("blast_radius.budget.", "[blast_radius.budget]\n");
    let stop_when = within("blast_radius.stop_when.", "[blast_radius.stop_when]\n");
    let fields =
        [within("", ""), published_to, blast_radius, budget, stop_when, within("policy.", "[[policy]]\n")].concat();
    let listed = rows(include_str!("../../../README.md"), "Every field of an experiment");
    assert_eq!(listed.iter().map(|cells| cells[0]).collect::<Vec<_>>(), fields);
    assert!(listed.iter().all(|cells| cells.len() == 4 && cells.iter().all(|cell| !cell.is_empty())), "{listed:?}");
}

#[test]
fn the_readme_lists_the_defaults_that_there_are() {
    let listed = rows(include_str!("../../../README.md"), "Every field of an experiment");
    let cell =
        |field: &str, column: usize| listed.iter().find(|cells| cells[0] == format!("`{field}`")).unwrap()[column];
    let faults: Vec<_> = BlastRadius::DEFAULT_FAULTS.iter().map(|kind| format!("`{kind}`")).collect();
    assert_eq!(cell("blast_radius.faults", 2), faults.join(", "));
    let max_age = schedule::write_duration(BlastRadius::DEFAULT_MAX_AGE);
    assert_eq!(cell("blast_radius.max_age", 2), format!("`\"{max_age}\"`"));
    for field in ["blast_radius.rate", "policy.rate"] {
        assert_eq!(cell(field, 2), Rate::ALL.to_string());
    }
    let over = schedule::write_duration(StopWhen::DEFAULT_OVER);
    assert_eq!(cell("blast_radius.stop_when.over", 2), format!("`\"{over}\"`"));
    assert_eq!(cell("blast_radius.stop_when.min_invocations", 2), StopWhen::DEFAULT_MIN_INVOCATIONS.to_string());
    let length = format!("at most {} days", EXPERIMENT_LENGTH.value / 86_400);
    assert!(cell("duration", 3).contains(&length) && cell("expires", 3).contains(&length));
    assert!(cell("policy", 3).contains(&POLICIES.to_string()));
    for field in ["name", "policy.name", "policy.use", "policy.module"] {
        assert!(cell(field, 3).contains(&NAME_BYTES.value.to_string()), "{field}");
    }
}

#[test]
fn the_readmes_experiment_is_one() {
    let readme = include_str!("../../../README.md");
    let toml = readme.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let experiment = Experiment::from_toml(toml).unwrap();
    assert_eq!((experiment.name.as_str(), experiment.policies.len()), ("us-region-outage", 1));
}
