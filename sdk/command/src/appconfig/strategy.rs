//! How a deployment reaches its targets: at once, in steps, by a strategy of the account.

use std::str::FromStr;

use aws_sdk_appconfig::types::{DeploymentStrategy, GrowthType, ReplicateTo};

use super::error::{AppConfigError, Call};
use super::place::id;
use super::service::Service;

/// The strategy that reaches everyone at once and does not wait.
const IMMEDIATE: &str = "misrule-immediate";
/// The longest that a deployment may grow, and the longest that it may bake, in minutes
/// (<https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_CreateDeploymentStrategy.html>).
const MOST_MINUTES: u64 = 1440;
/// How the predefined strategies are called, which every account has.
const PREDEFINED: &str = "AppConfig.";

/// How a deployment reaches its targets.
#[derive(clap::Args)]
pub(crate) struct Rollout {
    /// A deployment strategy, by name or id; by default everyone at once, and nothing is waited for
    ///
    /// A predefined one, such as AppConfig.Canary10Percent20Minutes, or one of the account's own.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["grow", "bake"])]
    strategy: Option<String>,
    /// Grow in steps, for example "10% every 2m"; the strategy is made where it is absent
    #[arg(long, value_name = "STEPS")]
    grow: Option<Steps>,
    /// How long alarms may still roll it back once it has reached everyone, for example 10m
    #[arg(long, value_name = "MINUTES")]
    bake: Option<Minutes>,
}

/// So many percent every so many minutes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Steps {
    percent: f32,
    /// All steps together.
    minutes: u16,
}

/// Whole minutes, as many as AppConfig allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Minutes(u16);

/// A text does not say how to roll out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
enum NoRollout {
    #[error("expected PERCENT every DURATION, for example \"10% every 2m\"")]
    NoSteps,
    #[error("AppConfig grows by 1 to 100 percent a step, not by {0}")]
    Percent(f32),
    #[error("expected whole minutes, for example 10m or 1h")]
    NoMinutes,
    #[error("that takes {0} minutes, and AppConfig allows 0 to {MOST_MINUTES}")]
    TooLong(u64),
}

impl FromStr for Steps {
    type Err = NoRollout;

    fn from_str(text: &str) -> Result<Self, NoRollout> {
        let (percent, every) = text.split_once("every").ok_or(NoRollout::NoSteps)?;
        let percent = percent.trim().strip_suffix('%').ok_or(NoRollout::NoSteps)?;
        let percent: f32 = percent.trim_end().parse().map_err(|_| NoRollout::NoSteps)?;
        if !(1.0..=100.0).contains(&percent) {
            return Err(NoRollout::Percent(percent));
        }
        let steps = (100.0 / percent).ceil() as u64;
        let Minutes(minutes) = minutes(read_minutes(every.trim())?.saturating_mul(steps))?;
        Ok(Self { percent, minutes })
    }
}

impl FromStr for Minutes {
    type Err = NoRollout;

    fn from_str(text: &str) -> Result<Self, NoRollout> {
        read_minutes(text).and_then(minutes)
    }
}

fn read_minutes(text: &str) -> Result<u64, NoRollout> {
    let (count, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
    let count: u64 = count.parse().map_err(|_| NoRollout::NoMinutes)?;
    match unit.trim_start() {
        "m" => Ok(count),
        "h" => Ok(count.saturating_mul(60)),
        "s" if count.is_multiple_of(60) => Ok(count / 60),
        _ => Err(NoRollout::NoMinutes),
    }
}

fn minutes(count: u64) -> Result<Minutes, NoRollout> {
    match u16::try_from(count) {
        Ok(minutes) if count <= MOST_MINUTES => Ok(Minutes(minutes)),
        _ => Err(NoRollout::TooLong(count)),
    }
}

/// What makes a strategy of ours, and names it: the same numbers are made once.
struct Wanted {
    steps: Steps,
    bake: u16,
}

const AT_ONCE: Wanted = Wanted { steps: Steps { percent: 100.0, minutes: 0 }, bake: 0 };

impl Wanted {
    fn name(&self) -> String {
        let Self { steps: Steps { percent, minutes }, bake } = self;
        match (minutes, bake) {
            (0, 0) => IMMEDIATE.to_owned(),
            _ => format!("misrule-linear-{percent}-{minutes}m-bake-{bake}m"),
        }
    }

    fn is(&self, strategy: &DeploymentStrategy) -> bool {
        strategy.deployment_duration_in_minutes() == i32::from(self.steps.minutes)
            && strategy.final_bake_time_in_minutes() == i32::from(self.bake)
            && strategy.growth_factor() == Some(self.steps.percent)
            && strategy.growth_type() == Some(&GrowthType::Linear)
    }
}

impl Rollout {
    /// Whether nothing is waited for, so that no alarm has the time to fire.
    pub(crate) fn is_immediate(&self) -> bool {
        self.strategy.is_none() && self.grow.is_none() && self.bake.is_none()
    }
}

impl Service<'_> {
    /// The id of the strategy that is asked for; made where it is one of ours and absent.
    ///
    /// # Errors
    ///
    /// A call is refused, or the account has none of this name.
    pub(crate) async fn strategy(&self, rollout: &Rollout) -> Result<String, AppConfigError> {
        match &rollout.strategy {
            Some(name) if name.starts_with(PREDEFINED) => Ok(name.clone()),
            Some(name) => self.own_strategy(name).await,
            None if rollout.is_immediate() => self.at_once().await,
            None => {
                let steps = rollout.grow.unwrap_or(AT_ONCE.steps);
                self.ensure_strategy(&Wanted { steps, bake: rollout.bake.map_or(0, |bake| bake.0) }).await
            }
        }
    }

    /// Checks that a strategy which is asked for by its name is there, before anything is done.
    ///
    /// # Errors
    ///
    /// As [`strategy`](Self::strategy).
    pub(crate) async fn check_strategy(&self, rollout: &Rollout) -> Result<(), AppConfigError> {
        match &rollout.strategy {
            Some(name) if !name.starts_with(PREDEFINED) => self.own_strategy(name).await.map(drop),
            _ => Ok(()),
        }
    }

    /// The strategy that reaches everyone at once and does not wait, made where it is absent.
    ///
    /// # Errors
    ///
    /// A call is refused.
    pub(crate) async fn at_once(&self) -> Result<String, AppConfigError> {
        self.immediate.get_or_try_init(|| self.ensure_strategy(&AT_ONCE)).await.cloned()
    }

    async fn own_strategy(&self, wanted: &str) -> Result<String, AppConfigError> {
        let listed = self.strategies().await?;
        let found = listed.iter().find(|it| it.id() == Some(wanted));
        let found = found.or_else(|| listed.iter().find(|it| it.name() == Some(wanted)));
        found.and_then(DeploymentStrategy::id).map(str::to_owned).ok_or_else(|| {
            let there = listed.iter().filter_map(DeploymentStrategy::name).map(str::to_owned).collect();
            AppConfigError::NoStrategy { wanted: wanted.to_owned(), region: self.region().to_owned(), there }
        })
    }

    async fn ensure_strategy(&self, wanted: &Wanted) -> Result<String, AppConfigError> {
        let (listed, name) = (self.strategies().await?, wanted.name());
        let ours = listed.iter().find(|it| it.name() == Some(&name) && wanted.is(it));
        match ours.and_then(DeploymentStrategy::id) {
            Some(id) => Ok(id.to_owned()),
            None => self.make_strategy(wanted, &name).await,
        }
    }

    async fn strategies(&self) -> Result<Vec<DeploymentStrategy>, AppConfigError> {
        let call = Call::new("ListDeploymentStrategies", format!("region `{}`", self.region()));
        let pages = self.client.list_deployment_strategies().into_paginator();
        self.ask(call, pages.items().send().collect::<Result<Vec<_>, _>>()).await
    }

    async fn make_strategy(&self, wanted: &Wanted, name: &str) -> Result<String, AppConfigError> {
        let Wanted { steps: Steps { percent, minutes }, bake } = wanted;
        let call = Call::new("CreateDeploymentStrategy", format!("deployment strategy `{name}`"));
        if !self.makes(&call, format_args!("{percent} % a step, {minutes} min in all, {bake} min of bake time")) {
            return Ok(format!("`{name}`"));
        }
        let request = self.client.create_deployment_strategy().name(name);
        let request = request.description("Made by misrule, for every deployment of these numbers");
        let request = request.deployment_duration_in_minutes((*minutes).into());
        let request = request.final_bake_time_in_minutes((*bake).into()).growth_factor(*percent);
        let request = request.growth_type(GrowthType::Linear).replicate_to(ReplicateTo::None);
        id(call.clone(), self.ask(call, request.send()).await?.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Result<(f32, u16), String> {
        text.parse().map(|Steps { percent, minutes }| (percent, minutes)).map_err(|error: NoRollout| error.to_string())
    }

    #[test]
    fn steps_are_read_and_held_to_the_limits_of_appconfig() {
        assert_eq!(steps("10% every 2m"), Ok((10.0, 20)));
        assert_eq!(steps("30 % every 1h"), Ok((30.0, 240)));
        assert_eq!(steps("12.5%every 60s"), Ok((12.5, 8)));
        let example = "expected PERCENT every DURATION, for example \"10% every 2m\"";
        for wrong in ["", "10%", "10 every 2m", "ten% every 2m"] {
            assert_eq!(steps(wrong), Err(example.to_owned()), "{wrong}");
        }
        let percent = |said| Err(format!("AppConfig grows by 1 to 100 percent a step, not by {said}"));
        assert_eq!((steps("0.5% every 1m"), steps("101% every 1m")), (percent("0.5"), percent("101")));
        let minutes = Err("expected whole minutes, for example 10m or 1h".to_owned());
        assert_eq!((steps("10% every 90s"), steps("10% every 2")), (minutes.clone(), minutes));
        let long = "that takes 1450 minutes, and AppConfig allows 0 to 1440";
        assert_eq!(steps("10% every 145m"), Err(long.to_owned()));
        assert_eq!("25h".parse::<Minutes>(), Err(NoRollout::TooLong(1500)));
        assert_eq!(
            steps("1% every 99999999999999999999m"),
            Err("expected whole minutes, for example 10m or 1h".to_owned())
        );
    }

    #[test]
    fn the_same_numbers_have_one_name() {
        let growing = Wanted { steps: "10% every 2m".parse().unwrap(), bake: 10 };
        assert_eq!(growing.name(), "misrule-linear-10-20m-bake-10m");
        assert_eq!(Wanted { steps: AT_ONCE.steps, bake: 5 }.name(), "misrule-linear-100-0m-bake-5m");
        assert_eq!(AT_ONCE.name(), IMMEDIATE);
    }
}
