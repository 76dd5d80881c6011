use serde_json::{Value, json};

const MINUTE: u64 = 60_000;
/// A growth factor is at least 1 %.
const MAX_STEPS: u32 = 100;

/// How a deployment proceeds.
#[derive(Clone, Debug)]
pub(super) struct Strategy {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) minutes: u64,
    pub(super) growth: Growth,
    pub(super) bake_minutes: u64,
    pub(super) replicate_to: String,
}

/// The share of clients, in percent, that each step adds or begins with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Growth {
    /// Each step adds this much.
    Linear(f64),
    /// The first step is this much, each later one twice the one before.
    Exponential(f64),
}

impl Growth {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Linear(_) => "LINEAR",
            Self::Exponential(_) => "EXPONENTIAL",
        }
    }

    pub(super) fn factor(self) -> f64 {
        match self {
            Self::Linear(factor) | Self::Exponential(factor) => factor,
        }
    }

    /// The share after each step, the last of which reaches every client.
    fn shares(self) -> Vec<f64> {
        let share = |step: u32| match self {
            Self::Linear(factor) => factor * f64::from(step),
            Self::Exponential(factor) => factor * f64::from(step - 1).exp2(),
        };
        let mut shares: Vec<f64> = (1..=MAX_STEPS).map(share).take_while(|share| *share < 100.0).collect();
        shares.push(100.0);
        shares
    }
}

impl Strategy {
    /// The strategies that every account has.
    pub(super) fn predefined() -> Vec<Self> {
        let strategy = |name: &str, description: &str, minutes, growth, bake_minutes| Self {
            id: name.to_owned(),
            name: name.to_owned(),
            description: Some(description.to_owned()),
            minutes,
            growth,
            bake_minutes,
            replicate_to: "NONE".to_owned(),
        };
        vec![
            strategy("AppConfig.AllAtOnce", "Quick", 0, Growth::Linear(100.0), 10),
            strategy("AppConfig.Linear50PercentEvery30Seconds", "Test/Demo", 1, Growth::Linear(50.0), 1),
            strategy("AppConfig.Canary10Percent20Minutes", "AWS Recommended", 20, Growth::Exponential(10.0), 10),
            strategy("AppConfig.Linear20PercentEvery6Minutes", "AWS Recommended", 30, Growth::Linear(20.0), 30),
        ]
    }

    /// How long it grows, in milliseconds.
    pub(super) fn growing(&self) -> u64 {
        self.minutes * MINUTE
    }

    /// How long it bakes afterwards, in milliseconds.
    pub(super) fn baking(&self) -> u64 {
        self.bake_minutes * MINUTE
    }

    /// When, in milliseconds after the start, clients of which share get the version: at first none do, and the steps
    /// are evenly spread up to the end.
    ///
    /// <https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-deployment-strategy.html>
    pub(super) fn steps(&self) -> Vec<(u64, f64)> {
        let shares = if self.minutes == 0 { vec![100.0] } else { self.growth.shares() };
        let count = shares.len() as u64;
        (1..).map(|step| self.growing() * step / count).zip(shares).collect()
    }

    /// The share of clients, in percent, so many milliseconds after the start.
    pub(super) fn percent(&self, elapsed: u64) -> f64 {
        let steps = self.steps();
        let reached = steps.iter().rev().find(|(after, _)| *after <= elapsed);
        reached.map_or(0.0, |(_, percent)| *percent)
    }

    pub(super) fn json(&self) -> Value {
        let mut json = json!({
            "Id": self.id,
            "Name": self.name,
            "DeploymentDurationInMinutes": self.minutes,
            "GrowthType": self.growth.name(),
            "GrowthFactor": self.growth.factor(),
            "FinalBakeTimeInMinutes": self.bake_minutes,
            "ReplicateTo": self.replicate_to,
        });
        if let Some(description) = &self.description {
            json["Description"] = description.clone().into();
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_follows_its_strategy() {
        let [at_once, linear, canary, slow] = Strategy::predefined().try_into().unwrap();
        assert_eq!(at_once.percent(0), 100.0);
        assert_eq!([0, 29_999, 30_000, 60_000].map(|at| linear.percent(at)), [0.0, 0.0, 50.0, 100.0]);
        // 10, 20, 40, 80, 100: five steps of four minutes.
        let at = [0, 4, 8, 12, 16, 20];
        assert_eq!(at.map(|at| canary.percent(at * MINUTE)), [0.0, 10.0, 20.0, 40.0, 80.0, 100.0]);
        assert_eq!(slow.steps()[0], (6 * MINUTE, 20.0));
        let thirds = Strategy { growth: Growth::Linear(33.0), ..slow };
        assert_eq!(thirds.steps().iter().map(|(_, percent)| *percent).collect::<Vec<_>>(), [33.0, 66.0, 99.0, 100.0]);
    }
}
