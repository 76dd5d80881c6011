use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rollout::Cause;
use super::store::Store;

/// The state of a CloudWatch alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// Nothing is wrong. An alarm that nothing was said of is in this state.
    #[default]
    Ok,
    /// It fires: AppConfig rolls back.
    Alarm,
    /// It cannot tell. AppConfig rolls back, as its page on monitoring deployments says; its other pages name only
    /// `ALARM`.
    InsufficientData,
}

/// An alarm that AppConfig watches while a deployment is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Monitor {
    pub(super) alarm_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) alarm_role_arn: Option<String>,
}

/// What CloudWatch knows.
#[derive(Default)]
pub(super) struct Alarms(BTreeMap<String, AlarmState>);

impl Alarms {
    /// The first monitor's alarm that is not in order.
    pub(super) fn firing(&self, monitors: &[Monitor]) -> Option<String> {
        let state = |monitor: &&Monitor| self.0.get(&monitor.alarm_arn).copied().unwrap_or_default();
        monitors.iter().find(|monitor| state(monitor) != AlarmState::Ok).map(|monitor| monitor.alarm_arn.clone())
    }
}

impl Store {
    pub(super) fn set_alarm(&mut self, arn: String, state: AlarmState) {
        self.alarms.0.insert(arn, state);
        self.heed_alarms();
    }

    /// Rolls back what is under way where an alarm fires. Alarms and monitors change by calls only, so that each such
    /// call can see to it.
    pub(super) fn heed_alarms(&mut self) {
        let (now, takes) = (self.now(), self.rollback_takes);
        for environment in self.applications.iter_mut().flat_map(|application| &mut application.environments) {
            let Some(arn) = self.alarms.firing(&environment.monitors) else { continue };
            let rollouts = environment.deployments.iter_mut().map(|deployment| &mut deployment.rollout);
            for rollout in rollouts.filter(|rollout| rollout.stage(now).is_watched()) {
                rollout.take_back(Cause::Alarm(arn.clone()), now, takes);
            }
        }
    }
}
