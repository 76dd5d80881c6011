//! The control plane's other calls: what is changed, deleted, locked, labelled and tagged.

use std::time::Duration;

use misrule_local::appconfig::Place;
use serde_json::{Value, json};

use crate::account::{Account, SIGNED, deployments, failed, versions};
use crate::raw::Response;

async fn account() -> (Account, Place) {
    let account = Account::new().await;
    let place = account.appconfig.create("shop", "prod", "misrule");
    (account, place)
}

async fn upload(account: &mut Account, place: &Place, headers: &str) -> Response {
    let headers = format!("{SIGNED}Content-Type: text/plain\r\n{headers}");
    account.client.request("POST", &versions(place), &headers, "x").await
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let (mut account, place) = account().await;
    let application = format!("/applications/{}", place.application);
    let target = |kind: &str, id: &str| format!("{application}/{kind}/{id}");
    for (target, wanted) in [
        (application.clone(), json!({ "Name": "shop", "Description": "new" })),
        (target("environments", &place.environment), json!({ "Name": "prod", "Description": "new", "Monitors": [] })),
        (
            target("configurationprofiles", &place.profile),
            json!({ "Name": "misrule", "Description": "new", "Validators": [] }),
        ),
    ] {
        assert_eq!(account.call("PATCH", &target, &json!({ "Description": "new" })).await.status, 200);
        let read = account.read(&target).await;
        assert!(wanted.as_object().unwrap().iter().all(|(name, value)| &read[name] == value), "{read}");
        account.call("PATCH", &target, &json!({ "Description": "" })).await;
        assert_eq!(account.read(&target).await.get("Description"), None);
    }
    let six = json!({ "Monitors": vec![json!({ "AlarmArn": "arn" }); 6] });
    let environment = target("environments", &place.environment);
    failed(&account.call("PATCH", &environment, &six).await, 400, "BadRequestException");
    failed(&account.call("PATCH", &environment, &json!({ "Monitors": [{}] })).await, 400, "BadRequestException");
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted() {
    let (mut account, place) = account().await;
    let application = format!("/applications/{}", place.application);
    let environment = format!("{application}/environments/{}", place.environment);
    let profile = format!("{application}/configurationprofiles/{}", place.profile);
    let version = account.version(&place, "{}").await;
    account.start(&place, "AppConfig.AllAtOnce", &version).await;
    failed(&account.call("DELETE", &application, &Value::Null).await, 400, "BadRequestException");
    failed(&account.call("DELETE", &environment, &Value::Null).await, 409, "ConflictException");
    failed(&account.call("DELETE", &profile, &Value::Null).await, 409, "ConflictException");

    account.appconfig.advance(Duration::from_secs(600));
    let token = account.session(&place).await;
    for target in [format!("{}/{version}", versions(&place)), profile, environment, application] {
        assert_eq!(account.call("DELETE", &target, &Value::Null).await.status, 204);
        failed(&account.call("DELETE", &target, &Value::Null).await, 404, "ResourceNotFoundException");
    }
    let gone = failed(&account.poll(&token).await, 404, "ResourceNotFoundException");
    assert_eq!(gone["ResourceType"], "Application");
}

#[tokio::test]
async fn versions_have_locks_and_labels_and_their_numbers_are_given_once() {
    let (mut account, place) = account().await;
    for (headers, status) in [
        ("VersionLabel: v1.0\r\nLatest-Version-Number: 0\r\n", 201),
        ("VersionLabel: v1.1\r\nLatest-Version-Number: 0\r\n", 409),
        ("VersionLabel: v1.1\r\nLatest-Version-Number: 1\r\n", 201),
        ("VersionLabel: v1.1\r\n", 400),
        ("VersionLabel: 12\r\n", 400),
        ("VersionLabel: other\r\n", 201),
    ] {
        let made = upload(&mut account, &place, headers).await;
        assert_eq!(made.status, status, "{headers}: {made:?}");
    }
    let mut numbers = Vec::new();
    for label in ["v1*", "v1.1", "v1", "none*"] {
        let found = account.read(&format!("{}?version_label={label}", versions(&place))).await;
        numbers.push(
            found["Items"].as_array().unwrap().iter().map(|item| item["VersionNumber"].as_u64()).collect::<Vec<_>>(),
        );
    }
    assert_eq!(numbers, [vec![Some(2), Some(1)], vec![Some(2)], vec![], vec![]]);
    account.call("DELETE", &format!("{}/3", versions(&place)), &Value::Null).await;
    assert_eq!(upload(&mut account, &place, "").await.expect("Version-Number"), "4");
}

#[tokio::test]
async fn a_deployment_is_locked_by_the_number_of_the_latest() {
    let (mut account, place) = account().await;
    account.version(&place, "{}").await;
    let body = |latest: u64| {
        json!({
            "DeploymentStrategyId": "AppConfig.AllAtOnce",
            "ConfigurationProfileId": place.profile,
            "ConfigurationVersion": "1",
            "LatestDeploymentNumber": latest,
        })
    };
    failed(&account.call("POST", &deployments(&place), &body(1)).await, 409, "ConflictException");
    assert_eq!(account.call("POST", &deployments(&place), &body(0)).await.status, 201);
    for missing in ["DeploymentStrategyId", "ConfigurationProfileId", "ConfigurationVersion"] {
        let mut wrong = body(1);
        wrong[missing] = "none".into();
        failed(&account.call("POST", &deployments(&place), &wrong).await, 404, "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn a_strategy_of_the_account_is_changed_and_one_of_the_service_is_not() {
    let (mut account, _) = account().await;
    let slow =
        json!({ "Name": "slow", "DeploymentDurationInMinutes": 60, "GrowthFactor": 10, "GrowthType": "EXPONENTIAL" });
    let id = account.created("/deploymentstrategies", slow).await["Id"].as_str().unwrap().to_owned();
    let target = format!("/deploymentstrategies/{id}");
    let update = json!({ "GrowthFactor": 20, "FinalBakeTimeInMinutes": 5 });
    assert_eq!(account.call("PATCH", &target, &update).await.status, 200);
    let read = account.read(&target).await;
    let members = ["GrowthType", "GrowthFactor", "DeploymentDurationInMinutes", "FinalBakeTimeInMinutes"];
    assert_eq!(members.map(|member| read[member].clone()), [json!("EXPONENTIAL"), json!(20.0), json!(60), json!(5)]);
    failed(&account.call("PATCH", &target, &json!({ "GrowthFactor": 0.5 })).await, 400, "BadRequestException");
    let predefined = "/deploymentstrategies/AppConfig.AllAtOnce";
    failed(&account.call("PATCH", predefined, &update).await, 400, "BadRequestException");
    // The service's path for this has a letter too many.
    let deleted = account.call("DELETE", &format!("/deployementstrategies/{id}"), &Value::Null).await;
    assert_eq!(deleted.status, 204);
    let listed = account.read("/deploymentstrategies").await;
    assert_eq!(listed["Items"].as_array().unwrap().len(), 4);
    assert_eq!(listed["Items"][0]["Description"], "Quick");
}

#[tokio::test]
async fn tags_are_put_on_and_taken_off() {
    let (mut account, place) = account().await;
    let target = |resource: &str| {
        format!("/tags/arn%3Aaws%3Aappconfig%3Aus-east-1%3A123456789012%3A{}", resource.replace('/', "%2F"))
    };
    let tagged = account.created("/applications", json!({ "Name": "tagged", "Tags": { "a": "1" } })).await;
    let application = target(&format!("application/{}", tagged["Id"].as_str().unwrap()));
    let profile = target(&format!("application/{}/configurationprofile/{}", place.application, place.profile));
    assert_eq!(account.read(&application).await, json!({ "Tags": { "a": "1" } }));
    assert_eq!(account.call("POST", &profile, &json!({ "Tags": { "b": "2", "c": "3" } })).await.status, 204);
    assert_eq!(account.call("DELETE", &format!("{profile}?tagKeys=b&tagKeys=x"), &Value::Null).await.status, 204);
    assert_eq!(account.read(&profile).await, json!({ "Tags": { "c": "3" } }));
    failed(&account.call("POST", &profile, &json!({ "Tags": { "aws:x": "" } })).await, 400, "BadRequestException");
    failed(&account.get(&target("application/none")).await, 404, "ResourceNotFoundException");
    failed(&account.get("/tags/none").await, 400, "BadRequestException");
}
