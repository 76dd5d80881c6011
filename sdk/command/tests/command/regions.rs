//! Several regions with one command.

use std::net::SocketAddr;

use misrule_local::appconfig::{AppConfig, Behaviour, Plane};
use tokio::net::{TcpListener, TcpStream};

use crate::account::{Account, OUTAGE, until};
use crate::front;
use crate::session::Session;

/// A front before two AppConfigs: a call goes to that of the region which it is signed for.
struct Regions {
    paris: AppConfig,
    virginia: AppConfig,
    account: Account,
}

impl Regions {
    async fn of(session: Session) -> Self {
        let (paris, virginia) = (AppConfig::serve().await.unwrap(), AppConfig::serve().await.unwrap());
        let regions = [("eu-west-3", paris.address()), ("us-east-1", virginia.address())];
        let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let account = Account::at(session, &format!("http://{}", front.local_addr().unwrap())).await;
        tokio::spawn(async move {
            while let Ok((caller, _)) = front.accept().await {
                tokio::spawn(relay(caller, regions));
            }
        });
        Self { paris, virginia, account }
    }

    async fn misrule(&self, arguments: &str) -> String {
        self.account.misrule(&format!("{arguments} --region eu-west-3,us-east-1")).await
    }
}

async fn relay(mut caller: TcpStream, regions: [(&str, SocketAddr); 2]) -> Option<()> {
    let (head, body) = front::request(&mut caller).await?;
    let signed_for = |(region, _): &&(&str, SocketAddr)| head.contains(&format!("/{region}/"));
    let (_, address) = regions.iter().find(signed_for)?;
    front::pass_on(caller, (&head, &body), *address).await
}

#[tokio::test]
async fn one_version_goes_to_every_region_and_each_is_told_in_a_row() {
    let regions = Regions::of(Session::new().file("outage.toml", until())).await;
    let told = regions.misrule("publish outage.toml --to shop/prod/chaos --yes -q").await;
    let (exit, rest) = told.split_once('\n').unwrap();
    let digest = rest.lines().nth(2).unwrap().split_whitespace().last().unwrap();
    assert_eq!(exit, "exit 0", "{told}");
    let rule = "-".repeat(43 + digest.len());
    assert_eq!(
        rest,
        format!(
            "region     outcome    version  deployment  sha256\n{rule}\n\
             eu-west-3  published  2        2           {digest}\n\
             us-east-1  published  2        2           {digest}\n----\n"
        )
    );
    let again = regions.misrule("publish outage.toml --to shop/prod/chaos -q").await;
    assert_eq!(again.matches("already in force  2        2 ").count(), 2, "{again}");
    let told = regions.misrule("status --to shop/prod/chaos").await;
    for region in ["eu-west-3:\n  state       in force\n  experiment  outage\n", "us-east-1:\n  state       in force\n"]
    {
        assert!(told.contains(region), "{told}");
    }
}

#[tokio::test]
async fn a_region_that_fails_does_not_keep_the_others_from_being_halted() {
    let regions = Regions::of(Session::new().file("outage.toml", OUTAGE)).await;
    assert!(regions.misrule("publish outage.toml --to shop/prod/chaos --yes").await.starts_with("exit 0\n"));
    regions.paris.set_behaviour(Plane::Control, Behaviour::Status(403));
    let told = regions.misrule("halt --to shop/prod/chaos").await;
    let (table, said) = told.split_once("----\n").unwrap().1.split_once("----\n").map_or(("", ""), |it| it);
    assert!(told.starts_with("exit 1\nregion     outcome  version  deployment\n"), "{told}");
    assert!(told.contains("\neu-west-3  failed\nus-east-1  halted   3        3\n"), "{told}");
    let denied = "error: eu-west-3: access denied: appconfig:ListApplications on region `eu-west-3`\n";
    assert!(told.contains(denied) && told.contains("us-east-1: halted shop/prod/chaos: "), "{told} {table} {said}");
    assert!(told.contains("error: 1 of 2 regions failed\nhint: the others did as is told above;"), "{told}");
    assert_eq!(regions.virginia.calls("StartDeployment"), 3);
}

#[tokio::test]
async fn an_interrupt_tells_what_goes_on_in_each_region() {
    let regions = Regions::of(Session::new().file("outage.toml", OUTAGE)).await;
    let publish = "publish outage.toml --to shop/prod/chaos --yes --grow=50%every5m --region eu-west-3,us-east-1";
    let both = async {
        regions.paris.until_calls("GetDeployment", 2).await;
        regions.virginia.until_calls("GetDeployment", 2).await;
    };
    let told = regions.account.signalled("INT", publish, both).await;
    let goes_on = "deployment 2 goes on without this command";
    let error = format!("error: interrupted: eu-west-3: {goes_on}; us-east-1: {goes_on}\n");
    let to = "--to shop/prod/chaos --region eu-west-3,us-east-1";
    let hint = format!("hint: `misrule halt {to}` stops it; `misrule status {to}` tells how far it is\n");
    assert!(told.starts_with("exit 130\n----\n") && told.ends_with(&format!("{error}{hint}")), "{told}");
}

#[tokio::test]
async fn a_dry_run_names_the_region_of_each_call() {
    let regions = Regions::of(Session::new().file("outage.toml", OUTAGE)).await;
    let told = regions.misrule("publish outage.toml --to shop/prod/chaos --dry-run -q").await;
    for region in ["eu-west-3", "us-east-1"] {
        let call = format!("{region}: appconfig:CreateApplication on application `shop`: of this name\n");
        assert!(told.contains(&call), "{told}");
    }
    assert_eq!(regions.paris.calls("CreateApplication") + regions.virginia.calls("CreateApplication"), 0);
}

#[tokio::test]
async fn what_is_deployed_already_is_left_alone() {
    let account = Account::of(Session::new().file("outage.toml", until())).await;
    let first = account.misrule("publish outage.toml --to shop/prod/chaos -q").await;
    assert!(first.starts_with("exit 0\nversion 2 deployment 2 sha256 "), "{first}");
    let again = account.misrule("publish outage.toml --to shop/prod/chaos").await;
    let (line, _) = first.split_once("----").unwrap();
    assert_eq!(
        again,
        format!("{line}----\n`outage` is in force at shop/prod/chaos already, byte for byte: nothing was changed\n")
    );
    assert_eq!(account.appconfig.calls("CreateHostedConfigurationVersion"), 2);
    // What counts is what is deployed, not what was uploaded last.
    assert!(account.misrule("halt --to shop/prod/chaos").await.starts_with("exit 0\n"));
    let third = account.misrule("publish outage.toml --to shop/prod/chaos -q").await;
    assert!(third.starts_with("exit 0\nversion 4 deployment 4 sha256 "), "{third}");
}

#[tokio::test]
async fn where_all_regions_failed_there_are_no_others() {
    let regions = Regions::of(Session::new().file("outage.toml", OUTAGE)).await;
    for appconfig in [&regions.paris, &regions.virginia] {
        appconfig.set_behaviour(Plane::Control, Behaviour::Status(403));
    }
    let told = regions.misrule("halt --to shop/prod/chaos").await;
    assert!(told.ends_with("error: 2 of 2 regions failed\n"), "{told}");
}

#[tokio::test]
async fn a_region_that_is_misspelt_is_told_before_anything_is_called() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    account.appconfig.set_behaviour(Plane::Control, Behaviour::Status(403));
    let told = account.misrule("publish outage.toml --to shop/prod/chaos --region us-esat-1").await;
    let warning =
        "warning: `us-esat-1` is no region that this version knows: it is new, or misspelt; `us-east-1` is one\n";
    assert!(told.starts_with(&format!("exit 1\n----\n{warning}error: access denied: ")), "{told}");
}
