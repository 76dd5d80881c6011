//! Lines of which there may be one for each invocation, told sparingly: what is of one kind at most once a minute, with the
//! count of what happened since.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::line::{About, Cut, Failed, FaultFailed, Line, RefusedStep};
use crate::clock::{Clock, Moment};

/// How long one kind is silent once a line of it was written.
const SILENCE: Duration = Duration::from_secs(60);

/// Writes lines, those about cut, refused and failed steps and about failures of the layer sparingly. Nothing is lost: what was only counted is told with the next
/// line of its kind, with the next [event](Self::event) after the minute, and at the [end](Self::end).
pub struct Sparing {
    clock: Clock,
    write: Arc<dyn Fn(Line) + Send + Sync>,
    kinds: Mutex<Vec<Counted>>,
}

/// What makes two lines alike.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    name: &'static str,
    policy: String,
    hook: String,
    fault: &'static str,
    reason: String,
}

#[derive(Debug)]
struct Counted {
    kind: Kind,
    told: Moment,
    /// The last line that was not written, and for how many it stands.
    untold: Option<(Line, u64)>,
}

impl Sparing {
    /// Writes to `write`, by this clock.
    pub fn new(clock: Clock, write: Arc<dyn Fn(Line) + Send + Sync>) -> Self {
        Self { clock, write, kinds: Mutex::new(Vec::new()) }
    }

    /// Writes the line, or counts it where its kind was written within the minute.
    pub fn tell(&self, line: Line) {
        let line = match kind(&line) {
            Some(kind) => self.count(kind, line),
            None => Some(line),
        };
        line.into_iter().for_each(|line| (self.write)(line));
    }

    /// Something else happened: writes what was counted and whose minute is over.
    pub fn event(&self) {
        let now = self.clock.now();
        self.write_untold(|counted| now.since(counted.told) >= SILENCE);
    }

    /// Writes whatever was only counted.
    pub fn end(&self) {
        self.write_untold(|_| true);
    }

    fn count(&self, kind: Kind, line: Line) -> Option<Line> {
        let now = self.clock.now();
        let mut kinds = self.kinds();
        let Some(counted) = kinds.iter_mut().find(|counted| counted.kind == kind) else {
            kinds.push(Counted { kind, told: now, untold: None });
            return Some(line);
        };
        let count = counted.untold.take().map_or(0, |(_, count)| count) + 1;
        if now.since(counted.told) >= SILENCE {
            counted.told = now;
            return Some(counted_line(line, count));
        }
        counted.untold = Some((line, count));
        None
    }

    fn write_untold(&self, due: impl Fn(&Counted) -> bool) {
        let now = self.clock.now();
        let mut untold = Vec::new();
        for counted in self.kinds().iter_mut().filter(|counted| due(counted)) {
            if let Some((line, count)) = counted.untold.take() {
                counted.told = now;
                untold.push(counted_line(line, count));
            }
        }
        untold.into_iter().for_each(|line| (self.write)(line));
    }

    fn kinds(&self) -> MutexGuard<'_, Vec<Counted>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sparing {
    fn drop(&mut self) {
        self.end();
    }
}

fn kind(line: &Line) -> Option<Kind> {
    let kind = |About { policy, hook, .. }: &About, fault, reason: &str| {
        let (policy, hook, reason) = (policy.clone(), hook.clone(), reason.to_owned());
        Some(Kind { name: line.name(), policy, hook, fault, reason })
    };
    match line {
        Line::Cut(Cut { about, fault, reason, .. }) | Line::RefusedStep(RefusedStep { about, fault, reason, .. }) => {
            kind(about, *fault, reason)
        }
        Line::FaultFailed(FaultFailed { about, fault, reason, .. }) => kind(about, *fault, &without_numbers(reason)),
        Line::Failed(Failed { part, reason, .. }) => {
            let (policy, hook, reason) = (String::new(), String::new(), reason.clone());
            Some(Kind { name: line.name(), policy, hook, fault: part, reason })
        }
        _ => None,
    }
}

/// A size or a position may be another one each time.
fn without_numbers(reason: &str) -> String {
    reason.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn counted_line(line: Line, count: u64) -> Line {
    match line {
        Line::Cut(cut) => Cut { count, ..cut }.into(),
        Line::RefusedStep(step) => RefusedStep { count, ..step }.into(),
        Line::FaultFailed(fault) => FaultFailed { count, ..fault }.into(),
        Line::Failed(failed) => Failed { count, ..failed }.into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use misrule_engine::time::Timestamp;
    use tokio::time::Instant;

    use super::*;

    struct Bench {
        sparing: Option<Sparing>,
        seconds: Arc<AtomicU64>,
        lines: Arc<Mutex<Vec<Line>>>,
    }

    impl Bench {
        fn new() -> Self {
            let (seconds, lines) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
            let (start, clock, kept) = (Instant::now(), Arc::clone(&seconds), Arc::clone(&lines));
            let clock = Clock::new(move || {
                let passed = Duration::from_secs(clock.load(Ordering::SeqCst));
                Moment::new(Timestamp::from_milliseconds(0).plus(passed), start + passed)
            });
            let sparing = Sparing::new(clock, Arc::new(move |line| kept.lock().unwrap().push(line)));
            Self { sparing: Some(sparing), seconds, lines }
        }

        fn at(&self, seconds: u64) -> &Sparing {
            self.seconds.store(seconds, Ordering::SeqCst);
            self.sparing.as_ref().unwrap()
        }

        /// Of each line since the last look: the request that it names, and its count.
        fn told(&self) -> Vec<(String, u64)> {
            let lines = std::mem::take(&mut *self.lines.lock().unwrap());
            let told = |line: &Line| match line {
                Line::Cut(cut) => (cut.about.request_id.clone(), cut.count),
                Line::RefusedStep(step) => (step.about.request_id.clone(), step.count),
                Line::FaultFailed(fault) => (fault.about.request_id.clone(), fault.count),
                Line::Failed(failed) => (failed.part.to_owned(), failed.count),
                other => (other.name().to_owned(), 0),
            };
            lines.iter().map(told).collect()
        }
    }

    fn about(request: u64, policy: &str) -> About {
        About {
            request_id: request.to_string(),
            experiment: "brownout".into(),
            version: "v3".into(),
            policy: policy.into(),
            policy_digest: None,
            hook: "before".into(),
        }
    }

    fn cut(request: u64) -> Line {
        Cut {
            about: about(request, "latency"),
            fault: "delay",
            wanted_ms: 9,
            allowed_ms: 5,
            reason: "why".into(),
            count: 1,
        }
        .into()
    }

    fn refused(request: u64, policy: &str, reason: &str) -> Line {
        RefusedStep { about: about(request, policy), fault: "crash", reason: reason.into(), count: 1 }.into()
    }

    fn line(request: u64, count: u64) -> (String, u64) {
        (request.to_string(), count)
    }

    #[tokio::test]
    async fn a_kind_is_told_once_a_minute_with_its_count() {
        let bench = Bench::new();
        (1..=5).for_each(|request| bench.at(request).tell(cut(request)));
        assert_eq!(bench.told(), [line(1, 1)]);
        bench.at(61).tell(cut(6));
        assert_eq!(bench.told(), [line(6, 5)]);
        bench.at(62).tell(cut(7));
        bench.at(121).event();
        assert_eq!(bench.told(), [line(7, 1)]);
        bench.at(122).tell(cut(8));
        bench.at(180).event();
        assert_eq!(bench.told(), []);
        bench.at(181).event();
        assert_eq!(bench.told(), [line(8, 1)]);
    }

    #[tokio::test]
    async fn kinds_are_counted_apart_and_other_lines_are_written_at_once() {
        let bench = Bench::new();
        let alike = [refused(1, "a", "x"), refused(2, "b", "x"), refused(3, "a", "y"), cut(4)];
        alike.iter().chain(&alike).for_each(|line| bench.at(0).tell(line.clone()));
        assert_eq!(bench.told(), [1, 2, 3, 4].map(|request| line(request, 1)));
        let connected = || Line::from(super::super::RuntimeConnected {});
        bench.at(0).tell(connected());
        bench.at(0).tell(connected());
        assert_eq!(bench.told(), [("runtime_connected".to_owned(), 0), ("runtime_connected".to_owned(), 0)]);
    }

    #[tokio::test]
    async fn faults_that_fail_alike_but_for_a_number_are_one_kind() {
        let bench = Bench::new();
        for (request, size) in [(1, 10), (2, 200)] {
            let reason = format!("the answer takes {size} bytes");
            bench.at(0).tell(FaultFailed { about: about(request, "a"), fault: "fail", reason, count: 1 }.into());
        }
        bench.at(0).end();
        assert_eq!(bench.told(), [line(1, 1), line(2, 1)]);
    }

    #[tokio::test]
    async fn a_failure_of_the_layer_is_told_once_a_minute_whichever_invocation_it_hits() {
        let bench = Bench::new();
        let failed = |id: u64, reason: &str| {
            let request_id = Some(id.to_string());
            Line::from(Failed { part: "proxy", request_id, reason: reason.into(), hint: None, count: 1 })
        };
        (0..3_000).for_each(|tick| bench.at(tick / 50).tell(failed(tick, "Too many open files")));
        bench.at(59).tell(failed(0, "another"));
        let told = |count| ("proxy".to_owned(), count);
        assert_eq!(bench.told(), [told(1), told(1)]);
        bench.at(60).tell(failed(1, "Too many open files"));
        assert_eq!(bench.told(), [told(3_000)]);
    }

    #[tokio::test]
    async fn nothing_is_lost_at_the_end() {
        let mut bench = Bench::new();
        (1..=3).for_each(|request| bench.at(0).tell(cut(request)));
        bench.at(1).end();
        assert_eq!(bench.told(), [line(1, 1), line(3, 2)]);
        bench.at(2).tell(cut(4));
        bench.sparing = None;
        assert_eq!(bench.told(), [line(4, 1)]);
    }
}
