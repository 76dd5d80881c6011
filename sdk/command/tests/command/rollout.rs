//! How a publication reaches its targets.

use std::time::Duration;

use crate::account::{Account, OUTAGE};
use crate::session::Session;

#[tokio::test]
async fn steps_are_taken_one_by_one_and_their_strategy_is_made_once() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let publish = "publish outage.toml --to shop/prod/chaos --bake 1m --grow=50%every1m";
    let goes_on = async {
        // The halt that goes first takes the first look.
        account.appconfig.until_calls("GetDeployment", 2).await;
        account.appconfig.advance(Duration::from_secs(60));
        account.appconfig.until_calls("GetDeployment", 4).await;
        account.appconfig.advance(Duration::from_secs(60));
        account.appconfig.until_calls("GetDeployment", 6).await;
        account.appconfig.advance(Duration::from_secs(60));
    };
    let (told, ()) = tokio::join!(account.misrule(publish), goes_on);
    assert!(told.starts_with("exit 0\nversion 2 deployment 2 "), "{told}");
    assert!(told.contains("\ndeployment 2: BAKING, 100 %\ndeployment 2: COMPLETE, 100 %\n"), "{told}");
    assert_eq!(account.appconfig.calls("CreateDeploymentStrategy"), 2);
    let again = account.misrule(&format!("{publish} --dry-run -q")).await;
    assert!(!again.contains("CreateDeploymentStrategy") && again.contains("StartDeployment"), "{again}");
    let listed = account.client().list_deployment_strategies().send().await.unwrap();
    assert!(listed.items().iter().any(|it| it.name() == Some("misrule-linear-50-2m-bake-1m")), "{listed:?}");
}

#[tokio::test]
async fn a_strategy_is_found_by_its_name_or_refused_with_those_that_are_there() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let publish = "publish outage.toml --to shop/prod/chaos --dry-run -q";
    let told = account.misrule(&format!("{publish} --strategy AppConfig.Canary10Percent20Minutes")).await;
    assert!(told.contains("of the new version, strategy AppConfig.Canary10Percent20Minutes\n"), "{told}");
    let told = account.misrule(&format!("{publish} --strategy slowly")).await;
    let error =
        "error: there is no deployment strategy `slowly` in region `eu-west-3`\nhint: there is: AppConfig.AllAtOnce, ";
    assert!(told.contains(error), "{told}");
    account.deploy_slowly(&account.place).await;
    let told = account.misrule("publish outage.toml --to blog/prod/chaos --yes --strategy slowly").await;
    assert!(told.starts_with(&format!("exit 1\n----\n{error}")), "{told}");
    let told = account.misrule("publish outage.toml --to shop/prod/chaos --strategy slowly").await;
    assert!(told.starts_with(&format!("exit 1\n----\n{error}")), "nothing is waited for: {told}");
    assert_eq!(account.appconfig.calls("CreateApplication"), 0);
    let told = account.misrule(&format!("{publish} --grow=150%every2m")).await;
    let error = "error: invalid value '150%every2m' for '--grow <STEPS>': AppConfig grows by 1 to 100 percent a step, not by 150\n";
    assert!(told.starts_with("exit 2\n") && told.contains(error), "{told}");
}
