//! The layer as it is packed: its programs, unpacked from the zip, stand between a function and Lambda and arm an
//! experiment. `.ci/layer` makes and unpacks the zips; without it there is nothing to run.

use misrule_local::function::FunctionBuilder;
use misrule_tests::layered::{Layered, PLACE, free_port, local_appconfig, rust};
use misrule_tests::programs::checkout;
use misrule_tests::publishing::experiment;
use misrule_tests::skipped::skip;
use serde_json::json;

fn outage() -> String {
    let settings = json!({ "paths": ["/orders/{id}"], "status": 503 });
    experiment("outage", &json!([{ "use": "path-outage", "settings": settings }]))
}

/// A function with the unpacked layer on it, as it would lie in /opt.
async fn with_layer(architecture: &str) -> Option<Layered> {
    let opt = checkout().join("target/layer").join(format!("opt-{architecture}"));
    if !opt.is_dir() {
        return None;
    }
    let (appconfig, place) = local_appconfig().await.unwrap();
    let builder: FunctionBuilder = rust("shop").unwrap();
    let builder = builder
        .extension(opt.join("extensions/misrule"), [])
        .wrapper(opt.join("misrule-wrapper"))
        .env("MISRULE_SOURCE", format!("appconfig:{PLACE}"))
        .env("MISRULE_PORT", free_port().unwrap().to_string())
        .env("MISRULE_LOG", "misrule=debug")
        .env("AWS_ENDPOINT_URL", appconfig.endpoint())
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local");
    let function = builder.start().await.unwrap().into();
    Some(Layered { function, appconfig, place })
}

async fn arms_an_experiment(architecture: &str, test: &str) {
    let Some(layered) = with_layer(architecture).await else {
        return skip(test, "no layer is unpacked under target/layer; `.ci/layer` makes it");
    };
    assert_eq!(layered.get("/orders/7").await.unwrap().0, 200, "{}", layered.everything());
    layered.deploy(&outage());
    let armed = layered.until_line("armed").await;
    assert_eq!(armed["experiment"], "outage", "{}", layered.everything());
    let loaded = layered.until_line("loaded").await;
    assert_eq!(loaded["code"], "shipped", "ready-made policies are compiled ahead: {loaded}");
    assert_eq!(layered.get("/orders/7").await.unwrap().0, 503, "{}", layered.everything());
}

#[tokio::test]
async fn the_layer_for_x86_64_arms_an_experiment() {
    arms_an_experiment("x86_64", "the_layer_for_x86_64_arms_an_experiment").await;
}

#[tokio::test]
async fn the_layer_for_arm64_arms_an_experiment() {
    arms_an_experiment("arm64", "the_layer_for_arm64_arms_an_experiment").await;
}
