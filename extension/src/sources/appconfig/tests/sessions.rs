//! How sessions go: tokens, intervals, refusals.

use std::time::Duration;

use super::super::super::Pace;
use super::*;
use crate::sources::Source as _;

#[tokio::test]
async fn each_answer_brings_the_next_token_and_interval_the_empty_ones_too() {
    let script = vec![
        session("first"),
        latest("second", "15", "v1", "one"),
        latest("third+/=", "30", "", ""),
        latest("fourth", "0", "", "two"),
        latest("fifth", "999999", "", ""),
    ];
    let server = Server::with(script).await;
    let mut source = keyed(&server);
    for (fetched, interval) in [
        (content("one", Some("v1")), 15),
        (Fetched::Unchanged, 30),
        (content("two", None), 60),
        (Fetched::Unchanged, 86_400),
    ] {
        assert_eq!(source.fetch().await.unwrap(), fetched);
        assert_eq!(source.interval(), Duration::from_secs(interval));
    }
    let encoded = get("third%2B%2F%3D");
    assert_eq!(server.asked(), [SESSION, &get("first"), &get("second"), &encoded, &get("fourth")]);
}

#[tokio::test]
async fn an_empty_first_answer_means_that_nothing_is_deployed() {
    let server = Server::with(vec![session("a"), latest("b", "15", "", ""), latest("c", "15", "", "one")]).await;
    let mut source = keyed(&server);
    let nothing = Fetched::Nothing { missing: "nothing is deployed".into() };
    assert_eq!(source.fetch().await.unwrap(), nothing);
    assert_eq!(source.fetch().await.unwrap(), content("one", None));
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_by_a_new_session_once() {
    let script = vec![
        session("a"),
        latest("b", "15", "", "one"),
        failure(400, "BadRequestException"),
        session("c"),
        latest("d", "15", "", "two"),
        failure(400, "BadRequestException"),
        session("e"),
        failure(400, "BadRequestException"),
    ];
    let server = Server::with(script).await;
    let mut source = keyed(&server);
    assert_eq!(source.fetch().await.unwrap(), content("one", None));
    assert_eq!(source.fetch().await.unwrap(), content("two", None));
    let error = source.fetch().await.unwrap_err();
    assert_eq!(error.to_string(), "`appconfig:GetLatestConfiguration` failed with status 400");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "BadRequestException: said by the test");
    let asked = server.asked();
    assert_eq!(asked[2..], [get("b"), SESSION.into(), get("c"), get("d"), SESSION.into(), get("e")]);
}

#[tokio::test]
async fn what_may_have_used_the_token_up_starts_a_new_session() {
    let truncated = answer(200, "Next-Poll-Configuration-Token: x\r\n", "half").replace("Length: 4", "Length: 400");
    let no_token = Reply::Says(answer(200, "", "one"));
    for reply in [Reply::HangsUp, Reply::Says(truncated), no_token, failure(500, "InternalServerException")] {
        let script =
            vec![session("a"), latest("b", "15", "", "one"), reply, session("c"), latest("d", "15", "", "two")];
        let server = Server::with(script).await;
        let mut source = keyed(&server);
        source.fetch().await.unwrap();
        let error = source.fetch().await.unwrap_err();
        assert_eq!(error.pace(), Pace::Backoff, "{error}");
        assert_eq!(source.fetch().await.unwrap(), content("two", None));
        assert_eq!(server.asked()[2..], [get("b"), SESSION.into(), get("c")]);
    }
}

#[tokio::test]
async fn what_cannot_have_used_the_token_up_keeps_it() {
    for reply in [failure(429, "ThrottlingException"), failure(403, "AccessDeniedException")] {
        let script = vec![session("a"), latest("b", "15", "", "one"), reply, latest("c", "15", "", "")];
        let server = Server::with(script).await;
        let mut source = keyed(&server);
        source.fetch().await.unwrap();
        source.fetch().await.unwrap_err();
        assert_eq!(source.fetch().await.unwrap(), Fetched::Unchanged);
        assert_eq!(server.asked()[2..], [get("b"), get("b")]);
    }
}

#[tokio::test]
async fn what_is_missing_is_nothing_and_not_a_failure() {
    let gone = || failure(404, "ResourceNotFoundException");
    let script =
        vec![gone(), session("a"), latest("b", "15", "", "one"), gone(), session("c"), latest("d", "15", "", "two")];
    let server = Server::with(script).await;
    let mut source = keyed(&server);
    let nothing = Fetched::Nothing { missing: "said by the test".into() };
    for fetched in [nothing.clone(), content("one", None), nothing, content("two", None)] {
        assert_eq!(source.fetch().await.unwrap(), fetched);
    }
}

#[tokio::test]
async fn a_denial_names_the_action_and_the_resource() {
    let denied = || failure(403, "AccessDeniedException");
    let server = Server::with(vec![denied(), session("a"), denied()]).await;
    let mut source = keyed(&server);
    let resource = "arn:aws:appconfig:us-east-1:*:application/shop/environment/prod/configuration/faults";
    for action in ["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"] {
        let error = source.fetch().await.unwrap_err();
        assert_eq!(error.to_string(), format!("`{action}` on `{resource}` is denied"));
        assert_eq!(error.hint().unwrap(), format!("allow `{action}` on `{resource}` in the function's role"));
        assert_eq!(error.pace(), Pace::Slow);
    }
}

/// A token that came too early is still good; but one that comes too early twice may be none.
#[tokio::test]
async fn what_comes_too_early_is_asked_once_more_and_then_anew() {
    let early = || of_the_token("PollIntervalNotSatisfied");
    let script = vec![
        session("a"),
        latest("b", "15", "", "one"),
        early(),
        latest("c", "15", "", ""),
        early(),
        early(),
        session("d"),
        latest("e", "15", "", "two"),
    ];
    let server = Server::with(script).await;
    let mut source = keyed(&server);
    assert_eq!(source.fetch().await.unwrap(), content("one", None));
    for (fetched, next) in [(Fetched::Unchanged, "b"), (content("two", None), "c")] {
        let error = source.fetch().await.unwrap_err();
        assert_eq!(error.to_string(), "`appconfig:GetLatestConfiguration` was asked too early");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(15)));
        assert_eq!(source.fetch().await.unwrap(), fetched, "after {next}");
    }
    let asked = server.asked();
    assert_eq!(asked[2..], [get("b"), get("b"), get("c"), get("c"), SESSION.into(), get("d")]);
}

#[tokio::test]
async fn a_token_a_day_old_is_replaced_in_the_same_fetch() {
    for problem in ["Expired", "Corrupted"] {
        let script = vec![
            session("a"),
            latest("b", "15", "", "one"),
            of_the_token(problem),
            session("c"),
            latest("d", "15", "", "one"),
        ];
        let server = Server::with(script).await;
        let mut source = keyed(&server);
        source.fetch().await.unwrap();
        assert_eq!(source.fetch().await.unwrap(), content("one", None), "{problem}");
        assert_eq!(server.asked()[2..], [get("b"), SESSION.into(), get("c")]);
    }
}

#[tokio::test]
async fn a_throttled_call_tells_how_long_to_wait() {
    let throttled = |headers| failure_with(429, "ThrottlingException", headers);
    let server = Server::with(vec![throttled(""), throttled("Retry-After: 7\r\n")]).await;
    let mut source = keyed(&server);
    for retry_after in [None, Some(Duration::from_secs(7))] {
        let error = source.fetch().await.unwrap_err();
        assert_eq!(error.to_string(), "`appconfig:StartConfigurationSession` was throttled");
        assert_eq!((error.retry_after(), error.pace()), (retry_after, Pace::Backoff));
    }
}

#[tokio::test]
async fn after_a_restore_the_session_is_another() {
    let script = vec![session("a"), latest("b", "15", "", "one"), session("c"), latest("d", "15", "", "one")];
    let server = Server::with(script).await;
    let mut source = keyed(&server);
    source.fetch().await.unwrap();
    source.forget();
    source.fetch().await.unwrap();
    assert_eq!(server.asked(), [SESSION, &get("a"), SESSION, &get("c")]);
}

#[tokio::test]
async fn the_type_of_the_content_is_not_asked_for() {
    let typed = |kind: &str| {
        let headers = format!("Next-Poll-Configuration-Token: next\r\n{kind}");
        Reply::Says(answer(200, &headers, "one"))
    };
    for kind in ["", "Content-Type: application/json\r\n", "Content-Type: image/png\r\n", "Content-Type: \r\n"] {
        let server = Server::with(vec![session("a"), typed(kind)]).await;
        assert_eq!(keyed(&server).fetch().await.unwrap(), content("one", None), "{kind}");
    }
}

#[tokio::test]
async fn a_session_that_is_refused_as_wrong_is_no_reason_for_another() {
    let server = Server::with(vec![failure(400, "BadRequestException")]).await;
    let error = keyed(&server).fetch().await.unwrap_err();
    assert_eq!(error.to_string(), "`appconfig:StartConfigurationSession` failed with status 400");
    assert_eq!(server.asked(), [SESSION]);
}
