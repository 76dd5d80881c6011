//! What is told where a signal ends a command, and what goes on without it.

use std::fs::{self, OpenOptions};
use std::process::Command;

use misrule_local::appconfig::{AlarmState, Behaviour, Plane};

use crate::account::{Account, OUTAGE, send};
use crate::session::{Run, Session};

async fn account() -> Account {
    Account::of(Session::new().file("outage.toml", OUTAGE)).await
}

const HINT: &str =
    "hint: `misrule halt --to shop/prod/chaos` stops it; `misrule status --to shop/prod/chaos` tells how far it is\n";

#[tokio::test]
async fn a_deployment_goes_on_without_the_command_that_started_it() {
    for (signal, exit) in [("INT", 130), ("TERM", 143)] {
        let account = account().await;
        let publish = "publish outage.toml --to shop/prod/chaos --grow=50%every5m";
        // The halt that goes first takes the first look.
        let told = account.signalled(signal, publish, account.appconfig.until_calls("GetDeployment", 2)).await;
        let error = format!("error: interrupted: deployment 2 goes on without this command\n{HINT}");
        assert!(told.starts_with(&format!("exit {exit}\n----\n")) && told.ends_with(&error), "{told}");
        let status = account.misrule("status --to shop/prod/chaos").await;
        assert!(status.contains("\nunder way   DEPLOYING, "), "{status}");
    }
}

#[tokio::test]
async fn a_resumption_goes_on_without_its_command() {
    let account = account().await;
    for command in ["publish outage.toml", "halt"] {
        assert!(account.misrule(&format!("{command} --to shop/prod/chaos")).await.starts_with("exit 0\n"));
    }
    // An answer that is on its way is waited for.
    let started = account.appconfig.until_calls("StartDeployment", 4);
    let told = account.signalled("INT", "resume --to shop/prod/chaos --bake 5m", started).await;
    let error = format!("error: interrupted: deployment 4 goes on without this command\n{HINT}");
    assert!(told.starts_with("exit 130\n----\n") && told.ends_with(&error), "{told}");
}

#[tokio::test]
async fn a_publication_that_waited_deployed_nothing() {
    let account = account().await;
    account.deploy_slowly(&account.place).await;
    let publish = "publish outage.toml --to shop/prod/chaos";
    let told = account.signalled("INT", publish, account.appconfig.until_calls("GetDeployment", 1)).await;
    let error = "\nerror: interrupted: nothing was deployed\nhint: `misrule status --to shop/prod/chaos` tells what is in force\n";
    assert!(told.starts_with("exit 130\n----\n") && told.ends_with(error), "{told}");
}

#[tokio::test]
async fn a_halt_that_waits_is_no_halt() {
    let account = account().await;
    account.deploy_slowly(&account.appconfig.create("shop", "prod", "flags")).await;
    let halt = "halt --to shop/prod/chaos";
    let told = account.signalled("INT", halt, account.appconfig.until_calls("GetDeployment", 1)).await;
    let error = "\nerror: interrupted: NOT HALTED\nhint: say the same again, with `--stop-others` where another deployment is in \
                 the way; or set MISRULE_DISABLED=true on the functions\n";
    assert!(told.starts_with("exit 130\n----\n") && told.ends_with(error), "{told}");
}

#[tokio::test]
async fn a_halt_that_waits_for_its_alarms_ends_with_them() {
    let account = account().await;
    let alarm = "arn:aws:cloudwatch:eu-west-3:123456789012:alarm:orders-fail";
    let publish = format!("publish outage.toml --to shop/prod/chaos --alarm {alarm}");
    assert!(account.misrule(&publish).await.starts_with("exit 0\n"));
    account.appconfig.set_alarm(alarm, AlarmState::Alarm);
    let updates = account.appconfig.calls("UpdateEnvironment");
    let off = account.appconfig.until_calls("UpdateEnvironment", updates + 1);
    let told = account.signalled("INT", "halt --to shop/prod/chaos", off).await;
    assert!(told.contains("\ninterrupted: this ends once the alarms are back\n"), "{told}");
    assert!(told.contains("\nput the alarms back on `prod`\n"), "{told}");
    assert!(told.starts_with("exit 0\nversion 3 deployment 3\n"), "{told}");
    assert_eq!(account.alarms().await, [alarm]);
}

#[tokio::test]
async fn what_gets_no_answer_can_be_interrupted() {
    for (command, told) in [("halt", "NOT HALTED"), ("publish outage.toml", NOTHING), ("resume", NOTHING)] {
        let account = account().await;
        account.appconfig.set_behaviour(Plane::Control, Behaviour::Hang);
        let command = format!("{command} --to shop/prod/chaos");
        let asked = account.appconfig.until_calls("ListApplications", 1);
        let interrupted = account.signalled("INT", &command, asked).await;
        assert!(interrupted.starts_with(&format!("exit 130\n----\nerror: interrupted: {told}\n")), "{interrupted}");
    }
}

const NOTHING: &str = "nothing was deployed";

/// The command's first look, at its AWS profile, lasts as long as nobody writes that.
#[tokio::test]
async fn what_has_not_asked_yet_can_be_interrupted() {
    for (command, told) in [("halt", "NOT HALTED"), ("publish outage.toml", NOTHING), ("resume", NOTHING)] {
        let account = account().await;
        let settings = account.session.path("aws-config");
        assert!(Command::new("mkfifo").arg(&settings).status().unwrap().success());
        let child = account.session.start(&format!("{command} --to shop/prod/chaos"));
        let looked = settings.clone();
        let open = tokio::task::spawn_blocking(move || OpenOptions::new().write(true).open(looked));
        let writer = open.await.unwrap().unwrap();
        send("INT", &child);
        fs::remove_file(&settings).unwrap();
        drop(writer);
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        let interrupted = Run::of(output).told();
        assert!(interrupted.starts_with(&format!("exit 130\n----\nerror: interrupted: {told}\n")), "{interrupted}");
    }
}
