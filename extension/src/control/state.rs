//! What invocations and the refresher share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use misrule_engine::decision::Enforcer;
use misrule_engine::limits::DEADLINE_MARGIN;
use misrule_engine::time::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::ledger::Ledger;
use super::schedule::{Ended, Patience, Schedule};
use super::{Armed, NOT_DRAWN, Say, Version, Why, chance};
use crate::clock::{Clock, Moment};
use crate::settings::Share;
use crate::telemetry::{self, Disarmed, Failed, Line, PassThrough, Sparing};

/// Timers follow the monotonic clock only; so often a wait looks whether the wall clock was set.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long invocations may be delayed on the refresher's behalf.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// For the first experiment.
    pub first: Duration,
    /// Where the experiment in force is too old.
    pub refresh: Duration,
    /// Whether a refresh under way may hold the next event back.
    pub hold: bool,
}

/// What invocations and the refresher share. `armed` is read without a lock, and written under that of `schedule`.
pub(super) struct State {
    clock: Clock,
    say: Say,
    waits: Waits,
    armed: ArcSwapOption<Armed>,
    schedule: Mutex<Schedule>,
    finished: watch::Sender<u64>,
    disarmed: watch::Sender<LastDisarmed>,
    wake: Notify,
    under_way: AtomicUsize,
    waiting: AtomicUsize,
    /// The environment may be a copy of a snapshot, and nothing has said yet that it began: then it draws whether it is of
    /// the share that takes part.
    may_be_copied: Mutex<Option<Share>>,
    /// It was not drawn: nothing arms here, and nobody is asked.
    not_drawn: AtomicBool,
    /// The environment began as a copy, and the source does not know yet.
    restored: AtomicBool,
    stale_told: Mutex<bool>,
    ledger: Arc<Ledger>,
}

/// The experiment that was disarmed last.
#[derive(Clone, Copy, Debug)]
struct LastDisarmed {
    /// How many were, in all.
    count: u64,
    why: Why,
}

impl State {
    pub(super) fn new(clock: Clock, say: Say, waits: Waits) -> Self {
        let schedule = Mutex::new(Schedule::new(clock.now()));
        Self {
            clock,
            say,
            waits,
            armed: ArcSwapOption::empty(),
            schedule,
            finished: watch::Sender::new(0),
            disarmed: watch::Sender::new(LastDisarmed { count: 0, why: Why::Withdrawn }),
            wake: Notify::new(),
            under_way: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            may_be_copied: Mutex::new(None),
            not_drawn: AtomicBool::new(false),
            restored: AtomicBool::new(false),
            stale_told: Mutex::new(false),
            ledger: Arc::default(),
        }
    }

    /// The same, in an environment that may be copied before its first event (SnapStart), with the share of the copies that
    /// take part.
    pub(super) fn snapshotted(self, share: Option<Share>) -> Self {
        Self { may_be_copied: Mutex::new(share), ..self }
    }

    /// The same where what experiments spend is kept in this ledger.
    pub(super) fn keeping(self, ledger: Ledger) -> Self {
        Self { ledger: Arc::new(ledger), ..self }
    }

    pub(super) fn ledger(&self) -> Arc<Ledger> {
        Arc::clone(&self.ledger)
    }

    /// Keeps what experiments spent. Says whether it is kept.
    pub(super) fn keep(&self) -> bool {
        self.is_kept(self.ledger.keep())
    }

    /// The same on a thread that may wait for the disk: other invocations go on meanwhile.
    pub(super) async fn keep_aside(&self) -> bool {
        if !self.ledger.is_in_a_file() {
            return true;
        }
        let ledger = self.ledger();
        self.is_kept(spawn_blocking(move || ledger.keep()).await.unwrap_or(Err(None)))
    }

    fn is_kept(&self, kept: Result<(), Option<Failed>>) -> bool {
        let is_kept = kept.is_ok();
        kept.err().flatten().into_iter().for_each(|line| self.say(line));
        is_kept
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(super) fn say(&self, line: impl Into<Line>) {
        (self.say)(line.into());
    }

    pub(super) fn armed(&self) -> Option<Arc<Armed>> {
        self.armed.load_full()
    }

    /// How many refreshes have finished.
    #[cfg(test)]
    pub(super) fn finished(&self) -> watch::Receiver<u64> {
        self.finished.subscribe()
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // For invocations.

    /// The environment was restored from a snapshot. Each copy learns it once.
    pub(super) fn restored(&self) {
        let share = self.may_be_copied.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.restored.store(true, Ordering::Release);
        if share.is_some_and(|share| !share.takes(chance::draw())) {
            self.not_drawn.store(true, Ordering::Release);
            self.say(PassThrough { reason: NOT_DRAWN.to_owned() });
        }
    }

    fn is_drawn(&self) -> bool {
        !self.not_drawn.load(Ordering::Acquire)
    }

    fn may_be_copied(&self) -> bool {
        self.may_be_copied.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(super) fn invocation_begins(&self) {
        // Not every runtime says that it was restored; but no snapshot is taken after the first event.
        if self.may_be_copied() {
            self.restored();
        }
        self.wake_where_due();
    }

    /// One more is under way, until [`invocation_ends`](Self::invocation_ends).
    pub(super) fn count_invocation(&self) {
        self.under_way.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn invocation_ends(&self) {
        self.under_way.fetch_sub(1, Ordering::AcqRel);
    }

    /// The refresher sleeps on past a due refresh while no invocation is under way.
    pub(super) fn wake_where_due(&self) {
        if self.schedule().is_due(self.now()) {
            self.wake.notify_one();
        }
    }

    pub(super) async fn wait_where_asked(&self, deadline: Timestamp) {
        if let Some(patience) = self.patience().filter(|_| self.is_drawn()) {
            let left = patience.left.min(self.share_of(deadline));
            let _waiting = Waiting::new(&self.waiting);
            self.wait(Patience { left, ..patience }).await;
        }
    }

    /// The part of an invocation's time that it may wait: half of what is left before Lambda's deadline and the margin that
    /// faults keep. Else a source that hangs would let the function time out, and so each environment that follows.
    fn share_of(&self, deadline: Timestamp) -> Duration {
        let margin = Duration::from_millis(DEADLINE_MARGIN.value);
        deadline.minus(margin).since(self.now().wall()) / 2
    }

    fn patience(&self) -> Option<Patience> {
        let now = self.now();
        let mut schedule = self.schedule();
        let allowance = match &*self.armed.load() {
            None if schedule.is_first() => self.waits.first,
            Some(armed) if is_stale(armed, &schedule, now) => self.waits.refresh,
            _ => return None,
        };
        schedule.patience(now, allowance)
    }

    async fn wait(&self, patience: Patience) {
        let mut finished = self.finished.subscribe();
        let _ = timeout(patience.left, finished.wait_for(|finished| *finished > patience.finished)).await;
    }

    pub(super) async fn hold(&self) {
        let Some(patience) = self.schedule().hold().filter(|_| self.waits.hold) else { return };
        let began = self.now();
        self.wait(patience).await;
        self.schedule().held(patience, self.now().since(began));
    }

    /// The experiment that may inject as an event arrives.
    pub(super) fn in_force(&self) -> Option<Arc<Armed>> {
        if !self.is_drawn() {
            return None;
        }
        let armed = self.armed()?;
        armed.lines.event();
        match self.over(&armed) {
            None => return Some(armed),
            Some(Why::Stale) => self.tell_stale(&armed),
            Some(Why::Expired) => self.disarm_expired(),
            // Disarmed between the two looks: whoever did so has told.
            Some(_) => {}
        }
        None
    }

    /// Why this experiment may no longer inject; none where it may.
    pub(super) fn over(&self, armed: &Armed) -> Option<Why> {
        let last = *self.disarmed.borrow();
        let now = self.now();
        if last.count > armed.disarmed_before {
            Some(last.why)
        } else if armed.enforcer.stopped().is_some() {
            Some(Why::Stopped)
        } else if now.wall() >= armed.enforcer.expires() {
            Some(Why::Expired)
        } else {
            is_stale(armed, &self.schedule(), now).then_some(Why::Stale)
        }
    }

    pub(super) async fn ended(&self, armed: &Armed) -> Why {
        let mut disarmed = self.disarmed.subscribe();
        loop {
            if let Some(why) = self.over(armed) {
                return why;
            }
            tokio::select! {
                _ = disarmed.changed() => {}
                () = sleep(self.left(armed).min(LOOK_AGAIN)) => {}
            }
        }
    }

    /// How long this experiment may still inject, if nothing happens; at least long enough for a timer.
    fn left(&self, armed: &Armed) -> Duration {
        let now = self.now();
        let until_expiry = armed.enforcer.expires().since(now.wall());
        let age = self.schedule().age(now).unwrap_or_default();
        let until_stale = max_age(armed).saturating_sub(age);
        until_expiry.min(until_stale) + Duration::from_millis(1)
    }

    fn tell_stale(&self, armed: &Armed) {
        let told = std::mem::replace(&mut *self.stale_told.lock().unwrap_or_else(PoisonError::into_inner), true);
        if !told {
            let age = self.schedule().age(self.now()).unwrap_or_default();
            self.say(telemetry::Stale {
                experiment: armed.enforcer.experiment().name.clone(),
                version: armed.version.to_string(),
                age_ms: milliseconds(age),
                max_age_ms: milliseconds(max_age(armed)),
            });
        }
    }

    // For the refresher.

    /// How long until the next refresh is due. A function of its own, so that no lock is held over a wait.
    fn due_in(&self) -> Option<Duration> {
        self.schedule().due_in(self.now())
    }

    /// Waits until a refresh is due and somebody needs it: an invocation that is under way, or one that begins.
    pub(super) async fn refresh_wanted(&self) {
        let mut asked = false;
        while let Some(left) = self.due_in() {
            if left.is_zero() && self.is_drawn() && (asked || self.under_way.load(Ordering::Acquire) > 0) {
                return;
            }
            tokio::select! {
                // A wake that was meant for the refresh before says nothing.
                () = self.wake.notified() => asked = self.schedule().is_due(self.now()),
                () = sleep(left), if !left.is_zero() => {}
            }
        }
    }

    /// How many invocations wait for the refresh under way.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    pub(super) fn refresh_begins(&self) -> Moment {
        self.schedule().begin();
        self.now()
    }

    /// Whether the environment was restored since this was asked last.
    pub(super) fn was_restored(&self) -> bool {
        self.restored.swap(false, Ordering::AcqRel)
    }

    pub(super) fn failures(&self) -> u32 {
        self.schedule().failures()
    }

    /// The refresh is over, and what it changed stands.
    pub(super) fn refresh_ends(&self, began: Moment, ended: Ended) {
        let finished = self.schedule().end(began, ended);
        if matches!(ended, Ended::Answered { .. }) {
            *self.stale_told.lock().unwrap_or_else(PoisonError::into_inner) = false;
        }
        self.finished.send_replace(finished);
    }

    /// In force from the next invocation on.
    pub(super) fn arm(&self, enforcer: Enforcer, version: Version, source: &str) -> Arc<Armed> {
        let armed = Arc::new(self.armed_as(enforcer, version, source));
        let before = {
            let _lock = self.schedule();
            self.armed.swap(Some(Arc::clone(&armed)))
        };
        before.iter().for_each(|before| before.lines.end());
        armed
    }

    fn armed_as(&self, enforcer: Enforcer, version: Version, source: &str) -> Armed {
        let disarmed_before = self.disarmed.borrow().count;
        let lines = Arc::new(Sparing::new(self.clock.clone(), Arc::clone(&self.say)));
        let (enforcer, source, outside_told) = (Arc::new(enforcer), source.into(), Arc::default());
        Armed { enforcer, version, disarmed_before, source, outside_told, lines }
    }

    /// Nothing is in force any more. Also what still injects under an older version ends.
    pub(super) fn disarm(&self, why: Why) {
        if let Some(armed) = self.end(None, why) {
            self.say(disarmed(&armed, why));
        }
    }

    /// Takes out of force what is, where it is `only`, or whatever it is.
    pub(super) fn end(&self, only: Option<&Armed>, why: Why) -> Option<Arc<Armed>> {
        let armed = {
            let _lock = self.schedule();
            let armed = self.armed.load_full()?;
            if only.is_some_and(|only| !Arc::ptr_eq(&only.enforcer, &armed.enforcer)) {
                return None;
            }
            self.armed.store(None);
            self.disarmed.send_modify(|last| *last = LastDisarmed { count: last.count + 1, why });
            armed
        };
        armed.lines.end();
        Some(armed)
    }

    /// Disarms what has expired, if anything has.
    pub(super) fn disarm_expired(&self) {
        let expired = self.armed().is_some_and(|armed| self.now().wall() >= armed.enforcer.expires());
        if expired {
            self.disarm(Why::Expired);
        }
    }
}

/// One more waits, until this is dropped: whoever gives up, too.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::AcqRel);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The line that says so.
pub(super) fn disarmed(armed: &Armed, why: Why) -> Disarmed {
    Disarmed {
        experiment: armed.enforcer.experiment().name.clone(),
        version: armed.version.to_string(),
        reason: why.to_string(),
    }
}

fn max_age(armed: &Armed) -> Duration {
    armed.enforcer.experiment().blast_radius.max_age
}

fn is_stale(armed: &Armed, schedule: &Schedule, now: Moment) -> bool {
    schedule.age(now).is_some_and(|age| age > max_age(armed))
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
