//! A decision is a function of settings, invocation, seed and what the host keeps, never of the instance.

use misrule_engine::decision::Plan;
use proptest::prelude::*;

use crate::guest::{Bench, before, event, invocation, package};

/// The plans of a kept instance, and of one that is made for each invocation, over the same invocations.
fn kept_and_fresh(fixture: &'static str, numbers: &[u64]) -> (Vec<Plan>, Vec<Plan>) {
    let bench = Bench::new();
    let package = package(&[fixture], "");
    let arm = |previous: Option<&_>| bench.try_arm(&package, previous).expect("it arms");
    let ask = |enforcer: &_, number: &u64| before(enforcer, &invocation(*number, event("/health"))).plan;
    let one = arm(None);
    let kept = numbers.iter().map(|number| ask(&one, number)).collect();
    let mut enforcer = arm(None);
    let mut fresh = Vec::new();
    for number in numbers {
        // A newer version of the same experiment has new instances and the same memory.
        enforcer = arm(Some(&enforcer));
        fresh.push(ask(&enforcer, number));
    }
    (kept, fresh)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_kept_instance_and_a_fresh_one_make_the_same_plan(numbers in prop::collection::vec(0..1000_u64, 1..12)) {
        let (kept, fresh) = kept_and_fresh("counter", &numbers);
        prop_assert!(kept.iter().all(|plan| !plan.is_empty()));
        prop_assert_eq!(kept, fresh);
    }
}

#[test]
fn a_guest_with_a_mutable_static_is_caught_by_that_property() {
    let (kept, fresh) = kept_and_fresh("static", &[1, 2]);
    assert_ne!(kept, fresh);
}

#[test]
fn the_same_invocation_has_the_same_plan_in_another_environment() {
    let plan = || before(&Bench::new().arm(&["counter"], ""), &invocation(42, event("/health"))).plan;
    assert_eq!(plan(), plan());
}
