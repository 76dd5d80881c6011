//! A policy that breaks a limit costs its function nothing: neither its answer nor its memory.

use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use misrule_local::function::Function;
use misrule_tests::layered::{self, Layered, http_event};
use misrule_tests::programs;
use misrule_tests::publishing::{bundle, experiment};
use serde_json::{Value, json};

/// How much more memory than once armed the layer may take, in KiB.
const GROWTH_KIB: u64 = 24 * 1024;
/// As many traps disable a policy.
const TRAPS: usize = 3;

#[tokio::test]
async fn an_endless_loop_runs_out_of_fuel() -> Result<()> {
    is_harmless("loop", "fuel").await
}

#[tokio::test]
async fn a_memory_bomb_is_refused_memory() -> Result<()> {
    is_harmless("memory", "memory").await
}

#[tokio::test]
async fn a_panic_stays_in_the_policy() -> Result<()> {
    is_harmless("panic", "panic").await
}

#[tokio::test]
async fn an_endless_recursion_overflows_its_own_stack() -> Result<()> {
    is_harmless("stack", "stack").await
}

#[tokio::test]
async fn a_giant_plan_is_not_taken() -> Result<()> {
    is_harmless("plan", "plan").await
}

#[tokio::test]
async fn copies_for_the_host_are_counted() -> Result<()> {
    is_harmless("copies", "host-copy").await
}

/// Commits a crime in each invocation until the policy is disabled, and once more.
async fn is_harmless(crime: &str, cause: &str) -> Result<()> {
    let innocent = answer(&layered::rust("orders")?.start().await?).await;
    assert!(!innocent.is_empty());
    let layered = layered::layered_after(guilty(crime)?, layered::rust("orders")?, &[]).await?;
    // Events would be crimes already.
    layered.all_news().quietly_until("armed", |line| line["misrule"] == "armed").await?;
    let armed = Memory::of(&layered)?;
    armed.forget_peak();

    let mut traps = Vec::new();
    for _ in 0..TRAPS {
        let invoked = layered.function.invoke(http_event("GET", "/orders/7")).await;
        assert_eq!(invoked.outcome.bytes().await, innocent, "the answer is what it is without the policy");
        traps.push(invoked.request_id);
    }
    assert_eq!(answer(&layered.function).await, innocent);
    let peak = Memory::of(&layered)?.peak_kib;
    assert!(peak < armed.resident_kib + GROWTH_KIB, "{crime}: {} KiB once armed, then {peak} KiB", armed.resident_kib);

    tells_each_trap_once(&everything_told(&layered).await?, &traps, cause);
    Ok(())
}

async fn answer(function: &Function) -> Bytes {
    function.invoke(http_event("GET", "/orders/7")).await.outcome.bytes().await
}

/// A bundle whose only policy commits this crime in each invocation.
fn guilty(crime: &str) -> Result<Vec<u8>> {
    let component = std::fs::read(programs::checkout().join("tests/guests/crimes.wasm"))?;
    let policies = json!([{ "module": "crimes.wasm", "settings": { "crime": crime } }]);
    bundle(&experiment("court", &policies), &[("crimes.wasm", &component)], None)
}

/// The layer's log, once all that the crimes made it write has arrived: lines come in order.
async fn everything_told(layered: &Layered) -> Result<Vec<Value>> {
    layered.deploy(r#"{"halt": true}"#);
    layered.all_news().until("halted").await?;
    Ok(layered.log())
}

fn tells_each_trap_once(log: &[Value], traps: &[String], cause: &str) {
    let of = |kind: &str| log.iter().filter(|line| line["misrule"] == kind).cloned().collect::<Vec<_>>();
    let trapped = of("trapped");
    assert_eq!(trapped.len(), TRAPS, "{trapped:?}");
    for (line, request_id) in trapped.iter().zip(traps) {
        assert_eq!((&line["request_id"], &line["policy"]), (&json!(request_id), &json!("crimes")));
        assert_eq!(line["cause"], cause, "{line}");
        assert!(line["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{line}");
    }
    let disabled = of("policy_disabled");
    assert_eq!(disabled.len(), 1, "{disabled:?}");
    assert_eq!((&disabled[0]["policy"], &disabled[0]["request_id"]), (&json!("crimes"), &json!(traps[TRAPS - 1])));
    assert_eq!(of("injected"), Vec::<Value>::new());
}

/// The memory of the layer's process.
struct Memory {
    process: u32,
    resident_kib: u64,
    peak_kib: u64,
}

impl Memory {
    fn of(layered: &Layered) -> Result<Self> {
        let process = layered.process_id()?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("a status without memory");
            Ok::<u64, anyhow::Error>(line?.trim().trim_end_matches(" kB").parse()?)
        };
        let (resident_kib, peak_kib) = (kib("VmRSS:")?, kib("VmHWM:")?);
        Ok(Self { process, resident_kib, peak_kib })
    }

    /// Lets the kernel count the peak from here on; where it does not, what was needed to get armed counts too.
    fn forget_peak(&self) {
        drop(std::fs::write(Path::new("/proc").join(self.process.to_string()).join("clear_refs"), "5"));
    }
}
