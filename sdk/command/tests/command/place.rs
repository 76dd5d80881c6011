//! Where something is published: found, made, or told to be absent.

use misrule_engine::experiment::Experiment;

use crate::account::{Account, OUTAGE, until};
use crate::session::Session;

#[tokio::test]
async fn a_place_that_is_not_there_is_named_with_those_that_are() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    for (to, what, there) in [
        ("blog/prod/chaos", "application `blog` in region `eu-west-3`", "shop"),
        ("shop/test/chaos", "environment `test` in application `shop`", "prod"),
        ("shop/prod/havoc", "configuration profile `havoc` in application `shop`", "chaos"),
    ] {
        for command in ["publish outage.toml", "halt", "status", "history", "resume"] {
            let told = account.misrule(&format!("{command} --to {to}")).await;
            let next = match command {
                "publish outage.toml" => "`misrule publish --yes` makes what is absent",
                _ => "name one of them in `--to`, or another `--region`",
            };
            let (halted, or) = match command {
                "halt" => ("NOT HALTED: ", "; or set MISRULE_DISABLED=true on the functions"),
                _ => ("", ""),
            };
            let hint = format!("hint: there is: {there}; {next}{or}");
            assert_eq!(told, format!("exit 1\n----\nerror: {halted}there is no {what}\n{hint}\n"));
        }
    }
    assert_eq!(
        account.misrule("publish outage.toml --to shop").await,
        "exit 2\n----\nerror: invalid value 'shop' for '--to <APP/ENV/PROFILE>': expected APP/ENV/PROFILE, three names or \
         ids of AWS AppConfig\n\nFor more information, try '--help'.\n"
    );
}

/// What a dry run says is what is then called, in this order.
const CALLS: &[&str] = &[
    "CreateApplication on application `blog`: of this name",
    "CreateEnvironment on environment `prod`: in application `blog`",
    "CreateConfigurationProfile on configuration profile `faults`: in application `blog`, hosted, AWS.Freeform",
    "CreateDeploymentStrategy on deployment strategy `misrule-immediate`: 100 % a step, 0 min in all, 0 min of bake time",
    "CreateHostedConfigurationVersion on configuration profile `faults`: 14 bytes of application/json, `misrule: halt: before \
     the first experiment`",
    "StartDeployment on environment `prod`: of the new version, strategy `misrule-immediate`",
    "CreateHostedConfigurationVersion on configuration profile `faults`: N bytes of application/json, `misrule: outage sha256 DIGEST`",
    "StartDeployment on environment `prod`: of the new version, strategy `misrule-immediate`",
];

/// Numbers of bytes and digests depend on ids.
fn anonymous(line: &str) -> String {
    let line = line.strip_prefix("eu-west-3: appconfig:").unwrap_or(line);
    match line.split_once("configuration profile `faults`: ") {
        Some((before, after)) if after.contains("sha256") => {
            let (_, rest) = after.split_once(" bytes").unwrap();
            let (rest, _) = rest.split_once("sha256").unwrap();
            format!("{before}configuration profile `faults`: N bytes{rest}sha256 DIGEST`")
        }
        _ => line.to_owned(),
    }
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_made_and_makes_nothing() {
    let account = Account::of(Session::new().file("outage.toml", until())).await;
    let told = account.misrule("publish outage.toml --to blog/prod/faults --dry-run").await;
    let calls: Vec<_> = told.lines().filter(|line| line.starts_with("eu-west-3: appconfig:")).map(anonymous).collect();
    assert_eq!(calls, CALLS);
    assert!(told.starts_with("exit 0\n") && told.ends_with("\na dry run: nothing was changed\n"), "{told}");
    for call in CALLS {
        assert_eq!(account.appconfig.calls(call.split(' ').next().unwrap()), 0, "{call}");
    }
    let told = account.misrule("publish outage.toml --to blog/prod/faults --yes").await;
    assert!(told.starts_with("exit 0\nversion 2 deployment 2 sha256 "), "{told}");
    for call in CALLS {
        let name = call.split(' ').next().unwrap();
        // The strategy is there when it is needed again.
        let count = CALLS.iter().filter(|call| call.starts_with(name)).count() as u64;
        assert_eq!(account.appconfig.calls(name), count, "{call}");
    }
}

#[tokio::test]
async fn an_experiment_says_where_it_was_published_to() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    assert!(account.misrule("publish outage.toml --to shop/prod/chaos").await.starts_with("exit 0\n"));
    let published = Experiment::from_json(&account.version(2).await.2).unwrap().published_to;
    let mut environments = vec!["prod".to_owned(), account.place.environment.clone()];
    environments.sort();
    assert_eq!((published.regions, published.environments), (vec!["eu-west-3".to_owned()], environments));
    let by_id = format!("publish outage.toml --to shop/{}/chaos", account.place.environment);
    assert!(account.misrule(&by_id).await.starts_with("exit 0\n"));
    let published = Experiment::from_json(&account.version(3).await.2).unwrap().published_to;
    assert!(published.environments.contains(&"prod".to_owned()), "{published:?}");
}

#[tokio::test]
async fn a_profile_has_experiments_of_one_form() {
    let component = misrule_policies::component("path-outage").unwrap();
    let own = OUTAGE.replace("use = \"path-outage\"", "module = \"own.wasm\"");
    let session = Session::new().file("outage.toml", OUTAGE).file("own.toml", own).file("own.wasm", component);
    let account = Account::of(session).await;
    assert!(account.misrule("publish outage.toml --to shop/prod/chaos").await.starts_with("exit 0\n"));
    assert!(account.misrule("halt --to shop/prod/chaos").await.starts_with("exit 0\n"));
    assert_eq!(
        account.misrule("publish own.toml --to shop/prod/chaos").await,
        "exit 1\n----\nerror: configuration profile `chaos` has plain JSON, and this is a bundle\n\
         hint: name another configuration profile in `--to`, and in the MISRULE_SOURCE of its functions\n"
    );
    let other = "--to shop/prod/bundles --yes";
    assert!(account.misrule(&format!("publish own.toml {other}")).await.starts_with("exit 0\n"));
    let told = account.misrule(&format!("publish outage.toml {other}")).await;
    assert!(told.contains("profile `bundles` has a bundle, and this is plain JSON\n"), "{told}");
}
