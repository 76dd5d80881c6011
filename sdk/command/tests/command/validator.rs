//! `misrule publish --validator`: AppConfig refuses what no layer would arm.

use aws_sdk_appconfig::types::{Validator, ValidatorType};
use misrule_engine::experiment::json_schema;
use serde_json::{Value, json};

use crate::account::{Account, OUTAGE};
use crate::session::Session;

impl Account {
    /// The validators of `shop/prod/chaos`.
    async fn validators(&self) -> Vec<Validator> {
        let request = self.client().get_configuration_profile().application_id(&self.place.application);
        let got = request.configuration_profile_id(&self.place.profile).send().await.unwrap();
        got.validators().to_vec()
    }

    async fn validate_by(&self, schema: &Value) {
        let validator = Validator::builder().r#type(ValidatorType::JsonSchema).content(schema.to_string());
        let request = self.client().update_configuration_profile().application_id(&self.place.application);
        let request = request.configuration_profile_id(&self.place.profile).validators(validator.build().unwrap());
        request.send().await.unwrap();
    }
}

fn is_ours(validators: &[Validator]) -> bool {
    let [only] = validators else { return false };
    let schema: Value = serde_json::from_str(only.content()).unwrap();
    *only.r#type() == ValidatorType::JsonSchema && schema == json_schema()
}

const PUBLISH: &str = "publish outage.toml --to shop/prod/chaos --validator";

#[tokio::test]
async fn a_profile_gets_our_schema_where_it_has_none_or_an_older_one() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let rehearsed = account.misrule(&format!("{PUBLISH} --dry-run -q")).await;
    let call = "appconfig:UpdateConfigurationProfile on configuration profile `chaos`: to be validated by the JSON Schema of this command\n";
    assert!(rehearsed.contains(call) && account.validators().await.is_empty(), "{rehearsed}");
    let told = account.misrule(PUBLISH).await;
    assert!(told.contains("\n`chaos` is validated by misrule's JSON Schema now\n"), "{told}");
    assert!(is_ours(&account.validators().await));
    assert!(account.misrule(PUBLISH).await.starts_with("exit 0\n"));
    assert_eq!(account.appconfig.calls("UpdateConfigurationProfile"), 1, "it has it already");
    account.validate_by(&json!({ "title": "misrule 0.0.9: an experiment, or a halt" })).await;
    assert!(account.misrule("publish outage.toml --to shop/prod/chaos").await.starts_with("exit 0\n"));
    assert!(!is_ours(&account.validators().await), "without the flag it stays");
    assert!(account.misrule(PUBLISH).await.starts_with("exit 0\n"));
    assert!(is_ours(&account.validators().await));
}

#[tokio::test]
async fn a_profile_that_is_made_has_it_from_the_start() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let publish = "publish outage.toml --to shop/prod/faults --yes --validator -v";
    let told = account.misrule(publish).await;
    let call = "CreateConfigurationProfile on configuration profile `faults`: in application `shop`, hosted, AWS.Freeform, \
                validated by our JSON Schema\n";
    assert!(told.starts_with("exit 0\n") && told.contains(call), "{told}");
    for command in ["halt", "resume", "halt"] {
        let told = account.misrule(&format!("{command} --to shop/prod/faults")).await;
        assert!(told.starts_with("exit 0\n"), "{told}");
    }
    assert_eq!(account.appconfig.calls("UpdateConfigurationProfile"), 0);
}

#[tokio::test]
async fn what_is_not_ours_is_not_replaced() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    account.validate_by(&json!({ "type": "object" })).await;
    assert_eq!(
        account.misrule(PUBLISH).await,
        "exit 1\n----\nerror: configuration profile `chaos` has a JSON Schema for a validator that is not misrule's\n\
         hint: a profile has one at most: publish without `--validator`, or take it off with `aws appconfig \
         update-configuration-profile --validators '[]'`\n"
    );
    account.validate_by(&json!({ "title": "misrule 99.0.0: an experiment, or a halt" })).await;
    let told = account.misrule(PUBLISH).await;
    let stays = "`chaos` has the validator of misrule 99.0.0, which is newer: it stays\n";
    assert!(told.starts_with("exit 0\n") && told.contains(stays), "{told}");
}

#[tokio::test]
async fn a_bundle_has_none() {
    let component = misrule_policies::component("path-outage").unwrap();
    let own = OUTAGE.replace("use = \"path-outage\"", "module = \"own.wasm\"");
    let account = Account::of(Session::new().file("own.wasm", component).file("own.toml", own)).await;
    assert_eq!(
        account.misrule("publish own.toml --to shop/prod/chaos --validator").await,
        "exit 1\n----\nerror: `--validator` is for plain JSON, and `outage` is published as a bundle\n\
         hint: leave it out: a bundle is told by its signature, and a layer with its key takes no other\n"
    );
}
