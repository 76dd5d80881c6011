//! Deployments over time, by a clock that is moved on by hand: growth, bake time, rollback, and what clients get.

use std::time::{Duration, UNIX_EPOCH};

use misrule_local::appconfig::{AlarmState, AppConfig, Clock, Place};
use serde_json::{Value, json};

use crate::account::{Account, SIGNED, deployments, failed};

const ALARM: &str = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders-errors";
const LINEAR: &str = "AppConfig.Linear50PercentEvery30Seconds";
const TAKES: Duration = Duration::from_secs(5);

/// An account whose clock stands at the epoch, with `old` deployed in an environment that watches [`ALARM`].
async fn watched() -> (Account, Place) {
    let clock = Clock::held_at(UNIX_EPOCH);
    let appconfig = AppConfig::builder().clock(&clock).rollback_takes(TAKES).serve().await.unwrap();
    let mut account = Account::of(appconfig).await;
    let place = account.appconfig.create("shop", "prod", "misrule");
    account.appconfig.set_poll_interval(Duration::from_secs(15));
    account.appconfig.deploy(&place, "application/json", r#""old""#);
    watch(
        &mut account,
        &place,
        &json!([{ "AlarmArn": ALARM, "AlarmRoleArn": "arn:aws:iam::123456789012:role/watch" }]),
    )
    .await;
    (account, place)
}

async fn watch(account: &mut Account, place: &Place, monitors: &Value) {
    let environment = format!("/applications/{}/environments/{}", place.application, place.environment);
    let updated = account.call("PATCH", &environment, &json!({ "Monitors": monitors })).await;
    assert_eq!(updated.status, 200, "{updated:?}");
}

/// Starts a deployment of `"new"`; its number.
async fn begin(account: &mut Account, place: &Place, strategy: &str) -> u64 {
    let version = account.version(place, r#""new""#).await;
    let started = account.start(place, strategy, &version).await;
    assert_eq!(started.status, 201, "{started:?}");
    let started: Value = serde_json::from_str(&started.body).unwrap();
    started["DeploymentNumber"].as_u64().unwrap()
}

/// How many of so many new sessions get the new version.
async fn reached(account: &mut Account, place: &Place, sessions: usize) -> usize {
    let mut reached = 0;
    for _ in 0..sessions {
        let token = account.session(place).await;
        reached += usize::from(account.poll(&token).await.body == r#""new""#);
    }
    reached
}

fn events(deployment: &Value) -> Vec<(String, String)> {
    let text = |event: &Value, member| event[member].as_str().unwrap().to_owned();
    let log = deployment["EventLog"].as_array().unwrap();
    log.iter().map(|event| (text(event, "EventType"), text(event, "TriggeredBy"))).collect()
}

#[tokio::test]
async fn a_deployment_grows_and_bakes_by_the_clock() {
    let (mut account, place) = watched().await;
    let number = begin(&mut account, &place, LINEAR).await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        let now = account.deployment(&place, number).await;
        seen.push(format!("{} {}", now["State"].as_str().unwrap(), now["PercentageComplete"]));
        account.appconfig.advance(Duration::from_secs(30));
    }
    assert_eq!(seen, ["DEPLOYING 0.0", "DEPLOYING 50.0", "BAKING 100.0", "BAKING 100.0", "COMPLETE 100.0"]);
    let complete = account.deployment(&place, number).await;
    assert_eq!(
        (&complete["StartedAt"], &complete["CompletedAt"]),
        (&json!("1970-01-01T00:00:00Z"), &json!("1970-01-01T00:02:00Z"))
    );
    let told =
        ["DEPLOYMENT_COMPLETED", "BAKE_TIME_STARTED", "PERCENTAGE_UPDATED", "PERCENTAGE_UPDATED", "DEPLOYMENT_STARTED"];
    assert_eq!(events(&complete).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>(), told);
    assert_eq!(complete["EventLog"][3]["Description"], "Configuration available to 50.00% of clients");
}

#[tokio::test]
async fn at_half_its_growth_about_half_of_the_sessions_have_it() {
    let (mut account, place) = watched().await;
    begin(&mut account, &place, LINEAR).await;
    assert_eq!(reached(&mut account, &place, 50).await, 0);
    account.appconfig.advance(Duration::from_secs(30));
    let new = reached(&mut account, &place, 200).await;
    assert!((70..130).contains(&new), "{new} of 200 sessions got the new version at 50 percent");
    account.appconfig.advance(Duration::from_secs(30));
    assert_eq!(reached(&mut account, &place, 50).await, 50);
}

#[tokio::test]
async fn a_session_meets_the_growth_once_and_a_rollback_as_a_changed_body() {
    let (mut account, place) = watched().await;
    let mut sessions = Vec::new();
    for _ in 0..20 {
        sessions.push(account.session(&place).await);
    }
    begin(&mut account, &place, LINEAR).await;
    let mut bodies = vec![String::new(); 20];
    for _ in 0..5 {
        for (body, token) in bodies.iter_mut().zip(&mut sessions) {
            let polled = account.poll(token).await;
            *body = format!("{body}{}", polled.body);
            *token = polled.expect("Next-Poll-Configuration-Token");
        }
        account.appconfig.advance(Duration::from_secs(15));
    }
    assert!(bodies.iter().all(|body| body == r#""old""new""#), "{bodies:?}");
    account.appconfig.set_alarm(ALARM, AlarmState::Alarm);
    for token in &sessions {
        assert_eq!(account.poll(token).await.body, r#""old""#);
    }
}

#[tokio::test]
async fn an_alarm_rolls_back_what_grows_or_bakes() {
    for (after, state) in [(0, AlarmState::Alarm), (30, AlarmState::InsufficientData), (119, AlarmState::Alarm)] {
        let (mut account, place) = watched().await;
        let number = begin(&mut account, &place, LINEAR).await;
        account.appconfig.advance(Duration::from_secs(after));
        account.appconfig.set_alarm("arn:aws:cloudwatch:us-east-1:123456789012:alarm:other", AlarmState::Alarm);
        assert_ne!(account.deployment(&place, number).await["State"], "ROLLING_BACK", "another alarm is no matter");
        account.appconfig.set_alarm(ALARM, state);
        let rolling_back = account.deployment(&place, number).await;
        assert_eq!(rolling_back["State"], "ROLLING_BACK");
        assert_eq!(events(&rolling_back)[0], ("ROLLBACK_STARTED".to_owned(), "CLOUDWATCH_ALARM".to_owned()));
        assert!(rolling_back["EventLog"][0]["Description"].as_str().unwrap().ends_with(ALARM));
        failed(&account.start(&place, LINEAR, "1").await, 409, "ConflictException");
        account.appconfig.advance(TAKES);
        let rolled_back = account.deployment(&place, number).await;
        assert_eq!(
            (&rolled_back["State"], events(&rolled_back)[0].0.as_str()),
            (&json!("ROLLED_BACK"), "ROLLBACK_COMPLETED")
        );
        assert_eq!(reached(&mut account, &place, 20).await, 0);
    }
}

#[tokio::test]
async fn what_is_complete_no_alarm_rolls_back() {
    let (mut account, place) = watched().await;
    let number = begin(&mut account, &place, LINEAR).await;
    account.appconfig.advance(Duration::from_secs(120));
    account.appconfig.set_alarm(ALARM, AlarmState::Alarm);
    assert_eq!(account.deployment(&place, number).await["State"], "COMPLETE");
    assert_eq!(reached(&mut account, &place, 20).await, 20);
}

#[tokio::test]
async fn what_starts_under_an_alarm_is_rolled_back_until_nobody_watches_it() {
    let (mut account, place) = watched().await;
    let at_once = json!({ "Name": "at-once", "DeploymentDurationInMinutes": 0, "GrowthFactor": 100 });
    let at_once = account.created("/deploymentstrategies", at_once).await["Id"].as_str().unwrap().to_owned();
    account.appconfig.set_alarm(ALARM, AlarmState::Alarm);
    let number = begin(&mut account, &place, &at_once).await;
    assert_eq!(account.deployment(&place, number).await["State"], "ROLLING_BACK");
    account.appconfig.advance(TAKES);
    assert_eq!(reached(&mut account, &place, 5).await, 0);
    watch(&mut account, &place, &json!([])).await;
    let number = begin(&mut account, &place, &at_once).await;
    assert_eq!(account.deployment(&place, number).await["State"], "COMPLETE");
    watch(&mut account, &place, &json!([{ "AlarmArn": ALARM }])).await;
    assert_eq!(account.deployment(&place, number).await["State"], "COMPLETE");
    assert_eq!(reached(&mut account, &place, 5).await, 5);
}

#[tokio::test]
async fn a_monitor_that_is_put_on_while_its_alarm_fires_rolls_back() {
    let (mut account, place) = watched().await;
    watch(&mut account, &place, &json!([])).await;
    account.appconfig.set_alarm(ALARM, AlarmState::Alarm);
    let number = begin(&mut account, &place, LINEAR).await;
    assert_eq!(account.deployment(&place, number).await["State"], "DEPLOYING");
    watch(&mut account, &place, &json!([{ "AlarmArn": ALARM }])).await;
    assert_eq!(account.deployment(&place, number).await["State"], "ROLLING_BACK");
}

#[tokio::test]
async fn a_deployment_is_stopped_under_way_and_reverted_within_three_days() {
    let (mut account, place) = watched().await;
    let allow_revert = format!("{SIGNED}Allow-Revert: true\r\n");
    let under_way = begin(&mut account, &place, LINEAR).await;
    let target = |number: u64| format!("{}/{number}", deployments(&place));
    let stopped = account.call("DELETE", &target(under_way), &json!({})).await;
    assert_eq!(stopped.status, 202);
    let stopped: Value = serde_json::from_str(&stopped.body).unwrap();
    assert_eq!((&stopped["State"], &stopped["EventLog"][0]["TriggeredBy"]), (&json!("ROLLING_BACK"), &json!("USER")));
    failed(&account.call("DELETE", &target(under_way), &json!({})).await, 400, "BadRequestException");
    account.appconfig.advance(TAKES);

    let complete = begin(&mut account, &place, LINEAR).await;
    account.appconfig.advance(Duration::from_secs(120));
    failed(&account.call("DELETE", &target(complete), &json!({})).await, 400, "BadRequestException");
    account.appconfig.advance(Duration::from_secs(72 * 3600));
    let reverted = account.client.request("DELETE", &target(complete), &allow_revert, "").await;
    assert!(reverted.status == 202 && reverted.body.contains(r#""State":"REVERTED""#), "{reverted:?}");
    assert_eq!(reached(&mut account, &place, 5).await, 0);

    let late = begin(&mut account, &place, LINEAR).await;
    account.appconfig.advance(Duration::from_secs(120 + 72 * 3600 + 1));
    failed(&account.client.request("DELETE", &target(late), &allow_revert, "").await, 400, "BadRequestException");
}

#[tokio::test]
async fn with_nothing_before_it_a_rolled_back_deployment_leaves_nothing_deployed() {
    let mut account = Account::new().await;
    let place = account.appconfig.create("shop", "prod", "misrule");
    let number = begin(&mut account, &place, "AppConfig.AllAtOnce").await;
    assert_eq!(reached(&mut account, &place, 1).await, 1);
    account.call("DELETE", &format!("{}/{number}", deployments(&place)), &json!({})).await;
    let token = account.session(&place).await;
    let missing = failed(&account.poll(&token).await, 404, "ResourceNotFoundException");
    assert_eq!(missing["ResourceType"], "Deployment");
}

#[tokio::test]
async fn a_program_outside_fires_an_alarm() {
    let (mut account, place) = watched().await;
    let number = begin(&mut account, &place, LINEAR).await;
    let fire = json!({ "arn": ALARM, "state": "ALARM" }).to_string();
    assert_eq!(account.client.request("POST", "/local/alarms", "", &fire).await.status, 200);
    assert_eq!(account.deployment(&place, number).await["State"], "ROLLING_BACK");
    let no_state = json!({ "arn": ALARM, "state": "Alarm" }).to_string();
    assert_eq!(account.client.request("POST", "/local/alarms", "", &no_state).await.status, 400);
}
