use serde_json::{Value, json};

use super::rollout::Rollout;
use super::store::{Profile, Version};
use crate::clock;

/// One deployment of a configuration version to an environment.
#[derive(Clone, Debug)]
pub(super) struct Deployment {
    pub(super) number: u64,
    /// The profile's id.
    pub(super) profile: String,
    /// What clients get; it is served even where it has been deleted from the hosted store.
    pub(super) version: Version,
    pub(super) description: Option<String>,
    pub(super) rollout: Rollout,
}

impl Deployment {
    /// What a list shows of it.
    pub(super) fn summary(&self, profile: Option<&Profile>, now: u64) -> Value {
        let strategy = &self.rollout.strategy;
        let mut json = json!({
            "DeploymentNumber": self.number,
            "ConfigurationProfileId": self.profile,
            "ConfigurationVersion": self.version.number.to_string(),
            "DeploymentDurationInMinutes": strategy.minutes,
            "GrowthType": strategy.growth.name(),
            "GrowthFactor": strategy.growth.factor(),
            "FinalBakeTimeInMinutes": strategy.bake_minutes,
            "State": self.rollout.stage(now).name(),
            "PercentageComplete": self.rollout.percent(now),
            "StartedAt": clock::iso_date(self.rollout.started),
        });
        if let Some(at) = self.rollout.ended(now) {
            json["CompletedAt"] = clock::iso_date(at).into();
        }
        let name = profile.map(|profile| profile.name.clone());
        for (member, value) in [("VersionLabel", self.version.label.clone()), ("ConfigurationName", name)] {
            if let Some(value) = value {
                json[member] = value.into();
            }
        }
        json
    }

    /// All of it.
    pub(super) fn json(&self, application: &str, environment: &str, profile: Option<&Profile>, now: u64) -> Value {
        let mut json = self.summary(profile, now);
        json["ApplicationId"] = application.into();
        json["EnvironmentId"] = environment.into();
        json["DeploymentStrategyId"] = self.rollout.strategy.id.clone().into();
        json["ConfigurationLocationUri"] = "hosted".into();
        json["EventLog"] = self.rollout.events(now).into();
        json["AppliedExtensions"] = json!([]);
        if let Some(description) = &self.description {
            json["Description"] = description.clone().into();
        }
        json
    }
}
