//! Every failure becomes one behaviour and one line.

use std::path::PathBuf;
use std::time::Duration;

use misrule_engine::digest::Digest;

use super::super::failure::{Behaviour, Failure, rescue};
use super::super::loader::Refusal;
use super::super::{Control, Version, Why, takes_part};
use super::house::{House, INTERVAL, MAX_AGE, Plot, content, experiment, unreachable};
use crate::panics;
use crate::settings::Settings;
use crate::sources::{Fetched, SourceError};
use crate::telemetry::Line;

const PAUSE: Duration = Duration::from_secs(1);

#[test]
fn a_source_that_cannot_be_asked_keeps_what_is_in_force() {
    let action = "appconfig:GetLatestConfiguration";
    let (path, cause) = (|| PathBuf::from("/opt/experiment.json"), || "no".into());
    for (error, named) in [
        (unreachable(), action),
        (SourceError::Throttled { action, retry_after: None }, action),
        (SourceError::TooEarly { action, retry_after: PAUSE }, "too early"),
        (SourceError::ServiceFailed { action, status: 500, source: cause() }, "status 500: no"),
        (SourceError::Denied { action, resource: "arn:aws:x".into(), source: cause() }, "`arn:aws:x` is denied"),
        (SourceError::NoCredentials { action, source: cause() }, "credentials"),
        (SourceError::CredentialsFailed { action, source: cause() }, "credentials"),
        (SourceError::CredentialsRefused { action, source: cause() }, "refused: no"),
        (SourceError::NoEndpoint { variable: "AWS_ENDPOINT_URL", wants: "an address" }, "AWS_ENDPOINT_URL"),
        (SourceError::Untrusted { action, source: cause() }, "not trusted: no"),
        (SourceError::NoRoots { source: cause() }, "trust: no"),
        (SourceError::NoRegion { name: "appconfig:a/e/p".into() }, "AWS_REGION"),
        (SourceError::Unreadable { path: path(), source: std::io::Error::other("no") }, "/opt/experiment.json"),
        (SourceError::OutsideDeployment { path: path(), resolved: "/tmp/x".into() }, "/tmp/x"),
    ] {
        let (behaviour, line) = rescue("appconfig:a/e/p", &Failure::Source { error: &error, pause: PAUSE });
        assert_eq!(behaviour, Behaviour::Keep, "{error:?}");
        let Line::SourceFailed(line) = line else { panic!("{error:?}: {line:?}") };
        assert!(line.reason.contains(named), "{}", line.reason);
        assert_eq!((line.source.as_str(), line.retry_ms), ("appconfig:a/e/p", 1000));
        assert!(!error.to_string().ends_with('.'));
    }
}

#[test]
fn whatever_is_refused_disarms() {
    let version = Version { label: Some("v7".into()), digest: Digest::of(b"abc") };
    let delivery = misrule_engine::delivery::Delivery::read(&bytes::Bytes::new(), None).unwrap_err();
    for refusal in [Refusal::Delivery(delivery), Refusal::Panicked, Refusal::NoThread] {
        let failure = Failure::Refused { version: &version, refusal: &refusal };
        let (behaviour, line) = rescue("file:x", &failure);
        assert_eq!(behaviour, Behaviour::Disarm(Why::Refused));
        let Line::Refused(line) = line else { panic!("{line:?}") };
        assert_eq!((line.version.as_str(), line.reason), ("v7", refusal.to_string()));
        assert!(line.hint.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_down_keeps_the_experiment_until_max_age_and_tells_its_return() {
    let house = House::open();
    house.arms(experiment("brownout")).await;
    house.told();
    for _ in 0..3 {
        house.refreshed(Err(unreachable())).await;
        assert!(house.event_arrives().await.is_some());
    }
    assert_eq!(house.told(), ["source_failed"; 3]);
    house.refreshed(Err(unreachable())).await;
    tokio::time::advance(MAX_AGE - 4 * INTERVAL + PAUSE).await;
    assert!(house.event_arrives().await.is_none());
    assert_eq!(house.told(), ["source_failed", "stale"]);
    house.refreshed(Ok(Fetched::Unchanged)).await;
    assert!(house.event_arrives().await.is_some());
    let lines = house.lines();
    let [Line::SourceRecovered(line)] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line.failures, 4);
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_arming_refuses_that_version_only() {
    fn panicking(name: &str) -> Option<&'static [u8]> {
        assert!(name != "path-outage", "no such component, says the test");
        misrule_policies::component(name)
    }
    let house = House::with(Plot { ready_made: panicking, ..Plot::default() });
    house.arms(experiment("good")).await;
    house.told();
    let mut bad = experiment("bad");
    bad["policy"][0]["use"] = "path-outage".into();
    house.refreshed(Ok(content(&bad))).await;
    assert!(house.event_arrives().await.is_none());
    assert_eq!(house.told(), ["refused", "disarmed"]);
    house.arms(experiment("good")).await;
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_panics_disarms_and_the_next_one_arms_the_same_version_again() {
    let house = House::open();
    let armed = house.arms(experiment("brownout")).await;
    house.told();
    house.script_panics();
    tokio::time::advance(INTERVAL).await;
    let _under_way = house.control.invocation_under_way();
    assert_eq!(house.control.ended(&armed).await, Why::Unwatched);
    assert!(house.event_arrives().await.is_none());
    let lines = house.lines();
    let [Line::Failed(failed), Line::Disarmed(_)] = &lines[..] else { panic!("{lines:?}") };
    assert!(failed.reason.contains("asked again in 60000 ms"), "{failed:?}");
    assert_eq!(house.times_restored(), 1, "what the source knew is forgotten");
    house.script(Ok(content(&experiment("brownout"))));
    house.finished(3).await;
    assert!(house.event_arrives().await.is_some());
    assert_eq!(house.told(), ["source_recovered", "armed"]);
}

#[tokio::test(start_paused = true)]
async fn the_source_is_watched_on_wherever_the_refresher_panics() {
    for look in 1.. {
        let house = House::open();
        house.script(Ok(content(&experiment("brownout"))));
        house.break_clock(look);
        let _under_way = panics::contain(None, || house.control.invocation_under_way());
        tokio::time::sleep(Duration::from_millis(1)).await;
        if !house.clock_broke() {
            assert!(look > 5, "{look} looks are all");
            return;
        }
        house.script(Ok(content(&experiment("brownout"))));
        house.script(Ok(content(&experiment("brownout"))));
        let _under_way = house.control.invocation_under_way();
        tokio::time::sleep(3 * INTERVAL).await;
        assert!(house.event_arrives().await.is_some(), "after look {look}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_disabled_control_never_injects() {
    let armed = House::open().arms(experiment("brownout")).await;
    let control = Control::disabled();
    assert!(control.event_arrived(armed.enforcer.expires()).await.is_none());
    control.before_next().await;
    drop(control.invocation_under_way());
    assert!(!control.may_inject(&armed, armed.enforcer.expires().minus(PAUSE)));
    assert_eq!(control.ended(&armed).await, Why::Unwatched);
}

#[test]
fn one_reason_says_why_nothing_can_arm() {
    let lambda = ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001");
    let source = ("MISRULE_SOURCE", "appconfig:a/e/p");
    for (variables, reason) in [
        (vec![lambda], Some("MISRULE_SOURCE is not set")),
        (vec![lambda, source, ("MISRULE_DISABLED", "true")], Some("MISRULE_DISABLED is true")),
        (
            vec![lambda, source, ("MISRULE_SHARE", "0")],
            Some("this execution environment was not drawn into MISRULE_SHARE"),
        ),
        (vec![lambda, source, ("MISRULE_SHARE", "0"), ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")], None),
        (vec![lambda, source, ("MISRULE_PORT", "many")], Some("a setting is wrong, so nothing arms")),
        (vec![lambda, source], None),
    ] {
        let value =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let (settings, _) = Settings::read(value);
        assert_eq!(takes_part(&settings, u64::MAX / 2).err(), reason);
    }
}
