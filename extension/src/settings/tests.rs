use std::collections::{BTreeMap, BTreeSet};

use super::*;

const LAMBDA: &[(&str, &str)] = &[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")];

fn read(variables: &[(&str, &str)]) -> (Settings, Vec<SettingError>) {
    let variables: BTreeMap<_, _> = LAMBDA.iter().chain(variables).copied().collect();
    Settings::read(|name| variables.get(name).map(|value| (*value).to_owned()))
}

fn right(variables: &[(&str, &str)]) -> Settings {
    let (settings, wrong) = read(variables);
    assert_eq!(wrong, [], "{variables:?}");
    assert!(!settings.wrong);
    settings
}

#[test]
fn nothing_set_is_a_pass_through_with_the_defaults() {
    let settings = right(&[]);
    assert_eq!(settings.source, None);
    assert_eq!((settings.public_keys, settings.invoke_mode), (None, None));
    assert!(!settings.disabled && !settings.dry_run);
    assert_eq!((settings.metrics, settings.answer_header), (Metrics::Embedded, AnswerHeader::Set));
    assert_eq!((settings.first_wait, settings.refresh_wait), (Duration::ZERO, Duration::from_millis(250)));
    assert_eq!((settings.port, settings.runtime_api.authority()), (9117, "127.0.0.1:9001"));
    assert_eq!(settings.share, Share::default());
    assert_eq!(settings.log, DEFAULT_LOG.parse().unwrap());
    assert_eq!(settings.function.initialization, "on-demand");
}

/// The public keys of RFC 8032's first two test vectors.
const KEY: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const OTHER_KEY: &str = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";

#[test]
fn every_setting_is_read() {
    let settings = right(&[
        ("MISRULE_SOURCE", "appconfig:shop/prod/faults"),
        ("MISRULE_PUBLIC_KEY", &format!("{KEY}, {OTHER_KEY}")),
        ("MISRULE_DISABLED", "true"),
        ("MISRULE_DRY_RUN", "True"),
        ("MISRULE_SHARE", "0.25"),
        ("MISRULE_FIRST_WAIT", "1.5s"),
        ("MISRULE_REFRESH_WAIT", " 100 ms "),
        ("MISRULE_INVOKE_MODE", "response_stream"),
        ("MISRULE_ANSWER_HEADER", "false"),
        ("MISRULE_BLOCK_HOSTS", "true"),
        ("MISRULE_RECORD", "0"),
        ("MISRULE_PORT", "9200"),
        ("MISRULE_RUNTIME_API", "127.0.0.1:9000/chained/"),
        ("MISRULE_NEXT_WRAPPER", "/opt/other-wrapper"),
        ("MISRULE_LOG", "debug"),
        ("MISRULE_METRICS", "false"),
        ("MISRULE_LOCAL", "true"),
        ("AWS_LAMBDA_FUNCTION_NAME", "health"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "7"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances"),
        ("AWS_DEFAULT_REGION", "eu-west-3"),
    ]);
    assert_eq!(settings.source.unwrap().to_string(), "appconfig:shop/prod/faults");
    assert_eq!(settings.public_keys, format!("{KEY},{OTHER_KEY}").parse().ok());
    assert!(settings.disabled && settings.dry_run);
    assert_eq!((settings.block_hosts, settings.answer_header), (BlockHosts::Allowed, AnswerHeader::Absent));
    assert!(settings.share.takes(0) && !settings.share.takes(u64::MAX));
    assert_eq!((settings.first_wait, settings.refresh_wait), (Duration::from_millis(1500), Duration::from_millis(100)));
    assert_eq!((settings.invoke_mode, settings.metrics), (Some(InvokeMode::ResponseStream), Metrics::Off));
    assert_eq!((settings.port, settings.runtime_api.to_string().as_str()), (9200, "127.0.0.1:9000/chained"));
    assert_eq!(settings.next_wrapper.unwrap(), PathBuf::from("/opt/other-wrapper"));
    assert_eq!(settings.log, "debug".parse().unwrap());
    let FunctionSettings { name, version, memory_mb, region, .. } = &settings.function;
    assert_eq!((name.as_str(), version.as_str(), *memory_mb, region.as_str()), ("health", "7", 128, "eu-west-3"));
    assert!(settings.function.shared());
}

#[test]
fn what_was_spent_is_kept_where_no_other_environment_sees_it() {
    let kept = |variables: &[(&str, &str)]| right(variables).ledger;
    let lambdas = PathBuf::from("/tmp/.misrule-spent-9117");
    assert_eq!(kept(&[("TMPDIR", "/mnt/shared")]), Some(lambdas), "a folder of the function's may be a shared one");
    let own = [("MISRULE_LOCAL", "true"), ("TMPDIR", "/tmp/orders"), ("MISRULE_PORT", "9200")];
    assert_eq!(kept(&own), Some(PathBuf::from("/tmp/orders/.misrule-spent-9200")));
    assert_eq!(kept(&[("MISRULE_LOCAL", "true")]), None, "/tmp is everybody's there");
}

#[test]
fn runtimes_get_a_library_only_where_names_can_ever_fail() {
    let (source, allowed) = (("MISRULE_SOURCE", "appconfig:shop/prod/faults"), ("MISRULE_BLOCK_HOSTS", "true"));
    assert!(right(&[source, allowed]).offers_names());
    assert!(!right(&[source]).offers_names() && !right(&[allowed]).offers_names());
    for without in [
        ("MISRULE_DISABLED", "true"),
        ("MISRULE_DRY_RUN", "true"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances"),
    ] {
        assert!(!right(&[source, allowed, without]).offers_names(), "{without:?}");
    }
    assert!(!read(&[source, allowed, ("MISRULE_SHARE", "half")]).0.offers_names(), "a setting is wrong");
}

#[test]
fn each_wrong_value_is_reported_by_name_and_arms_nothing() {
    let outside = Problem::OutsideDeployment;
    for (name, value, problem) in [
        ("MISRULE_SOURCE", "appconfig:shop/prod", Problem::Hosted),
        ("MISRULE_SOURCE", "appconfig:shop//faults", Problem::Hosted),
        ("MISRULE_SOURCE", "appconfig:shop/prod/faults/more", Problem::Hosted),
        ("MISRULE_SOURCE", "s3:bucket/key", Problem::SourceKind),
        ("MISRULE_SOURCE", "shop/prod/faults", Problem::SourceKind),
        ("MISRULE_SOURCE", "agent:shop/prod", Problem::Hosted),
        ("MISRULE_SOURCE", "file:", Problem::NoPath),
        ("MISRULE_SOURCE", "file:experiment.json", Problem::NoPath),
        ("MISRULE_SOURCE", "file:/tmp/experiment.json", outside),
        ("MISRULE_SOURCE", "file:/opt/../tmp/experiment.json", outside),
        ("MISRULE_SOURCE", "file:/optional/experiment.json", outside),
        ("MISRULE_PUBLIC_KEY", "", Problem::NoKey),
        ("MISRULE_PUBLIC_KEY", " , ", Problem::NoKey),
        ("MISRULE_PUBLIC_KEY", "a,b,c", Problem::ManyKeys),
        ("MISRULE_PUBLIC_KEY", "a", Problem::Key),
        ("MISRULE_PUBLIC_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", Problem::Key),
        ("MISRULE_DISABLED", "yes", Problem::Flag),
        ("MISRULE_DRY_RUN", "on", Problem::Flag),
        ("MISRULE_SHARE", "1.01", Problem::Share),
        ("MISRULE_SHARE", "-0.1", Problem::Share),
        ("MISRULE_SHARE", "NaN", Problem::Share),
        ("MISRULE_SHARE", "half", Problem::Share),
        ("MISRULE_FIRST_WAIT", "250", Problem::Duration),
        ("MISRULE_FIRST_WAIT", "-1s", Problem::Duration),
        ("MISRULE_FIRST_WAIT", "ms", Problem::Duration),
        ("MISRULE_REFRESH_WAIT", "1.2.3s", Problem::Duration),
        ("MISRULE_REFRESH_WAIT", "61s", Problem::TooLong),
        ("MISRULE_REFRESH_WAIT", "1h", Problem::TooLong),
        ("MISRULE_REFRESH_WAIT", "99999999999999999999999m", Problem::TooLong),
        ("MISRULE_INVOKE_MODE", "STREAMING", Problem::InvokeMode),
        ("MISRULE_BLOCK_HOSTS", "1.0", Problem::Flag),
        ("MISRULE_RECORD", "true", Problem::NotBuilt),
        ("MISRULE_PORT", "0", Problem::Port),
        ("MISRULE_PORT", "65536", Problem::Port),
        ("MISRULE_RUNTIME_API", "127.0.0.1:many", Problem::Address),
        ("MISRULE_RUNTIME_API", "https://127.0.0.1:9001", Problem::Address),
        ("MISRULE_RUNTIME_API", "someone@127.0.0.1:9001", Problem::Address),
        ("MISRULE_RUNTIME_API", "127.0.0.1:9117", Problem::OwnAddress),
        ("MISRULE_RUNTIME_API", "localhost:9117", Problem::OwnAddress),
        ("AWS_LAMBDA_RUNTIME_API", "[::1]:9117", Problem::OwnAddress),
        ("MISRULE_LOG", "misrule=loud", Problem::Filter),
        ("MISRULE_LOG", "!!!", Problem::Filter),
        ("MISRULE_LOG", "verbose", Problem::Filter),
        ("MISRULE_LOG", "misrule:debug", Problem::Filter),
        ("MISRULE_LOCAL", "maybe", Problem::Flag),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "much", Problem::Megabytes),
    ] {
        let (settings, wrong) = read(&[(name, value)]);
        let found: Vec<_> = wrong.iter().map(|error| (error.variable(), error.problem())).collect();
        assert_eq!(found, [(name, problem)], "{name}={value}");
        assert!(settings.wrong, "{name}={value}");
        let told = wrong[0].to_string();
        assert!(told.contains(name) && !told.ends_with('.') && !wrong[0].hint().is_empty(), "{told}");
        // What is set as a key may be a private one by mistake.
        assert_eq!(told.contains(&format!("`{}`", value.trim())), name != "MISRULE_PUBLIC_KEY", "{told}");
    }
}

#[test]
fn without_a_runtime_api_the_usual_one_is_assumed_and_nothing_arms() {
    let (settings, wrong) = Settings::read(|_| None);
    assert_eq!(wrong[0].to_string(), "AWS_LAMBDA_RUNTIME_API is not set");
    assert!(settings.wrong);
    assert_eq!(settings.runtime_api, UpstreamAddress::lambda());
}

#[test]
fn a_wrong_upstream_falls_back_to_lambdas() {
    let (settings, wrong) = read(&[("MISRULE_RUNTIME_API", "://"), ("AWS_LAMBDA_RUNTIME_API", "169.254.100.1:9001")]);
    assert_eq!(wrong.len(), 1);
    assert_eq!(settings.runtime_api.authority(), "169.254.100.1:9001");
}

#[test]
fn the_agent_listens_where_its_own_variable_says() {
    let agent = ("MISRULE_SOURCE", "agent:shop/prod/faults");
    for (variables, port) in [(&[agent][..], 2772), (&[agent, ("AWS_APPCONFIG_EXTENSION_HTTP_PORT", "2800")], 2800)] {
        let Some(SourceAddress::Agent(address)) = right(variables).source else { panic!("an agent source is one") };
        assert_eq!((address.port(), address.to_string().as_str()), (port, "agent:shop/prod/faults"));
    }
    let port = ("AWS_APPCONFIG_EXTENSION_HTTP_PORT", "many");
    let (settings, wrong) = read(&[agent, port]);
    assert_eq!((wrong[0].variable(), wrong[0].problem()), (port.0, Problem::Port));
    assert!(settings.wrong);
    right(&[("MISRULE_SOURCE", "appconfig:shop/prod/faults"), port]);
}

#[test]
fn in_lambda_a_file_must_have_been_deployed_with_the_function() {
    for path in ["/opt/experiment.json", "/var/task/faults/../experiment.json"] {
        assert!(right(&[("MISRULE_SOURCE", &format!("file:{path}"))]).source.is_some());
    }
    for path in ["/tmp/experiment.json", "experiment.json"] {
        let source = format!("file:{path}");
        let settings = right(&[("MISRULE_SOURCE", &source), ("MISRULE_LOCAL", "true")]);
        assert_eq!(settings.source.unwrap().to_string(), source);
    }
}

#[test]
fn a_misspelt_variable_of_ours_is_wrong() {
    let names = ["MISRULE_DISABELD", "MISRULE_PORT", "PATH", "misrule_port"].map(str::to_owned);
    let wrong = unknown(names);
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0].to_string(), "MISRULE_DISABELD is no variable of this layer");
}

#[test]
fn the_table_of_variables_names_those_that_are_read() {
    let asked = std::cell::RefCell::new(BTreeSet::new());
    let _ = Settings::read(|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    });
    let ours: BTreeSet<_> = asked.into_inner().into_iter().filter(|name| name.starts_with("MISRULE_")).collect();
    assert_eq!(ours, VARIABLES.iter().map(|variable| variable.name.to_owned()).collect());
    assert!(VARIABLES.iter().all(|variable| !variable.meaning.is_empty()));
}

#[test]
fn upstream_addresses_take_many_forms() {
    for (text, authority, base_path) in [
        ("127.0.0.1:9001", "127.0.0.1:9001", ""),
        ("http://localhost:8080/", "localhost:8080", ""),
        ("proxy/runtime", "proxy:80", "/runtime"),
        ("[::1]:9001/a/b", "[::1]:9001", "/a/b"),
    ] {
        let address = UpstreamAddress::parse(text).unwrap();
        assert_eq!((address.authority(), address.base_path()), (authority, base_path), "{text}");
    }
    for text in ["", "/path", "a b", "host:9001?x=1", "host:9001/p?x", "host:", "host:99999"] {
        assert_eq!(UpstreamAddress::parse(text), None, "{text}");
    }
}

#[test]
fn a_share_takes_its_part_of_the_draws() {
    let draws = (0..1000_u64).map(|step| step * (u64::MAX / 1000));
    for (text, taken) in [("0", 0), ("1", 1000), ("0.1", 100), ("0.5", 500)] {
        let share = Share::parse(text).unwrap();
        let count = draws.clone().filter(|draw| share.takes(*draw)).count();
        assert!(count.abs_diff(taken) <= 1, "{text}: {count}");
    }
    assert!(Share::default().takes(u64::MAX));
}

#[test]
fn the_resource_that_iam_must_allow_is_named() {
    let Some(SourceAddress::AppConfig(address)) = right(&[("MISRULE_SOURCE", "appconfig:a/e/p")]).source else {
        panic!("an AppConfig source is one")
    };
    let arn = "arn:aws:appconfig:us-east-1:*:application/a/environment/e/configuration/p";
    assert_eq!(address.resource("us-east-1"), arn);
}

#[test]
fn the_readme_names_every_variable() {
    let readme = include_str!("../../README.md");
    for Variable { name, meaning } in VARIABLES {
        let row = format!("| `{name}` | {meaning} |");
        assert!(readme.contains(&row), "extension/README.md lacks: {row}");
    }
}
