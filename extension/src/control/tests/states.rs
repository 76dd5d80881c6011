//! What each kind of answer makes of the experiment in force.

use misrule_engine::delivery::SigningKey;
use serde_json::json;

use super::super::Why;
use super::house::{House, INTERVAL, Plot, content, experiment, halt, nothing, signed};
use crate::sources::Fetched;
use crate::telemetry::Line;

#[tokio::test(start_paused = true)]
async fn the_first_experiment_is_armed_and_says_that_it_is_unsigned() {
    let house = House::open();
    assert!(house.event_arrives().await.is_none(), "by default nothing waits for it");
    let armed = house.arms(experiment("brownout")).await;
    assert_eq!(armed.enforcer.experiment().name, "brownout");
    let lines = house.lines();
    let [Line::Armed(line)] = &lines[..] else { panic!("one line: {lines:?}") };
    assert_eq!(
        (line.experiment.as_str(), line.version.as_str()),
        ("brownout", armed.enforcer.digest().short().as_str())
    );
    assert_eq!(line.hypothesis.as_deref(), Some("Clients retry."));
    assert_eq!(line.policies[0].policy, "latency");
    assert_eq!(line.expires, armed.enforcer.expires());
    assert!(line.unsigned);
}

#[tokio::test(start_paused = true)]
async fn a_label_names_the_version() {
    let house = House::open();
    let Fetched::Content { bytes, .. } = content(&experiment("brownout")) else { panic!("content is content") };
    house.refreshed(Ok(Fetched::Content { bytes, label: Some("v7".into()) })).await;
    assert_eq!(house.event_arrives().await.unwrap().version.to_string(), "v7");
}

#[tokio::test(start_paused = true)]
async fn what_is_unchanged_stays_for_as_long_as_the_source_says_so() {
    let house = House::open();
    let armed = house.arms(experiment("brownout")).await;
    house.told();
    for answer in [Fetched::Unchanged, content(&experiment("brownout")), Fetched::Unchanged].into_iter().cycle().take(9)
    {
        house.refreshed(Ok(answer)).await;
        let now = house.event_arrives().await.unwrap();
        assert!(std::sync::Arc::ptr_eq(&now.enforcer, &armed.enforcer), "nothing is armed anew");
    }
    assert_eq!(house.told(), [""; 0], "the same again is not told again");
}

#[tokio::test(start_paused = true)]
async fn a_new_version_is_swapped_in_and_an_older_one_may_come_back() {
    let house = House::open();
    let first = house.arms(experiment("first")).await;
    let second = house.arms(experiment("second")).await;
    assert_eq!(second.enforcer.experiment().name, "second");
    assert!(house.control.may_inject(&first, house.now()), "a newer version does not end what is under way");
    let again = house.arms(experiment("first")).await;
    assert_eq!(again.enforcer.digest(), first.enforcer.digest());
    assert_eq!(house.told(), ["armed", "armed", "armed"]);
}

#[tokio::test(start_paused = true)]
async fn a_halt_disarms_and_ends_older_versions_too() {
    let house = House::open();
    let first = house.arms(experiment("first")).await;
    let second = house.arms(experiment("second")).await;
    house.told();
    house.refreshed(Ok(halt())).await;
    assert!(house.event_arrives().await.is_none());
    assert_eq!(house.told(), ["halted", "disarmed"]);
    for armed in [first, second] {
        assert_eq!(house.control.ended(&armed).await, Why::Halted);
        assert!(!house.control.may_inject(&armed, house.now()));
    }
    house.refreshed(Ok(halt())).await;
    assert_eq!(house.told(), [""; 0], "a halt is told once");
    house.arms(experiment("second")).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_disarms_and_is_told_once() {
    let mut unknown_field = experiment("brownout");
    unknown_field["bugdet"] = json!({});
    let mut unknown_policy = experiment("brownout");
    unknown_policy["policy"][0]["use"] = json!("path-outrage");
    let mut expired = experiment("brownout");
    expired["expires"] = json!("2020-01-01T00:00:00Z");
    let house = House::open();
    for (delivery, named) in [
        (unknown_field, "bugdet"),
        (unknown_policy, "path-outrage"),
        (expired, "brownout"),
        (json!({ "halt": "yes" }), "halt"),
        (json!("brownout"), "delivery"),
    ] {
        house.arms(experiment("good")).await;
        house.told();
        for _ in 0..3 {
            house.refreshed(Ok(content(&delivery))).await;
            assert!(house.event_arrives().await.is_none());
        }
        let lines = house.lines();
        let [Line::Refused(refused), Line::Disarmed(disarmed)] = &lines[..] else { panic!("{delivery}: {lines:?}") };
        assert!(refused.reason.contains(named), "{delivery}: {}", refused.reason);
        assert_eq!(refused.source, "appconfig:shop/prod/faults");
        assert_eq!(disarmed.experiment, "good");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_with_nothing_disarms_and_the_same_content_may_come_back() {
    let house = House::open();
    for _ in 0..2 {
        house.refreshed(Ok(nothing())).await;
    }
    assert_eq!(house.told(), ["nothing_deployed"]);
    let armed = house.arms(experiment("brownout")).await;
    house.refreshed(Ok(nothing())).await;
    assert!(house.event_arrives().await.is_none());
    assert_eq!(house.control.ended(&armed).await, Why::Withdrawn);
    assert_eq!(house.told(), ["armed", "disarmed", "nothing_deployed"]);
    house.arms(experiment("brownout")).await;
    assert_eq!(house.told(), ["armed"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_meant_for_others_arms_nothing_and_says_so() {
    let elsewhere = |field: &str, value: &str| {
        let mut experiment = experiment("elsewhere");
        experiment["blast_radius"][field] = json!([value]);
        // Not even its end matters here.
        experiment["expires"] = json!("2020-01-01T00:00:00Z");
        experiment
    };
    let house = House::open();
    for delivery in [
        elsewhere("functions", "checkout-*"),
        elsewhere("functions", "checkout:live"),
        elsewhere("regions", "eu-west-3"),
    ] {
        house.arms(experiment("here")).await;
        house.told();
        house.refreshed(Ok(content(&delivery))).await;
        assert!(house.event_arrives().await.is_none());
        assert_eq!(house.told(), ["outside_blast_radius", "disarmed"], "{delivery}");
    }
    let mut aliased = experiment("aliased");
    aliased["blast_radius"]["functions"] = json!(["health:live"]);
    house.arms(aliased).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_key_nothing_else_arms_but_a_halt_is_heard() {
    let signer = SigningKey::from_seed(&[7; 32]);
    let house = House::with(Plot { keys: Some(signer.public_key().into()), ..Plot::default() });
    house.refreshed(Ok(content(&experiment("brownout")))).await;
    assert!(house.event_arrives().await.is_none());
    let lines = house.lines();
    let [Line::Refused(refused)] = &lines[..] else { panic!("{lines:?}") };
    let id = signer.public_key().id();
    let expected =
        format!("the experiment is plain JSON, which cannot be signed, and only what key `{id}` signed may arm");
    assert_eq!(refused.reason, expected);
    house.refreshed(Ok(halt())).await;
    assert_eq!(house.told(), ["halted"]);
    house.refreshed(Ok(signed(&experiment("brownout"), &signer))).await;
    let lines = house.lines();
    let [Line::Armed(armed)] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((armed.unsigned, &armed.key), (false, &Some(id.to_string())));
}

#[tokio::test(start_paused = true)]
async fn an_experiment_that_is_yet_to_start_is_armed_but_may_not_inject() {
    let house = House::open();
    let mut later = experiment("later");
    later["starts"] = json!(house.now().plus(3 * INTERVAL).to_string());
    let armed = house.arms(later).await;
    assert!(!house.control.may_inject(&armed, house.now()));
    assert!(house.control.may_inject(&armed, house.now().plus(3 * INTERVAL)));
}

#[tokio::test(start_paused = true)]
async fn a_component_that_is_in_force_is_not_compiled_again() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    let fresh = house.loaded();
    assert!(fresh == ["compiled"] || fresh == ["shipped"], "{fresh:?}");
    house.arms(experiment("another")).await;
    assert_eq!(house.loaded(), ["kept"]);
    house.refreshed(Ok(halt())).await;
    house.arms(experiment("brownout")).await;
    assert_eq!(house.loaded(), fresh, "nothing is kept that no experiment uses");
}
