//! Invocations by the thousand while Misrule itself breaks: its source, its bundles, its policies, the disk it writes to.
//!
//! What breaks, and when runtimes come and go, is drawn from a seed, which is printed; MISRULE_SOAK_SEED sets it. The
//! layer's own clock goes on by a minute with each delivery, so that it asks for every one of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_tests::message::Reader;
use misrule_tests::programs::checkout;
use misrule_tests::publishing;
use serde_json::json;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::NO_LAYER;
use crate::case::{Case, case};
use crate::guest::{self, THROWS_AFTER};
use crate::speech::{ACCEPTED, NEXT, STREAMING, armed, bundled, experiment, outage, post, request};
use crate::stage::{Setting, Stage, has, is_asked, sees, soon, writes};

const CONNECTIONS: u64 = 8;
/// Invocations, and rounds in which each thing breaks once, at the least: in full, and otherwise.
const FULL: (u32, usize) = (100_000, 10);
const SHORT: (u32, usize) = (3_000, 2);
/// Between two deliveries, by the machine's clock.
const EACH: Duration = Duration::from_millis(1_100);
/// So often the layer's clock goes on.
const TICK: Duration = Duration::from_millis(5);
/// So far it goes on at once, with a delivery: the longest that it leaves a source alone, which may be one that failed.
const PAUSE: Duration = Duration::from_secs(61);
/// Descriptors more than in the first round: a runtime may just be coming or going.
const GROWTH: usize = 8;
const GROWTH_KIB: u64 = 8 * 1024;
const CRIMES: [&str; 5] = ["loop", "memory", "panic", "stack", "copies"];

pub(crate) fn cases() -> Vec<Case> {
    let row = |runtime| {
        case("Misrule", runtime, "each event answered exactly once; descriptors and memory stay as they are")
            .one_layer(NO_LAYER, "its subject is one layer")
            .long(Duration::from_secs(3600))
    };
    vec![
        row("asks and answers 100,000 times on eight connections; source, bundles and policies break at random")
            .with(Setting { clocked: true, ..armed(&outage()) })
            .scene(soak),
        row("the same, while the layer can write no log: its disk is full")
            .with(Setting { clocked: true, disk_full: true, ..armed(&outage()) })
            .scene(soak),
    ]
}

/// Numbers that look random and repeat with their seed (SplitMix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

fn seed() -> u64 {
    let given = std::env::var_os("MISRULE_SOAK_SEED").and_then(|seed| seed.into_string().ok()?.parse().ok());
    given.unwrap_or_else(|| publishing::now().as_milliseconds())
}

/// What the source has at some moment; nothing where it is down.
type Delivery = (&'static str, Option<Vec<u8>>);

fn deliveries() -> Result<Vec<Delivery>> {
    let file = |name: &str| std::fs::read(checkout().join("tests/guests").join(name));
    let (crimes, older) = (file("crimes.wasm")?, file("older.wasm")?);
    let whole = bundled("heirloom", &older, &json!({ "path": "/orders/{id}" }))?;
    let mut garbled = whole.clone();
    let middle = garbled.len() / 2;
    garbled[middle] ^= 0xff;
    let experiment = |policies| experiment("trial", &policies).into_bytes();
    let mut deliveries = vec![
        ("an outage", Some(experiment(outage()))),
        ("errors in the answers' place", Some(bundled("after", &guest::component(THROWS_AFTER)?, &json!({}))?)),
        ("a bundle cut in two", Some(whole[..middle].to_vec())),
        ("a bundle with a byte changed", Some(garbled)),
        ("a bundle", Some(whole)),
        ("garbage", Some(b"\x00\xff garbage".to_vec())),
        ("a policy that nobody has", Some(experiment(json!([{ "use": "no-such-policy" }])))),
        ("a halt", Some(br#"{"halt": true}"#.to_vec())),
        ("a source that is down", None),
    ];
    for crime in CRIMES {
        deliveries.push((crime, Some(bundled("court", &crimes, &json!({ "crime": crime }))?)));
    }
    Ok(deliveries)
}

/// What all runtimes of a soak share.
struct Soak {
    stage: Stage,
    /// Held from connecting until Lambda has the connection: so each knows which is its own.
    pairing: Mutex<()>,
    numbers: AtomicU32,
    ours: AtomicU32,
    over: watch::Receiver<bool>,
}

async fn soak(stage: Stage) -> Result<()> {
    let seed = seed();
    println!("soak: MISRULE_SOAK_SEED={seed}");
    let (end, over) = watch::channel(false);
    let (pairing, numbers, ours) = (Mutex::default(), AtomicU32::new(0), AtomicU32::new(0));
    let soak = Arc::new(Soak { stage, pairing, numbers, ours, over });
    // They end with this, however it ends.
    let mut runtimes = JoinSet::new();
    for number in 1..=CONNECTIONS {
        runtimes.spawn(Arc::clone(&soak).runtime(Draws(seed.wrapping_add(number))));
    }
    let wanted = if soak.in_full() { FULL } else { SHORT };
    let held = soak.breaks(&mut Draws(seed), wanted).await.with_context(|| format!("MISRULE_SOAK_SEED={seed}"))?;
    end.send_replace(true);
    tokio::select! {
        ended = all_end(runtimes) => ended.with_context(|| format!("MISRULE_SOAK_SEED={seed}"))?,
        stands = soak.ticks() => stands?,
    }
    let (invocations, ours) = (soak.numbers.load(Ordering::Relaxed), soak.ours.load(Ordering::Relaxed));
    println!("soak: {invocations} invocations, {ours} of them answered by Misrule; descriptors, KiB: {held:?}");
    soak.tell_of_lines()?;
    ensure!(ours > 0 && ours < invocations, "{ours} of {invocations} were answered by Misrule");
    let (first, last) = held.first().zip(held.last()).context("there was no round")?;
    ensure!(last.0 < first.0 + GROWTH, "descriptors: {held:?}");
    ensure!(last.1 < first.1 + GROWTH_KIB, "memory: {held:?}");
    Ok(())
}

async fn all_end(mut runtimes: JoinSet<Result<()>>) -> Result<()> {
    while let Some(runtime) = soon("a runtime to end", runtimes.join_next()).await? {
        runtime??;
    }
    Ok(())
}

/// The most descriptors and resident KiB that the layer held, round by round.
type Held = Vec<(usize, u64)>;

impl Soak {
    /// Breaks one thing after another, for so many rounds and until there were so many invocations.
    async fn breaks(&self, draws: &mut Draws, (wanted, at_least): (u32, usize)) -> Result<Held> {
        let mut held = Held::new();
        while held.len() < at_least || self.numbers.load(Ordering::Relaxed) < wanted {
            let mut deliveries = deliveries()?;
            let (mut descriptors, mut resident) = (0, 0);
            while !deliveries.is_empty() {
                let drawn = usize::try_from(draws.below(deliveries.len() as u64))?;
                self.deliver(&deliveries.swap_remove(drawn))?;
                self.time_passes().await?;
                let now = self.stage.layer()?.holds()?;
                (descriptors, resident) = (descriptors.max(now.0), resident.max(now.1));
            }
            held.push((descriptors, resident));
        }
        Ok(held)
    }

    /// On the monotonic clock alone: by the wall clock each experiment would have ended long before its hour.
    async fn time_passes(&self) -> Result<()> {
        self.stage.clock()?.ages(PAUSE)?;
        tokio::time::timeout(EACH, self.ticks()).await.unwrap_or(Ok(()))
    }

    /// Lets the layer's time go on, until that fails.
    async fn ticks(&self) -> Result<()> {
        loop {
            self.stage.clock()?.ages(TICK)?;
            tokio::time::sleep(TICK).await;
        }
    }

    fn in_full(&self) -> bool {
        self.stage.in_full()
    }

    fn deliver(&self, (what, delivery): &Delivery) -> Result<()> {
        match delivery {
            Some(delivery) => self.stage.deliver(delivery),
            None => self.stage.break_source(),
        }
        .with_context(|| format!("delivering {what}"))
    }

    /// A runtime, until the soak is over.
    async fn runtime(self: Arc<Self>, mut draws: Draws) -> Result<()> {
        let (mut runtime, mut lambda) = self.pair().await?;
        while !*self.over.borrow() {
            match draws.below(100) {
                0 => {
                    drop(runtime);
                    ensure!(soon("Lambda's end to close", lambda.closes()).await?, "something came on it");
                    (runtime, lambda) = self.pair().await?;
                }
                _ => self.invocation(&mut runtime, &mut lambda, &mut draws).await?,
            }
        }
        Ok(())
    }

    /// A runtime that asked, and Lambda's end.
    async fn pair(&self) -> Result<(Reader, Reader)> {
        let _alone = self.pairing.lock().await;
        self.stage.asked().await
    }

    /// One event to a runtime that asked, and one answer to it, whoever gives it; then the next question.
    async fn invocation(&self, runtime: &mut Reader, lambda: &mut Reader, draws: &mut Draws) -> Result<()> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let path = ["/health", "/orders/7", "/elsewhere"][usize::try_from(draws.below(3))?];
        let event = request(number, path);
        writes(lambda, &event).await?;
        let ours = async {
            tokio::select! {
                _ = runtime.holds(1) => false,
                _ = lambda.holds(1) => true,
            }
        };
        if soon("the event or an answer", ours).await? {
            self.ours.fetch_add(1, Ordering::Relaxed);
            self.answered(lambda, number).await?;
            return is_asked(lambda).await;
        }
        has(runtime, &event).await?;
        writes(runtime, answer(number, draws)).await?;
        self.answered(lambda, number).await?;
        ensure!(sees(runtime, "what Lambda said").await?.start.contains("202"), "not accepted");
        writes(runtime, NEXT).await?;
        is_asked(lambda).await
    }

    /// Lambda gets one answer, to this event.
    async fn answered(&self, lambda: &mut Reader, number: u32) -> Result<()> {
        let seen = sees(lambda, "an answer").await?;
        let of_it = format!("POST /2018-06-01/runtime/invocation/r-{number}/");
        ensure!(seen.start.starts_with(&of_it), "not to r-{number}: {seen:?}");
        writes(lambda, ACCEPTED).await
    }

    /// How often the layer told what, where it could; that it told of each kind of breakage.
    fn tell_of_lines(&self) -> Result<()> {
        let said = self.stage.layer()?.said();
        let mut kinds = BTreeMap::<String, usize>::new();
        for line in said.iter().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()) {
            *kinds.entry(line["misrule"].as_str().unwrap_or("metrics").to_owned()).or_default() += 1;
        }
        println!("soak: lines {kinds:?}");
        let told = |kind: &&str| kinds.contains_key(*kind);
        let broken = ["armed", "injected", "trapped", "policy_disabled", "refused", "halted", "source_failed"];
        ensure!(said.is_empty() || broken.iter().all(told), "not each breakage was seen: {kinds:?}");
        Ok(())
    }
}

/// The handler's answer to this event: a result, a stream, or an error.
fn answer(number: u32, draws: &mut Draws) -> Vec<u8> {
    let path = |kind: &str| format!("/2018-06-01/runtime/invocation/r-{number}/{kind}");
    let id = format!("Lambda-Runtime-Invocation-Id: i-{number}\r\n");
    match draws.below(10) {
        0 => post(&path("error"), &format!("{id}Lambda-Runtime-Function-Error-Type: E\r\n"), b"{}"),
        1..=3 => {
            let head = format!("POST {} HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n", path("response"));
            format!("{head}{id}{STREAMING}\r\n4\r\ndone\r\n0\r\n\r\n").into_bytes()
        }
        _ => post(&path("response"), &id, b"done"),
    }
}
