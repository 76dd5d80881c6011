//! The same commands against the local AppConfig and against moto, a stand-in for AWS that is not ours and that knows
//! applications, profiles, hosted versions and tags.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use misrule_engine::experiment::json_schema;
use misrule_local::appconfig::AppConfig;
use misrule_tests::layered::PATIENCE;
use misrule_tests::programs;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::cli::Cli;
use super::differences::DIFFERENCES;

/// A command, what it is about, and the name by which later ones know the id that it is answered with.
struct Step {
    name: &'static str,
    command: &'static str,
    id: Option<&'static str>,
}

const fn step(name: &'static str, command: &'static str) -> Step {
    Step { name, command, id: None }
}

const fn made(name: &'static str, command: &'static str, id: &'static str) -> Step {
    Step { name, command, id: Some(id) }
}

/// Words are separated by spaces; `{application}` is the id of what was made by that name.
const SCRIPT: &[Step] = &[
    made("make application", "create-application --name shop --description Orders --tags team=orders", "application"),
    made("make plain application", "create-application --name plain", "plain"),
    step("get application", "get-application --application-id {application}"),
    step("update application", "update-application --application-id {application} --name store"),
    step("get application again", "get-application --application-id {application}"),
    step("get no application", "get-application --application-id abcdefg"),
    made(
        "make profile",
        "create-configuration-profile --application-id {application} --name faults --location-uri hosted \
         --type AWS.Freeform --description Experiments --validators Type=LAMBDA,Content=arn:aws:lambda:us-east-1:1:f",
        "profile",
    ),
    step(
        "get profile",
        "get-configuration-profile --application-id {application} --configuration-profile-id {profile}",
    ),
    step(
        "get no profile",
        "get-configuration-profile --application-id {application} --configuration-profile-id abcdefg",
    ),
    step("list profiles", "list-configuration-profiles --application-id {application}"),
    step(
        "update profile",
        "update-configuration-profile --application-id {application} --configuration-profile-id {profile} --name halts",
    ),
    step(
        "validate profile",
        "update-configuration-profile --application-id {application} --configuration-profile-id {profile} \
         --validators file://validators",
    ),
    step(
        "upload version",
        "create-hosted-configuration-version --application-id {application} --configuration-profile-id {profile} \
         --content-type application/octet-stream --content fileb://upload --description first --version-label v1 content",
    ),
    step(
        "upload second version",
        "create-hosted-configuration-version --application-id {application} --configuration-profile-id {profile} \
         --content-type application/octet-stream --content fileb://upload content",
    ),
    step(
        "get version",
        "get-hosted-configuration-version --application-id {application} --configuration-profile-id {profile} \
         --version-number 1 content",
    ),
    step(
        "get no version",
        "get-hosted-configuration-version --application-id {application} --configuration-profile-id {profile} \
         --version-number 9 content",
    ),
    step(
        "list tags",
        "list-tags-for-resource --resource-arn arn:aws:appconfig:us-east-1:123456789012:application/{application}",
    ),
    step(
        "tag profile",
        "tag-resource --tags a=1,b=2 --resource-arn \
         arn:aws:appconfig:us-east-1:123456789012:application/{application}/configurationprofile/{profile}",
    ),
    step(
        "untag profile",
        "untag-resource --tag-keys a --resource-arn \
         arn:aws:appconfig:us-east-1:123456789012:application/{application}/configurationprofile/{profile}",
    ),
    step(
        "list tags of profile",
        "list-tags-for-resource --resource-arn \
         arn:aws:appconfig:us-east-1:123456789012:application/{application}/configurationprofile/{profile}",
    ),
    step(
        "delete first version",
        "delete-hosted-configuration-version --application-id {application} --configuration-profile-id {profile} \
         --version-number 1",
    ),
    step(
        "delete second version",
        "delete-hosted-configuration-version --application-id {application} --configuration-profile-id {profile} \
         --version-number 2",
    ),
    step(
        "delete profile",
        "delete-configuration-profile --application-id {application} --configuration-profile-id {profile}",
    ),
    step("delete application", "delete-application --application-id {application}"),
    step("get deleted application", "get-application --application-id {application}"),
];

/// Text: of other bytes moto makes an error of its own.
const CONTENT: &str = "{\"caf\u{e9}\": 1}\r\n";

/// What was answered, aspect by aspect: the status, the exception, each member, and the content that was downloaded.
type Aspects = BTreeMap<String, Value>;

async fn play(endpoint: String) -> Result<Vec<Aspects>> {
    let cli = Cli::of(endpoint)?;
    std::fs::write(cli.folder().join("upload"), CONTENT)?;
    let validators = json!([{ "Type": "JSON_SCHEMA", "Content": json_schema().to_string() }]);
    std::fs::write(cli.folder().join("validators"), validators.to_string())?;
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    let mut answers = Vec::new();
    for Step { name, command, id } in SCRIPT {
        let named =
            |text: &str| ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id));
        let words: Vec<String> = command.split_whitespace().map(named).collect();
        let told = cli.told(&words.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        if let Some(name_of_id) = id {
            let made = told.answer["Id"].as_str().with_context(|| format!("{name}: no id in {told:?}"))?;
            ids.insert(name_of_id, made.to_owned());
        }
        let mut aspects = Aspects::from([("status".to_owned(), told.status), ("error".to_owned(), told.error)]);
        spread(&told.answer, "", &ids, &mut aspects);
        if let Ok(content) = std::fs::read(cli.folder().join("content")) {
            aspects.insert("content".to_owned(), json!(content == CONTENT.as_bytes()));
            std::fs::remove_file(cli.folder().join("content"))?;
        }
        answers.push(aspects);
    }
    Ok(answers)
}

/// Takes an answer apart: each member by its path, ids by the names that the script has for them.
fn spread(value: &Value, path: &str, ids: &BTreeMap<&str, String>, aspects: &mut Aspects) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                spread(value, &format!("{path}.{name}"), ids, aspects);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                spread(item, &format!("{path}[{at}]"), ids, aspects);
            }
        }
        value => {
            let named =
                ids.iter().find(|(_, id)| value.as_str() == Some(id)).map(|(name, _)| json!(format!("{{{name}}}")));
            aspects.insert(path.to_owned(), named.unwrap_or_else(|| value.clone()));
        }
    }
}

/// Starts moto; its URL, and the process, which ends when it is dropped.
async fn moto() -> Result<(String, Child)> {
    let mut command = Command::new(programs::python("moto_server")?);
    command.args(["--port", "0"]).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut lines = BufReader::new(child.stderr.take().context("its stderr")?).lines();
    let url = async {
        while let Some(line) = lines.next_line().await? {
            if let Some((_, url)) = line.split_once("Running on ") {
                return Ok(url.trim().to_owned());
            }
        }
        anyhow::bail!("moto does not start")
    };
    let url = tokio::time::timeout(PATIENCE, url).await.context("moto starts")??;
    // It logs each request, and must find a reader.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((url, child))
}

#[tokio::test]
async fn the_local_appconfig_answers_as_moto_does_but_for_a_table() -> Result<()> {
    let appconfig = AppConfig::serve().await?;
    let (url, _moto) = moto().await?;
    let (ours, theirs) = tokio::try_join!(play(appconfig.endpoint()), play(url))?;
    let mut unseen: Vec<_> = DIFFERENCES.iter().collect();
    let mut unknown = Vec::new();
    for (Step { name, .. }, (ours, theirs)) in SCRIPT.iter().zip(ours.iter().zip(&theirs)) {
        let aspects: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        for aspect in aspects.into_iter().filter(|aspect| ours.get(*aspect) != theirs.get(*aspect)) {
            unseen.retain(|difference| !difference.is_about(name, aspect));
            if !DIFFERENCES.iter().any(|difference| difference.is_about(name, aspect)) {
                unknown.push(format!("{name}: {aspect}: {:?}, moto {:?}", ours.get(aspect), theirs.get(aspect)));
            }
        }
    }
    assert!(unknown.is_empty(), "differences that the table has not:\n{}", unknown.join("\n"));
    assert!(unseen.is_empty(), "differences that are no more: {unseen:#?}");
    Ok(())
}
