//! Validators: a configuration that one of them does not pass is not deployed.

use misrule_local::appconfig::Place;
use serde_json::{Value, json};

use crate::account::{Account, failed};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:judge";

/// An account with a profile of these validators.
async fn validated_by(validators: &Value) -> (Account, Place) {
    let mut account = Account::new().await;
    let mut place = account.appconfig.create("shop", "prod", "other");
    let body = json!({ "Name": "misrule", "LocationUri": "hosted", "Validators": validators });
    let profile = account.created(&format!("/applications/{}/configurationprofiles", place.application), body).await;
    place.profile = profile["Id"].as_str().unwrap().to_owned();
    (account, place)
}

fn schema(schema: &Value) -> Value {
    json!({ "Type": "JSON_SCHEMA", "Content": schema.to_string() })
}

async fn validate(account: &mut Account, place: &Place, version: &str) -> crate::raw::Response {
    let profile = format!("/applications/{}/configurationprofiles/{}", place.application, place.profile);
    account.call("POST", &format!("{profile}/validators?configuration_version={version}"), &Value::Null).await
}

#[tokio::test]
async fn a_configuration_that_its_schema_refuses_is_not_deployed() {
    let halt = json!({ "type": "object", "properties": { "halt": { "enum": [true] } }, "additionalProperties": false });
    let (mut account, place) = validated_by(&json!([schema(&halt)])).await;
    for (content, is_right) in [(r#"{"halt":true}"#, true), (r#"{"halt":false}"#, false), ("PK", false)] {
        let version = account.version(&place, content).await;
        let (validated, started) = (
            validate(&mut account, &place, &version).await,
            account.start(&place, "AppConfig.AllAtOnce", &version).await,
        );
        if is_right {
            assert_eq!((validated.status, started.status), (204, 201), "{validated:?} {started:?}");
            account.appconfig.advance(std::time::Duration::from_secs(600));
            continue;
        }
        let refused = failed(&started, 400, "BadRequestException");
        assert_eq!((&refused["Reason"], validated.status), (&json!("InvalidConfiguration"), 400));
        assert!(refused["Details"]["InvalidConfiguration"][0]["Reason"].is_string(), "{refused}");
    }
    let violated = failed(&validate(&mut account, &place, "2").await, 400, "BadRequestException");
    let detail = &violated["Details"]["InvalidConfiguration"][0];
    assert_eq!(
        (&detail["Location"], &detail["Constraint"]),
        (&json!("#/properties/halt/enum"), &json!("enum: [true]"))
    );
}

#[tokio::test]
async fn a_function_judges_by_the_event_that_the_service_sends() {
    let (mut account, place) = validated_by(&json!([{ "Type": "LAMBDA", "Content": FUNCTION }])).await;
    let version = account.version(&place, "odd").await;
    failed(&validate(&mut account, &place, &version).await, 400, "BadRequestException");
    account.appconfig.set_lambda_validator(FUNCTION, |event| {
        // "odd", in base 64.
        if event["content"] == "b2Rk" {
            Err(format!("version {} is odd", event["configurationVersion"]))
        } else {
            Ok(())
        }
    });
    let refused = failed(&validate(&mut account, &place, &version).await, 400, "BadRequestException");
    assert_eq!(refused["Details"]["InvalidConfiguration"][0]["Reason"], "version \"1\" is odd");
    let version = account.version(&place, "even").await;
    assert_eq!(validate(&mut account, &place, &version).await.status, 204);
    let never = json!({ "arn": FUNCTION, "error": "never" }).to_string();
    assert_eq!(account.client.request("POST", "/local/lambda-validators", "", &never).await.status, 200);
    failed(&validate(&mut account, &place, &version).await, 400, "BadRequestException");
}

#[tokio::test]
async fn a_validator_that_would_heed_nothing_is_refused() {
    let mut account = Account::new().await;
    let place = account.appconfig.create("shop", "prod", "other");
    let target = format!("/applications/{}/configurationprofiles", place.application);
    for validators in [
        json!([schema(&json!({ "const": 1 }))]),
        json!([schema(&json!({ "$schema": "https://json-schema.org/draft/2020-12/schema" }))]),
        json!([{ "Type": "JSON_SCHEMA", "Content": "{" }]),
        json!([{ "Type": "LAMBDA", "Content": "judge" }]),
        json!([{ "Type": "MOOD", "Content": "" }]),
        json!(vec![schema(&json!({})); 3]),
    ] {
        let body = json!({ "Name": "misrule", "LocationUri": "hosted", "Validators": validators });
        failed(&account.call("POST", &target, &body).await, 400, "BadRequestException");
    }
}
