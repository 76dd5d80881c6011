//! `misrule halt`: what stops, and what is told.

use misrule_engine::delivery::Delivery;

use crate::account::{Account, OUTAGE};
use crate::session::Session;

#[tokio::test]
async fn a_halt_stops_the_deployment_that_is_under_way() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    account.deploy_slowly(&account.place).await;
    assert_eq!(
        account.misrule("publish outage.toml --to shop/prod/chaos --wait 0").await,
        "exit 1\n----\nerror: deployment 1 of `chaos` is under way in environment `prod` (DEPLOYING)\n\
         hint: wait until it is done, or stop it: `aws appconfig stop-deployment`; `misrule halt` does that for an \
         experiment of its own profile\n"
    );
    assert_eq!(
        account.misrule("halt --to shop/prod/chaos").await,
        "exit 0\nversion 2 deployment 2\n----\nstopped deployment 1\ndeployment 2: COMPLETE, 100 %\n\
         halted shop/prod/chaos: each environment stops with the first invocation after its next poll; polls are 60 s \
         apart unless AppConfig says otherwise\n"
    );
    let (_, description, content) = account.version(2).await;
    assert_eq!(description, "misrule: halt");
    assert!(matches!(Delivery::read(&content.into(), None), Ok(Delivery::Halt)));
}

#[tokio::test]
async fn a_halt_leaves_the_deployment_of_another_profile_alone() {
    let account = Account::of(Session::new()).await;
    account.deploy_slowly(&account.appconfig.create("shop", "prod", "flags")).await;
    let told = account.misrule("halt --to shop/prod/chaos").await;
    let expected = "exit 1\n----\nerror: deployment 1 of `flags` is under way in environment `prod` (DEPLOYING)\n";
    assert!(told.starts_with(expected), "{told}");
    assert_eq!(account.appconfig.calls("StopDeployment"), 0);
}
