//! A function with the layer on it, beside a local AppConfig: what most system tests start from.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use misrule_local::appconfig::{AppConfig, NothingDeployed, Place};
use misrule_local::function::{Function, FunctionBuilder, Origin};
pub use misrule_local::port::free as free_port;
use serde_json::Value;

use crate::programs;

/// Where tests publish to.
pub const PLACE: &str = "shop/prod/faults";

/// How long a test waits for what should happen within a few seconds, on a machine that is busy with others.
pub const PATIENCE: Duration = Duration::from_secs(30);

const EXTENSION: &str = "misrule-extension";

/// The timeout of functions that are not to run into it: half of it is what their first event may wait for an experiment.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// A function with the extension and the wrapper. Everything ends when it is dropped.
pub struct Layered {
    /// The function.
    pub function: Arc<Function>,
    /// The AppConfig that its extension listens to.
    pub appconfig: AppConfig,
    /// [`PLACE`], by ids.
    pub place: Place,
}

/// A function of any runtime, that has the time it needs on a machine that is busy with others.
pub fn function(name: &str) -> FunctionBuilder {
    Function::builder(name).timeout(TIMEOUT).init_timeout(PATIENCE)
}

/// The function's own part of the builder: a Python handler under AWS's own client.
///
/// # Errors
///
/// Where the Python environment is not there.
pub fn python(name: &str) -> Result<FunctionBuilder> {
    python_of(name, "app.handler")
}

/// The same of another handler among `tests/functions`.
///
/// # Errors
///
/// Where the Python environment is not there.
pub fn python_of(name: &str, handler: &str) -> Result<FunctionBuilder> {
    let folder = programs::checkout().join("tests/functions");
    let builder = function(name).runtime(programs::python("python")?, ["-m", "awslambdaric", handler]);
    // What Python would cache lies in the checkout.
    Ok(builder.handler(handler).task_root(folder).env("PYTHONDONTWRITEBYTECODE", "1"))
}

/// The demo's function on AWS's Rust client.
///
/// # Errors
///
/// Where it cannot be built.
pub fn rust(name: &str) -> Result<FunctionBuilder> {
    Ok(function(name).runtime(programs::program("misrule-local-function")?, []))
}

/// The same with the layer, listening to an AppConfig that is polled each second.
///
/// # Errors
///
/// Where something cannot be built or started.
pub async fn layered(builder: FunctionBuilder) -> Result<Layered> {
    layered_with(builder, &[]).await
}

/// The same with more variables, which win over the usual ones.
///
/// # Errors
///
/// Where something cannot be built or started.
pub async fn layered_with(builder: FunctionBuilder, variables: &[(&str, &str)]) -> Result<Layered> {
    let (appconfig, place) = local_appconfig().await?;
    layered_beside(appconfig, place, builder, variables).await
}

/// The same where this was deployed before the function starts, so that its first refresh finds it.
///
/// # Errors
///
/// Where something cannot be built or started.
pub async fn layered_after(
    content: impl Into<Bytes>,
    builder: FunctionBuilder,
    variables: &[(&str, &str)],
) -> Result<Layered> {
    let (appconfig, place) = local_appconfig().await?;
    appconfig.deploy(&place, "application/octet-stream", content);
    layered_beside(appconfig, place, builder, variables).await
}

/// An AppConfig that has [`PLACE`], with nothing deployed, and tells clients to ask each second.
///
/// # Errors
///
/// Where no port can be bound.
pub async fn local_appconfig() -> Result<(AppConfig, Place)> {
    let appconfig = AppConfig::serve().await?;
    let (application, rest) = PLACE.split_once('/').unwrap_or((PLACE, ""));
    let (environment, profile) = rest.split_once('/').unwrap_or((rest, ""));
    let place = appconfig.create(application, environment, profile);
    appconfig.set_poll_interval(Duration::from_secs(1));
    // With an answer comes an interval; with a refusal a layer waits for a minute.
    appconfig.set_nothing_deployed(NothingDeployed::Empty);
    Ok((appconfig, place))
}

/// A function with the layer, listening to this AppConfig.
///
/// # Errors
///
/// Where something cannot be built or started.
pub async fn layered_beside(
    appconfig: AppConfig,
    place: Place,
    builder: FunctionBuilder,
    variables: &[(&str, &str)],
) -> Result<Layered> {
    let function = Arc::new(with_layer(builder, &appconfig, variables)?.start().await?);
    Ok(Layered { function, appconfig, place })
}

/// What [`layered_beside`] starts.
///
/// # Errors
///
/// Where something cannot be built.
pub fn with_layer(
    builder: FunctionBuilder,
    appconfig: &AppConfig,
    variables: &[(&str, &str)],
) -> Result<FunctionBuilder> {
    let mut builder = builder
        .extension(programs::program(EXTENSION)?, [])
        .wrapper(programs::program("misrule-wrapper")?)
        .env("MISRULE_SOURCE", format!("appconfig:{PLACE}"))
        .env("MISRULE_PORT", free_port()?.to_string())
        .env("AWS_ENDPOINT_URL", appconfig.endpoint())
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local");
    for (name, value) in variables {
        builder = builder.env(*name, *value);
    }
    Ok(builder)
}

impl Layered {
    /// Deploys this content at once.
    pub fn deploy(&self, content: &str) {
        self.appconfig.deploy(&self.place, "application/json", content.to_owned());
    }

    /// Deploys these bytes at once.
    pub fn deliver(&self, content: impl Into<Bytes>) {
        self.appconfig.deploy(&self.place, "application/octet-stream", content);
    }

    /// Waits for a line of the layer's log of this kind, and returns it. Events are needed for the layer to look for
    /// news, so it is sent some meanwhile.
    pub async fn until_line(&self, kind: &str) -> Value {
        self.until_line_that(|line| line["misrule"] == kind).await
    }

    /// Waits for a line of the layer's log that fits, sending events meanwhile. Null where none comes in time.
    pub async fn until_line_that(&self, fits: impl Fn(&Value) -> bool) -> Value {
        self.all_news().until_that("a line", fits).await.unwrap_or_default()
    }

    /// The lines that the processes have written, and will.
    pub fn all_news(&self) -> News<'_> {
        News { layered: self, told: 0 }
    }

    /// The lines that the processes write from here on.
    pub fn news(&self) -> News<'_> {
        News { layered: self, told: self.function.output().len() }
    }

    /// Waits for something while the function gets an event every 50 ms: without any, the layer does not look for news.
    ///
    /// # Errors
    ///
    /// Where it does not happen within [`PATIENCE`].
    pub async fn while_busy<T>(&self, happens: impl Future<Output = T>) -> Result<T> {
        let events = async {
            loop {
                self.function.invoke(http_event("GET", "/ping")).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let happens = async {
            tokio::select! {
                happened = happens => Some(happened),
                () = events => None,
            }
        };
        let happened = tokio::time::timeout(PATIENCE, happens).await.ok().flatten();
        happened.with_context(|| format!("nothing came in {PATIENCE:?}; the log:\n{}", self.everything()))
    }

    /// The status and the body that a caller of `GET path` gets.
    ///
    /// # Errors
    ///
    /// Where the answer is not one to an HTTP request.
    pub async fn get(&self, path: &str) -> Result<(u64, Value)> {
        let answer = self.function.invoke(http_event("GET", path)).await.outcome.bytes().await;
        let answer: Value = serde_json::from_slice(&answer)?;
        let status = answer["statusCode"].as_u64().with_context(|| format!("no HTTP answer: {answer}"))?;
        Ok((status, answer))
    }

    /// The process id of the layer.
    ///
    /// # Errors
    ///
    /// Where it does not run.
    pub fn process_id(&self) -> Result<u32> {
        let extension = Origin::Extension(EXTENSION.to_owned());
        self.function.process_id(&extension).ok_or_else(|| anyhow!("the extension does not run"))
    }

    /// All that the processes wrote, for messages of tests that fail.
    pub fn everything(&self) -> String {
        let lines = self.function.output();
        lines.iter().map(|line| format!("{}: {}\n", line.origin, line.text)).collect()
    }

    /// The layer's log so far: each line that is JSON of ours.
    pub fn log(&self) -> Vec<Value> {
        self.function.output().iter().filter_map(|line| of_the_layer(&line.text)).collect()
    }
}

/// What the processes of a function write from some moment on.
pub struct News<'a> {
    layered: &'a Layered,
    told: usize,
}

impl News<'_> {
    /// Waits for a line of this kind, sending events meanwhile.
    ///
    /// # Errors
    ///
    /// Where none comes within [`PATIENCE`].
    pub async fn until(&self, kind: &str) -> Result<Value> {
        self.until_that(kind, |line| line["misrule"] == kind).await
    }

    /// Waits for a line that fits, sending events meanwhile. `what` is what an error calls it.
    ///
    /// # Errors
    ///
    /// Where none comes within [`PATIENCE`].
    pub async fn until_that(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let found = self.layered.while_busy(self.line(fits)).await;
        found.with_context(|| format!("waited for {what}"))
    }

    /// Waits for a line that fits, and sends nothing.
    ///
    /// # Errors
    ///
    /// Where none comes within [`PATIENCE`].
    pub async fn quietly_until(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let found = tokio::time::timeout(PATIENCE, self.line(fits)).await;
        found.with_context(|| format!("waited for {what}; the log:\n{}", self.layered.everything()))
    }

    /// The lines of the layer so far.
    pub fn lines(&self) -> Vec<Value> {
        let lines = self.layered.function.output();
        lines.iter().skip(self.told).filter_map(|line| of_the_layer(&line.text)).collect()
    }

    /// How many lines of this kind there are so far.
    pub fn count(&self, kind: &str) -> usize {
        self.lines().iter().filter(|line| line["misrule"] == kind).count()
    }

    async fn line(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let mut left = self.told;
        let found = self.layered.function.until_output(|line| {
            let old = left > 0;
            left = left.saturating_sub(1);
            of_the_layer(&line.text).filter(|line| !old && fits(line))
        });
        found.await
    }
}

/// A line of ours: a JSON object that says what happened.
fn of_the_layer(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().filter(|line: &Value| line["misrule"].is_string())
}

/// A function URL event.
pub fn http_event(method: &str, path: &str) -> String {
    serde_json::json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": { "host": "abc.lambda-url.us-east-1.on.aws" },
        "requestContext": {
            "domainName": "abc.lambda-url.us-east-1.on.aws",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1" },
            "stage": "$default",
        },
        "isBase64Encoded": false,
    })
    .to_string()
}
