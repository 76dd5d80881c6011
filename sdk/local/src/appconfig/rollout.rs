use serde_json::{Value, json};

use super::strategy::Strategy;
use crate::clock;

/// How a deployment goes on over time: it grows, bakes and is complete, unless it is taken back. Nothing runs for this:
/// where it stands follows from the time.
#[derive(Clone, Debug)]
pub(super) struct Rollout {
    pub(super) started: u64,
    pub(super) strategy: Strategy,
    taken_back: Option<TakenBack>,
}

#[derive(Clone, Debug)]
struct TakenBack {
    at: u64,
    /// When every client is known to have the version before.
    done: u64,
    cause: Cause,
}

/// Why a deployment is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It was stopped while it was under way.
    Stopped,
    /// This alarm of its environment is firing.
    Alarm(String),
    /// It was complete, and is reverted.
    Reverted,
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Deploying,
    Baking,
    Complete,
    RollingBack,
    RolledBack,
    Reverted,
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Deploying => "DEPLOYING",
            Self::Baking => "BAKING",
            Self::Complete => "COMPLETE",
            Self::RollingBack => "ROLLING_BACK",
            Self::RolledBack => "ROLLED_BACK",
            Self::Reverted => "REVERTED",
        }
    }

    /// Whether another deployment has to wait.
    pub(super) fn is_under_way(self) -> bool {
        matches!(self, Self::Deploying | Self::Baking | Self::RollingBack)
    }

    /// Whether an alarm, or a call without `Allow-Revert`, rolls it back.
    pub(super) fn is_watched(self) -> bool {
        matches!(self, Self::Deploying | Self::Baking)
    }
}

impl Rollout {
    pub(super) fn begin(strategy: Strategy, now: u64) -> Self {
        Self { started: now, strategy, taken_back: None }
    }

    /// Gives clients the version before from now on; that is done so many milliseconds later.
    pub(super) fn take_back(&mut self, cause: Cause, now: u64, takes: u64) {
        let done = if cause == Cause::Reverted { now } else { now + takes };
        self.taken_back = Some(TakenBack { at: now, done, cause });
    }

    pub(super) fn stage(&self, now: u64) -> Stage {
        match &self.taken_back {
            Some(TakenBack { cause: Cause::Reverted, .. }) => Stage::Reverted,
            Some(TakenBack { done, .. }) if now < *done => Stage::RollingBack,
            Some(_) => Stage::RolledBack,
            None if now < self.grown() => Stage::Deploying,
            None if now < self.baked() => Stage::Baking,
            None => Stage::Complete,
        }
    }

    /// The share of clients that get it, in percent.
    pub(super) fn percent(&self, now: u64) -> f64 {
        match self.taken_back {
            Some(_) => 0.0,
            None => self.strategy.percent(now.saturating_sub(self.started)),
        }
    }

    /// When nothing more happens to it, where that moment has come.
    pub(super) fn ended(&self, now: u64) -> Option<u64> {
        let ended = self.taken_back.as_ref().map_or(self.baked(), |taken_back| taken_back.done);
        (ended <= now).then_some(ended)
    }

    fn grown(&self) -> u64 {
        self.started + self.strategy.growing()
    }

    fn baked(&self) -> u64 {
        self.grown() + self.strategy.baking()
    }

    /// What has happened so far, the newest first, as `EventLog` has it.
    pub(super) fn events(&self, now: u64) -> Vec<Value> {
        let until = self.taken_back.as_ref().map_or(now, |taken_back| taken_back.at);
        let mut events = self.course();
        events.retain(|event| event.at <= until);
        if let Some(taken_back) = &self.taken_back {
            events.extend(taken_back.events());
        }
        events.retain(|event| event.at <= now);
        events.iter().rev().map(Event::json).collect()
    }

    /// What happens to it where it is not taken back.
    fn course(&self) -> Vec<Event> {
        let event = |kind, description: &str, at| Event::new(kind, "APPCONFIG", description, at);
        let mut events = vec![Event::new("DEPLOYMENT_STARTED", "USER", "Deployment started", self.started)];
        for (after, percent) in self.strategy.steps() {
            let told = format!("Configuration available to {percent:.2}% of clients");
            events.push(event("PERCENTAGE_UPDATED", &told, self.started + after));
        }
        events.push(event("BAKE_TIME_STARTED", "Deployment bake time started", self.grown()));
        events.push(event("DEPLOYMENT_COMPLETED", "Deployment completed", self.baked()));
        events
    }
}

impl TakenBack {
    fn events(&self) -> Vec<Event> {
        let (by, told) = match &self.cause {
            Cause::Reverted => return vec![Event::new("REVERT_COMPLETED", "USER", "Deployment reverted", self.at)],
            Cause::Stopped => ("USER", "Rollback initiated by a call of StopDeployment".to_owned()),
            Cause::Alarm(arn) => ("CLOUDWATCH_ALARM", format!("Rollback initiated by {arn}")),
        };
        let completed = "Deployment rollback completed";
        vec![
            Event::new("ROLLBACK_STARTED", by, &told, self.at),
            Event::new("ROLLBACK_COMPLETED", "APPCONFIG", completed, self.done),
        ]
    }
}

struct Event {
    kind: &'static str,
    by: &'static str,
    description: String,
    at: u64,
}

impl Event {
    fn new(kind: &'static str, by: &'static str, description: &str, at: u64) -> Self {
        Self { kind, by, description: description.to_owned(), at }
    }

    fn json(&self) -> Value {
        json!({
            "EventType": self.kind,
            "TriggeredBy": self.by,
            "Description": self.description,
            "OccurredAt": clock::iso_date(self.at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(rollout: &Rollout, at: &[u64]) -> Vec<&'static str> {
        at.iter().map(|at| rollout.stage(*at).name()).collect()
    }

    fn linear() -> Rollout {
        Rollout::begin(Strategy::predefined().swap_remove(1), 1000)
    }

    #[test]
    fn it_grows_and_bakes_and_is_complete() {
        let rollout = linear();
        let times = [1000, 60_999, 61_000, 120_999, 121_000];
        assert_eq!(stages(&rollout, &times), ["DEPLOYING", "DEPLOYING", "BAKING", "BAKING", "COMPLETE"]);
        assert_eq!(rollout.ended(120_999), None);
        assert_eq!(rollout.ended(200_000), Some(121_000));
        let kinds = |now| rollout.events(now).iter().map(|event| event["EventType"].clone()).collect::<Vec<_>>();
        assert_eq!(kinds(31_000), ["PERCENTAGE_UPDATED", "DEPLOYMENT_STARTED"]);
        assert_eq!(kinds(121_000).len(), 5);
    }

    #[test]
    fn a_rollback_takes_its_time_and_no_client_has_the_version_meanwhile() {
        let mut rollout = linear();
        rollout.take_back(Cause::Alarm("arn".to_owned()), 40_000, 500);
        assert_eq!(stages(&rollout, &[40_000, 40_499, 40_500]), ["ROLLING_BACK", "ROLLING_BACK", "ROLLED_BACK"]);
        assert_eq!((rollout.percent(40_000), rollout.ended(40_499)), (0.0, None));
        let newest = rollout.events(40_499)[0].clone();
        assert_eq!(
            (&newest["TriggeredBy"], &newest["Description"]),
            (&json!("CLOUDWATCH_ALARM"), &json!("Rollback initiated by arn"))
        );
        assert_eq!(rollout.events(40_500).len(), 4, "started, 50 %, rollback started, rollback completed");
    }
}
