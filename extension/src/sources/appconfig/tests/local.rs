//! The source against the local AppConfig, whose sessions are as strict as the service's.

use std::time::Duration;

use misrule_local::appconfig::{NothingDeployed, Place};

use super::*;
use crate::sources::Source as _;

const START: &str = "StartConfigurationSession";
const POLL: Duration = Duration::from_secs(60);

/// A local AppConfig with a place for experiments, and a source that listens to it.
async fn local() -> (misrule_local::appconfig::AppConfig, Place, AppConfig) {
    let appconfig = misrule_local::appconfig::AppConfig::serve().await.unwrap();
    let place = appconfig.create("shop", "prod", "faults");
    let source = source(&appconfig.endpoint(), keys());
    (appconfig, place, source)
}

#[tokio::test]
async fn versions_come_go_and_come_back_in_one_session() {
    let (appconfig, place, mut source) = local().await;
    appconfig.set_nothing_deployed(NothingDeployed::Empty);
    let nothing = Fetched::Nothing { missing: "nothing is deployed".into() };
    assert_eq!(source.fetch().await.unwrap(), nothing);
    for version in ["one", "two", "one"] {
        appconfig.deploy(&place, "application/json", version);
        appconfig.advance(POLL);
        assert_eq!(source.fetch().await.unwrap(), content(version, None));
        appconfig.advance(POLL);
        assert_eq!(source.fetch().await.unwrap(), Fetched::Unchanged);
    }
    assert_eq!(appconfig.calls(START), 1);
}

#[tokio::test]
async fn where_nothing_was_ever_deployed_a_404_says_so_and_a_deployment_is_found() {
    let (appconfig, place, mut source) = local().await;
    for _ in 0..2 {
        assert!(matches!(source.fetch().await.unwrap(), Fetched::Nothing { .. }));
    }
    appconfig.deploy(&place, "application/json", "one");
    assert_eq!(source.fetch().await.unwrap(), content("one", None));
}

#[tokio::test]
async fn a_token_that_came_too_early_is_good_when_it_is_time() {
    let (appconfig, place, mut source) = local().await;
    appconfig.deploy(&place, "application/json", "one");
    source.fetch().await.unwrap();
    let error = source.fetch().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(POLL), "{error}");
    appconfig.advance(POLL);
    assert_eq!(source.fetch().await.unwrap(), Fetched::Unchanged);
    assert_eq!(appconfig.calls(START), 1);
}

#[tokio::test]
async fn after_a_freeze_of_more_than_a_day_the_same_fetch_brings_what_is_deployed() {
    let (appconfig, place, mut source) = local().await;
    appconfig.deploy(&place, "application/json", "one");
    source.fetch().await.unwrap();
    appconfig.advance(Duration::from_secs(25 * 60 * 60));
    assert_eq!(source.fetch().await.unwrap(), content("one", None));
    assert_eq!(appconfig.calls(START), 2);
}

/// Two environments restored from one snapshot hold the same token. Only one may use it.
#[tokio::test]
async fn copies_of_a_snapshot_begin_sessions_of_their_own() {
    let (appconfig, place, mut first) = local().await;
    appconfig.deploy(&place, "application/json", "one");
    first.fetch().await.unwrap();
    let token = first.token.as_ref().map(|token| token.text.clone()).unwrap();
    let mut second = source(&appconfig.endpoint(), keys());
    second.token = Some(super::super::Token { text: token, is_first: false, was_early: false });
    for copy in [&mut first, &mut second] {
        copy.forget();
        assert_eq!(copy.fetch().await.unwrap(), content("one", None));
        appconfig.advance(POLL);
        assert_eq!(copy.fetch().await.unwrap(), Fetched::Unchanged);
    }
    assert_eq!(appconfig.calls(START), 3);
}
