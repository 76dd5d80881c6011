//! Whatever a policy asks for, nothing happens but what the experiment, the invocation and the layer allow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use misrule_engine::decision::{Carries, Decision, Enforcer, FaultKind, Hook, Note, NoteKind, Records, RefusalReason};
use misrule_engine::experiment::{Environment, Experiment};
use misrule_engine::invocation::{Head, Invocation};
use misrule_engine::time::Timestamp;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::guest::{Bench, NOW, START, before, environment, event, invocation, package};

const END: Timestamp = Timestamp::from_milliseconds(START.as_milliseconds() + 3_600_000);
const OURS: &str = "123456789012";
const THEIRS: &str = "210987654321";

/// What a test case is made of: each part hits and misses about as often.
#[derive(Clone, Debug)]
struct Case {
    functions: &'static str,
    accounts: &'static [&'static str],
    published_to: &'static [&'static str],
    regions: &'static [&'static str],
    faults: Vec<FaultKind>,
    rate: f64,
    max_delay: Option<u64>,
    carries: Vec<FaultKind>,
    registered: Option<&'static str>,
    shared: bool,
    invoked: &'static str,
    arrived: Timestamp,
    asked_after: u64,
    deadline_after: u64,
    http: bool,
}

fn accounts() -> impl Strategy<Value = &'static [&'static str]> {
    const CHOICES: &[&[&str]] = &[&[], &[OURS], &[THEIRS], &[THEIRS, OURS]];
    select(CHOICES)
}

/// Around the start, in the middle, and around the end: to the millisecond.
fn arrived() -> impl Strategy<Value = Timestamp> {
    let at = |instant: Timestamp, offset| Timestamp::from_milliseconds(instant.as_milliseconds() + offset - 2);
    prop_oneof![
        (0..5_u64).prop_map(move |offset| at(START, offset)),
        (0..3_600_000_u64).prop_map(move |offset| at(START, offset)),
        (0..5_u64).prop_map(move |offset| at(END, offset)),
    ]
}

/// Those that ask, in their order: where what ends the first one's plan is refused, the next one's may.
const POLICIES: [&str; 4] = ["everything", "crash", "respond", "fail"];

const REGIONS: &[&[&str]] = &[&[], &["us-east-1"], &["eu-west-1"]];

fn case() -> impl Strategy<Value = Case> {
    let radius = (
        select(&["health", "heal*:live", "*", "orders", "health:beta"][..]),
        (accounts(), accounts()),
        select(REGIONS),
        subsequence(FaultKind::ALL, 1..FaultKind::ALL.len()),
        prop_oneof![Just(1.0), 0.0..=1.0],
        prop::option::of(0..2_000_u64),
    );
    let layer = (
        prop_oneof![Just(FaultKind::ALL.to_vec()), subsequence(FaultKind::ALL, 0..FaultKind::ALL.len())],
        select(&[None, Some(OURS), Some(THEIRS)][..]),
        any::<bool>(),
    );
    let invocation = (select(&["", ":live", ":$LATEST"][..]), arrived(), 0..4_u64, 0..3_000_u64, any::<bool>());
    (radius, layer, invocation).prop_map(|(radius, layer, invocation)| {
        let (functions, (accounts, published_to), regions, faults, rate, max_delay) = radius;
        let (carries, registered, shared) = layer;
        let (invoked, arrived, asked_after, deadline_after, http) = invocation;
        Case {
            functions,
            accounts,
            published_to,
            regions,
            faults,
            rate,
            max_delay,
            carries,
            registered,
            shared,
            invoked,
            arrived,
            asked_after,
            deadline_after,
            http,
        }
    })
}

impl Case {
    /// As TOML.
    fn experiment(&self) -> Experiment {
        let list = |names: &[&str]| {
            format!("[{}]", names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "))
        };
        let said = |field: &str, names: &[&str]| match names {
            [] => String::new(),
            names => format!("{field} = {}\n", list(names)),
        };
        let kinds: Vec<_> = self.faults.iter().map(|kind| kind.name()).collect();
        let max_delay = self.max_delay.map(|delay| format!("max_delay = \"{delay}ms\"\n")).unwrap_or_default();
        let text = format!(
            "name = \"trial\"\nstarts = {START}\nexpires = {END}\n[published_to]\n{}[blast_radius]\nrate = {:?}\n{}{}{}{}{max_delay}{}",
            said("accounts", self.published_to),
            self.rate,
            said("functions", &[self.functions]),
            said("accounts", self.accounts),
            said("regions", self.regions),
            said("faults", &kinds),
            POLICIES.map(|name| format!("[[policy]]\nmodule = \"{name}.wasm\"\n")).concat(),
        );
        Experiment::from_toml(&text).expect("the case is an experiment")
    }

    fn enforcer(&self, bench: &Bench) -> Enforcer {
        let carries: Vec<_> = self.carries.iter().map(|kind| (Hook::Before, *kind)).collect();
        let initialization = if self.shared { "lambda-managed-instances" } else { "on-demand" }.to_owned();
        let account = self.registered.map(str::to_owned);
        let environment = Environment { account, initialization, ..environment() };
        let bench = Bench { carries: Carries::new(&carries), environment, sandbox: bench.sandbox.clone() };
        let mut package = package(&POLICIES, "");
        package.experiment = self.experiment();
        bench.try_arm(&package, None).expect("it arms")
    }

    fn invocation(&self) -> Arc<Invocation> {
        let some = invocation(7, event("/health"));
        let head = Head {
            invoked_arn: format!("arn:aws:lambda:us-east-1:{OURS}:function:health{}", self.invoked),
            arrived: self.arrived,
            deadline: self.asked_at().plus(Duration::from_millis(self.deadline_after)),
            ..some.head().clone()
        };
        let event = if self.http { event("/health") } else { bytes::Bytes::from_static(b"{\"order\":7}") };
        Arc::new(Invocation::new(head, event))
    }

    fn asked_at(&self) -> Timestamp {
        self.arrived.plus(Duration::from_millis(self.asked_after))
    }

    /// Whether the invocation lies within, but for the draw: said again, in other words than the engine's.
    fn within(&self) -> bool {
        let account = self.registered.unwrap_or(OURS);
        let ours = |accounts: &[&str]| accounts.is_empty() || accounts.contains(&account);
        let function = match self.functions {
            "health" | "*" => true,
            "heal*:live" => self.invoked == ":live",
            _ => false,
        };
        let region = self.regions != ["eu-west-1"];
        let time = self.arrived >= START && self.arrived < END;
        function && region && time && ours(self.accounts) && ours(self.published_to)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_policy_that_asks_for_everything_gets_what_is_allowed(case in case()) {
        let bench = BENCH.with(Arc::clone);
        let (enforcer, invocation) = (case.enforcer(&bench), case.invocation());
        let admission = enforcer.admit(invocation.head());
        if !case.within() || case.rate <= 0.0 {
            prop_assert!(admission.is_none(), "it lies outside");
            return Ok(());
        }
        prop_assert!(admission.is_some() || case.rate < 1.0, "it lies within");
        let Some(admission) = admission else { return Ok(()) };
        let decision = enforcer.before(&invocation, &admission, case.asked_at());
        if case.asked_at() >= END {
            prop_assert_eq!(decision, Decision::default());
            return Ok(());
        }
        let steps = decision.plan.steps();
        for step in steps {
            let kind = step.step.kind();
            prop_assert!(case.faults.contains(&kind) && case.carries.contains(&kind), "{}", kind);
            prop_assert!(!case.shared || !kind.hits_the_whole_environment(), "{}", kind);
            prop_assert!(case.http || !step.step.needs_http());
        }
        let delay: Duration = steps.iter().filter_map(|step| step.step.as_delay()).sum();
        prop_assert!(delay <= Duration::from_millis(case.max_delay.unwrap_or(u64::MAX)));
        prop_assert!(delay <= Duration::from_millis(case.deadline_after.saturating_sub(100)));
        let finals = steps.iter().filter(|step| step.step.kind().is_final()).count();
        prop_assert!(finals <= 1 && (finals == 0 || steps.last().is_some_and(|step| step.step.kind().is_final())));
    }
}

#[test]
fn where_all_is_allowed_all_is_planned_up_to_the_first_final_step() {
    let case = Case {
        functions: "*",
        accounts: &[],
        published_to: &[],
        regions: &[],
        faults: FaultKind::ALL.to_vec(),
        rate: 1.0,
        max_delay: None,
        carries: FaultKind::ALL.to_vec(),
        registered: None,
        shared: false,
        invoked: "",
        arrived: NOW,
        asked_after: 0,
        deadline_after: 60_000,
        http: true,
    };
    let kinds = |case: &Case| -> Vec<_> {
        let (enforcer, invocation) = (case.enforcer(&Bench::new()), case.invocation());
        let plan = before(&enforcer, &invocation).plan;
        plan.steps().iter().map(|step| step.step.kind().name()).collect()
    };
    let lasting = ["delay", "fill-disk", "hold-memory", "delay", "burn-cpu", "edit"];
    assert_eq!(kinds(&case), [&lasting[..], &["edit", "hang"]].concat());
    // The edit of a body needs an HTTP request, as the answer does.
    assert_eq!(kinds(&Case { http: false, ..case.clone() }), [&lasting[..], &["hang"]].concat());
    assert_eq!(kinds(&Case { shared: true, ..case }), ["delay", "delay", "edit", "edit", "respond-http"]);
}

#[test]
fn more_than_the_environment_has_is_refused() {
    let refused = |memory_mb| {
        let environment = Environment { memory_mb, ..environment() };
        let bench = Bench { environment, ..Bench::new() };
        let enforcer = bench.arm(&["everything"], "faults = [\"hold-memory\"]");
        let decision = before(&enforcer, &invocation(1, event("/")));
        let too_much = |what: &NoteKind| matches!(what, NoteKind::Refused { reason: RefusalReason::TooMuch, .. });
        (decision.plan.steps().len(), decision.notes.iter().filter(|note| too_much(&note.what)).count())
    };
    assert_eq!((refused(1), refused(0)), ((1, 0), (0, 1)), "a million bytes of memory are wanted");
}

#[test]
fn what_two_policies_hold_adds_up() {
    let bench = Bench { environment: Environment { memory_mb: 1, ..environment() }, ..Bench::new() };
    let enforcer =
        bench.arm(&["everything", "everything name = \"second\""], "faults = [\"hold-memory\", \"fill-disk\"]");
    let decision = before(&enforcer, &invocation(1, event("/")));
    let stands = |kind: FaultKind| {
        let steps = decision.plan.steps().iter().filter(|planned| planned.step.kind() == kind);
        steps.map(|planned| planned.policy.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(stands(FaultKind::HoldMemory), ["everything"], "each wants nearly all of it");
    assert_eq!(stands(FaultKind::FillDisk), ["everything", "second"]);
    let refused = |note: &&Note| matches!(note.what, NoteKind::Refused { reason: RefusalReason::TooMuch, .. });
    let refused: Vec<_> = decision.notes.iter().filter(refused).map(|note| note.policy.as_str()).collect();
    assert_eq!(refused, ["second"]);
}

thread_local! {
    static BENCH: Arc<Bench> = Arc::new(Bench::new());
}

fn budget_refusals(decision: &Decision) -> usize {
    let refused = |what: &NoteKind| matches!(what, NoteKind::Refused { reason: RefusalReason::MinuteBudget, .. });
    decision.notes.iter().filter(|note| refused(&note.what)).count()
}

#[test]
fn a_budget_holds_under_concurrent_invocations() {
    let enforcer = Bench::new().arm(&["delay"], "budget = { per_minute = 50 }");
    let (touched, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (enforcer, touched, refused) = (&enforcer, &touched, &refused);
            scope.spawn(move || {
                for number in 0..40 {
                    let decision = before(enforcer, &invocation(thread * 1000 + number, event("/")));
                    touched.fetch_add(decision.plan.steps().len(), Ordering::Relaxed);
                    refused.fetch_add(budget_refusals(&decision), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!((touched.into_inner(), refused.into_inner()), (50, 270));
}

#[test]
fn a_budget_counts_invocations_and_not_steps() {
    let enforcer = Bench::new().arm(&["delay", "fail"], "budget = { per_environment = 2 }");
    let plans = (0..3).map(|number| before(&enforcer, &invocation(number, event("/"))));
    let steps: Vec<_> = plans.map(|decision| (decision.plan.steps().len(), decision.notes.len())).collect();
    assert_eq!(steps, [(3, 0), (3, 0), (0, 3)]);
}

#[test]
fn what_passes_untouched_spends_nothing() {
    let enforcer = Bench::new().arm(&["crash"], "budget = { per_environment = 1 }");
    let refused = before(&enforcer, &invocation(1, event("/")));
    assert!(refused.plan.is_empty(), "a crash is not among its faults");
    let reasons = |decision: &Decision| decision.notes.iter().map(|note| note.what.clone()).collect::<Vec<_>>();
    let again = before(&enforcer, &invocation(2, event("/")));
    assert_eq!(reasons(&refused), reasons(&again), "and it is not the budget that refuses");
}

#[test]
fn a_new_version_takes_over_what_was_spent_in_the_minute() {
    let bench = Bench::new();
    let mut records = Records::default();
    let mut arm = |budget: &str| {
        let mut enforcer = bench.arm(&["delay"], budget);
        enforcer.keep_in(&mut records);
        enforcer
    };
    let touched = |enforcer: &Enforcer, from: u64| {
        let all = (from..from + 20).map(|number| before(enforcer, &invocation(number, event("/"))));
        all.filter(|decision| !decision.plan.is_empty()).count()
    };
    assert_eq!(touched(&arm("budget = { per_minute = 5 }"), 0), 5);
    assert_eq!(touched(&arm("budget = { per_minute = 7 }"), 100), 2);
    assert_eq!(touched(&arm("budget = { per_environment = 3 }"), 200), 3);
    assert_eq!(touched(&arm("budget = { per_environment = 3 }"), 300), 0);
}

#[test]
fn handlers_that_fail_stop_an_experiment() {
    let stopping = "stop_when = { handler_errors = 0.2, over = \"1m\", min_invocations = 10 }";
    let enforcer = Bench::new().arm(&["delay"], stopping);
    let invocation = invocation(1, event("/"));
    let admission = enforcer.admit(invocation.head()).expect("it is admitted");
    assert!(enforcer.watches(invocation.head()));
    let told: Vec<_> = (0..20).map(|number| enforcer.handler_answered(number % 5 == 4, NOW)).collect();
    let reached = told.iter().position(Option::is_some);
    assert_eq!(reached, Some(9), "two of ten: {told:?}");
    assert_eq!(enforcer.stopped(), told[9]);
    assert_eq!(told.iter().flatten().count(), 1, "it is said once");
    assert!(enforcer.admit(invocation.head()).is_none());
    assert_eq!(enforcer.before(&invocation, &admission, NOW), Decision::default(), "nor what was admitted before");
}

#[test]
fn where_the_account_is_not_known_an_experiment_for_some_waits() {
    let bench = Bench::new();
    let mut package = package(&["delay"], "");
    package.experiment.published_to.accounts = vec![OURS.to_owned()];
    let enforcer = bench.try_arm(&package, None).expect("it arms");
    let by =
        |invoked_arn: &str| Head { invoked_arn: invoked_arn.to_owned(), ..invocation(1, event("/")).head().clone() };
    let theirs = by(&format!("arn:aws:lambda:us-east-1:{THEIRS}:function:health"));
    let rows = [(by("no arn"), false, false), (theirs, false, true)];
    for (head, admitted, elsewhere) in rows {
        let outcome = (enforcer.admit(&head).is_some(), enforcer.elsewhere(&head).is_some());
        assert_eq!(outcome, (admitted, elsewhere), "{}", head.invoked_arn);
    }
    assert!(enforcer.admit(invocation(1, event("/")).head()).is_some());
}
