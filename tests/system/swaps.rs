//! Experiments that replace each other under load: no invocation is lost, and each is decided by one of them.

use misrule_tests::swaps::{Load, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_invocation_is_lost_or_decided_by_two_while_experiments_replace_each_other() {
    let seen = run(Load { clients: 16, swaps: 8 }).await.unwrap();
    assert!(seen.experiments.len() > 6, "{:?}", seen.experiments);
    assert!(seen.durations.len() > 200, "{} invocations", seen.durations.len());
}
