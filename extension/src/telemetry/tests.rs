use std::collections::BTreeSet;

use misrule_engine::digest::Digest;
use misrule_engine::time::Timestamp;
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_milliseconds(1_700_000_000_250);

fn about() -> About {
    About {
        request_id: "8476a536".into(),
        experiment: "brownout".into(),
        version: "v3".into(),
        policy: "latency".into(),
        policy_digest: Some(Digest::of(b"abc")),
        hook: "before".into(),
    }
}

fn faults() -> Faults {
    let reason = Some("peak hour".into());
    Faults {
        about: about(),
        faults: vec!["delay", "fail"],
        delays_ms: vec![30],
        seed: "00ff".into(),
        decision_us: 12,
        reason,
    }
}

fn one_of_each() -> Vec<Line> {
    let text = || "text \"with\" a\nnew line".to_owned();
    let (experiment, version, source) = (text, text, text);
    vec![
        Start { layer: "0.1.0", port: 9117, source: None, dry_run: false, function: text() }.into(),
        RuntimeConnected {}.into(),
        SettingWrong { variable: text(), reason: text(), hint: text() }.into(),
        PassThrough { reason: text() }.into(),
        LinesLost { count: 12 }.into(),
        Loaded { experiment: experiment(), version: version(), policy: text(), code: "compiled", reason: Some(text()) }
            .into(),
        Armed {
            experiment: experiment(),
            version: version(),
            hypothesis: Some(text()),
            policies: vec![PolicyDigest { policy: text(), policy_digest: Digest::of(b"abc") }],
            starts: None,
            expires: NOW,
            unsigned: true,
            key: None,
            rate: 0.5,
            took_ms: 30,
            waiting: 1,
        }
        .into(),
        Disarmed { experiment: experiment(), version: version(), reason: text() }.into(),
        Stopped {
            experiment: experiment(),
            version: version(),
            errors: 4,
            invocations: 20,
            over_ms: 60_000,
            reason: text(),
        }
        .into(),
        Halted { version: version() }.into(),
        NothingDeployed { source: source(), reason: text() }.into(),
        Refused { source: source(), version: version(), reason: text(), hint: None }.into(),
        OutsideBlastRadius {
            experiment: experiment(),
            version: version(),
            function: text(),
            region: text(),
            account: None,
        }
        .into(),
        Stale { experiment: experiment(), version: version(), age_ms: 2, max_age_ms: 1 }.into(),
        SourceFailed { source: source(), reason: text(), hint: Some(text()), retry_ms: 1000 }.into(),
        SourceRecovered { source: source(), failures: 2 }.into(),
        Injected(faults()).into(),
        WouldHave(faults()).into(),
        Forbidden { about: about(), reason: text() }.into(),
        Cut { about: about(), fault: "delay", wanted_ms: 9, allowed_ms: 5, reason: text(), count: 7 }.into(),
        RefusedStep { about: about(), fault: "crash", reason: text(), count: 1 }.into(),
        Trapped { about: about(), cause: "fuel", reason: text() }.into(),
        PolicyDisabled { about: about(), reason: text() }.into(),
        PolicySaid { about: about(), level: Level::Debug, message: text() }.into(),
        FaultEnded { about: about(), fault: "delay", planned_ms: Some(9), took_ms: 5, reason: text() }.into(),
        FaultFailed { about: about(), fault: "delay", reason: text(), count: 3 }.into(),
        Failed { part: "proxy", request_id: None, reason: text(), hint: None, count: 2 }.into(),
    ]
}

#[test]
fn every_line_is_one_flat_json_object_that_says_what_happened() {
    let lines = one_of_each();
    let names: BTreeSet<_> = lines.iter().map(Line::name).collect();
    assert_eq!(names, Line::NAMES.iter().copied().collect(), "a line of each kind is under test");
    assert_eq!(Line::NAMES.len(), lines.len(), "no name stands for two kinds");
    for line in lines {
        let text = line.render(NOW);
        assert!(!text.contains('\n'), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["misrule"], line.name());
        assert_eq!(value["time"], "2023-11-14T22:13:20.250Z");
        assert_eq!(value["level"], json!(line.level()));
        assert!(value.as_object().unwrap().values().all(|field| !field.is_object()), "{text}");
        assert!(text.starts_with(&format!(r#"{{"misrule":"{}","time":"#, line.name())), "{text}");
    }
}

#[test]
fn an_injection_tells_what_a_replay_needs() {
    let expected = concat!(
        r#"{"misrule":"injected","time":"2023-11-14T22:13:20.250Z","level":"info","request_id":"8476a536","#,
        r#""experiment":"brownout","version":"v3","policy":"latency","#,
        r#""policy_digest":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","hook":"before","#,
        r#""faults":["delay","fail"],"delays_ms":[30],"seed":"00ff","decision_us":12,"reason":"peak hour"}"#
    );
    assert_eq!(Line::from(Injected(faults())).render(NOW), expected);
}

#[test]
fn a_whole_second_keeps_its_milliseconds() {
    assert_eq!(writer::rfc_3339(Timestamp::from_milliseconds(0)), "1970-01-01T00:00:00.000Z");
    assert_eq!(writer::rfc_3339(Timestamp::from_milliseconds(u64::MAX)), "18446744073709551000 ms");
}

#[test]
fn the_filter_decides_about_our_lines_too() {
    let armed = |filter: &str, level| writer::lets_through(&filter.parse().unwrap(), level);
    for (filter, level, passes) in [
        (crate::settings::DEFAULT_LOG, Level::Info, true),
        (crate::settings::DEFAULT_LOG, Level::Debug, false),
        ("warn", Level::Info, false),
        ("warn", Level::Warn, true),
        ("off", Level::Error, false),
        ("misrule=debug", Level::Debug, true),
        ("hyper=trace", Level::Error, false),
    ] {
        assert_eq!(armed(filter, level), passes, "{filter} {level:?}");
    }
}

#[test]
fn what_a_policy_says_has_the_policys_own_level() {
    let said = Line::from(PolicySaid { about: about(), level: Level::Warn, message: "odd".into() });
    assert_eq!(said.level(), Level::Warn);
}

#[test]
fn a_dependencys_event_becomes_a_line_and_cannot_pose_as_ours() {
    use tracing_subscriber::layer::{Context, SubscriberExt as _};

    #[derive(Clone, Default)]
    struct Captured(std::sync::Arc<std::sync::Mutex<Vec<Value>>>);
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Captured {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(Value::Object(dependencies::object(event)));
        }
    }

    let captured = Captured::default();
    let subscriber = tracing_subscriber::Registry::default().with(captured.clone());
    tracing::subscriber::with_default(subscriber, || {
        tracing::warn!(target: "hyper::proto", misrule = "armed", attempt = 3_u64, lost = true, "retrying");
    });
    let lines = captured.0.lock().unwrap();
    let line = lines[0].as_object().unwrap();
    let field = |name: &str| line[name].clone();
    assert_eq!(
        (field("misrule"), field("level"), field("target")),
        ("log".into(), "warn".into(), "hyper::proto".into())
    );
    assert_eq!((field("message"), field("attempt"), field("lost")), ("retrying".into(), 3.into(), true.into()));
}

#[test]
fn a_chain_of_causes_reads_from_the_outside_in() {
    #[derive(Debug, thiserror::Error)]
    #[error("the bundle cannot be read")]
    struct Outer(#[source] std::num::ParseIntError);
    let error = Outer("x".parse::<u8>().unwrap_err());
    assert_eq!(chain(&error), "the bundle cannot be read: invalid digit found in string");
}

#[test]
fn the_readme_names_every_line() {
    let readme = include_str!("../../README.md");
    for ((name, metric), meaning) in Line::METRICS.iter().zip(Line::MEANINGS) {
        let metric = metric.map(|metric| format!(" `{metric}`")).unwrap_or_default();
        let row = format!("| `{name}` |{meaning} |{metric} |");
        assert!(readme.contains(&row), "extension/README.md lacks: {row}");
    }
    for (metric, meaning) in MEASURED {
        let row = format!("| `{metric}` | {meaning} |");
        assert!(readme.contains(&row), "extension/README.md lacks: {row}");
    }
}

/// The line as it is written where metrics are on.
fn counted(line: &Line) -> Value {
    serde_json::from_str(&line.render_with(NOW, metrics::embedded_for("orders", line, NOW))).unwrap()
}

#[test]
fn an_injection_is_counted_and_its_delays_are_added_up() {
    let line = counted(&Line::from(Injected(Faults { delays_ms: vec![30, 12], ..faults() })));
    assert_eq!((&line["Injected"], &line["DecisionTime"], &line["AddedDelay"]), (&json!(1), &json!(12), &json!(42)));
    let named = |name: &str, unit: &str| json!({ "Name": name, "Unit": unit });
    let metrics =
        [named("Injected", "Count"), named("DecisionTime", "Microseconds"), named("AddedDelay", "Milliseconds")];
    let directive = json!({ "Namespace": "Misrule", "Dimensions": [["function", "experiment"]], "Metrics": metrics });
    assert_eq!(line["_aws"], json!({ "Timestamp": 1_700_000_000_250_u64, "CloudWatchMetrics": [directive] }));
    assert_eq!((&line["function"], &line["experiment"]), (&json!("orders"), &json!("brownout")));
}

#[test]
fn a_line_that_stands_for_many_counts_them_all() {
    for line in one_of_each() {
        let stands_for = serde_json::to_value(&line).unwrap()["count"].as_u64();
        if let Some(metric) = line.metric() {
            assert_eq!(counted(&line)[metric], stands_for.unwrap_or(1), "{metric}");
        }
    }
}

/// What CloudWatch asks of such a line: each metric that the directive names is a number, each dimension a text, at the top.
#[test]
fn what_the_directives_name_stands_in_the_line() {
    let mut measured = BTreeSet::new();
    for line in one_of_each() {
        let (value, plain) = (counted(&line), line.render(NOW));
        assert!(!plain.contains("_aws"), "metrics are off: {plain}");
        let Some(directive) = value["_aws"]["CloudWatchMetrics"].get(0) else {
            assert_eq!(line.metric(), None, "{plain}");
            continue;
        };
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(value[dimension.as_str().unwrap()].as_str().is_some_and(|text| !text.is_empty()), "{value}");
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(value[name].is_u64(), "{name}: {value}");
            assert!(!plain.contains(&format!("\"{name}\":")), "{name} is no field of the line itself");
            measured.extend((Some(name) != line.metric()).then(|| name.to_owned()));
        }
    }
    assert_eq!(measured, MEASURED.iter().map(|(name, _)| (*name).to_owned()).collect());
}
