//! Reports on lines that the layer's own types write.

use misrule_engine::digest::Digest;
use misrule_engine::time::Timestamp;
use misrule_extension::telemetry::{
    About, Armed, Cut, Disarmed, FaultEnded, Faults, Injected, Line, NothingDeployed, OutsideBlastRadius, PolicyDigest,
    Refused, RefusedStep, RuntimeConnected, SourceFailed, Start, Stopped, Trapped, WouldHave,
};

use super::input::{Event, Sink as _};
use super::ledger::Ledger;
use super::page;
use super::summary::Report;

const NOW: Timestamp = Timestamp::from_milliseconds(1_764_579_600_000);

fn line(line: impl Into<Line>) -> String {
    line.into().render(NOW)
}

fn start(dry_run: bool) -> String {
    line(Start { layer: "0.1.0", port: 9117, source: None, dry_run, function: "health".into() })
}

fn armed_at(rate: f64) -> String {
    line(armed_as("v3", rate))
}

fn armed_as(version: &str, rate: f64) -> Armed {
    Armed {
        experiment: "outage".into(),
        version: version.into(),
        hypothesis: Some("Clients move.".into()),
        policies: vec![PolicyDigest { policy: "latency".into(), policy_digest: Digest::of(b"") }],
        starts: None,
        expires: NOW,
        unsigned: true,
        key: None,
        rate,
        took_ms: 3,
        waiting: 0,
    }
}

fn armed() -> String {
    armed_at(1.0)
}

fn about(request: u64) -> About {
    About {
        request_id: format!("r-{request}"),
        experiment: "outage".into(),
        version: "v3".into(),
        policy: "latency".into(),
        policy_digest: None,
        hook: "before".into(),
    }
}

fn faults(request: u64, delay: u64) -> Faults {
    let seed = Digest::of(&request.to_le_bytes()).to_string();
    Faults { about: about(request), faults: vec!["delay"], delays_ms: vec![delay], seed, decision_us: 9, reason: None }
}

fn injected(request: u64, delay: u64) -> String {
    line(Injected(faults(request, delay)))
}

fn invocation(request: u64) -> String {
    format!("START RequestId: r-{request} Version: $LATEST")
}

fn disarmed() -> String {
    line(Disarmed { experiment: "outage".into(), version: "v3".into(), reason: "it was halted".into() })
}

fn outside(function: &str) -> OutsideBlastRadius {
    OutsideBlastRadius {
        experiment: "outage".into(),
        version: "v3".into(),
        function: function.into(),
        region: "eu-west-1".into(),
        account: None,
    }
}

fn init_report() -> String {
    "INIT_REPORT Init Duration: 9.10 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError".to_owned()
}

/// An environment in which the runtime came through the layer.
fn up(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    [start(false), line(RuntimeConnected {})].into_iter().chain(lines).collect()
}

fn ledger<'a>(events: impl IntoIterator<Item = (&'a str, String)>) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.begin("test.log");
    for (stream, text) in events {
        ledger.event(Event { stream: Some(stream), text: &text });
    }
    ledger
}

fn report(lines: impl IntoIterator<Item = String>) -> Report {
    Report::of(&ledger(lines.into_iter().map(|line| ("s", line))), None)
}

/// What is said of these lines before the table: the first finding and its causes.
fn said(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let finding = report(lines).findings.into_iter().next();
    finding
        .map(|finding| {
            std::iter::once(finding.says).chain(finding.causes.into_iter().map(|cause| cause.cause)).collect()
        })
        .unwrap_or_default()
}

/// Two environments: one that is touched, one that is armed late.
fn two_streams() -> [Vec<String>; 2] {
    let one =
        up([invocation(1), armed(), invocation(2), injected(2, 100), invocation(3), injected(3, 300), invocation(4)]);
    let ended = FaultEnded {
        about: about(6),
        fault: "delay",
        planned_ms: Some(60_000),
        took_ms: 2_000,
        reason: "it was halted".into(),
    };
    let other =
        up([invocation(5), armed(), invocation(6), injected(6, 60_000), line(ended), disarmed(), invocation(7)]);
    [one, other]
}

#[test]
fn counts_are_by_policy_and_environment_and_of_invocations_while_armed() {
    let [one, other] = two_streams();
    let events = one.into_iter().map(|line| ("a", line)).chain(other.into_iter().map(|line| ("b", line)));
    let report = Report::of(&ledger(events), None);
    let experiment = &report.experiments[0];
    assert_eq!((experiment.reach.invocations, experiment.reach.touched, experiment.armed_in), (Some(4), 3, 2));
    let policy = &experiment.policies[0];
    let delay = policy.counts.delay.clone().unwrap();
    assert_eq!((delay.count, delay.total_ms, delay.median_ms, delay.max_ms), (3, 2_400, 300, 2_000));
    let by_place: Vec<_> =
        policy.environments.iter().map(|place| (place.counts.acted, place.counts.reach.invocations)).collect();
    assert_eq!(by_place, [(2, Some(3)), (1, Some(1))]);
}

#[test]
fn how_streams_are_mixed_does_not_matter() {
    use proptest::prelude::*;

    let streams = two_streams();
    let length = streams.iter().map(Vec::len).sum::<usize>();
    let apart =
        streams.iter().zip(["a", "b"]).flat_map(|(lines, name)| lines.iter().map(move |line| (name, line.clone())));
    let expected = serde_json::to_value(Report::of(&ledger(apart), None)).unwrap();
    proptest!(|(choices in proptest::collection::vec(any::<bool>(), length))| {
        let mut left = streams.clone().map(Vec::into_iter);
        let mut mixed: Vec<_> = choices.iter().filter_map(|second| {
            left[usize::from(*second)].next().map(|line| (if *second { "b" } else { "a" }, line))
        }).collect();
        let [one, other] = left;
        mixed.extend(one.map(|line| ("a", line)).chain(other.map(|line| ("b", line))));
        prop_assert_eq!(serde_json::to_value(Report::of(&ledger(mixed), None)).unwrap(), expected.clone());
    });
}

#[test]
fn an_invocation_that_a_first_refresh_held_counts_for_what_decided_it() {
    let reach = report(up([invocation(1), armed(), injected(1, 5)])).experiments[0].reach;
    assert_eq!((reach.invocations, reach.touched, reach.share), (Some(1), 1, Some(1.0)));
}

#[test]
fn an_invocation_that_waited_counts_though_no_policy_touched_it() {
    let armed = |waiting| line(Armed { waiting, ..armed_as("v3", 1.0) });
    let counted = |waiting| report(up([invocation(1), armed(waiting), invocation(2)])).experiments[0].reach.invocations;
    assert_eq!([0, 1].map(counted), [Some(1), Some(2)]);
}

#[test]
fn reports_of_invocations_count_where_starts_are_not_logged() {
    let reported = |request: u64| format!("REPORT RequestId: r-{request}\tDuration: 1 ms");
    let both = report(up([armed(), invocation(1), reported(1), invocation(2), reported(2)]));
    let reports = report(up([armed(), reported(1), reported(2)]));
    assert_eq!([both, reports].map(|report| report.experiments[0].reach.invocations), [Some(2), Some(2)]);
    let neither = report(up([armed(), injected(1, 5)]));
    assert_eq!(neither.experiments[0].reach.share, None);
    assert_eq!(neither.findings[0].says, "which share of the invocations was touched is not known");
}

const IDLE: &str = "ARMED, BUT NOTHING WAS INJECTED: `outage`, version v3, in 1 environment";

#[test]
fn armed_but_idle_is_said_with_its_likely_cause() {
    let invocations = || (1..=40).map(invocation);
    let refused = |count| RefusedStep {
        about: about(1),
        fault: "delay",
        reason: "not among the experiment's faults".into(),
        count,
    };
    let trapped = Trapped { about: about(1), cause: "fuel", reason: "out of fuel".into() };
    let with = |line: String| up([armed(), line].into_iter().chain(invocations()));
    for (lines, cause) in [
        (with(line(refused(1))), "`latency`, at least once: `delay` refused: not among the experiment's faults"),
        (with(line(refused(7))), "`latency`, at least 7 times: `delay` refused: not among the experiment's faults"),
        (
            up([armed(), line(refused(7)), disarmed()]),
            "`latency`, 7 times: `delay` refused: not among the experiment's faults",
        ),
        (with(line(trapped)), "`latency`, once: trapped: out of fuel"),
        (with(line(WouldHave(faults(1, 5)))), "it is a dry run: 1 decision would have injected"),
        (up([armed(), disarmed()].into_iter().chain(invocations())), "no invocation started while it was armed"),
        (
            up([armed_at(0.01)].into_iter().chain(invocations())),
            "its rate is 0.01: of 40 invocations it expects to touch 0.4",
        ),
        (
            up([armed_at(0.5)].into_iter().chain(invocations())),
            "40 invocations started while it was armed, and no policy asked for a fault",
        ),
        (
            [start(false), armed()].into_iter().chain(invocations()).collect(),
            "the layer started, but no runtime asked it for events",
        ),
        (
            [start(false), armed(), init_report()].into_iter().chain(invocations()).collect(),
            "the runtime failed before it asked for events: Status: error, Error Type: Runtime.ExitError",
        ),
        (
            with(line(outside("arn:aws:lambda:us-east-1:123456789012:function:health"))),
            "called as `arn:aws:lambda:us-east-1:123456789012:function:health`, the function is outside its blast radius",
        ),
    ] {
        assert_eq!(said(lines)[..2], [IDLE, cause]);
    }
}

#[test]
fn what_stopped_by_itself_is_said_first() {
    let stopped = |errors| Stopped {
        experiment: "outage".into(),
        version: "v3".into(),
        errors,
        invocations: 20,
        over_ms: 60_000,
        reason: format!("the handler failed {errors} of 20 invocations"),
    };
    let of = |errors| up([armed(), invocation(1), injected(1, 5), line(stopped(errors))]);
    let says = "STOPPED BY ITS `stop_when`: `outage`, version v3, in";
    let one = report(of(4));
    assert_eq!(one.findings[0].says, format!("{says} 1 of 1 environment: the handler failed 4 of 20 invocations"));
    assert!(page::lines(&one)[0].starts_with(says));
    let idle = report(up([armed_at(0.5), invocation(1), line(stopped(4))]));
    let causes: Vec<_> = idle.findings[1].causes.iter().map(|cause| cause.cause.as_str()).collect();
    assert_eq!(idle.findings[1].says, IDLE);
    assert_eq!(causes, ["disarmed once: the handler failed 4 of 20 invocations"], "and no guess");
    let both = of(4).into_iter().map(|line| ("a", line)).chain(of(9).into_iter().map(|line| ("b", line)));
    let both = Report::of(&ledger(both), None);
    let example = "2 of 2 environments: for example, the handler failed 4 of 20 invocations";
    assert_eq!(both.findings[0].says, format!("{says} {example}"));
}

#[test]
fn versions_stand_in_the_order_of_their_arming() {
    let later = |milliseconds| Timestamp::from_milliseconds(NOW.as_milliseconds() + milliseconds);
    let armed = |version, at| Line::from(armed_as(version, 1.0)).render(later(at));
    let injected = |version: &str, at| {
        let about = About { version: version.into(), ..about(at) };
        Line::from(Injected(Faults { about, ..faults(at, 1) })).render(later(at))
    };
    let lines = [injected("z", 1), armed("y", 20), injected("y", 31), injected("y", 45), armed("x", 60)];
    let report = report(up(lines));
    let order: Vec<_> = report.experiments.iter().map(|experiment| experiment.version.version.as_str()).collect();
    assert_eq!(order, ["z", "y", "x"], "what was armed before the log begins comes first");
    let still_armed: Vec<_> = report.experiments.iter().map(|experiment| experiment.still_armed_in).collect();
    assert_eq!(still_armed, [0, 0, 1]);
    let page = page::lines(&report);
    for line in [
        "  acted at 2025-12-01T09:00:00.001Z",
        "  armed in 1 of 1 environment, first at 2025-12-01T09:00:00.020Z",
        "  acted first at 2025-12-01T09:00:00.031Z, last at 2025-12-01T09:00:00.045Z",
    ] {
        assert!(page.iter().any(|there| there == line), "{line} in:\n{}", page.join("\n"));
    }
}

#[test]
fn what_another_experiment_armed_is_not_called_silent() {
    let other = Armed { experiment: "other".into(), ..armed_as("v1", 1.0) };
    let events = up([armed(), injected(1, 5)]).into_iter().map(|line| ("a", line));
    let events = events.chain(up([line(other)]).into_iter().map(|line| ("b", line)));
    let report = Report::of(&ledger(events), Some("outage"));
    assert_eq!(report.findings[0].says, "`outage` never came into force in 1 of 2 environments");
    assert_eq!(report.findings[0].causes[0].cause, "its lines name only `other`");
}

#[test]
fn counts_that_may_come_behind_are_said_where_the_log_ends_while_armed() {
    let refused = || RefusedStep { about: about(1), fault: "crash", reason: "why".into(), count: 1 };
    let behind =
        |lines| page::lines(&report(lines)).iter().any(|line| line.starts_with("the log ends while it is armed: "));
    assert!(behind(up([armed(), injected(1, 5), line(refused())])));
    assert!(!behind(up([armed(), injected(1, 5)])), "the first is told at once");
    assert!(!behind(up([armed(), injected(1, 5), line(refused()), disarmed()])), "then all is told");
}

#[test]
fn an_alias_that_is_not_covered_is_named_with_what_to_do() {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:health";
    let said = |account: Option<&str>| {
        let line = line(OutsideBlastRadius { account: account.map(str::to_owned), ..outside(arn) });
        report(up([armed(), line, invocation(1)])).findings[0].causes[0].clone()
    };
    let hint = "covers what is invoked through that alias alone";
    assert!(said(None).hint.is_some_and(|told| told.contains(hint) && !told.contains("accounts")));
    assert!(said(Some("123456789012")).hint.is_some_and(|told| told.contains(hint) && told.contains("accounts")));
    let touched = report(up([armed(), line(outside(arn)), invocation(1), injected(1, 5)]));
    assert_eq!(touched.findings, [], "another alias is covered");
}

const NEVER: &str = "NEVER ARMED: no experiment came into force in 1 environment";

#[test]
fn never_armed_is_said_with_its_likely_cause() {
    let (source, reason, hint) = (|| "file:/opt/a".to_owned(), || "why".to_owned(), None);
    for (lines, cause) in [
        (
            vec![invocation(1)],
            "no `start` line: the layer did not run there, or MISRULE_LOG or a filter of the export hides its lines",
        ),
        (vec![start(false), invocation(1)], "the layer started, but no runtime asked it for events"),
        (
            vec![start(false), init_report(), invocation(1)],
            "the runtime failed before it asked for events: Status: error, Error Type: Runtime.ExitError",
        ),
        (up([invocation(1)]), "the layer started, and nothing came from its source while the log lasts"),
        (
            up([line(outside("health"))]),
            "function `health` in eu-west-1 is outside the blast radius of `outage`, version v3",
        ),
        (up([line(NothingDeployed { source: source(), reason: reason() })]), "nothing is deployed at file:/opt/a: why"),
        (
            up([line(Refused { source: source(), version: "v3".into(), reason: reason(), hint: hint.clone() })]),
            "version v3 from file:/opt/a was refused: why",
        ),
        (
            up([line(SourceFailed { source: source(), reason: reason(), hint, retry_ms: 5 })]),
            "file:/opt/a could not be asked: why",
        ),
        (
            vec!["misrule-wrapper: the runtime runs without Misrule: nobody answers".to_owned(), invocation(1)],
            "misrule-wrapper says: the runtime runs without Misrule: nobody answers",
        ),
    ] {
        assert_eq!(said(lines), [NEVER, cause]);
    }
}

#[test]
fn an_error_of_a_runtime_that_is_up_or_elsewhere_is_no_failed_init() {
    let error = || "[ERROR] Runtime.UnmarshalError: odd".to_owned();
    assert_eq!(
        said(up([error(), invocation(1)]))[1],
        "the layer started, and nothing came from its source while the log lasts"
    );
    let unwrapped = vec![start(false), invocation(1), error()];
    assert_eq!(said(unwrapped)[1], "the layer started, but no runtime asked it for events");
    assert!(ledger([("s", error())]).environments.is_empty(), "a log without a line of ours stays one");
}

#[test]
fn one_experiment_can_be_asked_for() {
    let ledger = ledger(up([armed(), invocation(1), injected(1, 5)]).into_iter().map(|line| ("s", line)));
    assert_eq!(Report::of(&ledger, Some("outage")).experiments.len(), 1);
    let other = Report::of(&ledger, Some("outrage"));
    assert!(other.experiments.is_empty());
    assert_eq!(other.findings[0].says, "NEVER ARMED: `outrage` never came into force in 1 environment");
    let causes: Vec<_> = other.findings[0].causes.iter().map(|cause| cause.cause.as_str()).collect();
    assert_eq!(causes, ["no line names `outrage`; the lines name `outage`"]);
}

#[test]
fn without_streams_a_start_begins_an_environment() {
    let mut ledger = Ledger::default();
    ledger.begin("a.log");
    for text in up([armed(), invocation(1)]).into_iter().chain(up([invocation(2), invocation(3)])) {
        ledger.event(Event { stream: None, text: &text });
    }
    let counted: Vec<_> = ledger.environments.iter().map(|(name, place)| (name.as_str(), place.invocations)).collect();
    assert_eq!(counted, [("a.log", 1), ("a.log #2", 2)]);
    assert_eq!(Report::of(&ledger, None).experiments[0].reach.invocations, Some(1), "what restarts is not armed");
}

#[test]
fn the_page_is_for_people() {
    let cut = Cut {
        about: about(2),
        fault: "delay",
        wanted_ms: 9,
        allowed_ms: 5,
        reason: "the experiment's max_delay".into(),
        count: 1,
    };
    let lines = up([armed(), invocation(1), invocation(2), injected(2, 250), line(cut)]);
    assert_eq!(
        page::lines(&report(lines)).join("\n"),
        r"outage, version v3: touched 1 of 2 invocations (50.0 %)
  hypothesis: Clients move.
  armed in 1 of 1 environment, first at 2025-12-01T09:00:00.000Z
  acted at 2025-12-01T09:00:00.000Z

policy   environment  armed  invocations  acted  would have  cut  refused  failed  forbidden  ended   share   delay  median     p99     max
-------------------------------------------------------------------------------------------------------------------------------------------
latency  s                1            2      1           0    1        0       0          0      0  50.0 %  250 ms  250 ms  250 ms  250 ms
the log ends while it is armed: cut, refused and failed may lack up to the last minute of it

`outage`, version v3, did less than its policies asked for
  because: `latency`, at least once: `delay` cut: the experiment's max_delay"
    );
}
