use serde_json::{Value, json};

use super::store::Profile;
use super::strategy::Strategy;
use crate::clock;

/// One deployment of a configuration version to an environment.
#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) number: u64,
    pub(super) profile: String,
    pub(super) version: u64,
    pub(super) strategy: Strategy,
    pub(super) description: Option<String>,
    pub(super) started: u64,
    pub(super) stopped: Option<Stopped>,
}

/// A deployment that was taken back, and when.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stopped {
    /// While it was under way.
    RolledBack(u64),
    /// After it was complete.
    Reverted(u64),
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Deploying,
    Baking,
    Complete,
    RolledBack,
    Reverted,
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Deploying => "DEPLOYING",
            Self::Baking => "BAKING",
            Self::Complete => "COMPLETE",
            Self::RolledBack => "ROLLED_BACK",
            Self::Reverted => "REVERTED",
        }
    }

    pub(super) fn is_under_way(self) -> bool {
        matches!(self, Self::Deploying | Self::Baking)
    }
}

impl Deployment {
    pub(super) fn stage(&self, now: u64) -> Stage {
        let elapsed = now.saturating_sub(self.started);
        match self.stopped {
            Some(Stopped::RolledBack(_)) => Stage::RolledBack,
            Some(Stopped::Reverted(_)) => Stage::Reverted,
            None if elapsed < self.strategy.growing() => Stage::Deploying,
            None if elapsed < self.strategy.growing() + self.strategy.baking() => Stage::Baking,
            None => Stage::Complete,
        }
    }

    /// The share of clients that get it, in percent.
    pub(super) fn percent(&self, now: u64) -> f64 {
        if self.stopped.is_some() {
            return 0.0;
        }
        self.strategy.percent(now.saturating_sub(self.started))
    }

    fn completed(&self, now: u64) -> Option<u64> {
        match (self.stopped, self.stage(now)) {
            (Some(Stopped::RolledBack(at) | Stopped::Reverted(at)), _) => Some(at),
            (None, Stage::Complete) => Some(self.started + self.strategy.growing() + self.strategy.baking()),
            (None, _) => None,
        }
    }

    /// What a list shows of it.
    pub(super) fn summary(&self, profile: &Profile, now: u64) -> Value {
        let mut json = json!({
            "DeploymentNumber": self.number,
            "ConfigurationProfileId": self.profile,
            "ConfigurationName": profile.name,
            "ConfigurationVersion": self.version.to_string(),
            "DeploymentDurationInMinutes": self.strategy.minutes,
            "GrowthType": self.strategy.growth.name(),
            "GrowthFactor": self.strategy.growth.factor(),
            "FinalBakeTimeInMinutes": self.strategy.bake_minutes,
            "State": self.stage(now).name(),
            "PercentageComplete": self.percent(now).max(1.0),
            "StartedAt": clock::iso_date(self.started),
        });
        if let Some(at) = self.completed(now) {
            json["CompletedAt"] = clock::iso_date(at).into();
        }
        if let Some(label) = profile.version(self.version).and_then(|version| version.label.as_ref()) {
            json["VersionLabel"] = label.clone().into();
        }
        json
    }

    /// All of it.
    pub(super) fn json(&self, application: &str, environment: &str, profile: &Profile, now: u64) -> Value {
        let mut json = self.summary(profile, now);
        json["ApplicationId"] = application.into();
        json["EnvironmentId"] = environment.into();
        json["DeploymentStrategyId"] = self.strategy.id.clone().into();
        json["ConfigurationLocationUri"] = profile.location.clone().into();
        json["EventLog"] = self.events(now).into();
        json["AppliedExtensions"] = json!([]);
        if let Some(description) = &self.description {
            json["Description"] = description.clone().into();
        }
        json
    }

    /// The events so far, the newest first.
    fn events(&self, now: u64) -> Vec<Value> {
        let grown = self.started + self.strategy.growing();
        let stage = self.stage(now);
        let mut events = vec![event("DEPLOYMENT_STARTED", "USER", "Deployment started", self.started)];
        if matches!(stage, Stage::Baking | Stage::Complete) {
            events.push(event(
                "PERCENTAGE_UPDATED",
                "APPCONFIG",
                "Configuration available to 100.00% of clients",
                grown,
            ));
            events.push(event("BAKE_TIME_STARTED", "APPCONFIG", "Deployment bake time started", grown));
        }
        match (self.stopped, stage) {
            (Some(Stopped::RolledBack(at)), _) => {
                events.push(event("ROLLBACK_STARTED", "USER", "Deployment rollback started", at));
                events.push(event("ROLLBACK_COMPLETED", "APPCONFIG", "Deployment rollback completed", at));
            }
            (Some(Stopped::Reverted(at)), _) => {
                events.push(event("REVERT_COMPLETED", "USER", "Deployment revert completed", at));
            }
            (None, Stage::Complete) => {
                let at = grown + self.strategy.baking();
                events.push(event("DEPLOYMENT_COMPLETED", "APPCONFIG", "Deployment completed", at));
            }
            (None, _) => {}
        }
        events.reverse();
        events
    }
}

fn event(kind: &str, by: &str, description: &str, at: u64) -> Value {
    json!({ "EventType": kind, "TriggeredBy": by, "Description": description, "OccurredAt": clock::iso_date(at) })
}
