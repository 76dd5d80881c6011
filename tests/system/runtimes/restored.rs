//! SnapStart: runtimes that know of it ask for `/restore/next` through the layer, and the layer begins anew with the copy.

use anyhow::Result;
use misrule_local::lambda::Recording;
use misrule_tests::layered::{Layered, layered_after};

use super::client::Client;
use super::played::outage_of;

/// Without keys: a copy asks for its own.
const VARIABLES: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("MISRULE_FIRST_WAIT", "10s")];

async fn restored(client: Client) -> Result<Layered> {
    let builder = client.function("endings.handler")?.snap_start().recording(Recording::Everything);
    layered_after(outage_of("/gone"), builder, &VARIABLES).await
}

fn asks_to_be_restored(layered: &Layered) -> bool {
    layered.function.exchanges().iter().any(|one| one.is("GET", "/2018-06-01/runtime/restore/next"))
}

#[tokio::test]
async fn a_copy_runs_under_a_session_and_keys_of_its_own() -> Result<()> {
    for (client, knows_of_it) in [(Client::Python, true), (Client::Rust, true), (Client::Node, false)] {
        let layered = restored(client).await?;
        layered.appconfig.until_calls("GetLatestConfiguration", 1).await;
        assert_eq!(layered.appconfig.calls("StartConfigurationSession"), 1, "{client:?}: before the snapshot");
        assert_eq!(layered.get("/answer").await?.0, 200, "{client:?}: {}", layered.everything());
        layered.while_busy(layered.appconfig.until_calls("GetLatestConfiguration", 2)).await?;
        assert_eq!(layered.appconfig.calls("StartConfigurationSession"), 2, "{client:?}: the copy's own");
        assert_eq!(layered.get("/gone").await?.0, 404, "{client:?}: {}", layered.everything());
        assert_eq!(asks_to_be_restored(&layered), knows_of_it, "{client:?}");
    }
    Ok(())
}

/// The caller is told what Lambda tells it without the layer, and so is Lambda.
#[tokio::test]
async fn a_hook_that_fails_after_the_restore_is_reported() -> Result<()> {
    for client in [Client::Python, Client::Rust] {
        let builder = client.function("endings.handler")?.snap_start().env("FAIL_RESTORE", "true");
        let layered = layered_after(outage_of("/gone"), builder, &VARIABLES).await?;
        let invoked = layered.function.invoke(misrule_tests::layered::http_event("GET", "/answer")).await;
        let error = invoked.outcome.error().map(|error| error.error_type.clone());
        assert_eq!(error.as_deref(), Some("Runtime.AfterRestoreError"), "{client:?}: {}", layered.everything());
    }
    Ok(())
}
