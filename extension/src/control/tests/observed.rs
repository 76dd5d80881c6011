//! What the place, the invocations and their handlers show of an experiment.

use std::time::Duration;

use misrule_engine::invocation::{Head, RequestId};
use serde_json::{Value, json};
use tokio::time::{Instant, advance};

use super::super::{Armed, Why};
use super::house::{House, INTERVAL, LIFE, MAX_AGE, content, experiment, halt};
use crate::sources::Fetched;
use crate::telemetry::{About, Cut, Line};

const OURS: &str = "arn:aws:lambda:us-east-1:123456789012:function:health";

fn published_to(field: &str, names: &Value) -> Value {
    let mut experiment = experiment("outage");
    experiment["published_to"] = json!({ field: names });
    experiment
}

fn head(house: &House, invoked_arn: &str) -> Head {
    Head {
        request_id: RequestId::new("r-1"),
        invocation_id: None,
        invoked_arn: invoked_arn.to_owned(),
        trace_id: None,
        tenant_id: None,
        arrived: house.now(),
        deadline: house.now().plus(Duration::from_secs(30)),
        sequence: 0,
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_published_elsewhere_is_refused_by_what_does_not_match() {
    let house = House::open();
    for (field, names, mismatch) in [
        ("regions", json!(["eu-west-1"]), "it was published to the region eu-west-1, and this is us-east-1"),
        (
            "environments",
            json!(["staging", "a1b2c3d"]),
            "it was published to the AppConfig environment staging, a1b2c3d, and came through prod",
        ),
    ] {
        house.arms(experiment("good")).await;
        house.told();
        for _ in 0..2 {
            house.refreshed(Ok(content(&published_to(field, &names)))).await;
            assert!(house.event_arrives().await.is_none());
        }
        let lines = house.lines();
        let [Line::Refused(refused), Line::Disarmed(_)] = &lines[..] else { panic!("{field}: {lines:?}") };
        assert_eq!(refused.reason, format!("experiment `outage` is not for this place: {mismatch}"));
        assert_eq!(refused.hint.as_deref(), Some("publish it here too, with `misrule publish`"));
    }
    house.arms(published_to("environments", &json!(["prod"]))).await;
}

#[tokio::test(start_paused = true)]
async fn an_account_that_only_an_invocation_shows_is_compared_then() {
    let house = House::open();
    let armed = house.arms(published_to("accounts", &json!(["210987654321"]))).await;
    assert_eq!(house.told(), ["armed"], "the account is not known yet");
    let head = head(&house, OURS);
    assert!(armed.enforcer.admit(&head).is_none());
    house.control.passed_by(&armed, &head);
    house.control.passed_by(&armed, &head);
    let lines = house.lines();
    let [Line::Refused(refused), Line::Disarmed(disarmed)] = &lines[..] else { panic!("{lines:?}") };
    let mismatch = "it was published to the account 210987654321, and this is 123456789012";
    assert_eq!(refused.reason, format!("experiment `outage` is not for this place: {mismatch}"));
    assert_eq!((refused.source.as_str(), disarmed.experiment.as_str()), ("appconfig:shop/prod/faults", "outage"));
    assert!(house.event_arrives().await.is_none());
    house.refreshed(Ok(Fetched::Unchanged)).await;
    assert_eq!(house.told(), [""; 0], "the same delivery stays refused");

    let ours = house.arms(published_to("accounts", &json!(["123456789012"]))).await;
    assert!(ours.enforcer.admit(&self::head(&house, OURS)).is_some());
    assert!(ours.enforcer.admit(&self::head(&house, "no arn")).is_none(), "not before it is known");
}

#[tokio::test(start_paused = true)]
async fn an_invocation_outside_is_told_of_once_for_a_version() {
    let house = House::open();
    let outside = |field: &str, names: Value| {
        let mut experiment = experiment(field);
        experiment["blast_radius"][field] = names;
        experiment
    };
    for (delivery, account) in [
        (outside("functions", json!(["health:live"])), None),
        (outside("accounts", json!(["210987654321"])), Some("123456789012")),
    ] {
        let armed = house.arms(delivery).await;
        house.told();
        (0..3).for_each(|_| house.control.passed_by(&armed, &head(&house, &format!("{OURS}:beta"))));
        let lines = house.lines();
        let [Line::OutsideBlastRadius(told)] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((told.function.as_str(), told.region.as_str()), (&*format!("{OURS}:beta"), "us-east-1"));
        assert_eq!(told.account.as_deref(), account);
    }
}

fn stopping() -> Value {
    let mut experiment = experiment("brownout");
    experiment["blast_radius"]["stop_when"] = json!({ "handler_errors": 0.5, "over": "1m", "min_invocations": 4 });
    experiment
}

#[tokio::test(start_paused = true)]
async fn handlers_that_fail_stop_an_experiment_until_a_new_version() {
    let house = House::open();
    let armed = house.arms(stopping()).await;
    house.told();
    for failed in [true, false, false] {
        house.control.handler_answered(&armed, failed);
    }
    assert!(house.control.may_inject(&armed, house.now()));
    house.control.initialisation_failed();
    let lines = house.lines();
    let [Line::Stopped(stopped)] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((stopped.errors, stopped.invocations, stopped.over_ms), (2, 4, 60_000));
    assert_eq!(house.control.ended(&armed).await, Why::Stopped, "delays under way end too");
    house.control.handler_answered(&armed, true);
    assert!(house.event_arrives().await.is_none());
    assert_eq!(house.told(), [""; 0], "it is said once");

    house.refreshed(Ok(halt())).await;
    house.told();
    house.refreshed(Ok(content(&stopping()))).await;
    assert!(house.event_arrives().await.is_none());
    assert_eq!(house.told(), ["stopped"], "the same version stays stopped");

    let mut newer = stopping();
    newer["hypothesis"] = json!("Clients retry less.");
    house.arms(newer).await;
    assert_eq!(house.told(), ["armed"]);
}

#[tokio::test(start_paused = true)]
async fn an_older_versions_handlers_stop_no_newer_one() {
    let house = House::open();
    let older = house.arms(stopping()).await;
    let newer = house.arms(experiment("newer")).await;
    house.told();
    (0..4).for_each(|_| house.control.handler_answered(&older, true));
    assert_eq!(house.told(), [""; 0]);
    assert!(!house.control.may_inject(&older, house.now()));
    assert!(house.control.may_inject(&newer, house.now()));
}

#[tokio::test(start_paused = true)]
async fn an_experiment_injects_up_to_the_last_millisecond_and_no_further() {
    let millisecond = Duration::from_millis(1);
    for (life, max_age, last, why) in [
        (LIFE, MAX_AGE, MAX_AGE, Why::Stale),
        (Duration::from_millis(90_001), MAX_AGE, Duration::from_millis(90_000), Why::Expired),
        (MAX_AGE + millisecond, MAX_AGE, MAX_AGE, Why::Expired),
    ] {
        let house = House::open();
        let (opened, start) = (Instant::now(), house.now());
        let mut ending = experiment("ending");
        ending["expires"] = json!(start.plus(life).to_string());
        ending["blast_radius"]["max_age"] = json!(format!("{}ms", max_age.as_millis()));
        let armed = house.arms(ending).await;
        advance(last - opened.elapsed()).await;
        assert!(house.control.may_inject(&armed, house.now()), "{why}, up to {last:?}");
        advance(millisecond).await;
        assert!(!house.control.may_inject(&armed, house.now()), "{why}, after {last:?}");
        assert_eq!(house.control.over(&armed), Some(why));
        assert!(house.event_arrives().await.is_none());
    }
}

fn cut(armed: &Armed, reason: &str) {
    let about = About {
        request_id: "r-1".into(),
        experiment: "brownout".into(),
        version: armed.version.to_string(),
        policy: "latency".into(),
        policy_digest: None,
        hook: "before".into(),
    };
    armed.tell(Cut { about, fault: "delay", wanted_ms: 9, allowed_ms: 5, reason: reason.into(), count: 1 }.into());
}

/// The counts of the lines about cuts since the last look.
fn counts(house: &House) -> Vec<u64> {
    let count = |line: &Line| if let Line::Cut(cut) = line { Some(cut.count) } else { None };
    house.lines().iter().filter_map(count).collect()
}

#[tokio::test(start_paused = true)]
async fn cuts_are_told_once_a_minute_and_none_is_lost() {
    let house = House::open();
    let first = house.arms(experiment("first")).await;
    (0..3).for_each(|_| cut(&first, "the experiment's max_delay"));
    assert_eq!(counts(&house), [1]);
    advance(INTERVAL).await;
    house.event_arrives().await;
    assert_eq!(counts(&house), [2], "with the next event after a minute");
    (0..3).for_each(|_| cut(&first, "the experiment's max_delay"));
    let second = house.arms(experiment("second")).await;
    assert_eq!(counts(&house), [3], "with the end of its version");
    (0..2).for_each(|_| cut(&second, "the experiment's max_delay"));
    cut(&first, "the experiment's max_delay");
    house.control.shut_down();
    assert_eq!(counts(&house), [1, 1], "at the environment's end");
    drop(first);
    assert_eq!(counts(&house), [1], "and with the last invocation of an older version");
}
