//! Latency records: a client is sent to the healthy endpoint that is nearest to it.
//!
//! <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html>: where none is
//! healthy, all are taken for healthy, because DNS must answer something.

use tokio::sync::watch;

use super::health_check::{Health, HealthCheck};

/// An endpoint of a name, with the health check that it is associated with.
pub struct Record<R> {
    region: R,
    health: watch::Receiver<Health>,
}

impl<R> Record<R> {
    /// A record for the endpoint in a region.
    pub fn new(region: R, check: &HealthCheck) -> Self {
        Self { region, health: check.watch() }
    }

    fn is_healthy(&self) -> bool {
        *self.health.borrow() == Health::Healthy
    }
}

/// The records of one name; at least one.
pub struct Records<R> {
    first: Record<R>,
    others: Vec<Record<R>>,
}

impl<R> Records<R> {
    /// These records.
    pub fn new(first: Record<R>, others: impl IntoIterator<Item = Record<R>>) -> Self {
        Self { first, others: others.into_iter().collect() }
    }

    /// The region that a client is sent to, by its latency to each.
    pub fn resolve<L: Ord>(&self, latency: impl Fn(&R) -> L) -> &R {
        let all = || std::iter::once(&self.first).chain(&self.others);
        let none_is = !all().any(Record::is_healthy);
        let nearest =
            all().filter(|record| none_is || record.is_healthy()).min_by_key(|record| latency(&record.region));
        &nearest.unwrap_or(&self.first).region
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The endpoint that a client is sent to, 10, 20 and 30 ms away from `a`, `b` and `c`.
    fn sent_to(states: [Health; 3]) -> char {
        let record = |(region, state)| Record { region, health: watch::channel(state).1 };
        let mut records = [('b', states[1]), ('c', states[2]), ('a', states[0])].map(record).into_iter();
        let records = Records::new(records.next().unwrap(), records);
        *records.resolve(|region| match region {
            'a' => 10,
            'b' => 20,
            _ => 30,
        })
    }

    #[test]
    fn clients_go_to_the_nearest_healthy_endpoint() {
        use Health::{Healthy, Unhealthy};
        assert_eq!(sent_to([Healthy, Healthy, Healthy]), 'a');
        assert_eq!(sent_to([Unhealthy, Healthy, Healthy]), 'b');
        assert_eq!(sent_to([Unhealthy, Unhealthy, Healthy]), 'c');
        assert_eq!(sent_to([Healthy, Unhealthy, Unhealthy]), 'a');
    }

    #[test]
    fn where_none_is_healthy_all_are_taken_for_healthy() {
        assert_eq!(sent_to([Health::Unhealthy; 3]), 'a');
    }
}
