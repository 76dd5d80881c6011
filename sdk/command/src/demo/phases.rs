//! The demo's phases: what is published, and what clients must see once it took hold.

use std::time::Duration;

use misrule_engine::matching;
use misrule_engine::time::Timestamp;
use tokio::time::Instant;

use super::DemoError;
use super::stage::Stage;
use super::traffic::Seen;
use crate::printer::Printer;

/// How long clients are watched in each phase.
const WATCH: Duration = Duration::from_secs(2);
/// How long a change may take until clients see it: the poll interval of a second, and room for a slow machine.
const TAKES_HOLD: Duration = Duration::from_secs(10);
/// What version 2 adds to each order.
const LATENCY: Duration = Duration::from_millis(300);
/// Without a fault an answer takes milliseconds; this is still far from [`LATENCY`].
const QUICK: Duration = Duration::from_millis(150);

/// One phase: what is done, and what clients must see.
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    pub(crate) promise: &'static str,
    change: Change,
    kept: fn(&Seen) -> bool,
}

enum Change {
    Nothing,
    Publish { file: &'static str, experiment: fn(Timestamp) -> String },
    Halt,
}

/// What a phase came to.
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) seen: Seen,
    /// From the end of the command to the first time that clients saw it.
    pub(crate) took_hold: Option<Duration>,
    pub(crate) kept: bool,
}

/// All of them, in order.
pub(crate) const PHASES: &[Phase] = &[
    Phase { name: "steady state", promise: "everything answers 200, quickly", change: Change::Nothing, kept: steady },
    Phase {
        name: "version 1",
        promise: "/health answers 404, in a window that is open now; orders are as before",
        change: Change::Publish { file: "health-outage.toml", experiment: health_outage },
        kept: |seen| seen.all("/health", 404) && quick(seen, "/orders/7"),
    },
    Phase {
        name: "version 2",
        promise: "/health is back, each order takes 300 ms longer",
        change: Change::Publish { file: "slow-orders.toml", experiment: slow_orders },
        kept: |seen| quick(seen, "/health") && seen.all("/orders/7", 200) && seen.median("/orders/7") >= LATENCY,
    },
    Phase { name: "halt", promise: "everything is as it was", change: Change::Halt, kept: steady },
];

impl Phase {
    /// Makes the change, waits until clients see it, and watches whether it stays so.
    pub(crate) async fn play(&self, stage: &Stage, now: Timestamp, printer: &Printer) -> Result<Outcome, DemoError> {
        printer.say(format_args!("{}: {}", self.name, self.promise));
        match self.change {
            Change::Nothing => {}
            Change::Publish { file, experiment } => stage.publish(file, &experiment(now), printer).await?,
            Change::Halt => stage.halt(printer).await?,
        }
        let took_hold = self.takes_hold(stage).await;
        let seen = Seen::during(stage.address(), WATCH).await;
        let kept = took_hold.is_some() && (self.kept)(&seen);
        Ok(Outcome { name: self.name, seen, took_hold, kept })
    }

    async fn takes_hold(&self, stage: &Stage) -> Option<Duration> {
        let changed = Instant::now();
        while changed.elapsed() < TAKES_HOLD {
            let seen = Seen::during(stage.address(), Duration::ZERO).await;
            if (self.kept)(&seen) {
                return Some(changed.elapsed());
            }
        }
        None
    }
}

fn steady(seen: &Seen) -> bool {
    quick(seen, "/health") && quick(seen, "/orders/7")
}

fn quick(seen: &Seen, path: &str) -> bool {
    seen.all(path, 200) && seen.median(path) < QUICK
}

fn health_outage(now: Timestamp) -> String {
    let (day, from, to) = open_window(now);
    format!(
        r#"name       = "health-outage"
hypothesis = "With the health check failing, clients still get their orders."
duration   = "10m"

[blast_radius]
functions = ["health-*"]
faults    = ["respond-http"]

[[policy]]
use = "path-outage"

[policy.settings]
paths  = ["/health"]
status = 404
window = {{ days = ["{day}"], from = "{from}", to = "{to}", zone = "UTC" }}
"#
    )
}

fn slow_orders(_now: Timestamp) -> String {
    format!(
        r#"name       = "slow-orders"
hypothesis = "With orders {0} ms slower, clients still get them."
duration   = "10m"

[blast_radius]
functions = ["health-*"]
faults    = ["delay"]
max_delay = "1s"

[[policy]]
use      = "latency"
settings = {{ paths = ["/orders/{{id}}"], delay = "{0}ms" }}
"#,
        LATENCY.as_millis()
    )
}

/// A weekly window that opened with this hour and stays open for at least another: day, from and to. It may pass midnight.
fn open_window(now: Timestamp) -> (&'static str, String, String) {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let (weekday, hour) = matching::local(now, "UTC").map_or((1, 0), |civil| (civil.weekday, civil.hour));
    let day = DAYS[usize::from(weekday.clamp(1, 7)) - 1];
    (day, format!("{hour:02}:00"), format!("{:02}:00", (hour + 2) % 24))
}

#[cfg(test)]
mod tests {
    use super::*;
    use misrule_engine::experiment::Experiment;

    #[test]
    fn the_experiments_are_valid() {
        let now = Timestamp::from_milliseconds(1_796_166_000_000);
        for experiment in [health_outage(now), slow_orders(now)] {
            let experiment = Experiment::from_toml(&experiment).expect("valid");
            assert!(experiment.resolve(now, "us-east-1").is_ok(), "{}", experiment.name);
        }
    }

    #[test]
    fn the_window_is_open_now() {
        let late = Timestamp::from_milliseconds(1_796_166_000_000); // Tuesday, 2026-12-01, 23:00 UTC
        assert_eq!(open_window(late), ("tue", "23:00".to_owned(), "01:00".to_owned()));
    }
}
