//! `misrule halt`: what stops, and what is told.

use std::time::Duration;

use misrule_engine::delivery::Delivery;
use misrule_local::appconfig::{AlarmState, AppConfig};

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
        "exit 0\nversion 2 deployment 2\n----\nstopped deployment 1 of `chaos`: what was in force before it is again\ndeployment 2: COMPLETE, 100 %\n\
         halted shop/prod/chaos: each environment stops with the first invocation after its next poll; polls are 60 s \
         apart unless AppConfig says otherwise\n"
    );
    let (_, description, content) = account.version(2).await;
    assert_eq!(description, "misrule: halt");
    assert!(matches!(Delivery::read(&content.into(), None), Ok(Delivery::Halt)));
}

#[tokio::test]
async fn a_halt_that_is_in_force_is_left_alone() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    assert!(account.misrule("publish outage.toml --to shop/prod/chaos").await.starts_with("exit 0\n"));
    assert!(account.misrule("halt --to shop/prod/chaos").await.starts_with("exit 0\nversion 3 deployment 3\n"));
    account.deploy_slowly(&account.appconfig.create("shop", "prod", "flags")).await;
    assert_eq!(
        account.misrule("halt --to shop/prod/chaos").await,
        "exit 0\nversion 3 deployment 3\n----\na halt is in force at shop/prod/chaos already: nothing was deployed\n"
    );
    assert_eq!(account.appconfig.calls("StartDeployment"), 4);
}

const OTHER: &str = "deployment 1 of `flags` is under way in environment `prod` (DEPLOYING)";
const UNTIL: &str = ", and AppConfig runs one at a time: the halt waits for its end, up to";
const STOPS: &str = "`misrule halt --stop-others` stops";

/// An account in which the deployment of another profile is under way.
async fn beside_another() -> Account {
    let account = Account::of(Session::new()).await;
    account.deploy_slowly(&account.appconfig.create("shop", "prod", "flags")).await;
    account
}

#[tokio::test]
async fn a_halt_waits_for_the_deployment_of_another_profile() {
    let account = beside_another().await;
    let goes_on = async {
        account.appconfig.until_calls("GetDeployment", 2).await;
        account.appconfig.advance(LONG);
    };
    let (told, ()) = tokio::join!(account.misrule("halt --to shop/prod/chaos"), goes_on);
    let waits = format!("exit 0\nversion 1 deployment 2\n----\nwarning: {OTHER}{UNTIL} 10 min; {STOPS} it\n");
    assert!(told.starts_with(&waits), "{told}");
    assert!(told.contains("\nhalted shop/prod/chaos: "), "{told}");
    assert_eq!(account.appconfig.calls("StopDeployment"), 0);
}

#[tokio::test]
async fn a_halt_that_waited_in_vain_says_so_loudly() {
    let account = beside_another().await;
    let error = format!(
        "error: NOT HALTED: {OTHER}\nhint: {STOPS} that deployment first; or set MISRULE_DISABLED=true on the functions\n"
    );
    let told = account.misrule("halt --to shop/prod/chaos --wait 0s").await;
    assert_eq!(told, format!("exit 1\n----\n{error}"));
    let told = account.misrule("halt --to shop/prod/chaos --wait 1s").await;
    assert!(told.starts_with(&format!("exit 1\n----\nwarning: {OTHER}{UNTIL} 1 s; ")), "{told}");
    assert!(told.ends_with(&error), "{told}");
    assert_eq!(account.appconfig.calls("StopDeployment") + account.appconfig.calls("StartDeployment"), 1);
}

#[tokio::test]
async fn a_halt_stops_the_deployment_of_another_profile_where_that_is_said() {
    let account = beside_another().await;
    let rehearsed = account.misrule("halt --to shop/prod/chaos --stop-others --dry-run -q").await;
    let call =
        "\neu-west-3: appconfig:StopDeployment on deployment 1 in environment `prod` of `shop`: which is under way\n";
    assert!(rehearsed.contains(call), "{rehearsed}");
    assert_eq!(
        account.misrule("halt --to shop/prod/chaos --stop-others").await,
        "exit 0\nversion 1 deployment 2\n----\nstopped deployment 1 of `flags`: what was in force before it is again\n\
         deployment 2: COMPLETE, 100 %\nhalted shop/prod/chaos: each environment stops with the first invocation after its \
         next poll; polls are 60 s apart unless AppConfig says otherwise\n"
    );
    let history = account.misrule("history --to shop/prod/flags").await;
    assert!(history.contains("  ROLLED_BACK  "), "{history}");
}

#[tokio::test]
async fn a_halt_that_somebody_was_faster_than_waits_for_them() {
    let account = Account::of(Session::new()).await;
    let others = account.appconfig.create("shop", "prod", "flags");
    // Between the first look and the halt's own deployment.
    let overtakes = async {
        account.appconfig.until_calls("ListDeploymentStrategies", 1).await;
        account.deploy_slowly(&others).await;
        account.appconfig.until_calls("GetDeployment", 1).await;
        account.appconfig.advance(LONG);
    };
    let (told, ()) = tokio::join!(account.misrule("halt --to shop/prod/chaos"), overtakes);
    assert!(told.starts_with("exit 0\n") && told.contains("halted shop/prod/chaos: "), "{told}");
}

const ALARM: &str = "arn:aws:cloudwatch:eu-west-3:123456789012:alarm:orders-fail";
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// Instants, which differ from run to run, are left out.
fn said(told: &str) -> Vec<&str> {
    let told = told.split_once("----\n").unwrap().1;
    told.lines().map(|line| line.split_once(" by 2").map_or(line, |(before, _)| before)).collect()
}

#[tokio::test]
async fn a_halt_stays_while_the_alarm_fires_and_the_alarms_come_back() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let publish = format!("publish outage.toml --to shop/prod/chaos --alarm {ALARM}");
    let published = account.misrule(&publish).await;
    assert!(published.starts_with("exit 0\n"), "{published}");
    assert!(
        published.contains("warning: `--alarm` has no time to fire: say `--grow` or `--bake`, too\n"),
        "{published}"
    );
    assert_eq!(account.alarms().await, [ALARM]);
    account.appconfig.set_alarm(ALARM, AlarmState::Alarm);
    let told = account.misrule("halt --to shop/prod/chaos").await;
    assert_eq!(
        said(&told),
        [
            "reverted deployment 2 to the halt before it",
            &format!("taking alarms off `prod` for the halt, which they would take back: {ALARM}"),
            "deployment 3: COMPLETE, 100 %",
            "put the alarms back on `prod`",
            "halted shop/prod/chaos: each environment stops with the first invocation after its next poll; polls are 60 s \
             apart unless AppConfig says otherwise",
            "the slowest has stopped",
        ]
    );
    assert!(told.starts_with("exit 0\nversion 3 deployment 3\n"), "{told}");
    assert_eq!(account.alarms().await, [ALARM]);
    account.appconfig.advance(LONG);
    let status = account.misrule("status --to shop/prod/chaos").await;
    assert!(status.starts_with("exit 0\nstate       halted\nversion     3 "), "{status}");
    let history = account.misrule("history --to shop/prod/chaos").await;
    assert!(history.contains("  REVERTED  ") && history.contains("by a user: Deployment reverted\n"), "{history}");
    let resumed = account.misrule("resume --to shop/prod/chaos --dry-run").await;
    assert!(resumed.contains("StartDeployment on environment `prod`: of version 2, strategy"), "{resumed}");
}

#[tokio::test]
async fn an_alarm_takes_a_deployment_back_and_its_reason_is_told() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let publish = format!(
        "publish outage.toml --to shop/prod/chaos --alarm {ALARM} --alarm-role arn:aws:iam::123456789012:role/appconfig --bake 10m"
    );
    let fires = async {
        account.appconfig.until_calls("GetDeployment", 2).await;
        account.appconfig.set_alarm(ALARM, AlarmState::Alarm);
    };
    let (told, ()) = tokio::join!(account.misrule(&publish), fires);
    let error = format!(
        "\nerror: deployment 2 was undone (ROLLED_BACK): by an alarm: Rollback initiated by {ALARM}\n\
         hint: what was in force before is again: `misrule status` names it\n"
    );
    assert!(told.starts_with("exit 1\n----\n") && told.ends_with(&error), "{told}");
    let status = account.misrule("status --to shop/prod/chaos").await;
    assert!(status.starts_with("exit 0\nstate       halted\n"), "{status}");
}

#[tokio::test]
async fn a_halt_waits_for_the_rollback_that_an_alarm_began() {
    let appconfig = AppConfig::builder().rollback_takes(Duration::from_secs(3600)).serve().await.unwrap();
    let account = Account::beside(appconfig, Session::new(), None);
    account.deploy_slowly(&account.place).await;
    let request = account.client().stop_deployment().application_id(&account.place.application);
    request.environment_id(&account.place.environment).deployment_number(1).send().await.unwrap();
    let rolls_back = async {
        account.appconfig.until_calls("GetDeployment", 1).await;
        account.appconfig.advance(LONG);
    };
    let (told, ()) = tokio::join!(account.misrule("halt --to shop/prod/chaos"), rolls_back);
    assert!(told.starts_with("exit 0\nversion 2 deployment 2\n"), "{told}");
    assert_eq!(account.appconfig.calls("StopDeployment"), 1);
}

#[tokio::test]
async fn a_dry_run_of_a_halt_takes_no_alarm_off() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let publish = format!("publish outage.toml --to shop/prod/chaos --alarm {ALARM}");
    assert!(account.misrule(&publish).await.starts_with("exit 0\n"));
    let told = account.misrule("halt --to shop/prod/chaos --dry-run -q").await;
    let calls = [
        "CreateHostedConfigurationVersion on configuration profile `chaos`: 14 bytes of application/json, `misrule: halt`"
            .to_owned(),
        "StopDeployment on deployment 2 in environment `prod` of `shop`: which is complete: revert it".to_owned(),
        "UpdateEnvironment on environment `prod`: to be watched by no alarms".to_owned(),
        "StartDeployment on environment `prod`: of the new version, strategy".to_owned(),
        format!("UpdateEnvironment on environment `prod`: to be watched by {ALARM}"),
    ];
    let lines: Vec<_> = told.lines().filter_map(|line| line.strip_prefix("eu-west-3: appconfig:")).collect();
    assert_eq!(lines.len(), calls.len(), "{told}");
    assert!(lines.iter().zip(&calls).all(|(line, call)| line.starts_with(call)), "{told}");
    assert_eq!(account.alarms().await, [ALARM]);
    assert_eq!(account.appconfig.calls("StopDeployment") + account.appconfig.calls("UpdateEnvironment"), 1);
}

#[tokio::test]
async fn alarms_are_of_the_regions_that_are_published_to() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let elsewhere = ALARM.replace("eu-west-3", "us-east-1");
    assert_eq!(
        account.misrule(&format!("publish outage.toml --to shop/prod/chaos --alarm {elsewhere}")).await,
        format!(
            "exit 1\n----\nerror: the alarm {elsewhere} is in region `us-east-1`, where nothing is published\n\
             hint: name an alarm of the region that is published to, or add `--region us-east-1`\n"
        )
    );
    for number in 1..=5 {
        let publish = format!("publish outage.toml --to shop/prod/chaos --alarm {ALARM}-{number} -q");
        assert!(account.misrule(&publish).await.starts_with("exit 0\n"));
    }
    let told = account.misrule(&format!("publish outage.toml --to shop/prod/chaos --alarm {ALARM} -q")).await;
    let error = "error: environment `prod` would have more than 5 alarms\nhint: take one off that is there: ";
    assert!(told.starts_with(&format!("exit 1\n----\n{error}{ALARM}-1, ")), "{told}");
}
