//! The CloudWatch alarms that AppConfig watches while something is deployed to an environment.

use std::str::FromStr;

use aws_sdk_appconfig::types::Monitor;
use misrule_engine::experiment::is_region;

use super::error::{AppConfigError, Call};
use super::place::Target;
use super::service::Service;

/// How many alarms an environment has at most
/// (<https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_UpdateEnvironment.html>).
const MOST: usize = 5;

/// Which alarms take a deployment back.
#[derive(clap::Args)]
pub(crate) struct Alarms {
    /// A CloudWatch alarm that takes the deployment back where it fires; again for another one, each in its own region
    #[arg(long = "alarm", value_name = "ARN")]
    alarms: Vec<Alarm>,
    /// The IAM role by which AppConfig looks at the alarms
    #[arg(long = "alarm-role", value_name = "ARN", requires = "alarms")]
    role: Option<Role>,
}

/// The ARN of an IAM role.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Role(String);

/// A text is no role's ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the ARN of an IAM role, such as arn:aws:iam::123456789012:role/NAME")]
struct NoRole;

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        match text.splitn(6, ':').collect::<Vec<_>>()[..] {
            ["arn", _, "iam", "", _, role] if role.starts_with("role/") => Ok(Self(text.to_owned())),
            _ => Err(NoRole),
        }
    }
}

/// The ARN of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Alarm {
    arn: String,
    region: String,
}

/// A text is no alarm's ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the ARN of a CloudWatch alarm, such as arn:aws:cloudwatch:us-east-1:123456789012:alarm:NAME")]
struct NoAlarm;

impl FromStr for Alarm {
    type Err = NoAlarm;

    fn from_str(text: &str) -> Result<Self, NoAlarm> {
        match text.splitn(7, ':').collect::<Vec<_>>()[..] {
            ["arn", _, "cloudwatch", region, _, "alarm", name] if is_region(region) && !name.is_empty() => {
                Ok(Self { arn: text.to_owned(), region: region.to_owned() })
            }
            _ => Err(NoAlarm),
        }
    }
}

impl Alarms {
    /// Whether there are any.
    pub(crate) const fn any(&self) -> bool {
        !self.alarms.is_empty()
    }

    /// Checks that every alarm is of a region that is published to.
    ///
    /// # Errors
    ///
    /// One is not.
    pub(crate) fn check(&self, services: &[Service<'_>]) -> Result<(), AppConfigError> {
        let elsewhere = |alarm: &&Alarm| services.iter().all(|service| service.region() != alarm.region);
        match self.alarms.iter().find(elsewhere) {
            Some(Alarm { arn, region }) => {
                Err(AppConfigError::AlarmElsewhere { arn: arn.clone(), region: region.clone() })
            }
            None => Ok(()),
        }
    }

    fn monitors(&self, region: &str) -> Vec<Monitor> {
        let here = self.alarms.iter().filter(|alarm| alarm.region == region);
        let role = self.role.as_ref().map(|role| role.0.clone());
        let monitor = |alarm: &Alarm| Monitor::builder().alarm_arn(&alarm.arn).set_alarm_role_arn(role.clone());
        here.filter_map(|alarm| monitor(alarm).build().ok()).collect()
    }
}

impl Service<'_> {
    /// Puts the alarms of this region on the environment, beside those that are there.
    pub(super) async fn add_alarms(&self, target: &Target, alarms: &Alarms) -> Result<(), AppConfigError> {
        let wanted = alarms.monitors(self.region());
        if wanted.is_empty() {
            return Ok(());
        }
        let mut monitors = self.monitors(target).await?;
        let before = monitors.clone();
        monitors.retain(|there| wanted.iter().all(|wanted| wanted.alarm_arn() != there.alarm_arn()));
        monitors.extend(wanted);
        match monitors.len() {
            _ if monitors == before => Ok(()),
            many if many > MOST => {
                let environment = target.destination.environment.clone();
                Err(AppConfigError::TooManyAlarms { environment, there: arns(&before) })
            }
            _ => self.set_monitors(target, &monitors).await,
        }
    }

    /// The alarms of the environment.
    pub(super) async fn monitors(&self, target: &Target) -> Result<Vec<Monitor>, AppConfigError> {
        if target.environment.new {
            return Ok(Vec::new());
        }
        let call = Call::new("GetEnvironment", format!("environment `{}`", target.destination.environment));
        let request = self.client.get_environment().application_id(&target.application);
        let got = self.ask(call, request.environment_id(&target.environment.id).send()).await?;
        Ok(got.monitors.unwrap_or_default())
    }

    /// Sets the alarms of the environment to these, and to no others.
    pub(super) async fn set_monitors(&self, target: &Target, monitors: &[Monitor]) -> Result<(), AppConfigError> {
        let call = Call::new("UpdateEnvironment", format!("environment `{}`", target.destination.environment));
        let alarms = if monitors.is_empty() { "no alarms".to_owned() } else { arns(monitors).join(", ") };
        if !self.makes(&call, format_args!("to be watched by {alarms}")) {
            return Ok(());
        }
        let request = self.client.update_environment().application_id(&target.application);
        let request = request.environment_id(&target.environment.id).set_monitors(Some(monitors.to_vec()));
        self.ask(call, request.send()).await.map(drop)
    }
}

/// Their ARNs.
pub(super) fn arns(monitors: &[Monitor]) -> Vec<String> {
    monitors.iter().map(|monitor| monitor.alarm_arn().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_is_told_by_its_arn() {
        let alarm: Alarm = "arn:aws:cloudwatch:eu-west-3:123456789012:alarm:orders: too many errors".parse().unwrap();
        assert_eq!(alarm.region, "eu-west-3");
        for wrong in ["", "orders", "arn:aws:sns:eu-west-3:123456789012:alarm:x", "arn:aws:cloudwatch:mars:1:alarm:x"] {
            assert_eq!(wrong.parse::<Alarm>(), Err(NoAlarm), "{wrong}");
        }
    }
}
