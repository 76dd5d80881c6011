//! What stands in one region: real processes around local stand-ins for Lambda, AppConfig and Route 53.

use std::sync::Arc;
use std::time::Duration;

use misrule_local::appconfig::{AppConfig, NothingDeployed};
use misrule_local::front::Front;
use misrule_local::function::{Function, Line};
use misrule_local::port;
use misrule_local::route53::health_check::{HealthCheck, HealthCheckConfig};

use super::DemoError;
use super::programs::Programs;
use super::region::Region;
use super::scale::{CHECK_INTERVAL, THRESHOLD};
use super::stage::PLACE;
use crate::printer::Printer;

/// How often a layer asks AppConfig. Where nobody says otherwise it is every minute.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// One region of the API; it ends when this is dropped.
pub(crate) struct Site {
    pub(crate) appconfig: AppConfig,
    pub(crate) function: Arc<Function>,
    pub(crate) front: Front,
    pub(crate) check: HealthCheck,
}

impl Site {
    /// Starts everything, the function at last answering.
    pub(crate) async fn set_up(region: Region, programs: &Programs, verbose: bool) -> Result<Self, DemoError> {
        let appconfig =
            AppConfig::serve().await.map_err(|error| DemoError::Stage("a local AppConfig", error.into()))?;
        let [application, environment, profile] = PLACE;
        appconfig.create(application, environment, profile);
        appconfig.set_poll_interval(POLL_INTERVAL);
        // With an answer comes an interval; with a refusal a layer waits for a minute.
        appconfig.set_nothing_deployed(NothingDeployed::Empty);
        let function = function(region, programs, &appconfig, verbose).await?;
        let front = Front::serve(Arc::clone(&function)).await;
        let front = front.map_err(|error| DemoError::Stage("a function URL", error.into()))?;
        let config = HealthCheckConfig {
            path: "/health".to_owned(),
            interval: CHECK_INTERVAL.here(),
            failure_threshold: THRESHOLD,
        };
        let check = HealthCheck::start(front.address(), config);
        Ok(Self { appconfig, function, front, check })
    }

    /// How often the layer has written a line of this name.
    pub(crate) fn lines(&self, name: &str) -> usize {
        self.function.output().iter().filter(|line| is_named(line, name)).count()
    }

    /// Waits for a line of this name in the layer's log.
    pub(crate) async fn line(&self, name: &str) -> String {
        self.function.until_output(|line| is_named(line, name).then(|| line.text.clone())).await
    }
}

fn is_named(line: &Line, name: &str) -> bool {
    let named = serde_json::from_str::<serde_json::Value>(&line.text);
    named.is_ok_and(|fields| fields["misrule"] == name)
}

/// The function with the layer on it. An extension's name is its file's.
async fn function(
    region: Region,
    programs: &Programs,
    appconfig: &AppConfig,
    verbose: bool,
) -> Result<Arc<Function>, DemoError> {
    // The layer's own is free on Lambda, but perhaps not here, and not twice.
    let port = port::free().map_err(|error| DemoError::Stage("a free port", error.into()))?;
    let builder = Function::builder("health-api")
        .region(region.name())
        .runtime(&programs.function, [])
        .extension(&programs.extension, [])
        .wrapper(&programs.wrapper)
        .env("MISRULE_SOURCE", format!("appconfig:{}", PLACE.join("/")))
        .env("MISRULE_PORT", port.to_string())
        .env("AWS_ENDPOINT_URL", appconfig.endpoint())
        .on_output(move |line: &Line| tell(region, line, verbose));
    let function = builder.start().await.map_err(|error| DemoError::Stage("a function", error.into()))?;
    Ok(Arc::new(function))
}

fn tell(region: Region, line: &Line, verbose: bool) {
    if verbose {
        Printer::aside(format_args!("    {region} {}: {}", line.origin, line.text));
    }
}
