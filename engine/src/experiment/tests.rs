//! Experiments, right and wrong: each wrong input with every word that a user meets.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::decision::{FaultKind, PolicyName};

const WHOLE: &str = r#"
name       = "us-region-outage"
hypothesis = "Every client moves to the EU region."
starts     = 2026-12-01T09:00:00Z
expires    = 2026-12-01T11:00:00+01:00

[blast_radius]
functions = ["health-*", "orders:live"]
regions   = ["us-east-1"]
faults    = ["respond-http", "fail-items"]
rate      = 1
max_delay = "5s"
max_age   = "1m30s"

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
    let radius = &experiment.blast_radius;
    let functions: Vec<_> = radius.functions.iter().map(ToString::to_string).collect();
    assert_eq!(functions, ["health-*", "orders:live"]);
    assert_eq!((&radius.regions[..], radius.rate), (&["us-east-1".to_owned()][..], Rate::ALL));
    assert_eq!(radius.faults, [FaultKind::RespondHttp, FaultKind::FailItems]);
    assert_eq!((radius.max_delay, radius.max_age), (Some(Duration::from_secs(5)), Duration::from_secs(90)));
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
    assert_eq!((experiment.starts, experiment.ends), (None, Ends::After(Duration::from_secs(3600))));
    let radius = &experiment.blast_radius;
    assert_eq!(radius.faults, [FaultKind::Delay, FaultKind::RespondHttp, FaultKind::Fail]);
    assert_eq!((radius.regions.len(), radius.rate, radius.max_delay), (0, Rate::ALL, None));
    assert_eq!(radius.max_age, Duration::from_secs(300));
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

/// What is wrong, as a change to the least experiment: what is replaced, and by what; then the words.
const WRONG: &[(&str, &str, &str)] = &[
    ("name = \"a\"", "", "`name` is missing"),
    ("name = \"a\"", "name = 5", "line 1, column 1: `name`: invalid type: integer `5`, expected a string"),
    ("name = \"a\"", "name = \"a b\"", "line 1, column 1: `name` is no name: `a b`"),
    (
        "name = \"a\"",
        "name = \"a\"\nowner = \"me\"",
        "line 2, column 1: `owner`: unknown field `owner`, expected one of `name`, `hypothesis`, `starts`, `expires`, `duration`, `blast_radius`, `policy`",
    ),
    ("name = \"a\"", "name = \"a\"\nname = \"b\"", "line 2, column 1: no valid TOML: duplicate key"),
    (
        "name = \"a\"",
        "name =",
        "line 1, column 7: no valid TOML: string values must be quoted, expected literal string",
    ),
    ("duration = \"1h\"", "", "`expires` is missing"),
    (
        "duration = \"1h\"",
        "duration = \"1h\"\nexpires = 2026-12-01T09:00:00Z",
        "line 2, column 1: `duration` stands beside `expires`, but only one of them may say when the experiment ends",
    ),
    (
        "duration = \"1h\"",
        "duration = 3600",
        "line 2, column 1: `duration`: invalid type: integer `3600`, expected a string",
    ),
    ("duration = \"1h\"", "duration = \"1 hour\"", "line 2, column 1: `duration` is no duration: `1 hour`"),
    ("duration = \"1h\"", "duration = \"0s\"", "line 2, column 1: `duration` must be longer than nothing"),
    (
        "duration = \"1h\"",
        "duration = \"7d1ms\"",
        "line 2, column 1: `duration` makes the experiment longer than 7 days",
    ),
    (
        "duration = \"1h\"",
        "expires = 2026-12-01T09:00:00",
        "line 2, column 1: `expires` does not say its offset from UTC: `2026-12-01T09:00:00`",
    ),
    ("duration = \"1h\"", "expires = \"tonight\"", "line 2, column 1: `expires` is no date and time: `tonight`"),
    (
        "duration = \"1h\"",
        "starts = 2026-12-01T09:00:00Z\nexpires = 2026-12-01T09:00:00Z",
        "line 3, column 1: `expires` must be after `starts`",
    ),
    (
        "duration = \"1h\"",
        "starts = 2026-12-01T09:00:00Z\nexpires = 2026-12-08T09:00:01Z",
        "line 3, column 1: `expires` makes the experiment longer than 7 days",
    ),
    ("functions = [\"*\"]", "", "line 3, column 2: `blast_radius.functions` is missing"),
    ("functions = [\"*\"]", "functions = []", "line 4, column 1: `blast_radius.functions` must not be empty"),
    (
        "functions = [\"*\"]",
        "functions = \"*\"",
        "line 4, column 1: `blast_radius.functions`: invalid type: string \"*\", expected a list",
    ),
    (
        "functions = [\"*\"]",
        "functions = [\"a\", 5]",
        "line 4, column 19: `blast_radius.functions[1]`: invalid type: integer `5`, expected a string",
    ),
    (
        "functions = [\"*\"]",
        "functions = [\"a:b:c\"]",
        "line 4, column 14: `blast_radius.functions[0]` is no pattern for functions: `a:b:c`",
    ),
    (
        "functions = [\"*\"]",
        "functions = [\"a:\"]",
        "line 4, column 14: `blast_radius.functions[0]` is no pattern for functions: `a:`",
    ),
    (
        "[[policy]]",
        "budget = { per_minute = 60 }\n[[policy]]",
        "line 5, column 1: `blast_radius.budget` is not supported by this version",
    ),
    (
        "[[policy]]",
        "accounts = [\"1\"]\n[[policy]]",
        "line 5, column 1: `blast_radius.accounts` is not supported by this version",
    ),
    (
        "[[policy]]",
        "stop_when = { over = \"1m\" }\n[[policy]]",
        "line 5, column 1: `blast_radius.stop_when` is not supported by this version",
    ),
    (
        "[[policy]]",
        "rates = 1\n[[policy]]",
        "line 5, column 1: `blast_radius.rates`: unknown field `rates`, expected one of `functions`, `regions`, `faults`, `rate`, `max_delay`, `max_age`",
    ),
    ("[[policy]]", "regions = []\n[[policy]]", "line 5, column 1: `blast_radius.regions` must not be empty"),
    (
        "[[policy]]",
        "regions = [\"Ireland\"]\n[[policy]]",
        "line 5, column 12: `blast_radius.regions[0]` is no region: `Ireland`",
    ),
    (
        "[[policy]]",
        "faults = [\"delay\", \"explode\"]\n[[policy]]",
        "line 5, column 20: `blast_radius.faults[1]`: there is no fault `explode`",
    ),
    ("[[policy]]", "faults = []\n[[policy]]", "line 5, column 1: `blast_radius.faults` must not be empty"),
    ("[[policy]]", "rate = 1.5\n[[policy]]", "line 5, column 1: `blast_radius.rate` must be from 0 to 1, but is 1.5"),
    (
        "[[policy]]",
        "rate = \"1\"\n[[policy]]",
        "line 5, column 1: `blast_radius.rate`: invalid type: string \"1\", expected a number",
    ),
    ("[[policy]]", "rate = nan\n[[policy]]", "line 5, column 1: `blast_radius.rate` must be a finite number"),
    (
        "[[policy]]",
        "max_delay = \"long\"\n[[policy]]",
        "line 5, column 1: `blast_radius.max_delay` is no duration: `long`",
    ),
    (
        "[[policy]]",
        "max_age = \"0s\"\n[[policy]]",
        "line 5, column 1: `blast_radius.max_age` must be longer than nothing",
    ),
    (
        "[blast_radius]\nfunctions = [\"*\"]",
        "blast_radius = 1",
        "line 3, column 1: `blast_radius`: invalid type: integer `1`, expected the fields of a blast radius",
    ),
    ("[blast_radius]\nfunctions = [\"*\"]", "", "`blast_radius` is missing"),
    ("[[policy]]\nuse = \"latency\"\n", "", "`policy` is missing"),
    ("[[policy]]", "[policy]", "line 5, column 2: `policy`: invalid type: map, expected a list"),
    ("use = \"latency\"", "", "line 5, column 1: `policy[0]` needs exactly one of `use` and `module`"),
    (
        "use = \"latency\"",
        "use = \"latency\"\nmodule = \"a.wasm\"",
        "line 5, column 1: `policy[0]` needs exactly one of `use` and `module`",
    ),
    ("use = \"latency\"", "use = \"../latency\"", "line 6, column 1: `policy[0].use` is no name: `../latency`"),
    (
        "use = \"latency\"",
        "module = \"target/a.wasm\"",
        "line 6, column 1: `policy[0].module` is no module's file name: `target/a.wasm`",
    ),
    ("use = \"latency\"", "use = \"latency\"\nname = \"\"", "line 7, column 1: `policy[0].name` is no name: ``"),
    (
        "use = \"latency\"",
        "use = \"latency\"\nrate = -0.5",
        "line 7, column 1: `policy[0].rate` must be from 0 to 1, but is -0.5",
    ),
    (
        "use = \"latency\"",
        "use = \"latency\"\nsettings = [1]",
        "line 7, column 1: `policy[0].settings` must be a table",
    ),
    (
        "use = \"latency\"",
        "use = \"latency\"\nsettings = { a = [1, inf] }",
        "line 7, column 22: `policy[0].settings.a[1]` must be a finite number",
    ),
    (
        "use = \"latency\"",
        "use = \"latency\"\nsetting = {}",
        "line 7, column 1: `policy[0].setting`: unknown field `setting`, expected one of `name`, `use`, `module`, `rate`, `settings`",
    ),
    (
        "use = \"latency\"",
        "use = \"latency\"\n[[policy]]\nmodule = \"latency.wasm\"",
        "line 7, column 1: `policy[1]` is the name of another policy: `latency`",
    ),
];

#[test]
fn each_mistake_is_named_with_its_place() {
    for (part, wrong, expected) in WRONG {
        assert!(LEAST.contains(part), "{part} is not in the least experiment");
        let error = Experiment::from_toml(&LEAST.replace(part, wrong)).expect_err(wrong);
        assert_eq!(error.to_string(), *expected, "{wrong}");
    }
}

#[test]
fn a_message_quotes_no_more_than_a_line() {
    let long = "x".repeat(100_000);
    for wrong in [format!("name = \"{long}!\""), format!("{long} = 5"), format!("blast_radius = \"{long}\"")] {
        let message = Experiment::from_toml(&wrong).unwrap_err().to_string();
        assert!(message.len() < 450 && message.ends_with("..."), "{message}");
    }
}

#[test]
fn a_crowd_of_policies_is_refused() {
    let many: String = (0..33).map(|n| format!("[[policy]]\nuse = \"latency\"\nname = \"p{n}\"\n")).collect();
    let error = Experiment::from_toml(&LEAST.replace("[[policy]]\nuse = \"latency\"\n", &many)).unwrap_err();
    assert_eq!(error.to_string(), "line 5, column 3: `policy` has more than 32 policies");
}

#[test]
fn mistakes_in_json_have_their_place_where_json_has_one() {
    let rows = [
        ("", "line 1, column 0: no valid JSON: EOF while parsing a value"),
        ("{\n  \"name\": \"a\"", "line 2, column 13: no valid JSON: EOF while parsing an object"),
        ("{\"name\": 5}", "line 1, column 10: `name`: invalid type: integer `5`, expected a string"),
        ("{\"name\": \"a\", \"name\": \"a\"}", "line 1, column 20: duplicate field `name`"),
        ("5", "line 1, column 1: invalid type: integer `5`, expected the fields of an experiment"),
        ("{} {}", "line 1, column 4: no valid JSON: trailing characters"),
        (
            "{\"blast_radius\": {\"budget\": 5}}",
            "line 1, column 26: `blast_radius.budget` is not supported by this version",
        ),
        ("{}", "`name` is missing"),
    ];
    for (json, expected) in rows {
        assert_eq!(Experiment::from_json(json.as_bytes()).unwrap_err().to_string(), expected, "{json}");
    }
}

#[test]
fn a_hint_says_what_to_do_next() {
    let rows = [
        (
            "duration = \"1h\"",
            "",
            "say when the experiment ends: `expires = 2026-12-01T10:00:00Z` or `duration = \"1h\"`",
        ),
        ("[[policy]]", "[policy]", "write `[[policy]]`, in two brackets, above each policy"),
        ("name = \"a\"", "name = \"é\"", "use up to 64 ASCII letters, digits, `-`, `_` and `.`"),
        (
            "use = \"latency\"",
            "module = \"a/b.wasm\"",
            "write the file's name without a folder, for example \"brownout.wasm\"",
        ),
        ("[[policy]]", "budget = 5\n[[policy]]", "leave it out"),
    ];
    for (part, wrong, expected) in rows {
        let error = Experiment::from_toml(&LEAST.replace(part, wrong)).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some(expected), "{error}");
    }
    let syntax = Experiment::from_toml("name =").unwrap_err();
    assert_eq!((syntax.hint(), syntax.field()), (None, ""));
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,20}"
}

fn component() -> impl Strategy<Value = ComponentRef> {
    prop_oneof![
        name().prop_map(ComponentRef::ReadyMade),
        name().prop_map(|stem| ComponentRef::Module(format!("{stem}.wasm"))),
    ]
}

fn policy() -> impl Strategy<Value = PolicyUse> {
    let settings = prop::collection::btree_map("\\PC{0,6}", any::<f64>().prop_map(|number| json!(number)), 0..4);
    (name(), component(), 0.0..=1.0, settings).prop_map(|(name, component, share, settings)| PolicyUse {
        name: PolicyName::new(&name),
        component,
        rate: Rate::new(share).unwrap(),
        settings: serde_json::Value::Object(settings.into_iter().collect()),
    })
}

fn experiment() -> impl Strategy<Value = Experiment> {
    let span = (1_700_000_000_000_u64..1_900_000_000_000, 1_u64..=604_800_000, any::<bool>(), any::<bool>());
    let radius = (
        0.0..=1.0,
        prop::option::of(0_u64..100_000_000),
        1_u64..100_000_000,
        prop::sample::subsequence(FaultKind::ALL, 1..5),
    );
    let rest = (name(), prop::option::of("\\PC*"), prop::collection::btree_map(name(), policy(), 1..5), any::<bool>());
    (span, radius, rest).prop_map(|(span, radius, (name, hypothesis, policies, here))| {
        let starts = Timestamp::from_milliseconds(span.0);
        let length = Duration::from_millis(span.1);
        let policies = policies.into_iter().map(|(name, policy)| PolicyUse { name: PolicyName::new(&name), ..policy });
        Experiment {
            name,
            hypothesis,
            starts: span.2.then_some(starts),
            ends: if span.3 { Ends::At(starts.plus(length)) } else { Ends::After(length) },
            blast_radius: BlastRadius {
                functions: vec![FunctionPattern::parse("a-?*:$LATEST").unwrap()],
                regions: if here { vec!["eu-west-1".to_owned()] } else { Vec::new() },
                faults: radius.3,
                rate: Rate::new(radius.0).unwrap(),
                max_delay: radius.1.map(Duration::from_millis),
                max_age: Duration::from_millis(radius.2),
            },
            policies: policies.collect(),
        }
    })
}

proptest! {
    #[test]
    fn an_experiment_survives_json_and_toml(experiment in experiment()) {
        let json = experiment.to_json();
        prop_assert_eq!(&Experiment::from_json(json.as_bytes()), &Ok(experiment.clone()));
        let toml: toml::Value = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(Experiment::from_toml(&toml_text(&toml)), Ok(experiment));
    }
}

/// The crate writes no TOML, so the test does: each top-level member as an inline value.
fn toml_text(value: &toml::Value) -> String {
    value.as_table().unwrap().iter().map(|(name, value)| format!("{name} = {}\n", inline(value))).collect()
}

fn inline(value: &toml::Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        toml::Value::String(text) => quoted(text),
        toml::Value::Array(items) => format!("[{}]", list(items.iter().map(inline).collect())),
        toml::Value::Table(table) => {
            let members = table.iter().map(|(name, value)| format!("{} = {}", quoted(name), inline(value)));
            format!("{{ {} }}", list(members.collect()))
        }
        toml::Value::Float(number) => format!("{number:?}"),
        other => json!(other).to_string(),
    }
}

fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter.is_control() => format!("\\U{:08X}", u32::from(letter)),
        letter => letter.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}
