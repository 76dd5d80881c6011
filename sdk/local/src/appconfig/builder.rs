use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use super::clock::Clock;
use super::store::Store;
use super::{AppConfig, Shared, serve};
use crate::clock;
use crate::wire::Server;

/// An AppConfig to be.
#[derive(Debug)]
pub struct AppConfigBuilder {
    clock: Clock,
    port: u16,
    rollback_takes: Duration,
}

impl Default for AppConfigBuilder {
    fn default() -> Self {
        Self { clock: Clock::real(), port: 0, rollback_takes: Duration::ZERO }
    }
}

impl AppConfigBuilder {
    /// What it takes for the time; by default the machine's clock.
    pub fn clock(self, clock: &Clock) -> Self {
        Self { clock: clock.clone(), ..self }
    }

    /// The port of 127.0.0.1 that it listens on; by default a free one.
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// How long a deployment is `ROLLING_BACK` before it is `ROLLED_BACK`, in whole milliseconds; by default no time
    /// at all. How long it takes the service is not documented.
    pub fn rollback_takes(self, rollback_takes: Duration) -> Self {
        Self { rollback_takes, ..self }
    }

    /// Serves it.
    ///
    /// # Errors
    /// Where the port cannot be bound.
    pub async fn serve(self) -> io::Result<AppConfig> {
        let rollback_takes = clock::milliseconds(self.rollback_takes);
        let shared = Arc::new(Shared {
            store: Mutex::new(Store::new(self.clock, rollback_takes, clock::now())),
            behaviour: Mutex::default(),
            calls: watch::Sender::new(BTreeMap::new()),
        });
        let serving = Arc::clone(&shared);
        let server = Server::bind(self.port, move |connection| serve::serve(Arc::clone(&serving), connection)).await?;
        Ok(AppConfig { shared, server })
    }
}
