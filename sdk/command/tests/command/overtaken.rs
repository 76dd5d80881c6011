//! Commands that are at one place at the same time: a halt wins, and nothing is replaced that nobody looked at.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::account::{Account, OUTAGE};
use crate::front;
use crate::session::Session;

const PUBLISH: &str = "publish outage.toml --to shop/prod/chaos";
const HALT: &str = "halt --to shop/prod/chaos";
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// What is told of a halt that came meanwhile.
fn not_deployed(halt: &str) -> String {
    format!(
        "error: NOT DEPLOYED: shop/prod/chaos was halted meanwhile ({halt})\n\
         hint: `misrule resume --to shop/prod/chaos` brings back what was in force before the halt; say the same again \
         where it is meant in spite of the halt\n"
    )
}

/// An account in which an experiment is in force.
async fn account() -> Account {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    assert!(account.misrule(PUBLISH).await.starts_with("exit 0\nversion 2 deployment 2 "));
    account
}

/// Whether somebody waits: looks at a deployment beyond those that there were.
async fn waits(account: &Account) {
    account.appconfig.until_calls("GetDeployment", account.appconfig.calls("GetDeployment") + 2).await;
}

async fn assert_halted(account: &Account) {
    let status = account.misrule("status --to shop/prod/chaos").await;
    assert!(status.starts_with("exit 0\nstate       halted\n") && !status.contains("under way"), "{status}");
}

#[tokio::test]
async fn a_publication_that_waits_for_its_own_profile_heeds_a_halt() {
    let account = account().await;
    account.deploy_slowly(&account.place).await;
    let halted = async {
        waits(&account).await;
        account.misrule(HALT).await
    };
    let (published, halted) = tokio::join!(account.misrule(PUBLISH), halted);
    assert!(halted.starts_with("exit 0\n"), "{halted}");
    let waited = "(DEPLOYING): waiting up to 10 min for its end\n";
    assert!(published.starts_with("exit 1\n----\n") && published.contains(waited), "{published}");
    assert!(published.contains("error: NOT DEPLOYED: shop/prod/chaos was halted meanwhile ("), "{published}");
    assert_halted(&account).await;
}

#[tokio::test]
async fn a_publication_that_waits_for_another_profile_heeds_a_halt() {
    for (before, halt, told) in [
        ("", "halt --to shop/prod/chaos --stop-others", "halted shop/prod/chaos: "),
        (HALT, HALT, "a halt is in force at shop/prod/chaos already: nothing was deployed\n"),
    ] {
        let account = account().await;
        if !before.is_empty() {
            assert!(account.misrule(before).await.starts_with("exit 0\n"));
        }
        account.deploy_slowly(&account.appconfig.create("shop", "prod", "flags")).await;
        let halted = async {
            waits(&account).await;
            let halted = account.misrule(halt).await;
            account.appconfig.advance(LONG);
            halted
        };
        let (published, halted) = tokio::join!(account.misrule(PUBLISH), halted);
        assert!(halted.starts_with("exit 0\n") && halted.contains(told), "{halted}");
        assert!(published.starts_with("exit 1\n----\n"), "{published}");
        assert!(published.contains("error: NOT DEPLOYED: shop/prod/chaos was halted meanwhile ("), "{published}");
        assert_halted(&account).await;
    }
}

#[tokio::test]
async fn a_publication_that_waits_leaves_alone_what_somebody_else_published() {
    let account = account().await;
    account.deploy_slowly(&account.appconfig.create("shop", "prod", "flags")).await;
    let overtakes = async {
        waits(&account).await;
        account.appconfig.deploy(&account.place, "application/json", "{}");
        account.appconfig.advance(LONG);
    };
    let (published, ()) = tokio::join!(account.misrule(PUBLISH), overtakes);
    let error = "error: NOT DEPLOYED: shop/prod/chaos has another deployment meanwhile (4)\nhint: `misrule status --to \
                 shop/prod/chaos` tells what is in force; say the same again where it is meant in its place\n";
    assert!(published.starts_with("exit 1\n----\n") && published.ends_with(error), "{published}");
}

/// An account in which an experiment is in force, behind a front that keeps one call back.
struct Kept {
    account: Account,
    reached: Arc<Notify>,
    goes_on: Arc<Notify>,
}

impl Kept {
    /// The first call whose request line begins and ends so is kept back.
    async fn back((begin, end): (&'static str, &'static str)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let account = Account::at(Session::new().file("outage.toml", OUTAGE), &endpoint).await;
        let (reached, goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let kept = Self { account, reached, goes_on };
        assert!(kept.directly(PUBLISH).await.starts_with("exit 0\nversion 2 deployment 2 "));
        let (appconfig, reached, goes_on) =
            (kept.account.appconfig.address(), Arc::clone(&kept.reached), Arc::clone(&kept.goes_on));
        tokio::spawn(async move {
            let mut keeps = true;
            while let Ok((mut caller, _)) = listener.accept().await {
                let Some((head, body)) = front::request(&mut caller).await else { continue };
                // The command makes one call after the other.
                if keeps && head.lines().next().is_some_and(|line| line.starts_with(begin) && line.ends_with(end)) {
                    keeps = false;
                    reached.notify_one();
                    goes_on.notified().await;
                }
                front::pass_on(caller, (&head, &body), appconfig).await;
            }
        });
        kept
    }

    /// Runs the command past the front.
    async fn directly(&self, arguments: &str) -> String {
        self.account.misrule(&format!("{arguments} --endpoint-url {}", self.account.appconfig.endpoint())).await
    }

    /// Runs the command, and does something else while its call is kept back.
    async fn meanwhile<T>(&self, arguments: &str, other: impl Future<Output = T>) -> (String, T) {
        let other = async {
            self.reached.notified().await;
            let other = other.await;
            self.goes_on.notify_one();
            other
        };
        tokio::join!(self.account.misrule(arguments), other)
    }
}

const START: (&str, &str) = ("POST ", "/deployments HTTP/1.1");

#[tokio::test]
async fn a_halt_between_the_last_look_and_the_start_is_heeded() {
    let kept = Kept::back(START).await;
    let (published, halted) = kept.meanwhile(PUBLISH, kept.directly(HALT)).await;
    assert!(halted.starts_with("exit 0\nversion 4 deployment 3\n"), "{halted}");
    assert!(published.starts_with("exit 1\n----\n"), "{published}");
    assert!(published.ends_with(&not_deployed("deployment 3")), "{published}");
    assert_halted(&kept.account).await;
}

#[tokio::test]
async fn a_resumption_leaves_alone_what_was_published_between() {
    let kept = Kept::back(START).await;
    assert!(kept.directly(HALT).await.starts_with("exit 0\n"));
    let (resumed, published) = kept.meanwhile("resume --to shop/prod/chaos", kept.directly(PUBLISH)).await;
    assert!(published.starts_with("exit 0\nversion 4 deployment 4 "), "{published}");
    let error = "error: NOT DEPLOYED: shop/prod/chaos has another deployment meanwhile (4)\n";
    assert!(resumed.starts_with("exit 1\n----\n") && resumed.contains(error), "{resumed}");
}

#[tokio::test]
async fn another_profile_may_be_deployed_between() {
    let kept = Kept::back(START).await;
    let flags = kept.account.appconfig.create("shop", "prod", "flags");
    let deploys = async { kept.account.appconfig.deploy(&flags, "text/plain", "x") };
    let (published, other) = kept.meanwhile(PUBLISH, deploys).await;
    assert_eq!(other, 1, "its first version");
    assert!(published.starts_with("exit 0\nversion 3 deployment 4 "), "{published}");
}

#[tokio::test]
async fn what_began_while_the_halt_did_is_halted_too() {
    let kept = Kept::back(("GET ", "/deployments/3 HTTP/1.1")).await;
    let (halted, ()) = kept.meanwhile(HALT, kept.account.start_slowly(&kept.account.place, "2")).await;
    let stops = "warning: deployment 4 began while the halt did: it is halted, too\n\
                 stopped deployment 4 of `chaos`: what was in force before it is again\n";
    assert!(halted.starts_with("exit 0\nversion 3 deployment 5\n") && halted.contains(stops), "{halted}");
    assert_halted(&kept.account).await;
}
