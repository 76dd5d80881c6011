//! `misrule publish` to one place.

use misrule_engine::delivery::{Delivery, Form};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::Ends;
use misrule_local::appconfig::{Behaviour, Plane};

use crate::account::{Account, OUTAGE};
use crate::session::Session;

#[tokio::test]
async fn ready_made_policies_are_published_as_json() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    let told = account.misrule("publish outage.toml --to shop/prod/chaos").await;
    let (media_type, description, content) = account.version(2).await;
    let digest = Digest::of(&content);
    assert_eq!(
        (media_type.as_str(), description),
        ("application/json", format!("misrule: outage sha256 {}", digest.short()))
    );
    let Delivery::Experiment(package) = Delivery::read(&content.into(), None).unwrap() else { panic!("no experiment") };
    assert_eq!((package.form, package.experiment.published_to.regions), (Form::Json, vec!["eu-west-3".to_owned()]));
    let Ends::At(ends) = package.experiment.ends else { panic!("it has no end") };
    assert_eq!(
        told,
        format!(
            "exit 0\nversion 2 deployment 2 sha256 {digest}\n----\nnothing is deployed there yet: a halt goes first, so that \
             a rollback has somewhere to go\ndeployment 1: COMPLETE, 100 %\ndeployment 2: COMPLETE, 100 %\npublished `outage` to shop/prod/chaos: it ends at {ends} unless halted before\n"
        )
    );
}

#[tokio::test]
async fn modules_are_published_as_a_bundle() {
    let component = misrule_policies::component("path-outage").unwrap();
    let own = OUTAGE.replace("use = \"path-outage\"", "module = \"own.wasm\"");
    let account = Account::of(Session::new().file("policies/own.wasm", component).file("policies/own.toml", own)).await;
    let told = account.misrule("publish policies/own.toml --to shop/prod/chaos -q").await;
    let (media_type, _, content) = account.version(2).await;
    assert_eq!(told, format!("exit 0\nversion 2 deployment 2 sha256 {}\n----\n", Digest::of(&content)));
    let Delivery::Experiment(package) = Delivery::read(&content.into(), None).unwrap() else { panic!("no experiment") };
    assert_eq!((media_type.as_str(), package.form), ("application/zip", Form::Bundle));
    assert_eq!(package.modules["own.wasm"], component);
}

#[tokio::test]
async fn the_strategy_is_made_once() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    for _ in 0..2 {
        assert!(account.misrule("publish outage.toml --to shop/prod/chaos").await.starts_with("exit 0\n"));
    }
    assert_eq!(account.appconfig.calls("CreateDeploymentStrategy"), 1);
    assert_eq!(account.appconfig.calls("StartDeployment"), 3);
}

#[tokio::test]
async fn publishing_waits_for_the_deployment_that_is_under_way() {
    let account = Account::of(Session::new().file("outage.toml", OUTAGE)).await;
    account.deploy_slowly(&account.place).await;
    let told = account.misrule("publish outage.toml --to shop/prod/chaos --wait 1").await;
    let waits =
        "deployment 1 of `chaos` is under way in environment `prod` (DEPLOYING): waiting up to 1 s for its end\n";
    assert!(told.starts_with(&format!("exit 1\n----\n{waits}")), "{told}");
    assert_eq!(account.appconfig.calls("CreateHostedConfigurationVersion"), 1, "nothing was uploaded");

    let looks = account.appconfig.calls("GetDeployment");
    let stopped = async {
        account.appconfig.until_calls("GetDeployment", looks + 2).await;
        let request = account.client().stop_deployment().application_id(&account.place.application);
        request.environment_id(&account.place.environment).deployment_number(1).send().await.unwrap();
    };
    let (told, ()) = tokio::join!(account.misrule("publish outage.toml --to shop/prod/chaos"), stopped);
    assert!(told.starts_with("exit 0\nversion 3 deployment 3 "), "{told}");
    assert!(told.contains("waiting up to 10 min for its end\n"), "{told}");
}

#[tokio::test]
async fn a_region_outside_the_blast_radius_is_warned_of() {
    let elsewhere = OUTAGE.replace("[[policy]]", "regions = [\"us-east-1\"]\n[[policy]]");
    let account = Account::of(Session::new().file("outage.toml", elsewhere)).await;
    let told = account.misrule("publish outage.toml --to shop/prod/chaos").await;
    let warning =
        "----\nwarning: `blast_radius.regions` does not name `eu-west-3`: published there, `outage` arms nothing\n";
    assert!(told.starts_with("exit 0\n") && told.contains(warning), "{told}");
    let last = "\nwarning: NOTHING CAN BE INJECTED by `outage`: `blast_radius.regions` names none of the regions that it is published to\n";
    assert!(told.ends_with(last), "{told}");
    let told = account.misrule("publish outage.toml --to shop/prod/chaos --region us-east-1").await;
    assert!(told.starts_with("exit 0\n") && !told.contains("warning"), "{told}");
}

#[tokio::test]
async fn what_can_inject_nothing_is_warned_of() {
    for (more, warning) in [
        ("rate = 0\n[[policy]]", "warning: `blast_radius.rate` is 0: `outage` injects nothing\n"),
        ("[[policy]]\nrate = 0", "warning: policy `path-outage`: its `rate` is 0: it injects nothing\n"),
        (
            "faults = [\"delay\"]\n[[policy]]",
            "warning: policy `path-outage` asks for respond-http, and `blast_radius.faults` allows delay: it injects nothing\n",
        ),
        (
            "faults = [\"respond-http\", \"block-hosts\"]\n[[policy]]",
            "warning: `blast_radius.faults` names `block-hosts`, which only functions with `MISRULE_BLOCK_HOSTS=true` carry out\n",
        ),
        (
            "max_age = \"1500ms\"\n[[policy]]",
            "warning: `blast_radius.max_age` is 1.5 s, and layers ask AppConfig every 60 s unless it says otherwise: in between, nothing is injected\n",
        ),
    ] {
        let account = Account::of(Session::new().file("outage.toml", OUTAGE.replace("[[policy]]", more))).await;
        let told = account.misrule("publish outage.toml --to shop/prod/chaos").await;
        assert!(told.starts_with("exit 0\n") && told.contains(warning), "{told}");
        let last = told.lines().last().unwrap().starts_with("warning: NOTHING CAN BE INJECTED by `outage`: ");
        assert_eq!(last, warning.ends_with("injects nothing\n"), "{told}");
    }
}

#[tokio::test]
async fn a_region_of_the_blast_radius_that_is_misspelt_is_warned_of() {
    let misspelt = OUTAGE.replace("[[policy]]", "regions = [\"eu-west-3\", \"us-esat-1\"]\n[[policy]]");
    let account = Account::of(Session::new().file("outage.toml", misspelt)).await;
    let told = account.misrule("publish outage.toml --to shop/prod/chaos").await;
    let warning = "\nwarning: `blast_radius.regions`: `us-esat-1` is no region that this version knows: it is new, or misspelt; \
                   `us-east-1` is one\n";
    assert!(told.starts_with("exit 0\n") && told.contains(warning), "{told}");
    assert_eq!(told.matches("warning").count(), 1, "{told}");
}

#[tokio::test]
async fn a_start_far_ahead_is_warned_of() {
    let later = OUTAGE.replace("duration", "starts = 2100-01-01T00:00:00Z\nduration");
    let account = Account::of(Session::new().file("outage.toml", later)).await;
    let told = account.misrule("publish outage.toml --to shop/prod/chaos").await;
    assert!(told.contains("warning: `starts` is 2100-01-01T00:00:00Z, "), "{told}");
    assert!(told.contains(" days ahead: nothing is injected until then\n"), "{told}");
    let nowhere = account.session.misrule("publish outage.toml --to shop/prod/chaos --region mars-1");
    assert!(nowhere.starts_with("exit 1\n----\nwarning: `starts` is 2100-01-01T00:00:00Z, "), "{nowhere}");
}

#[test]
fn where_it_is_published_to_is_not_its_authors_to_say() {
    let experiment = "name = \"a\"\nduration = \"1h\"\npublished_to = { regions = [\"eu-west-3\"] }\n[blast_radius]\nfunctions = [\"*\"]\n[[policy]]\nuse = \"latency\"\nsettings = { delay = \"1s\" }\n";
    let session = Session::new().file("a.toml", experiment);
    let refused = r"exit 1
----
error: `a.toml` says `published_to`, which publishing fills in
hint: leave it out: `misrule publish` writes where it published to; for a bundle say `--account`, `--region` and `--environment`
";
    assert_eq!(session.misrule("bundle a.toml --region us-east-1"), refused);
}

#[test]
fn the_file_is_checked_before_a_region_is_looked_for() {
    let session = Session::new()
        .file("good.toml", OUTAGE)
        .file("over.toml", OUTAGE.replace("duration = \"1h\"", "expires = 2020-01-01T00:00:00Z"))
        .file("missing.toml", OUTAGE.replace("use = \"path-outage\"", "module = \"own.wasm\""));
    for (file, words) in [
        ("none.toml", "cannot read `none.toml`"),
        ("over.toml", "`over.toml` cannot be published"),
        ("missing.toml", "policy `own`: cannot read its module `own.wasm`"),
        ("good.toml", "no AWS region is given"),
    ] {
        let told = session.misrule(&format!("publish {file} --to shop/prod/chaos"));
        assert!(told.starts_with(&format!("exit 1\n----\nerror: {words}\n")), "{told}");
    }
}

#[test]
fn what_a_file_says_does_not_reach_the_terminal_raw() {
    let session = Session::new().file("forged.toml", OUTAGE.replace("\"outage\"", r#""a\u001b[2J\nerror: b""#));
    assert_eq!(
        session.misrule("publish forged.toml --to shop/prod/chaos"),
        "exit 1\n----\nerror: `forged.toml` cannot be published\n  because: line 2, column 1: `name` is no name: \
         `a\\u{1b}[2J\n    error: b`\nhint: use up to 64 ASCII letters, digits, `-`, `_` and `.`, not first a dot\n"
    );
}

#[tokio::test]
async fn mistakes_in_an_experiment_are_found_before_anything_is_sent() {
    let module = |file: &str| OUTAGE.replace("use = \"path-outage\"", &format!("module = \"{file}\""));
    let session = Session::new()
        .file("syntax.toml", "name = ")
        .file("over.toml", OUTAGE.replace("duration = \"1h\"", "expires = 2020-01-01T00:00:00Z"))
        .file("past.toml", OUTAGE.replace("duration", "starts = 2020-01-01T00:00:00Z\nduration"))
        .file("several.toml", OUTAGE.replace("\"outage\"", "5").replace("duration = \"1h\"", "budget = {}"))
        .file("endless.toml", OUTAGE.replace("duration = \"1h\"", ""))
        .file("unknown.toml", OUTAGE.replace("path-outage", "path-outrage"))
        .file("settings.toml", OUTAGE.replace("[\"/checkout/**\"]", "\"/checkout\""))
        .file("missing.toml", module("own.wasm"))
        .file("text.toml", module("text.wasm"))
        .file("text.wasm", "no component")
        .file("module.toml", module("module.wasm"))
        .file("module.wasm", b"\0asm\x01\0\0\0");
    let account = Account::of(session).await;
    for (file, words) in MISTAKES {
        let told = account.misrule(&format!("publish {file} --to shop/prod/chaos")).await;
        assert_eq!(told, format!("exit 1\n----\nerror: {words}\n"), "{file}");
    }
    assert_eq!(account.appconfig.calls("ListApplications"), 0);
}

const MISTAKES: &[(&str, &str)] = &[
    ("none.toml", "cannot read `none.toml`\n  because: No such file or directory (os error 2)"),
    (
        "syntax.toml",
        "`syntax.toml` cannot be published\n  because: line 1, column 8: no valid TOML: string values must be quoted, \
         expected literal string",
    ),
    (
        "over.toml",
        "`over.toml` cannot be published\n  because: line 3, column 1: `expires` was \
         2020-01-01T00:00:00Z: the experiment is over\n\
         hint: an experiment ends after it starts, after it is published, and within seven days",
    ),
    (
        "past.toml",
        "`past.toml` cannot be published\n  because: line 4, column 1: `duration` ended at \
         2020-01-01T01:00:00Z: the experiment is over\n\
         hint: an experiment ends after it starts, after it is published, and within seven days",
    ),
    (
        "endless.toml",
        "`endless.toml` cannot be published\n  because: `expires` is missing\n\
         hint: say when the experiment ends: `expires = 2026-12-01T10:00:00Z` or `duration = \"1h\"`",
    ),
    (
        "several.toml",
        "`several.toml` cannot be published\n  because: `expires` is missing\n    \
         line 2, column 1: `name`: invalid type: integer `5`, expected a string\n    \
         line 3, column 1: `budget`: unknown field `budget`, expected one of `name`, `hypothesis`, `starts`, `expires`, \
         `duration`, `published_to`, `blast_radius`, `policy`\n\
         hint: say when the experiment ends: `expires = 2026-12-01T10:00:00Z` or `duration = \"1h\"`\n\
         hint: `budget` belongs under `[blast_radius]`",
    ),
    (
        "unknown.toml",
        "policy `path-outrage` uses `path-outrage`, which is no ready-made policy\n\
         hint: ready-made policies: error, latency, path-outage; for one of your own say `module = \"NAME.wasm\"`",
    ),
    (
        "settings.toml",
        "no layer would arm `settings.toml`\n  because: policy `path-outage`\n  because: it refuses its settings: \
         `paths`: expected an array, found a text\n\
         hint: `misrule inspect POLICY` lists a policy's settings: of a ready-made one or of a module",
    ),
    (
        "missing.toml",
        "policy `own`: cannot read its module `own.wasm`\n  because: No such file or directory (os error 2)\n\
         hint: `misrule build` makes it",
    ),
    ("text.toml", "no layer would arm `text.toml`\n  because: policy `text`\n  because: not WebAssembly"),
    (
        "module.toml",
        "no layer would arm `module.toml`\n  because: policy `module`\n  because: a core WebAssembly module, not a \
         component (`misrule build` makes one)",
    ),
];

#[tokio::test]
async fn an_appconfig_that_does_not_help_is_told_apart() {
    let account = Account::of(Session::new()).await;
    let check = "hint: check `--region`, `--endpoint-url` and the network";
    let unreachable = "cannot reach AppConfig at http://localhost for appconfig:ListApplications on region `eu-west-3`";
    for (behaviour, words) in [
        (
            Behaviour::Status(403),
            "access denied: appconfig:ListApplications on region `eu-west-3`\n\
             hint: allow the action appconfig:ListApplications in the caller's IAM policy"
                .to_owned(),
        ),
        (
            Behaviour::Status(400),
            "AppConfig refuses appconfig:ListApplications on region `eu-west-3`: BadRequestException: This was asked of \
             the local AppConfig"
                .to_owned(),
        ),
        (Behaviour::Garbage, format!("{unreachable}: invalid HTTP version parsed\n{check}")),
        (Behaviour::Refuse, format!("{unreachable}: connection closed before message completed\n{check}")),
    ] {
        account.appconfig.set_behaviour(Plane::Control, behaviour);
        let told = account.misrule("status --to shop/prod/chaos").await;
        assert_eq!(told, format!("exit 1\n----\nerror: {words}\n"));
    }
    assert_eq!(
        account.misrule("status --to shop/prod/chaos --endpoint-url http://127.0.0.1:1").await,
        format!(
            "exit 1\n----\nerror: cannot reach AppConfig at http://127.0.0.1:1 for appconfig:ListApplications on region \
             `eu-west-3`: Connection refused (os error 111)\n{check}\n"
        )
    );
}

#[test]
fn without_region_or_credentials_nothing_is_tried() {
    let session = Session::new();
    assert_eq!(
        session.misrule("status --to shop/prod/chaos"),
        "exit 1\n----\nerror: no AWS region is given\nhint: give `--region`, or set AWS_REGION\n"
    );
    let hint =
        "hint: log in (`aws sso login`), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name an `--aws-profile`";
    assert_eq!(
        session.misrule("status --to shop/prod/chaos --region eu-west-3"),
        format!("exit 1\n----\nerror: no AWS credentials were found\n{hint}\n")
    );
    let session = session.file("aws-config", "[profile bare]\n[profile shop]\n");
    assert_eq!(
        session.misrule("status --to shop/prod/chaos --region eu-west-3 --aws-profile bare"),
        format!("exit 1\n----\nerror: no AWS credentials were found for profile `bare`\n{hint}\n")
    );
}

#[test]
fn a_profile_that_is_missing_is_named() {
    let missing = "exit 1\n----\nerror: there is no AWS profile `nobody`\n";
    assert_eq!(
        Session::new().misrule("halt --to shop/prod/chaos --aws-profile nobody"),
        format!("{missing}hint: the AWS configuration files have none: `aws configure` makes one\n")
    );
    let session = Session::new().file("aws-config", "[profile bare]\n[profile shop]\n").with("AWS_PROFILE", "nobody");
    assert_eq!(session.misrule("halt --to shop/prod/chaos"), format!("{missing}hint: there is: bare, shop\n"));
}

#[test]
fn what_is_no_region_is_told_by_where_it_was_said() {
    let hint = "hint: give a region's code, for example us-east-1\n";
    for region in ["mars-1", ""] {
        assert_eq!(
            Session::new()
                .file("outage.toml", OUTAGE)
                .misrule(&format!("publish outage.toml --to a/b/c --region={region}")),
            format!("exit 1\n----\nerror: `--region` is no region: `{region}`\n{hint}")
        );
    }
    assert_eq!(
        Session::new().with("AWS_REGION", "mars-1").misrule("halt --to a/b/c"),
        format!("exit 1\n----\nerror: what AWS_REGION or the AWS profile says is no region: `mars-1`\n{hint}")
    );
}
