//! A control with a scripted source, clocks in the test's hand, and its lines kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use misrule_engine::decision::Carries;
use misrule_engine::delivery::{Keys, SigningKey, bundle};
use misrule_engine::experiment::{Environment, Experiment};
use misrule_engine::time::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::super::ledger::Ledger;
use super::super::loader::Loader;
use super::super::state::{State, Waits};
use super::super::{Armed, Control, Say};
use crate::clock::{Clock, Moment};
use crate::settings::Share;
use crate::sources::{Fetched, Source, SourceError};
use crate::telemetry::{Level, Line};

pub(super) const INTERVAL: Duration = Duration::from_secs(60);
pub(super) const MAX_AGE: Duration = Duration::from_secs(300);
pub(super) const LIFE: Duration = Duration::from_secs(3600);
pub(super) const START: Timestamp = Timestamp::from_milliseconds(1_800_000_000_000);

type Answer = Result<Fetched, SourceError>;
type Answers = Box<dyn FnOnce() -> Answer + Send>;
type ReadyMade = fn(&str) -> Option<&'static [u8]>;

/// What a test may choose before the doors open.
#[derive(Clone, Copy)]
pub(super) struct Plot {
    pub waits: Waits,
    pub keys: Option<Keys>,
    pub ready_made: ReadyMade,
    /// In an environment that may be copied: the share of the copies that take part.
    pub snapshotted: Option<Share>,
}

impl Default for Plot {
    fn default() -> Self {
        let waits = Waits { first: Duration::ZERO, refresh: Duration::from_millis(250), hold: true };
        Self { waits, keys: None, ready_made: misrule_policies::component, snapshotted: None }
    }
}

pub(crate) struct House {
    pub control: Control,
    state: Arc<State>,
    answers: mpsc::UnboundedSender<Answers>,
    asked: watch::Receiver<u64>,
    restored: watch::Receiver<u64>,
    lines: Arc<Mutex<Vec<Line>>>,
    wall_set: Arc<AtomicI64>,
    looks: Arc<AtomicI64>,
}

impl House {
    pub(crate) fn open() -> Self {
        Self::with(Plot::default())
    }

    pub(super) fn with(plot: Plot) -> Self {
        Self::furnished(plot, Ledger::default())
    }

    /// What experiments spend is kept in this file.
    pub(super) fn keeping(file: &Path) -> Self {
        Self::furnished(Plot::default(), Ledger::in_file(file.to_owned()))
    }

    fn furnished(plot: Plot, ledger: Ledger) -> Self {
        let (lines, wall_set, looks) = (Arc::new(Mutex::new(Vec::new())), Arc::default(), Arc::default());
        let say: Say = {
            let lines = Arc::clone(&lines);
            Arc::new(move |line| lines.lock().unwrap().push(line))
        };
        let state = State::new(clock(&wall_set, &looks), say, plot.waits).snapshotted(plot.snapshotted).keeping(ledger);
        let state = Arc::new(state);
        let carries = Carries::everything();
        let loader = Loader::new(environment(), carries, plot.keys, plot.ready_made);
        let loader = loader.through(Some("prod".to_owned()));
        let (answers, script) = mpsc::unbounded_channel();
        let (asks, asked) = watch::channel(0);
        let (restores, restored) = watch::channel(0);
        let source = Script { answers: script, asks, restores, asking: AtomicBool::new(false) };
        super::super::Refresher::new(Arc::clone(&state), loader, source).spawn();
        Self { control: Control(Some(Arc::clone(&state))), state, answers, asked, restored, lines, wall_set, looks }
    }

    /// The source's next answer, once it is asked.
    pub(super) fn script(&self, answer: Answer) {
        self.answers.send(Box::new(|| answer)).unwrap();
    }

    /// An event arrives that has all the time in the world.
    pub(crate) async fn event_arrives(&self) -> Option<Arc<Armed>> {
        self.control.event_arrived(Timestamp::from_milliseconds(u64::MAX)).await
    }

    /// A whole refresh with this answer: an invocation begins when one is due, and ends when it is done.
    pub(crate) async fn refreshed(&self, answer: Answer) {
        let mut finished = self.state.finished();
        let before = *finished.borrow();
        if before > 0 {
            tokio::time::advance(INTERVAL).await;
        }
        self.script(answer);
        let under_way = self.control.invocation_under_way();
        finished.wait_for(|finished| *finished > before).await.unwrap();
        drop(under_way);
    }

    /// The source panics when it is asked next.
    pub(super) fn script_panics(&self) {
        self.answers.send(Box::new(|| panic!("the source breaks, says the test"))).unwrap();
    }

    /// Whoever looks at the clock for the so many'th time from now panics; nobody where it is 0.
    pub(crate) fn break_clock(&self, look: i64) {
        self.looks.store(look, Ordering::SeqCst);
    }

    /// Whether the clock broke since.
    pub(crate) fn clock_broke(&self) -> bool {
        self.looks.load(Ordering::SeqCst) <= 0
    }

    pub(crate) async fn arms(&self, experiment: Value) -> Arc<Armed> {
        self.refreshed(Ok(content(&experiment))).await;
        self.event_arrives().await.expect("the experiment is in force")
    }

    /// Waits until the source was asked so many times in all.
    pub(super) async fn asked(&self, times: u64) {
        self.asked.clone().wait_for(|asked| *asked >= times).await.unwrap();
    }

    pub(super) fn times_asked(&self) -> u64 {
        *self.asked.borrow()
    }

    /// How often the source was told to forget what copies of the environment have too.
    pub(super) fn times_restored(&self) -> u64 {
        *self.restored.borrow()
    }

    /// Waits until so many refreshes are over, without an invocation.
    pub(super) async fn finished(&self, times: u64) {
        self.state.finished().wait_for(|finished| *finished >= times).await.unwrap();
    }

    /// Sets the wall clock forward or back by so many seconds.
    pub(super) fn set_wall(&self, seconds: i64) {
        self.wall_set.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.state.now().wall()
    }

    /// The names of the lines since the last look.
    pub(super) fn told(&self) -> Vec<&'static str> {
        self.lines().iter().map(Line::name).collect()
    }

    /// The lines since the last look, as the layer's log has them by default.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.all_lines().into_iter().filter(|line| line.level() > Level::Debug).collect()
    }

    /// Where the machine code of the policies that were loaded since the last look came from.
    pub(super) fn loaded(&self) -> Vec<&'static str> {
        let code = |line| if let Line::Loaded(loaded) = line { Some(loaded.code) } else { None };
        self.all_lines().into_iter().filter_map(code).collect()
    }

    fn all_lines(&self) -> Vec<Line> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

fn clock(wall_set: &Arc<AtomicI64>, looks: &Arc<AtomicI64>) -> Clock {
    let (start, wall_set, looks) = (Instant::now(), Arc::clone(wall_set), Arc::clone(looks));
    Clock::new(move || {
        assert_ne!(looks.fetch_sub(1, Ordering::SeqCst), 1, "the clock breaks, says the test");
        let monotonic = Instant::now();
        let wall = START.plus(monotonic - start).as_milliseconds();
        let wall = wall.saturating_add_signed(wall_set.load(Ordering::SeqCst));
        Moment::new(Timestamp::from_milliseconds(wall), monotonic)
    })
}

pub(super) fn environment() -> Environment {
    Environment {
        function_name: "health".into(),
        function_version: "$LATEST".into(),
        region: "us-east-1".into(),
        account: None,
        memory_mb: 128,
        initialization: "on-demand".into(),
    }
}

/// An experiment by this name, an hour long, that slows every event of every function down.
pub(crate) fn experiment(name: &str) -> Value {
    json!({
        "name": name,
        "hypothesis": "Clients retry.",
        "expires": START.plus(LIFE).to_string(),
        "blast_radius": { "functions": ["*"], "max_age": "5m" },
        "policy": [{ "use": "latency", "settings": { "delay": "1s" } }],
    })
}

pub(super) fn content(delivery: &Value) -> Fetched {
    Fetched::Content { bytes: Bytes::from(delivery.to_string()), label: None }
}

/// A bundle of it, signed.
pub(super) fn signed(experiment: &Value, signer: &SigningKey) -> Fetched {
    let experiment = Experiment::from_json(experiment.to_string().as_bytes()).unwrap();
    let bundle = bundle::write(&experiment, &BTreeMap::new(), &BTreeMap::new(), Some(signer)).unwrap();
    Fetched::Content { bytes: Bytes::from(bundle), label: None }
}

pub(super) fn halt() -> Fetched {
    content(&json!({ "halt": true }))
}

pub(super) fn nothing() -> Fetched {
    Fetched::Nothing { missing: "nothing is deployed".into() }
}

pub(super) fn unreachable() -> SourceError {
    SourceError::Unreachable { action: "appconfig:GetLatestConfiguration", source: "connection refused".into() }
}

struct Script {
    answers: mpsc::UnboundedReceiver<Answers>,
    asks: watch::Sender<u64>,
    restores: watch::Sender<u64>,
    asking: AtomicBool,
}

impl Source for Script {
    fn name(&self) -> &str {
        "appconfig:shop/prod/faults"
    }

    fn interval(&self) -> Duration {
        INTERVAL
    }

    fn forget(&mut self) {
        self.restores.send_modify(|restored| *restored += 1);
    }

    async fn fetch(&mut self) -> Answer {
        assert!(!self.asking.swap(true, Ordering::SeqCst), "two fetches at a time");
        self.asks.send_modify(|asked| *asked += 1);
        let answer = self.answers.recv().await;
        self.asking.store(false, Ordering::SeqCst);
        answer.expect("the script goes on")()
    }
}
