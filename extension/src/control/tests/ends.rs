//! When an experiment in force ends, also in the middle of an invocation.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::super::Why;
use super::house::{House, INTERVAL, LIFE, MAX_AGE, experiment, halt, unreachable};
use crate::sources::Fetched;

const INSTANT: Duration = Duration::from_secs(2);

#[tokio::test(start_paused = true)]
async fn a_halt_ends_a_delay_in_the_middle_of_an_invocation() {
    let house = House::open();
    let armed = house.arms(experiment("brownout")).await;
    let _under_way = house.control.invocation_under_way();
    let began = Instant::now();
    house.script(Ok(Fetched::Unchanged));
    house.script(Ok(halt()));
    assert_eq!(house.control.ended(&armed).await, Why::Halted);
    let took = began.elapsed();
    assert!((2 * INTERVAL..2 * INTERVAL + INSTANT).contains(&took), "at the second poll: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_newer_version_does_not_end_a_delay() {
    let house = House::open();
    let first = house.arms(experiment("first")).await;
    let ended = house.control.ended(&first);
    tokio::pin!(ended);
    assert!(futures_poll(&mut ended).await.is_none());
    house.arms(experiment("second")).await;
    assert!(futures_poll(&mut ended).await.is_none());
    house.refreshed(Ok(halt())).await;
    assert_eq!(futures_poll(&mut ended).await, Some(Why::Halted));
}

#[tokio::test(start_paused = true)]
async fn an_experiment_expires_though_the_source_still_delivers_it() {
    let house = House::open();
    let armed = house.arms(experiment("brownout")).await;
    let _under_way = house.control.invocation_under_way();
    (0..100).for_each(|_| house.script(Ok(Fetched::Unchanged)));
    let began = Instant::now();
    assert_eq!(house.control.ended(&armed).await, Why::Expired);
    assert!(began.elapsed() <= LIFE + INSTANT);
    assert!(!house.control.may_inject(&armed, house.now()));
    house.told();
    for _ in 0..2 {
        assert!(house.event_arrives().await.is_none());
    }
    assert_eq!(house.told(), ["disarmed"]);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_set_past_the_end_ends_a_delay_within_a_second() {
    let house = House::open();
    let armed = house.arms(experiment("brownout")).await;
    let began = Instant::now();
    let set = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        house.set_wall(7200);
    };
    let (why, ()) = tokio::join!(house.control.ended(&armed), set);
    assert_eq!(why, Why::Expired);
    assert!(began.elapsed() < INSTANT);
}

#[tokio::test(start_paused = true)]
async fn an_experiment_ends_when_its_last_refresh_is_too_old() {
    let house = House::open();
    let armed = house.arms(experiment("brownout")).await;
    let _under_way = house.control.invocation_under_way();
    (0..100).for_each(|_| house.script(Err(unreachable())));
    let began = Instant::now();
    assert_eq!(house.control.ended(&armed).await, Why::Stale);
    let took = began.elapsed();
    assert!((MAX_AGE..MAX_AGE + INSTANT).contains(&took), "{took:?}");
    assert!(!house.control.may_inject(&armed, house.now()));
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_set_back_makes_nothing_younger() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    house.set_wall(-86_400);
    advance(MAX_AGE + INTERVAL).await;
    assert!(house.event_arrives().await.is_none());
    assert!(house.told().contains(&"stale"));
}

/// The future's value, if it has one after everything that is ready has run.
async fn futures_poll<T>(future: &mut std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    tokio::select! {
        biased;
        value = future.as_mut() => Some(value),
        () = tokio::task::yield_now() => None,
    }
}
