//! When the source is asked, and who waits for it.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::super::state::Waits;
use super::house::{House, INTERVAL, MAX_AGE, Plot, content, experiment, unreachable};
use crate::settings::Share;
use crate::sources::Fetched;
use crate::telemetry::Line;

const ALLOWED: Duration = Duration::from_millis(250);
const HOLD: Duration = Duration::from_millis(100);

async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let value = future.await;
    (value, began.elapsed())
}

/// Whether a duration is this one, but for what a timer's milliseconds round up.
fn is(took: Duration, expected: Duration) -> bool {
    took.abs_diff(expected) <= Duration::from_millis(2)
}

#[tokio::test(start_paused = true)]
async fn the_first_fetch_starts_at_once_and_idleness_asks_no_more() {
    let house = House::open();
    house.asked(1).await;
    house.script(Ok(content(&experiment("brownout"))));
    house.finished(1).await;
    for _ in 0..10 {
        advance(INTERVAL).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(house.times_asked(), 1);
    house.event_arrives().await;
    house.asked(2).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_before_its_time_asks_nothing() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    advance(INTERVAL - Duration::from_secs(1)).await;
    drop(house.control.invocation_under_way());
    house.event_arrives().await;
    tokio::task::yield_now().await;
    assert_eq!(house.times_asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn refreshing_goes_on_while_an_invocation_is_under_way() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    let under_way = house.control.invocation_under_way();
    (0..3).for_each(|_| house.script(Ok(Fetched::Unchanged)));
    let ((), took) = timed(house.finished(4)).await;
    assert!(is(took, 3 * INTERVAL), "{took:?}");
    drop(under_way);
    advance(5 * INTERVAL).await;
    tokio::task::yield_now().await;
    assert_eq!(house.times_asked(), 4);
}

#[tokio::test(start_paused = true)]
async fn after_a_forward_jump_the_source_is_asked_once() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    house.set_wall(600);
    house.script(Ok(Fetched::Unchanged));
    house.event_arrives().await;
    house.finished(2).await;
    for _ in 0..5 {
        assert!(house.event_arrives().await.is_some());
        tokio::task::yield_now().await;
    }
    assert_eq!(house.times_asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_backward_jump_holds_no_refresh_up() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    house.set_wall(-86_400);
    advance(INTERVAL).await;
    house.event_arrives().await;
    house.asked(2).await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_source_is_asked_ever_more_slowly() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    let _under_way = house.control.invocation_under_way();
    (0..7).for_each(|_| house.script(Err(unreachable())));
    house.asked(2).await;
    for (attempt, longest) in [(3, 1), (4, 2), (5, 4), (6, 8), (7, 16), (8, 32)] {
        let longest = Duration::from_secs(longest);
        let ((), took) = timed(house.asked(attempt)).await;
        let slack = Duration::from_millis(5);
        assert!(took >= longest / 2 - slack && took <= longest + slack, "attempt {attempt}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_waits_for_the_first_experiment_only_where_that_was_asked_for() {
    let first = Duration::from_secs(1);
    let waits = Waits { first, refresh: ALLOWED, hold: true };
    let house = House::with(Plot { waits, ..Plot::default() });
    house.asked(1).await;
    let (armed, took) = timed(house.event_arrives()).await;
    assert!(armed.is_none() && is(took, first), "{took:?}");
    let (armed, took) = timed(house.event_arrives()).await;
    assert!(armed.is_none() && took.is_zero(), "the second invocation does not wait: {took:?}");

    let house = House::with(Plot { waits, ..Plot::default() });
    house.script(Ok(content(&experiment("brownout"))));
    let (armed, took) = timed(house.event_arrives()).await;
    assert!(armed.is_some() && took < first, "{took:?}");
}

/// How many invocations waited, by each line `armed`.
fn waited(house: &House) -> Vec<usize> {
    let waiting = |line: &Line| if let Line::Armed(armed) = line { Some(armed.waiting) } else { None };
    house.lines().iter().filter_map(waiting).collect()
}

#[tokio::test(start_paused = true)]
async fn what_arms_says_how_many_invocations_waited_for_it() {
    let first = Duration::from_secs(1);
    let waits = Waits { first, refresh: ALLOWED, hold: true };
    let house = House::with(Plot { waits, ..Plot::default() });
    let (one, other, ()) = tokio::join!(house.event_arrives(), house.event_arrives(), async {
        house.asked(1).await;
        house.script(Ok(content(&experiment("brownout"))));
    });
    assert!(one.is_some() && other.is_some());
    assert_eq!(waited(&house), [2]);
    house.arms(experiment("newer")).await;
    assert_eq!(waited(&house), [0], "nobody waits while one is in force");

    let house = House::with(Plot { waits, ..Plot::default() });
    house.asked(1).await;
    assert!(house.event_arrives().await.is_none());
    house.script(Ok(content(&experiment("late"))));
    house.finished(1).await;
    assert_eq!(waited(&house), [0], "it had given up");
}

#[tokio::test(start_paused = true)]
async fn no_invocation_waits_longer_than_half_of_what_is_left_of_its_time() {
    let first = Duration::from_secs(10);
    let waits = Waits { first, refresh: Duration::from_secs(5), hold: true };
    let house = House::with(Plot { waits, ..Plot::default() });
    house.asked(1).await;
    let in_ms = |left: u64| house.now().plus(Duration::from_millis(left));
    for (left, waited) in [(3100, 1500), (1100, 500), (100, 0), (0, 0)] {
        let (armed, took) = timed(house.control.event_arrived(in_ms(left))).await;
        assert!(armed.is_none() && is(took, Duration::from_millis(waited)), "{left}: {took:?}");
    }
    let (_, took) = timed(house.control.event_arrived(in_ms(60_000))).await;
    assert!(is(took, first - Duration::from_secs(2)), "the rest of what all may wait for: {took:?}");

    house.arms(experiment("brownout")).await;
    advance(MAX_AGE + INTERVAL).await;
    let (armed, took) = timed(house.control.event_arrived(house.now().plus(Duration::from_millis(300)))).await;
    assert!(armed.is_none() && is(took, HOLD), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_invocation_waits_a_little_for_a_refresh_where_the_last_is_too_old() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    house.told();
    advance(MAX_AGE + INTERVAL).await;
    let (armed, took) = timed(house.event_arrives()).await;
    assert!(armed.is_none() && is(took, ALLOWED), "{took:?}");
    assert_eq!(house.told(), ["stale"]);
    let (armed, took) = timed(house.event_arrives()).await;
    assert!(armed.is_none() && took.is_zero(), "one refresh is waited for once: {took:?}");
    assert_eq!(house.told(), [""; 0], "and told once");

    house.script(Ok(Fetched::Unchanged));
    house.finished(2).await;
    assert!(house.event_arrives().await.is_some(), "the same experiment, young again");

    advance(MAX_AGE + INTERVAL).await;
    house.script(Ok(Fetched::Unchanged));
    let (armed, took) = timed(house.event_arrives()).await;
    assert!(armed.is_some() && took < ALLOWED, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_invocation_does_not_wait_while_a_failed_refresh_backs_off() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    advance(MAX_AGE + INTERVAL).await;
    house.script(Err(unreachable()));
    assert!(house.event_arrives().await.is_none());
    house.finished(2).await;
    let (armed, took) = timed(house.event_arrives()).await;
    assert!(armed.is_none() && took.is_zero(), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_under_way_holds_the_next_event_for_100_ms_in_all() {
    let house = House::open();
    house.asked(1).await;
    assert!(is(timed(house.control.before_next()).await.1, HOLD));
    assert!(timed(house.control.before_next()).await.1.is_zero());
    house.arms(experiment("brownout")).await;
    assert!(timed(house.control.before_next()).await.1.is_zero(), "no refresh is under way");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_freezes_no_event_is_held() {
    let waits = Waits { first: Duration::ZERO, refresh: ALLOWED, hold: false };
    let house = House::with(Plot { waits, ..Plot::default() });
    house.asked(1).await;
    assert!(timed(house.control.before_next()).await.1.is_zero());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_died_in_a_freeze_is_tried_again_at_once() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    house.told();
    advance(INTERVAL).await;
    house.event_arrives().await;
    house.asked(2).await;
    house.set_wall(3000);
    house.script(Err(unreachable()));
    house.script(Ok(Fetched::Unchanged));
    let ((), took) = timed(house.finished(2)).await;
    assert!(took.is_zero(), "{took:?}");
    assert!(house.event_arrives().await.is_some());
    assert_eq!(house.told(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_restore_is_told_to_the_source_before_it_is_asked_again() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    house.control.restored();
    assert_eq!(house.times_restored(), 0, "nothing is asked sooner for it");
    house.refreshed(Ok(Fetched::Unchanged)).await;
    house.refreshed(Ok(Fetched::Unchanged)).await;
    assert_eq!(house.times_restored(), 1, "and it is told once");
}

/// Not every runtime asks to be restored.
#[tokio::test(start_paused = true)]
async fn the_first_event_of_a_copied_environment_is_a_restore() {
    for (snapshotted, says_so) in [(false, false), (true, false), (true, true)] {
        let all = snapshotted.then(Share::default);
        let house = House::with(Plot { snapshotted: all, ..Plot::default() });
        house.script(Ok(content(&experiment("brownout"))));
        house.finished(1).await;
        if says_so {
            house.control.restored();
        }
        for _ in 0..3 {
            house.refreshed(Ok(Fetched::Unchanged)).await;
        }
        assert_eq!(house.times_restored(), u64::from(snapshotted), "{says_so}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_not_drawn_injects_nothing_asks_nobody_and_says_so_once() {
    for says_so in [false, true] {
        let house = House::with(Plot { snapshotted: Some(Share::NONE), ..Plot::default() });
        house.script(Ok(content(&experiment("brownout"))));
        house.finished(1).await;
        if says_so {
            house.control.restored();
        }
        let _under_way = house.control.invocation_under_way();
        assert!(house.event_arrives().await.is_none(), "{says_so}");
        tokio::time::sleep(3 * INTERVAL).await;
        assert!(house.event_arrives().await.is_none(), "{says_so}");
        assert_eq!(house.times_asked(), 1, "before the snapshot, {says_so}");
        assert_eq!(house.told(), ["armed", "pass_through"], "{says_so}");
    }
}
