//! What the lines of one execution environment said.

use std::collections::BTreeMap;

use super::distinct::Distinct;
use super::ledger::Version;
use super::line::{Armed, Line, Outside};
use super::message::Message;
use super::tally::{Reasons, Tally, version_of};
use super::times::Times;

const OTHER_ALIAS: &str = "in `functions`, `name:alias` covers what is invoked through that alias alone: invoke the function through it, or name it without";
const OTHER_ACCOUNT: &str =
    "compare it with `functions` and `accounts`: `name:alias` covers what is invoked through that alias alone";

/// One execution environment.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Environment {
    /// The function's name, as the layer gave it.
    pub(crate) function: Option<String>,
    /// How often the layer started.
    pub(crate) starts: u64,
    /// Whether a runtime asked for events through the layer.
    pub(crate) connected: bool,
    /// That the runtime failed before any event, and how.
    pub(crate) failed_init: Option<String>,
    /// Whether it is a dry run.
    pub(crate) dry_run: bool,
    /// Invocations that Lambda told of.
    pub(crate) invocations: u64,
    /// Why nothing was armed, or not for long.
    pub(crate) obstacles: Reasons,
    /// What to do about them, where the layer said so.
    pub(crate) hints: BTreeMap<String, String>,
    /// The experiment versions that were armed, or that lines speak of.
    pub(crate) versions: BTreeMap<Version, InForce>,
    /// The one that is in force now; in the end, the one that is in force where the log ends.
    pub(crate) armed: Option<Version>,
    /// The invocation that started last, and the version that it was counted for.
    current: Option<Current>,
    /// Whether Lambda tells of starts: then its reports say nothing new.
    told_of_starts: bool,
}

#[derive(Debug, PartialEq)]
struct Current {
    request_id: String,
    counted_for: Option<Version>,
}

/// An experiment version in an environment.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct InForce {
    /// How often it was armed.
    pub(crate) armed: u64,
    /// What the layer said as it armed it.
    pub(crate) about: Option<Armed>,
    /// Invocations that started while it was, or waited for it.
    pub(crate) invocations: u64,
    /// Invocations outside its blast radius, by how they were called.
    pub(crate) outside: Reasons,
    touched: Distinct,
    /// When it was armed, and acted.
    pub(crate) times: Times,
    /// By policy.
    pub(crate) policies: BTreeMap<String, Tally>,
    /// Why it went, or did not act.
    pub(crate) ends: Reasons,
    /// Why its `stop_when` was reached, where it was.
    pub(crate) stopped: Option<String>,
}

impl InForce {
    /// Invocations that any policy touched: an estimate is never more than there were decisions.
    pub(crate) fn touched(&self) -> u64 {
        self.touched.count().min(self.policies.values().map(|tally| tally.acted).sum())
    }
}

impl Environment {
    /// Whether the layer has started here.
    pub(crate) fn has_started(&self) -> bool {
        self.starts > 0
    }

    /// Takes in what a log event says.
    pub(crate) fn take(&mut self, message: Message) {
        match message {
            Message::Started(id) => {
                self.told_of_starts = true;
                self.begin(id);
            }
            Message::Reported(id) if !self.told_of_starts => self.begin(id),
            Message::Wrapper(said) => {
                self.obstacles.add(format!("misrule-wrapper says: {said}"));
            }
            Message::InitFailed(said) if self.invocations == 0 && !self.connected => {
                self.fail_init(&said);
            }
            Message::Layer(line) => self.take_line(*line),
            Message::Reported(_) | Message::InitFailed(_) | Message::Broken | Message::Other => {}
        }
    }

    fn fail_init(&mut self, said: &str) {
        let what = format!("the runtime failed before it asked for events: {said}");
        self.hints
            .insert(what.clone(), "mend that first: a runtime that does not come up asks nobody for events".to_owned());
        self.failed_init.get_or_insert(what);
    }

    fn begin(&mut self, request_id: String) {
        self.invocations += 1;
        self.current = Some(Current { request_id, counted_for: None });
        if let Some(armed) = self.armed.clone() {
            self.count_current_for(armed);
        }
    }

    /// An invocation counts for the experiment that is in force as it starts, or for the one that it waited for, or that a
    /// line says decided it.
    fn count_current_for(&mut self, version: Version) {
        let Some(current) = &mut self.current else { return };
        if current.counted_for.as_ref() == Some(&version) {
            return;
        }
        if let Some(before) =
            current.counted_for.replace(version.clone()).and_then(|before| self.versions.get_mut(&before))
        {
            before.invocations = before.invocations.saturating_sub(1);
        }
        self.versions.entry(version).or_default().invocations += 1;
    }

    fn take_line(&mut self, line: Line) {
        match line {
            Line::Start { function, dry_run } => self.start(function, dry_run),
            Line::RuntimeConnected {} => self.connected = true,
            Line::Armed(armed) => self.arm(armed),
            Line::Disarmed { experiment, version, reason } => {
                self.armed = None;
                self.versions.entry(Version { experiment, version }).or_default().ends.add(reason);
            }
            Line::Stopped { experiment, version, reason } => {
                self.armed = None;
                let in_force = self.versions.entry(Version { experiment, version }).or_default();
                in_force.stopped = Some(reason.clone());
                in_force.ends.add(reason);
            }
            Line::Stale { experiment, version } => {
                let stale = "the last successful refresh was older than its max_age".to_owned();
                self.versions.entry(Version { experiment, version }).or_default().ends.add(stale);
            }
            Line::OutsideBlastRadius(outside) => self.pass_by(&outside),
            line if line.about().is_some() => self.decide(&line),
            line => self.take_obstacle(line),
        }
    }

    fn start(&mut self, function: String, dry_run: bool) {
        self.starts += 1;
        self.function = Some(function);
        self.dry_run = dry_run;
        self.armed = None;
        self.current = None;
    }

    fn arm(&mut self, armed: Armed) {
        let version = Version { experiment: armed.experiment.clone(), version: armed.version.clone() };
        self.armed = Some(version.clone());
        if armed.waiting > 0 {
            self.count_current_for(version.clone());
        }
        let in_force = self.versions.entry(version).or_default();
        in_force.armed += 1;
        in_force.times.arm(armed.time);
        for named in &armed.policies {
            in_force.policies.entry(named.policy.clone()).or_default();
        }
        in_force.about = Some(armed);
    }

    fn decide(&mut self, line: &Line) {
        let Some(about) = line.about() else { return };
        let version = version_of(about);
        if self.current.as_ref().is_some_and(|current| current.request_id == about.request_id) {
            self.count_current_for(version.clone());
        }
        // The line that armed it may lie before the log's beginning.
        self.armed.get_or_insert_with(|| version.clone());
        let in_force = self.versions.entry(version).or_default();
        if let Line::Injected(faults) = line {
            in_force.touched.add(&faults.seed);
            in_force.times.act(faults.time);
        }
        in_force.policies.entry(about.policy.clone()).or_default().take(line);
    }

    /// What is in force does not cover an invocation; what is not never covered the function.
    fn pass_by(&mut self, outside: &Outside) {
        let Outside { experiment, version, function, region, account } = outside;
        let version = Version { experiment: experiment.clone(), version: version.clone() };
        let account_told = account.as_ref().map(|account| format!(" of account {account}")).unwrap_or_default();
        let in_force = self.versions.get_mut(&version).filter(|_| self.armed.as_ref() == Some(&version));
        let Some(in_force) = in_force else {
            let outside = format!("is outside the blast radius of `{experiment}`, version {}", version.version);
            return self.obstacles.add(format!("function `{function}` in {region}{account_told} {outside}"));
        };
        let what = format!("called as `{function}`, the function is outside its blast radius");
        let hint = if account.is_some() { OTHER_ACCOUNT } else { OTHER_ALIAS };
        self.hints.insert(what.clone(), hint.to_owned());
        in_force.outside.add(what);
    }

    fn take_obstacle(&mut self, line: Line) {
        let times = line.count();
        let (what, hint) = match line {
            Line::SettingWrong { reason, hint } => (reason, Some(hint)),
            Line::PassThrough { reason } => (format!("the layer passes everything through: {reason}"), None),
            Line::LinesLost { .. } => ("lines of the layer were lost, so counts are too small".to_owned(), None),
            Line::Halted { version } => (format!("halted by version {version}"), None),
            Line::NothingDeployed { source, reason } => (format!("nothing is deployed at {source}: {reason}"), None),
            Line::Refused { source, version, reason, hint } => {
                (format!("version {version} from {source} was refused: {reason}"), hint)
            }
            Line::SourceFailed { source, reason, hint } => (format!("{source} could not be asked: {reason}"), hint),
            Line::Failed { part, reason, hint, .. } => (format!("the layer's {part} failed: {reason}"), hint),
            _ => return,
        };
        self.obstacles.add_times(what.clone(), times);
        if let Some(hint) = hint.filter(|_| self.obstacles.0.contains_key(&what)) {
            self.hints.insert(what, hint);
        }
    }
}
