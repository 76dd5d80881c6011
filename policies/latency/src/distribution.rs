//! What delays are drawn from.

use std::time::Duration;

use misrule_sdk::{Settings, chance};

/// How many standard deviations above the median 99 % of a normal distribution lie.
const P99: f64 = 2.326_347_874_040_841;

/// Where a log-normal delay has no `max`: this many times its `p99`.
const LONGEST: u32 = 10;

/// Every delay in the range is as likely as any other.
#[derive(Settings)]
pub struct Uniform {
    /// The shortest delay.
    min: Duration,
    /// The longest delay.
    max: Duration,
}

/// Delays as real services have them: most near the median, a few much longer.
#[derive(Settings)]
pub struct LogNormal {
    /// Half of the delays are shorter.
    median: Duration,
    /// One delay in a hundred is longer.
    p99: Duration,
    /// The longest delay: what is drawn above is cut to it. Ten times `p99` where absent.
    max: Option<Duration>,
}

impl Uniform {
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.min <= self.max {
            Ok(())
        } else {
            Err("`uniform`: expected a `min` that is not above `max`".to_owned())
        }
    }

    pub(crate) fn draw(&self) -> Duration {
        self.min + (self.max - self.min).mul_f64(chance::uniform())
    }
}

impl LogNormal {
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.median.is_zero() || self.p99 < self.median {
            return Err("`log_normal`: expected a `median` above 0s, and a `p99` that is not below it".to_owned());
        }
        match self.max {
            Some(max) if max < self.median => Err("`log_normal.max`: expected no less than the `median`".to_owned()),
            _ => Ok(()),
        }
    }

    pub(crate) fn draw(&self) -> Duration {
        let sigma = (self.p99.as_secs_f64() / self.median.as_secs_f64()).ln() / P99;
        let seconds = self.median.as_secs_f64() * (sigma * standard_normal()).exp();
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(self.max())
    }

    fn max(&self) -> Duration {
        self.max.unwrap_or_else(|| self.p99.saturating_mul(LONGEST))
    }
}

/// A draw from the normal distribution of mean 0 and deviation 1, by Marsaglia's polar method: of all there are it needs
/// the least code.
fn standard_normal() -> f64 {
    loop {
        let (x, y) = (2.0 * chance::uniform() - 1.0, 2.0 * chance::uniform() - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * square.ln() / square).sqrt();
        }
    }
}
