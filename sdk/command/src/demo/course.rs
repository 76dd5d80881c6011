//! What is done in which order: steady state, outage, recovery.

use std::sync::Arc;
use std::time::Duration;

use misrule_local::route53::health_check::Health;
use tokio::task::JoinHandle;

use super::DemoError;
use super::clients::Clients;
use super::history::{History, Moments, Recorder, Span};
use super::judgement::{Logged, at_home, in_seconds, in_the_eu, percent};
use super::region::{PerRegion, Region};
use super::scale::TTL;
use super::stage::Stage;
use crate::printer::{Activity, Printer};

/// How long the steady state is watched.
const STEADY: Duration = Duration::from_secs(4);
/// How long the outage lasts.
const OUTAGE: Duration = Duration::from_secs(15);
/// What was published takes hold within seconds: the poll interval, and room for a slow machine.
const TAKES_HOLD: Duration = Duration::from_secs(10);
/// How long clients may take to come home. What follows is for people to see.
const RECOVERY: Duration = Duration::from_secs(12);
/// From one look at what happened to the next.
const LOOK: Duration = Duration::from_millis(100);

/// All that was seen.
pub(crate) struct Experience {
    pub(crate) history: History,
    pub(crate) moments: Moments,
    pub(crate) logged: PerRegion<Logged>,
}

/// The demo under way.
pub(crate) struct Course<'a> {
    stage: &'a Stage,
    printer: &'a Printer,
    recorder: Arc<Recorder>,
    following: Vec<JoinHandle<()>>,
    told: usize,
}

impl<'a> Course<'a> {
    /// Nothing has happened yet.
    pub(crate) fn new(stage: &'a Stage, printer: &'a Printer) -> Self {
        let recorder = Recorder::start();
        let follow = |region| recorder.follow(region, stage.sites.of(region).check.watch());
        let following = Region::ALL.map(follow).into();
        Self { stage, printer, recorder, following, told: 0 }
    }

    /// Lets clients come, and goes through all of it.
    pub(crate) async fn run(mut self, pinned: usize) -> Result<Experience, DemoError> {
        let (addresses, records) = (self.stage.addresses(), self.stage.records());
        let _clients = Clients::start(addresses, records, pinned, &self.recorder);
        self.steady_state().await;
        let published = self.recorder.now();
        let took_hold = self.outage_begins(published).await?;
        self.outage(took_hold).await;
        let halted = self.recorder.now();
        self.recovery(halted).await?;
        let moments = Moments { published, took_hold, halted, over: self.recorder.now() };
        Ok(Experience { history: self.recorder.history(), moments, logged: self.logged() })
    }

    async fn steady_state(&mut self) {
        self.printer.say("steady state: clients ask for orders");
        self.watch("steady state", STEADY, |_, _| false).await;
        let span = Duration::ZERO..self.recorder.now();
        self.told_served(&span);
    }

    /// Publishes; when the first request failed.
    async fn outage_begins(&mut self, published: Duration) -> Result<Duration, DemoError> {
        self.printer.say("outage: the experiment is published to both regions");
        self.stage.publish(self.printer).await?;
        let first = |history: &History, from: Duration| {
            history.requests.iter().find(|request| request.at >= from && !request.served).map(|request| request.at)
        };
        self.watch("taking hold", TAKES_HOLD, |history, _| first(history, published).is_some()).await;
        let within = TAKES_HOLD.as_secs();
        let took_hold = first(&self.recorder.history(), published);
        let took_hold = took_hold.ok_or(DemoError::NoFault { region: Region::Us, within })?;
        // From the moment that the picture numbers, too.
        let since = in_seconds(took_hold.saturating_sub(published));
        self.printer
            .say(format_args!("  {since} after `misrule publish` began the first request fails in {}", Region::Us));
        Ok(took_hold)
    }

    async fn outage(&mut self, took_hold: Duration) {
        self.quote(Region::Us, "armed").await;
        self.quote(Region::Eu, "outside_blast_radius").await;
        let left = (took_hold + OUTAGE).saturating_sub(self.recorder.now());
        self.watch("outage", left, |_, _| false).await;
        let span = took_hold..self.recorder.now();
        self.told_served(&span);
        self.printer.say(match self.recorder.history().settled(&span, in_the_eu) {
            Some(took) => format!("  {} into the outage the last client was in the EU", in_seconds(took)),
            None => "  not every client is in the EU".to_owned(),
        });
    }

    /// Halts, and waits until clients have been home for as long as they keep an answer of DNS.
    async fn recovery(&mut self, halted: Duration) -> Result<(), DemoError> {
        self.printer.say("recovery: the experiment is halted in both regions");
        self.stage.halt(self.printer).await?;
        let back = |history: &History, now: Duration| {
            let settled = history.settled(&(halted..now), at_home);
            settled.is_some_and(|settled| now.saturating_sub(halted + settled) > TTL.here())
        };
        self.watch("recovery", RECOVERY, back).await;
        if let Some(took) = self.recorder.history().settled(&(halted..self.recorder.now()), at_home) {
            self.printer.say(format_args!(
                "  {} after `misrule halt` began every client was back in its nearest region",
                in_seconds(took)
            ));
        }
        Ok(())
    }

    /// Watches for a while, or until something is so; tells of changes as they come.
    async fn watch(&mut self, what: &str, at_most: Duration, is_so: impl Fn(&History, Duration) -> bool) {
        let activity = self.printer.activity(what);
        let began = self.recorder.now();
        loop {
            let (history, now) = (self.recorder.history(), self.recorder.now());
            self.tell_changes(&history, &activity);
            let passed = now.saturating_sub(began);
            if passed >= at_most || is_so(&history, now) {
                return;
            }
            activity.set(&status(&history, passed, at_most, now));
            tokio::time::sleep(LOOK.min(at_most.saturating_sub(passed))).await;
        }
    }

    fn tell_changes(&mut self, history: &History, activity: &Activity<'_>) {
        for change in &history.changes[self.told..] {
            let health = match change.health {
                Health::Healthy => "healthy",
                Health::Unhealthy => "unhealthy",
            };
            activity.say(format_args!("  {} is {health} now, says its health check", change.region));
        }
        self.told = history.changes.len();
    }

    fn told_served(&self, span: &Span) {
        let history = self.recorder.history();
        let (share, all) = (percent(history.share_served(span)), history.within(span).count());
        self.printer.say(format_args!("  {share} of {all} requests served"));
    }

    /// Shows a line of a layer's log, as it is. One that does not come is missed by the judgement.
    async fn quote(&self, region: Region, name: &str) {
        let line = self.stage.sites.of(region).line(name);
        if let Ok(line) = tokio::time::timeout(TAKES_HOLD, line).await {
            self.printer.say(format_args!("  {region}'s log: {line}"));
        }
    }

    fn logged(&self) -> PerRegion<Logged> {
        let logged = |region| {
            let site = self.stage.sites.of(region);
            Logged {
                starts: site.lines("start"),
                injected: site.lines("injected"),
                outside: site.lines("outside_blast_radius"),
            }
        };
        PerRegion { us: logged(Region::Us), eu: logged(Region::Eu) }
    }
}

impl Drop for Course<'_> {
    fn drop(&mut self) {
        self.following.iter().for_each(JoinHandle::abort);
    }
}

/// How it goes, for who looks at a terminal: the last second's requests.
fn status(history: &History, passed: Duration, at_most: Duration, now: Duration) -> String {
    let span = now.saturating_sub(Duration::from_secs(1))..now;
    let [us, eu] = Region::ALL.map(|region| history.within(&span).filter(|request| request.served_by(region)).count());
    let failed = history.within(&span).filter(|request| !request.served).count();
    let (passed, at_most) = (passed.as_secs_f64(), at_most.as_secs_f64());
    format!(
        "{passed:.0} of {at_most:.0} s; requests per second: {us} by {}, {eu} by {}, {failed} failed",
        Region::Us,
        Region::Eu
    )
}
