//! Experiments that replace each other under load: no invocation is lost, and each is decided by one of them.

use misrule_tests::programs::program;
use misrule_tests::publishing::experiment;
use misrule_tests::swaps::{Experiments, Load, Programs, name, policies, run};

/// Experiments after the first; benches/swaps makes more of them, with native images.
const SWAPS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_invocation_is_lost_or_decided_by_two_while_experiments_replace_each_other() {
    let programs = Programs {
        extension: program("misrule-extension").unwrap(),
        wrapper: program("misrule-wrapper").unwrap(),
        runtime: program("misrule-local-function").unwrap(),
    };
    let contents = (0..=SWAPS).map(|number| experiment(&name(number), &policies(number, "use", "")).into_bytes());
    let experiments = Experiments { contents: contents.collect(), key: None };
    let load = Load { clients: 16, invocations: 10_000 };
    let seen = run(load, &programs, &experiments).await.unwrap();
    assert_eq!(seen.experiments.len(), SWAPS + 1, "{:?}", seen.experiments);
    assert!(seen.durations.len() >= load.invocations, "{} invocations", seen.durations.len());
}
