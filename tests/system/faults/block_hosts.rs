//! `block-hosts`: a name that an invocation blocks fails to resolve in its handler, and in the next one it does not.

use std::ffi::CString;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_local::function::{FunctionBuilder, Origin};
use misrule_names::Window;
use misrule_tests::emulator::{self, Emulator, Instances, kill};
use misrule_tests::layered::{self, Layered, PLACE, free_port, http_event, local_appconfig, with_layer};
use misrule_tests::preloaded::Opt;
use misrule_tests::programs;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Leash, catalogue};

/// `EAI_NONAME` (`netdb.h`).
const NO_NAME: i64 = -2;

/// A library that there is everywhere, and that does nothing.
const OTHER: &str = "libm.so.6";

/// A policy that blocks names on this path.
fn blocks(path: &str, names: &[&str]) -> Value {
    json!({ "path": path, "before": [{ "fault": "block-hosts", "names": names }] })
}

/// A Python function under the layer with its library beside the wrapper, and a resolver that needs no network.
async fn armed(opt: &Opt, settings: &Value, variables: &[(&str, &str)]) -> Result<Layered> {
    armed_on(layered::python("orders")?, opt, settings, variables).await
}

/// The same of this function.
async fn armed_on(
    function: FunctionBuilder,
    opt: &Opt,
    settings: &Value,
    variables: &[(&str, &str)],
) -> Result<Layered> {
    let (appconfig, place) = local_appconfig().await?;
    appconfig.deploy(&place, "application/octet-stream", catalogue(settings)?);
    let builder = function.env("LD_PRELOAD", OTHER);
    let builder = builder.env("MISRULE_NEXT_WRAPPER", opt.next_wrapper()?.to_string_lossy());
    let builder = with_layer(builder, &appconfig, variables)?.wrapper(opt.wrapper());
    let layered = Layered { function: builder.start().await?.into(), appconfig, place };
    layered.until_line("armed").await;
    Ok(layered)
}

const ALLOWED: (&str, &str) = ("MISRULE_BLOCK_HOSTS", "true");

/// What the handler finds.
async fn resolves(layered: &Layered, name: &str, blocked: bool) -> Result<Value> {
    let path = format!("/resolve/{}/{name}", if blocked { "blocked" } else { "free" });
    let answer = layered.function.invoke(http_event("GET", &path)).await.outcome.bytes().await;
    serde_json::from_slice(&answer).with_context(|| layered.everything())
}

/// The page of a layer, as any process may read it.
fn window(layer: u32) -> Result<Window> {
    let mut files = fs::read_dir(format!("/proc/{layer}/fd"))?.flatten();
    let is_page = |file: &fs::DirEntry| {
        fs::read_link(file.path()).is_ok_and(|target| target.to_string_lossy().starts_with("/memfd:misrule-names"))
    };
    let page = files.find(is_page).context("the layer has a page")?;
    let window = Window::closed();
    window.open(&CString::new(page.path().to_string_lossy().into_owned())?)?;
    Ok(window)
}

async fn until(what: &str, so: impl Fn() -> bool) -> Result<()> {
    let looks = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(layered::PATIENCE, looks).await.with_context(|| format!("waited for {what}"))
}

#[tokio::test]
pub(super) async fn a_handler_cannot_resolve_a_name_in_that_invocation_and_can_in_the_next() -> Result<()> {
    let opt = Opt::new()?;
    let layered = armed(&opt, &blocks("/resolve/blocked/*", &["shop.*", "*.internal.test"]), &[ALLOWED]).await?;
    let preloaded = format!("{OTHER}:{}:{}", opt.library().display(), opt.resolver().display());
    let found = json!({ "address": "127.0.0.1", "preloaded": preloaded });
    for _ in 0..3 {
        for name in ["shop.test", "db.internal.test"] {
            assert_eq!(resolves(&layered, name, true).await?["error"], NO_NAME, "{}", layered.everything());
            assert_eq!(resolves(&layered, name, false).await?, found);
        }
        assert_eq!(resolves(&layered, "open.test", true).await?, found, "another name");
    }
    let injected = layered.log().into_iter().find(|line| line["misrule"] == "injected").unwrap_or_default();
    assert_eq!(injected["faults"], json!(["block-hosts"]));
    assert!(!injected.to_string().contains("internal.test"), "names of hosts are settings: {injected}");
    Ok(())
}

#[tokio::test]
async fn what_is_no_name_blocks_nothing_and_is_told() -> Result<()> {
    let opt = Opt::new()?;
    let layered = armed(&opt, &blocks("/resolve/blocked/*", &["shop.test", "shop.test:443"]), &[ALLOWED]).await?;
    assert_eq!(resolves(&layered, "shop.test", true).await?["address"], "127.0.0.1");
    let failed = layered.until_line("fault_failed").await;
    assert_eq!(failed["fault"], "block-hosts");
    let reason = "name 2, of 13 bytes, is no name of a host: at byte 10 it has other punctuation than `-_.*?`: nothing is blocked";
    assert_eq!(failed["reason"], reason, "a name may come out of an event, and is not told");
    Ok(())
}

#[tokio::test]
async fn a_runtime_without_the_library_is_told_and_runs_on() -> Result<()> {
    let opt = Opt::new()?;
    fs::remove_file(opt.library())?;
    let layered = armed(&opt, &blocks("/resolve/blocked/*", &["shop.test"]), &[ALLOWED]).await?;
    let answer = resolves(&layered, "shop.test", true).await?;
    let preloaded = format!("{OTHER}:{}", opt.resolver().display());
    assert_eq!(answer, json!({ "address": "127.0.0.1", "preloaded": preloaded }));
    let failed = layered.until_line("fault_failed").await;
    assert!(failed["reason"].as_str().is_some_and(|reason| reason.contains("misrule-wrapper says why")), "{failed}");
    assert!(layered.everything().contains("the runtime runs without the library of `block-hosts`: "));
    Ok(())
}

#[tokio::test]
async fn it_is_refused_where_nobody_allowed_it_or_others_share_the_environment() -> Result<()> {
    let opt = Opt::new()?;
    let shared = ("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances");
    let not_allowed = "the function does not allow it: MISRULE_BLOCK_HOSTS=true does";
    for (variables, reason) in [(&[][..], not_allowed), (&[ALLOWED, shared], "other invocations share the environment")]
    {
        let layered = armed(&opt, &blocks("/resolve/blocked/*", &["shop.test"]), variables).await?;
        let answer = resolves(&layered, "shop.test", true).await?;
        let preloaded = format!("{OTHER}:{}", opt.resolver().display());
        assert_eq!(answer, json!({ "address": "127.0.0.1", "preloaded": preloaded }), "{reason}");
        let refused = layered.until_line("refused_step").await;
        assert_eq!((&refused["fault"], &refused["reason"]), (&json!("block-hosts"), &json!(reason)));
    }
    Ok(())
}

#[tokio::test]
async fn under_lambdas_own_control_program_a_name_is_blocked_for_one_invocation() -> Result<()> {
    let test = "faults::block_hosts::under_lambdas_own_control_program_a_name_is_blocked_for_one_invocation";
    let Some(namespace) = emulator::namespace(test, Instances::OnDemand).await else { return Ok(()) };
    let (appconfig, place) = local_appconfig().await?;
    let settings = blocks("/resolve/blocked/*", &["shop.test"]);
    appconfig.deploy(&place, "application/octet-stream", catalogue(&settings)?);
    let opt = Opt::new()?;
    emulator::add_extension(opt.path(), "misrule", &programs::program("misrule-extension")?)?;
    let builder = Emulator::builder(namespace, opt.path()).handler("app.handler").env(ALLOWED.0, ALLOWED.1);
    let builder = builder.env("MISRULE_NEXT_WRAPPER", opt.next_wrapper()?.to_string_lossy());
    let builder = builder.env("MISRULE_PORT", free_port()?.to_string()).env("MISRULE_FIRST_WAIT", "20s");
    let builder = builder.env("MISRULE_SOURCE", format!("appconfig:{PLACE}"));
    let emulator = builder.env("AWS_ENDPOINT_URL", appconfig.endpoint()).start().await?;
    for _ in 0..2 {
        let blocked = emulator.invoke(&http_event("GET", "/resolve/blocked/shop.test")).await?;
        let preloaded = format!("/opt/libmisrule_preload.so:{}", opt.resolver().display());
        let answer: Value = serde_json::from_str(&blocked.body).with_context(|| emulator.last_words())?;
        assert_eq!(answer, json!({ "error": NO_NAME, "preloaded": preloaded }), "{}", emulator.last_words());
        let free = emulator.invoke(&http_event("GET", "/resolve/free/shop.test")).await?;
        assert!(free.body.contains(r#""address": "127.0.0.1""#), "{free:?}");
    }
    emulator.shut_down().await?;
    Ok(())
}

#[tokio::test]
async fn a_crash_a_timeout_and_a_halt_undo_it() -> Result<()> {
    let opt = Opt::new()?;
    let soon = Duration::from_secs(10);
    for (how, timeout) in [("killed", layered::TIMEOUT), ("timed out", soon), ("halted", layered::TIMEOUT)] {
        let leash = Leash::new()?;
        let function = leash.on(layered::python("orders")?.timeout(timeout));
        let layered = armed_on(function, &opt, &blocks("/slow", &["shop.test"]), &[ALLOWED]).await?;
        let (window, function) = (window(layered.process_id()?)?, layered.function.clone());
        let invoked = tokio::spawn(async move { function.invoke(http_event("GET", "/slow")).await.outcome });
        until("the name to be blocked", || window.blocks(b"shop.test")).await?;
        match how {
            "killed" => kill(layered.function.process_id(&Origin::Runtime).context("it runs")?, Signal::KILL)?,
            "halted" => layered.deploy(r#"{"halt": true}"#),
            _ => {}
        }
        until(how, || !window.blocks(b"shop.test")).await?;
        assert!(how != "halted" || !invoked.is_finished(), "the handler is still at work");
        leash.let_go()?;
        assert_eq!(invoked.await?.error().is_some(), how != "halted", "{how}");
        assert_eq!(layered.get("/orders/7").await?.0, 200, "{how}: the next event is served");
    }
    Ok(())
}
