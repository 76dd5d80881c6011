//! `misrule status`, `history` and `resume`.

use misrule_engine::digest::Digest;

use crate::account::{Account, OUTAGE, until};
use crate::session::Session;

/// Instants, which differ from run to run, as `NOW`.
fn timeless(told: &str) -> String {
    let is_instant = |word: &str| {
        word.len() >= 20 && word.trim_end_matches(':').ends_with('Z') && word.as_bytes().get(10) == Some(&b'T')
    };
    let words = |line: &str| {
        let words = line.split(' ').map(|word| if is_instant(word) { "NOW" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    told.split('\n').map(words).collect::<Vec<_>>().join("\n")
}

async fn told(account: &Account, arguments: &str) -> String {
    timeless(&account.misrule(&format!("{arguments} --to shop/prod/chaos")).await)
}

#[tokio::test]
async fn status_tells_what_is_in_force() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    assert_eq!(told(&account, "status").await, "exit 0\nstate       nothing is deployed\n----\n");
    assert!(told(&account, "publish outage.toml").await.starts_with("exit 0\n"));
    let digest = account.digest(2).await;
    let outage = format!(
        "experiment  outage\nends        NOW\nsignature   none\nversion     2 sha256 {digest}\ndeployment  2\n"
    );
    assert_eq!(
        told(&account, "status").await,
        format!("exit 0\nstate       in force\n{outage}since       NOW\n----\n")
    );
    account.deploy_slowly(&account.place).await;
    let other = Digest::of(b"{\"halt\": true}");
    assert_eq!(
        told(&account, "status").await,
        format!(
            "exit 0\nstate       in force\n{outage}since       NOW\nunder way   DEPLOYING, 0 %\n  \
             version     1 sha256 {other}\n  deployment  3\n----\n"
        )
    );
    assert!(told(&account, "halt").await.starts_with("exit 0\n"));
    let halted = told(&account, "status").await;
    assert!(halted.starts_with("exit 0\nstate       halted\nversion     4 sha256 "), "{halted}");
}

#[tokio::test]
async fn history_tells_each_deployment_and_what_took_it_back() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    assert_eq!(told(&account, "history").await, "exit 0\nnothing was deployed\n----\n");
    assert!(told(&account, "publish outage.toml").await.starts_with("exit 0\n"));
    account.deploy_slowly(&account.place).await;
    assert!(told(&account, "halt").await.starts_with("exit 0\n"));
    let history = told(&account, "history").await;
    let rows: Vec<Vec<_>> = history.lines().map(|line| line.split_whitespace().collect()).collect();
    let row = |number: usize| rows[number].join(" ");
    assert_eq!(row(1), "deployment state version started what taken back");
    assert_eq!(row(3), "4 COMPLETE 4 NOW misrule: halt");
    assert_eq!(row(4), "3 ROLLED_BACK 1 NOW by a user: Rollback initiated by a call of StopDeployment");
    let short = account.digest(2).await.short().to_string();
    assert_eq!(row(5), format!("2 COMPLETE 2 NOW misrule: outage sha256 {short}"));
    assert_eq!(row(6), "1 COMPLETE 1 NOW misrule: halt: before the first experiment");
    let newest = told(&account, "history --last 1").await;
    assert!(newest.ends_with("\n----\nthe newest 1 of 4 deployments: `--last 4` tells of all\n"), "{newest}");
    assert!(newest.contains("\n         4  COMPLETE") && !newest.contains("ROLLED_BACK"), "{newest}");
}

#[test]
fn no_deployments_at_all_are_not_asked_for() {
    for count in ["0", "-1", "many"] {
        let told = Session::new().misrule(&format!("history --to shop/prod/chaos --last={count}"));
        let error = format!("error: invalid value '{count}' for '--last <COUNT>': expected a whole number from 1 on\n");
        assert!(told.starts_with(&format!("exit 2\n----\n{error}")), "{told}");
    }
}

#[tokio::test]
async fn what_was_halted_is_resumed_byte_for_byte() {
    let account = Account::of(Session::new().file("outage.toml", until())).await;
    assert!(told(&account, "publish outage.toml").await.starts_with("exit 0\n"));
    assert_eq!(
        told(&account, "resume").await,
        "exit 1\n----\nerror: `outage` is in force at shop/prod/chaos: it is not halted\n\
         hint: `misrule halt` stops it, `misrule publish` replaces it\n"
    );
    assert!(told(&account, "halt").await.starts_with("exit 0\n"));
    assert_eq!(
        told(&account, "resume").await,
        "exit 0\nversion 2 deployment 4\n----\n\
         resuming `outage`, version 2: the last in force before the halt, from NOW until NOW\n\
         deployment 4: COMPLETE, 100 %\nresumed `outage` at shop/prod/chaos: it ends at NOW unless halted before\n"
    );
    let again = told(&account, "publish outage.toml").await;
    assert!(again.contains("is in force at shop/prod/chaos already"), "{again}");
}

#[tokio::test]
async fn what_is_over_or_was_never_in_force_is_not_resumed() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let hint = "hint: publish it: `misrule publish EXPERIMENT.TOML`\n";
    assert_eq!(
        told(&account, "resume").await,
        format!("exit 1\n----\nerror: no experiment was in force at shop/prod/chaos\n{hint}")
    );
    let over = r#"{ "name": "old", "expires": "2020-01-01T00:00:00Z", "blast_radius": { "functions": ["*"] },
                    "policy": [{ "use": "path-outage", "settings": { "paths": ["/"] } }] }"#;
    account.appconfig.deploy(&account.place, "application/json", over);
    account.appconfig.deploy(&account.place, "application/json", "{\"halt\": true}");
    assert_eq!(
        told(&account, "resume").await,
        format!(
            "exit 1\n----\nerror: `old` cannot be resumed\n  because: `expires` was NOW the experiment is over\n{hint}"
        )
    );
}

#[tokio::test]
async fn what_is_no_halt_is_not_taken_away() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    assert!(told(&account, "publish outage.toml").await.starts_with("exit 0\n"));
    account.appconfig.deploy(&account.place, "text/plain", "junk");
    assert_eq!(
        told(&account, "resume").await,
        "exit 1\n----\nerror: shop/prod/chaos is not halted: deployment 3 is in force there, and holds no experiment\n\
         hint: `misrule history --to shop/prod/chaos` tells what it is; `misrule publish` replaces it, `misrule halt` halts\n"
    );
    assert_eq!(account.appconfig.calls("StartDeployment"), 2);
}

#[tokio::test]
async fn what_was_stopped_on_its_way_is_told_of_and_not_resumed() {
    let later = OUTAGE.replace("outage", "later").replace("use = \"path-later\"", "use = \"path-outage\"");
    let account = Account::of(Session::new().file("outage.toml", OUTAGE).file("later.toml", later)).await;
    for command in ["publish outage.toml", "halt"] {
        assert!(told(&account, command).await.starts_with("exit 0\n"));
    }
    let publish = "publish later.toml --to shop/prod/chaos --grow=50%every5m";
    let looks = account.appconfig.calls("GetDeployment");
    let under_way = account.appconfig.until_calls("GetDeployment", looks + 1);
    assert!(account.signalled("INT", publish, under_way).await.starts_with("exit 130\n"));
    assert!(told(&account, "halt").await.starts_with("exit 0\n"));
    let stopped = "warning: `later`, version 4, was stopped on its way (deployment 4), and is not resumed: publish it again where it \
                   is meant, `misrule publish EXPERIMENT.TOML --to shop/prod/chaos`\n";
    let resuming = "resuming `outage`, version 2: the last in force before the halt, from NOW until NOW\n";
    let rehearsed = told(&account, "resume --dry-run").await;
    assert!(rehearsed.contains(&format!("----\n{stopped}{resuming}")), "{rehearsed}");
    let resumed = told(&account, "resume").await;
    let said = format!("exit 0\nversion 2 deployment 6\n----\n{stopped}{resuming}deployment 6: COMPLETE, 100 %\n");
    assert!(resumed.starts_with(&said), "{resumed}");
}

/// An experiment of ready-made policies that was published to these places.
fn published_to(accounts: &str, regions: &str, environments: &str) -> String {
    until_json(&format!(r#""accounts": [{accounts}], "regions": [{regions}], "environments": [{environments}]"#))
}

fn until_json(published_to: &str) -> String {
    let end = until();
    let (_, end) = end.split_once("expires = ").unwrap();
    let end = end.lines().next().unwrap();
    format!(
        r#"{{ "name": "far", "expires": "{end}", "published_to": {{ {published_to} }},
             "blast_radius": {{ "functions": ["*"] }}, "policy": [{{ "use": "latency", "settings": {{ "delay": "1s" }} }}] }}"#
    )
}

#[tokio::test]
async fn what_was_published_elsewhere_is_neither_in_force_nor_resumed() {
    let account = Account::of(Session::new()).await;
    let place = &account.place;
    for (regions, environments, refused) in [
        ("\"us-east-1\"", "\"prod\"", "it was published to the region us-east-1, and this is eu-west-3"),
        (
            "\"eu-west-3\"",
            "\"staging\"",
            "it was published to the AppConfig environment staging, and came through prod",
        ),
    ] {
        let content = published_to("\"123456789012\"", regions, environments);
        account.appconfig.deploy(place, "application/json", content);
        let status = told(&account, "status").await;
        let state = format!("exit 0\nstate       not in force, every layer here refuses it: {refused}\n");
        assert!(status.starts_with(&state), "{status}");
        account.appconfig.deploy(place, "application/json", "{\"halt\": true}");
        assert_eq!(
            told(&account, "resume").await,
            format!(
                "exit 1\n----\nerror: every layer here would refuse `far`\n  because: {refused}\n\
                 hint: publish it for here: `misrule publish EXPERIMENT.TOML`, to all its regions with one command\n"
            )
        );
    }
    let here = published_to("\"123456789012\"", "\"eu-west-3\"", &format!("\"{}\"", place.environment));
    account.appconfig.deploy(place, "application/json", here);
    assert!(told(&account, "status").await.starts_with("exit 0\nstate       in force\n"));
}
