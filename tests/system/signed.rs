//! With a key, nothing arms on a running function but what that key signed; a halt needs no signature.

use anyhow::{Context as _, Result};
use misrule_engine::delivery::SigningKey;
use misrule_local::function::FunctionBuilder;
use misrule_tests::layered::{self, Layered, PLACE};
use misrule_tests::publishing::{self, bundle, experiment};
use serde_json::{Value, json};

const HALT: &str = r#"{"halt": true}"#;

fn outage() -> String {
    let settings = json!({ "paths": ["/health"], "status": 404 });
    experiment("outage", &json!([{ "use": "path-outage", "settings": settings }]))
}

fn signer(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn id(seed: u8) -> String {
    signer(seed).public_key().id().to_string()
}

/// The outage as a bundle, with the component along, signed by the key of this seed.
fn signed(seed: Option<u8>) -> Result<Vec<u8>> {
    let signer = seed.map(signer);
    let settings = json!({ "paths": ["/health"], "status": 404 });
    let component = misrule_policies::component("path-outage").context("it is ready-made")?;
    let outage = experiment("outage", &json!([{ "module": "outage.wasm", "settings": settings }]));
    bundle(&outage, &[("outage.wasm", component)], signer.as_ref())
}

async fn keyed(keys: &str, function: FunctionBuilder) -> Result<Layered> {
    layered::layered_with(function, &[("MISRULE_PUBLIC_KEY", keys)]).await
}

/// Delivers what may not arm: one line says why, and nothing else happens.
async fn refuses(layered: &Layered, delivery: Vec<u8>, reason: &str) -> Result<()> {
    let news = layered.news();
    layered.deliver(delivery);
    let refused = news.until("refused").await?;
    assert_eq!(refused["reason"], reason);
    assert!(refused["hint"].as_str().is_some_and(|hint| hint.contains("sign it")), "{refused}");
    assert_eq!(layered.get("/health").await?.0, 200);
    assert_eq!((news.count("refused"), news.count("armed"), news.count("injected")), (1, 0, 0));
    Ok(())
}

/// Delivers what may arm.
async fn arms(layered: &Layered, delivery: Vec<u8>) -> Result<Value> {
    let news = layered.news();
    layered.deliver(delivery);
    let armed = news.until("armed").await?;
    assert_eq!(layered.get("/health").await?.0, 404);
    Ok(armed)
}

#[tokio::test]
async fn nothing_arms_but_what_the_key_signed_and_a_halt_halts() -> Result<()> {
    let layered = keyed(&signer(1).public_key().to_string(), layered::rust("orders")?).await?;
    let only = format!("only what key `{}` signed may arm", id(1));
    let json = format!("the experiment is plain JSON, which cannot be signed, and {only}");
    refuses(&layered, outage().into_bytes(), &json).await?;
    refuses(&layered, signed(None)?, &format!("the bundle is not signed, and {only}")).await?;
    refuses(&layered, signed(Some(2))?, &format!("the bundle is signed by key `{}`, and {only}", id(2))).await?;

    let armed = arms(&layered, signed(Some(1))?).await?;
    assert_eq!((&armed["key"], &armed["unsigned"]), (&json!(id(1)), &Value::Null));
    let news = layered.news();
    layered.deploy(HALT);
    news.until("halted").await?;
    assert_eq!(layered.get("/health").await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn what_was_changed_after_it_was_signed_does_not_arm() -> Result<()> {
    let layered = keyed(&signer(1).public_key().to_string(), layered::rust("orders")?).await?;
    arms(&layered, signed(Some(1))?).await?;
    let mut forged = signed(Some(1))?;
    let manifest = forged.windows(8).position(|window| window == b"manifest").context("its name")?;
    forged[manifest + 60] ^= 1;
    let news = layered.news();
    layered.deliver(forged);
    news.until("refused").await?;
    let disarmed = news.until("disarmed").await?;
    assert_eq!(disarmed["reason"], "what was delivered after it was refused");
    assert_eq!(layered.get("/health").await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn two_keys_are_good_while_they_are_rotated() -> Result<()> {
    let keys = format!("{}, {}", signer(1).public_key(), signer(2).public_key());
    let layered = keyed(&keys, layered::rust("orders")?).await?;
    for seed in [1, 2] {
        assert_eq!(arms(&layered, signed(Some(seed))?).await?["key"], id(seed));
    }
    let reason =
        format!("the bundle is signed by key `{}`, and only what key `{}` or `{}` signed may arm", id(3), id(1), id(2));
    refuses(&layered, signed(Some(3))?, &reason).await
}

/// As the README says it: make a key, give the function the public one, publish with the private one.
#[tokio::test]
async fn what_the_command_signs_arms_under_the_key_that_it_printed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let made = publishing::misrule(&["keygen", "--output", "key.pem"], folder.path()).await?;
    let public = String::from_utf8(made.stdout)?;
    let layered = keyed(public.trim(), layered::rust("orders")?).await?;
    let text = "name = \"outage\"\nduration = \"1h\"\n[blast_radius]\nfunctions = [\"*\"]\n[[policy]]\n\
                use = \"path-outage\"\nsettings = { paths = [\"/health\"], status = 404 }\n";
    std::fs::write(folder.path().join("outage.toml"), text)?;
    let endpoint = layered.appconfig.endpoint();
    let arguments = [
        "publish",
        "outage.toml",
        "--to",
        PLACE,
        "--key",
        "key.pem",
        "--region",
        "us-east-1",
        "--endpoint-url",
        &endpoint,
    ];
    let news = layered.news();
    let published = publishing::misrule(&arguments, folder.path()).await?;
    assert!(published.status.success(), "{}", String::from_utf8_lossy(&published.stderr));
    let armed = news.until("armed").await?;
    assert!(armed["key"].is_string() && armed["unsigned"].is_null(), "{armed}");
    assert_eq!(layered.get("/health").await?.0, 404);
    Ok(())
}
