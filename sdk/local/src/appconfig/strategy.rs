use serde_json::{Value, json};

const MINUTE: u64 = 60_000;

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

    fn at_step(self, step: u32) -> f64 {
        let percent = match self {
            Self::Linear(factor) => factor * f64::from(step + 1),
            Self::Exponential(factor) => factor * f64::from(step).exp2(),
        };
        percent.min(100.0)
    }

    fn steps(self) -> u32 {
        (0..100).find(|step| self.at_step(*step) >= 100.0).map_or(100, |last| last + 1)
    }
}

impl Strategy {
    /// The strategies that every account has.
    pub(super) fn predefined() -> Vec<Self> {
        let strategy = |name: &str, minutes, growth, bake_minutes| Self {
            id: name.to_owned(),
            name: name.to_owned(),
            description: None,
            minutes,
            growth,
            bake_minutes,
            replicate_to: "NONE".to_owned(),
        };
        vec![
            strategy("AppConfig.AllAtOnce", 0, Growth::Linear(100.0), 10),
            strategy("AppConfig.Linear50PercentEvery30Seconds", 1, Growth::Linear(50.0), 1),
            strategy("AppConfig.Canary10Percent20Minutes", 20, Growth::Exponential(10.0), 10),
            strategy("AppConfig.Linear20PercentEvery6Minutes", 30, Growth::Linear(20.0), 30),
        ]
    }

    pub(super) fn growing(&self) -> u64 {
        self.minutes * MINUTE
    }

    pub(super) fn baking(&self) -> u64 {
        self.bake_minutes * MINUTE
    }

    /// The share of clients, in percent, so many milliseconds after the start.
    pub(super) fn percent(&self, elapsed: u64) -> f64 {
        if elapsed >= self.growing() {
            return 100.0;
        }
        let steps = self.growth.steps();
        let step = elapsed * u64::from(steps) / self.growing();
        self.growth.at_step(u32::try_from(step).unwrap_or(steps))
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
        let [at_once, linear, canary, _] = Strategy::predefined().try_into().unwrap();
        assert_eq!(at_once.percent(0), 100.0);
        assert_eq!([0, 29_999, 30_000, 60_000].map(|at| linear.percent(at)), [50.0, 50.0, 100.0, 100.0]);
        // 10, 20, 40, 80, 100: five steps of four minutes.
        assert_eq!([0, 4, 8, 12, 16].map(|at| canary.percent(at * MINUTE)), [10.0, 20.0, 40.0, 80.0, 100.0]);
    }
}
