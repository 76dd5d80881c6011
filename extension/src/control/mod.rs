//! Which experiment is in force.
//!
//! A refresher asks the source, builds what it delivers aside and swaps it in whole; invocations only look at the
//! result. While an environment is frozen nothing runs, so a refresh starts when an event arrives and one is due, runs
//! beside the handler, and goes on at the source's interval for as long as an invocation is under way.
//!
//! | the source | what becomes of the experiment |
//! | --- | --- |
//! | delivers one | armed from the next invocation on |
//! | says that nothing changed | stays |
//! | halts, delivers nothing, or something refused or meant for others | disarmed |
//! | cannot be asked | stays until the last successful refresh is older than `max_age` |
//!
//! An experiment ends at its `expires` besides, and where its `stop_when` is reached, whatever the source says.

mod chance;
mod failure;
mod ledger;
mod loader;
mod observed;
mod refresher;
mod schedule;
mod state;

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use misrule_engine::decision::{Admission, Carries, Decision, Enforcer};
use misrule_engine::digest::Digest;
use misrule_engine::experiment::Environment;
use misrule_engine::invocation::Head;
use misrule_engine::time::Timestamp;

use self::ledger::Ledger;
use self::loader::Loader;
use self::refresher::Refresher;
use self::state::{State, Waits};
use crate::clock::Clock;
use crate::settings::{Settings, SourceAddress};
use crate::sources::{Agent, AppConfig, File, Source};
use crate::telemetry::{Line, PassThrough, Sparing};

/// Where lines go: to stdout, but for tests.
type Say = Arc<dyn Fn(Line) + Send + Sync>;

/// An experiment version that is in force, or was.
#[derive(Clone)]
pub struct Armed {
    /// Decides about invocations.
    pub enforcer: Arc<Enforcer>,
    /// Which version.
    pub version: Version,
    /// How many experiments had been disarmed before.
    disarmed_before: u64,
    /// The source that delivered it.
    source: Arc<str>,
    /// Whether it was said that an invocation lies outside the blast radius.
    outside_told: Arc<AtomicBool>,
    /// What is told of its decisions.
    lines: Arc<Sparing>,
}

impl Armed {
    /// Tells something of one of its decisions: of steps that were cut or refused once a minute each kind.
    pub fn tell(&self, line: Line) {
        self.lines.tell(line);
    }
}

#[cfg(test)]
impl Armed {
    /// An experiment version that no control knows.
    pub(crate) fn for_tests(enforcer: Enforcer) -> Self {
        let version = Version { label: None, digest: enforcer.digest() };
        let lines = Arc::new(Sparing::new(Clock::machine(), Arc::new(Line::emit)));
        let (enforcer, source, outside_told) = (Arc::new(enforcer), "file:/opt/a".into(), Arc::default());
        Self { enforcer, version, disarmed_before: 0, source, outside_told, lines }
    }
}

impl fmt::Debug for Armed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Armed({} {})", self.enforcer.experiment().name, self.version)
    }
}

/// A version as log lines name it: the source's label, else the start of the delivery's digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    label: Option<String>,
    digest: Digest,
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.label {
            Some(label) => formatter.write_str(label),
            None => formatter.write_str(&self.digest.short()),
        }
    }
}

/// Why an experiment may no longer inject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its `expires` has passed.
    Expired,
    /// A delivery said so.
    Halted,
    /// What came after it was refused.
    Refused,
    /// The source has nothing any more.
    Withdrawn,
    /// What came after it is meant for other functions.
    NotMeant,
    /// The last successful refresh is older than its `max_age`.
    Stale,
    /// Its `stop_when` was reached.
    Stopped,
    /// The layer failed to watch over it.
    Unwatched,
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Expired => "it expired",
            Self::Halted => "it was halted",
            Self::Refused => "what was delivered after it was refused",
            Self::Withdrawn => "the source has nothing any more",
            Self::NotMeant => "what was delivered after it is meant for other functions",
            Self::Stale => "the last successful refresh is older than its max_age",
            Self::Stopped => "its stop_when was reached",
            Self::Unwatched => "the layer failed to watch over it",
        })
    }
}

/// Knows which experiment is in force. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Control(Option<Arc<State>>);

impl Control {
    /// Never injects.
    pub fn disabled() -> Self {
        Self(None)
    }

    /// Whether it never injects, whatever comes.
    pub fn is_disabled(&self) -> bool {
        self.0.is_none()
    }

    /// Starts to watch the source that the settings name, in a task of its own on the current tokio runtime. Nothing that
    /// takes time happens before this returns. Where the settings let nothing arm, one line says why.
    pub fn start(settings: &Settings, environment: Environment, carries: Carries) -> Self {
        let say: Say = Arc::new(Line::emit);
        let address = match takes_part(settings, chance::draw()) {
            Ok(address) => address,
            Err(reason) => {
                say(PassThrough { reason: reason.to_owned() }.into());
                return Self::disabled();
            }
        };
        let waits = Waits { first: settings.first_wait, refresh: settings.refresh_wait, hold: !environment.shared() };
        let copied = settings.function.snapshotted().then_some(settings.share);
        let ledger = settings.ledger.clone().map(Ledger::in_file).unwrap_or_default();
        let state = State::new(Clock::machine(), Arc::clone(&say), waits).snapshotted(copied).keeping(ledger);
        let loader = Loader::new(environment, carries, settings.public_keys, misrule_policies::component)
            .through(address.environment().map(str::to_owned));
        match address {
            SourceAddress::AppConfig(address) => {
                let (region, aws) = (&settings.function.region, settings.aws.clone());
                Self::watch(state, loader, AppConfig::open(address, region, aws, Clock::machine()))
            }
            SourceAddress::Agent(address) => Self::watch(state, loader, Agent::open(address)),
            SourceAddress::File(address) => Self::watch(state, loader, File::open(address)),
        }
    }

    fn watch<S: Source>(state: State, loader: Loader, source: S) -> Self {
        let state = Arc::new(state);
        Refresher::new(Arc::clone(&state), loader, source).spawn();
        Self(Some(state))
    }

    /// An event arrived: starts a refresh beside its handler where one is due. Waits for it only where that was asked
    /// for: for the first experiment (MISRULE_FIRST_WAIT), or where the one in force is too old (MISRULE_REFRESH_WAIT); and
    /// for at most half of the time that faults leave before this deadline, so that the handler has the other half. None:
    /// the invocation passes through.
    pub async fn event_arrived(&self, deadline: Timestamp) -> Option<Arc<Armed>> {
        let state = self.0.as_ref()?;
        state.wake_where_due();
        state.wait_where_asked(deadline).await;
        state.in_force()
    }

    /// The environment was restored from a snapshot (SnapStart): what all copies of it have is not used again.
    pub fn restored(&self) {
        if let Some(state) = &self.0 {
            state.restored();
        }
    }

    /// Before Lambda is asked for the next event: gives a refresh under way up to 100 ms, all such waits of one refresh
    /// together, before the environment may freeze. Never on Managed Instances, which do not.
    pub async fn before_next(&self) {
        if let Some(state) = &self.0 {
            state.hold().await;
        }
    }

    /// The experiment does not admit an invocation. Says, once for a version, that it lies outside the blast radius; where the
    /// invocation shows that the experiment was published elsewhere, refuses it.
    pub fn passed_by(&self, armed: &Armed, head: &Head) {
        if let Some(state) = &self.0 {
            state.passed_by(armed, head);
        }
    }

    /// What was decided, once what it spends is kept where a restart of the layer leaves it: the plan may be what ends this
    /// process. Where that fails nothing of it stands.
    pub async fn keep_spent(&self, decision: Decision, admission: &Admission) -> Decision {
        match &self.0 {
            Some(state) if decision.spends && !state.keep_aside().await => admission.not_kept(decision),
            _ => decision,
        }
    }

    /// The handler of an invocation that the experiment watches answered, or failed: it may have to stop.
    pub fn handler_answered(&self, armed: &Armed, failed: bool) {
        if let Some(state) = &self.0 {
            state.handler_answered(armed, failed);
        }
    }

    /// The function could not be initialised: a failure of its own, as a handler's is.
    pub fn initialisation_failed(&self) {
        if let Some(state) = &self.0
            && let Some(armed) = state.in_force()
        {
            state.handler_answered(&armed, true);
        }
    }

    /// Lambda shuts the environment down: tells what was only counted.
    pub fn shut_down(&self) {
        if let Some(armed) = self.0.as_ref().and_then(|state| state.armed()) {
            armed.lines.end();
        }
    }

    /// While this guard lives an invocation is under way: refreshing goes on at its interval.
    pub fn invocation_under_way(&self) -> UnderWay {
        let under_way = UnderWay::new(self.0.clone());
        if let Some(state) = &self.0 {
            state.invocation_begins();
        }
        under_way
    }

    /// Completes when this experiment may no longer inject. A newer version does not end it.
    pub async fn ended(&self, armed: &Armed) -> Why {
        match &self.0 {
            Some(state) => state.ended(armed).await,
            None => Why::Unwatched,
        }
    }

    /// Why this experiment may no longer inject; none where it may. A newer version does not end it.
    pub fn over(&self, armed: &Armed) -> Option<Why> {
        self.0.as_ref().map_or(Some(Why::Unwatched), |state| state.over(armed))
    }

    /// Whether this experiment may inject at this instant.
    pub fn may_inject(&self, armed: &Armed, now: Timestamp) -> bool {
        self.0.as_ref().is_some_and(|state| armed.enforcer.in_force(now) && state.over(armed).is_none())
    }
}

#[cfg(test)]
impl Control {
    /// Watches no source: an experiment is in force until it expires.
    pub(crate) fn for_tests() -> Self {
        let waits = Waits { first: std::time::Duration::ZERO, refresh: std::time::Duration::ZERO, hold: false };
        Self(Some(Arc::new(State::new(Clock::machine(), Arc::new(Line::emit), waits))))
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Control({:?})", self.0.as_ref().map(|state| state.armed()))
    }
}

/// See [`Control::invocation_under_way`].
#[must_use = "the invocation counts as over when this is dropped"]
pub struct UnderWay(Option<Arc<State>>);

impl UnderWay {
    fn new(state: Option<Arc<State>>) -> Self {
        state.iter().for_each(|state| state.count_invocation());
        Self(state)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(state) = &self.0 {
            state.invocation_ends();
        }
    }
}

/// The environment is not of the share that takes part.
const NOT_DRAWN: &str = "this execution environment was not drawn into MISRULE_SHARE";

/// The source to watch, or why none is.
fn takes_part(settings: &Settings, draw: u64) -> Result<SourceAddress, &'static str> {
    if settings.wrong {
        return Err("a setting is wrong, so nothing arms");
    }
    if settings.disabled {
        return Err("MISRULE_DISABLED is true");
    }
    let Some(source) = &settings.source else { return Err("MISRULE_SOURCE is not set") };
    // What is drawn before a snapshot, all its copies would share: each draws when it begins.
    if !settings.function.snapshotted() && !settings.share.takes(draw) {
        return Err(NOT_DRAWN);
    }
    Ok(source.clone())
}
