//! What stands in no line of the layer, however much it is asked to say: what events, answers, settings and credentials hold.

use anyhow::Result;
use misrule_local::appconfig::{Behaviour, Plane};
use misrule_local::function::Origin;
use misrule_tests::layered::{self, Layered};
use misrule_tests::publishing::experiment_within;
use serde_json::{Value, json};

use crate::faults;

/// Stands in everything that is nobody's business.
const SECRET: &str = "hush";

/// Every line that there is, and every road to AWS.
const VARIABLES: &[(&str, &str)] = &[
    ("MISRULE_LOG", "trace"),
    ("MISRULE_FIRST_WAIT", "20s"),
    ("AWS_SECRET_ACCESS_KEY", "hush-key"),
    ("AWS_SESSION_TOKEN", "hush-token"),
];

/// A policy for each way in which a step is told of: carried out, cut, failed, trapped.
fn experiment() -> Result<Vec<u8>> {
    let policies = [
        ("cut", json!({ "fault": "delay", "duration": "50ms" })),
        ("failed", json!({ "fault": "edit", "name": "/hush/pointer", "value": "\"hush\"" })),
        ("headers-name", json!({ "fault": "set-header", "name": "hush header", "value": "a" })),
        ("headers-value", json!({ "fault": "set-header", "name": "a", "value": "hush\n" })),
        ("no-json", json!({ "fault": "return-json", "value": "{hush" })),
        ("names", json!({ "fault": "block-hosts", "names": ["hush host"] })),
        ("answers", json!({ "fault": "respond-http", "number": 503, "value": "hush body" })),
    ];
    let policies = policies.map(|(name, wish)| {
        let path = if name == "answers" { "/answered" } else { "/seen" };
        (name, json!({ "path": path, "before": [wish] }))
    });
    faults::catalogues(&policies, &json!({ "max_delay": "10ms" }))
}

/// A request of a function URL, full of secrets.
fn event(path: &str) -> String {
    let mut event: Value = serde_json::from_str(&layered::http_event("POST", path)).unwrap_or_default();
    event["headers"] = json!({ "authorization": "Bearer hush", "cookie": "hush=1" });
    event["rawQueryString"] = json!("hush=1");
    event["body"] = json!("{\"card\": \"hush\"}");
    event.to_string()
}

/// What cannot be read, and what may not arm.
fn refused() -> [Vec<u8>; 5] {
    let with = |settings: &Value| {
        let policies = json!([{ "use": "path-outage", "settings": settings }]);
        experiment_within("trial", &json!({ "functions": ["*"] }), &policies).into_bytes()
    };
    let whole = with(&json!({ "paths": ["/hush"], "status": 404, "body": SECRET }));
    let half = whole[..whole.len() - 3].to_vec();
    [
        b"hush".to_vec(),
        half,
        with(&json!(SECRET)),
        with(&json!({ "paths": ["/hush"], "status": 404, "headers": [SECRET] })),
        with(&json!({ "paths": [SECRET], "status": SECRET, "window": { "from": SECRET, "zone": SECRET } })),
    ]
}

#[tokio::test]
async fn no_line_holds_what_is_nobodys_business() -> Result<()> {
    let layered = layered::layered_after(experiment()?, layered::python("orders")?, VARIABLES).await?;
    for path in ["/seen", "/seen", "/answered"] {
        let answer = layered.function.invoke(event(path)).await.outcome.bytes().await;
        assert!(String::from_utf8_lossy(&answer).contains(SECRET), "{path}: the secrets were there");
    }
    for delivery in refused() {
        let news = layered.news();
        layered.deliver(delivery);
        news.until("refused").await?;
    }
    for behaviour in [Behaviour::Refuse, Behaviour::Status(403)] {
        let news = layered.news();
        layered.appconfig.set_behaviour(Plane::Data, behaviour);
        news.until("source_failed").await?;
    }
    let kinds = ["injected", "cut", "refused_step", "fault_failed", "trapped", "refused", "source_failed"];
    for kind in kinds {
        assert!(layered.all_news().count(kind) > 0, "no line `{kind}`: {}", layered.everything());
    }
    let told = the_layers(&layered);
    let secrets: Vec<_> = told.iter().filter(|line| line.contains(SECRET)).collect();
    assert!(secrets.is_empty(), "of {} lines: {secrets:#?}", told.len());
    Ok(())
}

/// Everything that the layer wrote, and not the function.
fn the_layers(layered: &Layered) -> Vec<String> {
    let lines = layered.function.output();
    let ours = lines.iter().filter(|line| matches!(line.origin, Origin::Extension(_)));
    ours.map(|line| line.text.clone()).collect()
}
