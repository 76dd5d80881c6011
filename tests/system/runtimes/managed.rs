//! Managed Instances: several invocations at once in one environment, each with its own decision.

use std::collections::BTreeSet;

use anyhow::Result;
use misrule_tests::emulator::{self, Emulator, Instances};
use misrule_tests::layered::{Layered, PLACE, free_port, http_event, layered_after, local_appconfig};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::client::{self, Client};
use super::played::outage_of;
use crate::faults::armed;

/// How many at once.
const CONCURRENCY: u16 = 4;
/// How many in all.
const INVOCATIONS: usize = 24;

/// The path of an invocation: each is its own, and every third is one that the experiment answers for.
fn path(number: usize) -> String {
    if number.is_multiple_of(3) { format!("/gone/{number}") } else { format!("/stays/{number}") }
}

/// What the caller of that path must get.
fn is_right(number: usize, answer: &Value) -> bool {
    if number.is_multiple_of(3) {
        answer["statusCode"] == 404 && answer["headers"]["x-misrule"] == "outage/path-outage"
    } else {
        answer["statusCode"] == 200 && answer["body"] == path(number)
    }
}

#[tokio::test]
async fn invocations_at_once_are_each_decided_for_themselves() -> Result<()> {
    for client in Client::ALL {
        let builder = client.function("endings.handler")?.managed_instances(CONCURRENCY.into());
        let layered = layered_after(outage_of("/gone/{id}"), builder, &[("MISRULE_FIRST_WAIT", "10s")]).await?;
        layered.until_line("armed").await;
        all_at_once(client, layered).await?;
    }
    Ok(())
}

async fn all_at_once(client: Client, layered: Layered) -> Result<()> {
    let (function, mut callers) = (&layered.function, JoinSet::new());
    for number in 0..INVOCATIONS {
        let function = std::sync::Arc::clone(function);
        callers.spawn(async move {
            let outcome = function.invoke(http_event("GET", &path(number))).await.outcome;
            (number, outcome.bytes().await)
        });
    }
    while let Some(called) = callers.join_next().await {
        let (number, body) = called?;
        let answer: Value = serde_json::from_slice(&body)?;
        assert!(is_right(number, &answer), "{client:?}, {}: {answer}\n{}", path(number), layered.everything());
    }
    // Lines come in order, and behind the answers.
    layered.deploy(r#"{"halt": true}"#);
    layered.until_line("disarmed").await;
    let injected = layered.log().into_iter().filter(|line| line["misrule"] == "injected");
    let requests: BTreeSet<_> = injected.map(|line| line["request_id"].to_string()).collect();
    assert_eq!(requests.len(), INVOCATIONS.div_ceil(3), "{client:?}");
    Ok(())
}

/// What would slow all that run there is refused, and what stands behind it in the plan is carried out.
#[tokio::test]
async fn no_fault_hits_the_invocations_of_others() -> Result<()> {
    for client in Client::ALL {
        let builder = client.function("endings.handler")?.managed_instances(CONCURRENCY.into());
        let answer = json!({ "fault": "respond-http", "number": 503, "value": "gone" });
        let plan = json!([{ "fault": "burn-cpu", "duration": "60s" }, answer]);
        let layered = armed(builder, &json!({ "path": "/gone", "before": plan }), &[]).await?;
        let (gone, stays) = tokio::try_join!(layered.get("/gone"), layered.get("/stays"))?;
        assert_eq!((gone.0, stays.0), (503, 200), "{client:?}: {}", layered.everything());
        let refused = layered.until_line("refused_step").await;
        assert_eq!(refused["reason"], "other invocations share the environment", "{client:?}");
    }
    Ok(())
}

/// Each for itself under Lambda's own control program, which loses an event that it gives to a connection nobody reads.
#[tokio::test]
async fn invocations_at_once_under_awss_emulator() -> Result<()> {
    let instances = Instances::Managed(CONCURRENCY);
    let test = "runtimes::managed::invocations_at_once_under_awss_emulator";
    let Some(namespace) = emulator::namespace(test, instances).await else { return Ok(()) };
    for client in Client::ALL {
        let (appconfig, place) = local_appconfig().await?;
        appconfig.deploy(&place, "application/json", outage_of("/gone/{id}"));
        let opt = emulator::layer()?;
        let builder = Emulator::builder(namespace, opt.path())
            .runtime(client.command("endings.handler")?)
            .task(client::code())
            .handler("endings.handler")
            .instances(instances)
            .env("MISRULE_PORT", free_port()?.to_string())
            .env("MISRULE_SOURCE", format!("appconfig:{PLACE}"))
            .env("MISRULE_FIRST_WAIT", "10s");
        let emulator = builder.env("AWS_ENDPOINT_URL", appconfig.endpoint()).start().await?;
        emulator.log().until("an experiment in force", |line| line.contains(r#""misrule":"armed""#)).await?;
        for round in 0..3 {
            let numbers = [0, 1, 2, 3].map(|number| round * 4 + number);
            let [one, two, three, four] = numbers.map(|number| call(&emulator, number));
            let answers = tokio::try_join!(one, two, three, four)?;
            for (number, answer) in numbers.into_iter().zip([answers.0, answers.1, answers.2, answers.3]) {
                assert!(is_right(number, &answer), "{client:?}, {}: {answer}\n{}", path(number), emulator.last_words());
            }
        }
    }
    Ok(())
}

async fn call(emulator: &Emulator, number: usize) -> Result<Value> {
    Ok(serde_json::from_str(&emulator.invoke(&http_event("GET", &path(number))).await?.body)?)
}
