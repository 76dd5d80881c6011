//! The AppConfig agent: a copy on localhost, and when it looks for news.

use std::time::Duration;

use misrule_local::appconfig::{Agent, AppConfig, Behaviour, Plane};

use crate::raw::{Client, Response};

const PATH: &str = "/applications/shop/environments/prod/configurations/my%20faults";

async fn asked(agent: &Agent) -> Response {
    Client::connect(agent.address()).await.get(PATH).await
}

#[tokio::test]
async fn what_is_deployed_is_served_and_looked_for_at_the_poll_interval() {
    let appconfig = AppConfig::serve().await.unwrap();
    let agent = Agent::serve(&appconfig).await.unwrap();
    let missing = asked(&agent).await;
    assert_eq!((missing.status, missing.body.as_str()), (404, "ResourceNotFoundException\n"));

    let place = appconfig.create("shop", "prod", "my faults");
    appconfig.deploy(&place, "application/json", "{}");
    let first = asked(&agent).await;
    assert_eq!((first.status, first.body.as_str()), (200, "{}"));
    assert_eq!(first.header("Content-Type"), Some("application/json"));
    assert_eq!(first.header("Configuration-Version"), Some("1"));

    appconfig.deploy(&place, "text/plain", "news");
    assert_eq!(asked(&agent).await.body, "{}", "the copy is fresh enough");
    appconfig.advance(Duration::from_secs(45));
    assert_eq!(asked(&agent).await.body, "news");
    assert_eq!(appconfig.calls("AgentPoll"), 3);
}

#[tokio::test]
async fn where_appconfig_fails_the_copy_is_served_and_without_one_the_failure() {
    let appconfig = AppConfig::serve().await.unwrap();
    let agent = Agent::serve(&appconfig).await.unwrap();
    agent.set_poll_interval(Duration::ZERO);
    let place = appconfig.create("shop", "prod", "my faults");
    appconfig.deploy(&place, "text/plain", "one");
    appconfig.set_behaviour(Plane::Data, Behaviour::Status(403));
    let failed = asked(&agent).await;
    assert_eq!((failed.status, failed.body.as_str()), (403, "AccessDeniedException\n"));

    appconfig.set_behaviour(Plane::Data, Behaviour::Normal);
    assert_eq!(asked(&agent).await.body, "one");
    appconfig.set_behaviour(Plane::Data, Behaviour::Hang);
    assert_eq!(asked(&agent).await.body, "one");
}
