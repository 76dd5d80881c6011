//! Calls that get no answer.

use misrule_local::appconfig::{Behaviour, Plane};
use tokio::net::TcpListener;

use crate::account::{Account, OUTAGE};
use crate::front;
use crate::session::Session;

#[tokio::test]
async fn who_gets_no_answer_says_so_and_gives_up() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE).with("AWS_MAX_ATTEMPTS", "1")).await;
    account.appconfig.set_behaviour(Plane::Control, Behaviour::Hang);
    let (halted, published, told) = tokio::join!(
        account.misrule("halt --to shop/prod/chaos"),
        account.misrule("publish outage.toml --to shop/prod/chaos"),
        account.misrule("status --to shop/prod/chaos"),
    );
    let call = "http://localhost for appconfig:ListApplications on region `eu-west-3`";
    let failed = |not_halted: &str, or: &str| {
        format!(
            "exit 1\n----\nwarning: no answer yet from {call}: it is given up after 1 attempt of 10 s\n\
             error: {not_halted}cannot reach AppConfig at {call}: no answer in 1 attempt of 10 s\n\
             hint: check `--region`, `--endpoint-url` and the network{or}\n"
        )
    };
    assert_eq!(halted, failed("NOT HALTED: ", "; or set MISRULE_DISABLED=true on the functions"));
    assert_eq!(published, failed("", ""));
    assert_eq!(told, failed("", ""));
}

#[tokio::test]
async fn what_goes_on_unwatched_is_told() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE).with("AWS_MAX_ATTEMPTS", "1")).await;
    let breaks = async {
        // The halt that goes first takes the first look.
        account.appconfig.until_calls("GetDeployment", 2).await;
        account.appconfig.set_behaviour(Plane::Control, Behaviour::Refuse);
    };
    let publish = "publish outage.toml --to shop/prod/chaos --grow=50%every5m";
    let (told, ()) = tokio::join!(account.misrule(publish), breaks);
    let error = "\nerror: deployment 2 goes on, and its end is not known: cannot reach AppConfig at http://localhost for \
                 appconfig:GetDeployment on deployment 2 of shop/prod/chaos: ";
    let hint = "\nhint: `misrule status --to shop/prod/chaos` tells how far it is, `misrule halt --to shop/prod/chaos` stops it\n";
    assert!(told.starts_with("exit 1\n----\n") && told.contains(error) && told.ends_with(hint), "{told}");
}

/// The SDK asks again, and AppConfig says that a deployment is there already.
#[tokio::test]
async fn a_start_whose_answer_is_lost_is_found_again() {
    // A halt takes the place of anything, and so its own at once.
    for (command, deployment) in [("publish outage.toml", 2), ("publish outage.toml --bake 1m", 2), ("halt", 3)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let account = Account::at(Session::new().file("outage.toml", OUTAGE), &endpoint).await;
        account.appconfig.deploy(&account.place, "application/json", "{}");
        let appconfig = account.appconfig.address();
        tokio::spawn(async move {
            let mut loses = true;
            while let Ok((mut caller, _)) = listener.accept().await {
                let Some((head, body)) = front::request(&mut caller).await else { continue };
                let Some(answer) = front::answer((&head, &body), appconfig).await else { continue };
                let starts = head.starts_with("POST ") && head.contains("/deployments HTTP/1.1");
                if !(starts && std::mem::take(&mut loses)) {
                    front::hand_over(&mut caller, &answer).await;
                }
            }
        });
        let baked = async {
            account.appconfig.until_calls("GetDeployment", 1).await;
            account.appconfig.advance(std::time::Duration::from_secs(60));
        };
        let arguments = format!("{command} --to shop/prod/chaos");
        let (told, ()) = tokio::join!(account.misrule(&arguments), baked);
        assert!(told.starts_with(&format!("exit 0\nversion 2 deployment {deployment}")), "{command}: {told}");
        assert_eq!(account.appconfig.calls("StartDeployment"), 2, "{command}");
        assert_eq!(account.appconfig.calls("StopDeployment"), 0, "{command}");
    }
}
