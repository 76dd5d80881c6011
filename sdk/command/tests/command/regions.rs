//! Several regions with one command.

use misrule_local::appconfig::{AppConfig, Behaviour, Plane};

use crate::account::{Account, OUTAGE, until};
use crate::session::Session;

/// An AppConfig for each of two regions.
struct Regions {
    paris: AppConfig,
    virginia: AppConfig,
    account: Account,
}

impl Regions {
    async fn of(session: Session) -> Self {
        let (paris, virginia) = (AppConfig::serve().await.unwrap(), AppConfig::serve().await.unwrap());
        Self { paris, virginia, account: Account::of(session).await }
    }

    fn both(&self, arguments: &str) -> String {
        let (paris, virginia) = (self.paris.endpoint(), self.virginia.endpoint());
        format!("{arguments} --region eu-west-3,us-east-1 --endpoint-url {paris},{virginia}")
    }

    async fn misrule(&self, arguments: &str) -> String {
        self.account.misrule(&self.both(arguments)).await
    }
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
    let denied = "error: eu-west-3: NOT HALTED: access denied: appconfig:ListApplications on region `eu-west-3`\nhint: allow the action \
                  appconfig:ListApplications in the caller's IAM policy; or set MISRULE_DISABLED=true on the functions\n";
    assert!(told.contains(denied) && told.contains("us-east-1: halted shop/prod/chaos: "), "{told} {table} {said}");
    assert!(told.contains("error: 1 of 2 regions failed\nhint: the others did as is told above;"), "{told}");
    assert_eq!(regions.virginia.calls("StartDeployment"), 3);
}

#[tokio::test]
async fn an_interrupt_tells_what_goes_on_in_each_region() {
    let regions = Regions::of(Session::new().file("outage.toml", OUTAGE)).await;
    let publish = regions.both("publish outage.toml --to shop/prod/chaos --yes --grow=50%every5m");
    let both = async {
        regions.paris.until_calls("GetDeployment", 2).await;
        regions.virginia.until_calls("GetDeployment", 2).await;
    };
    let told = regions.account.signalled("INT", &publish, both).await;
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

#[tokio::test]
async fn regions_that_share_an_endpoint_are_refused_before_anything_is_made() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let publish = "publish outage.toml --to blog/prod/faults --yes";
    let refused = "exit 1\n----\nerror: the regions eu-west-3 and us-east-1 share one endpoint, http://localhost, which \
         AWS_ENDPOINT_URL or `--endpoint-url` says\nhint: what is absent would be made once for each, under one name: leave \
         the endpoint out, and each region has its own; or name one for each: `--endpoint-url URL,URL`\n";
    let both = "--region eu-west-3,us-east-1";
    let url = account.appconfig.endpoint();
    for endpoint in [String::new(), format!("--endpoint-url {url}"), format!("--endpoint-url {url},{url}")] {
        assert_eq!(account.misrule(&format!("{publish} {both} {endpoint}")).await, refused, "{endpoint}");
    }
    assert_eq!(account.appconfig.calls("ListApplications") + account.appconfig.calls("CreateApplication"), 0);
    assert!(account.misrule(&format!("{publish} --region us-east-1")).await.starts_with("exit 0\n"));
    let told = account.misrule(&format!("{publish} --endpoint-url {url},{url}")).await;
    let count = "error: `--endpoint-url` names 2 endpoints, and the regions are 1\nhint: name one for each region, in their order\n";
    assert_eq!(told, format!("exit 1\n----\n{count}"));
}

#[tokio::test]
async fn an_endpoint_of_appconfigs_alone_is_shared_too() {
    let session = Session::new().file("outage.toml", OUTAGE).with("AWS_ENDPOINT_URL_APPCONFIG", "http://127.0.0.1:1");
    let account = Account::at(session, "http://127.0.0.1:2").await;
    let told = account.misrule("publish outage.toml --to shop/prod/chaos --region eu-west-3,us-east-1").await;
    let error = "error: the regions eu-west-3 and us-east-1 share one endpoint, http://127.0.0.1:1, which ";
    assert!(told.starts_with(&format!("exit 1\n----\n{error}")), "{told}");
}
