//! A function with the layer on it, beside a local AppConfig: what most system tests start from.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use misrule_local::appconfig::{AppConfig, Place};
use misrule_local::function::{Function, FunctionBuilder};
use serde_json::Value;

use crate::programs;

/// Where tests publish to.
pub const PLACE: &str = "shop/prod/faults";

/// A function with the extension and the wrapper. Everything ends when it is dropped.
pub struct Layered {
    /// The function.
    pub function: Arc<Function>,
    /// The AppConfig that its extension listens to.
    pub appconfig: AppConfig,
    /// [`PLACE`], by ids.
    pub place: Place,
}

/// The function's own part of the builder: a Python handler under AWS's own client.
///
/// # Errors
///
/// Where the Python environment is not there.
pub fn python(name: &str) -> Result<FunctionBuilder> {
    let folder = programs::checkout().join("tests/functions");
    let builder = Function::builder(name).runtime(programs::python("python")?, ["-m", "awslambdaric", "app.handler"]);
    Ok(builder.handler("app.handler").task_root(folder))
}

/// The demo's function on AWS's Rust client.
///
/// # Errors
///
/// Where it cannot be built.
pub fn rust(name: &str) -> Result<FunctionBuilder> {
    Ok(Function::builder(name).runtime(programs::program("misrule-local-function")?, []))
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
    let appconfig = AppConfig::serve().await?;
    let (application, rest) = PLACE.split_once('/').unwrap_or((PLACE, ""));
    let (environment, profile) = rest.split_once('/').unwrap_or((rest, ""));
    let place = appconfig.create(application, environment, profile);
    appconfig.set_poll_interval(Duration::from_secs(1));
    let mut builder = builder
        .extension(programs::program("misrule-extension")?, [])
        .wrapper(programs::program("misrule-wrapper")?)
        .env("MISRULE_SOURCE", format!("appconfig:{PLACE}"))
        .env("MISRULE_PORT", free_port()?.to_string())
        .env("AWS_ENDPOINT_URL", appconfig.endpoint())
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local");
    for (name, value) in variables {
        builder = builder.env(*name, *value);
    }
    let function = Arc::new(builder.start().await?);
    Ok(Layered { function, appconfig, place })
}

/// A port that nobody has now.
///
/// # Errors
///
/// Where there is none.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Layered {
    /// Deploys this content at once.
    pub fn deploy(&self, content: &str) {
        self.appconfig.deploy(&self.place, "application/json", content.to_owned());
    }

    /// Waits for a line of the layer's log of this kind, and returns it. Events are needed for the layer to look for
    /// news, so it is sent some meanwhile.
    pub async fn until_line(&self, kind: &str) -> Value {
        self.until_line_that(|line| line["misrule"] == kind).await
    }

    /// Waits for a line of the layer's log that fits, sending events meanwhile.
    pub async fn until_line_that(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let line = self.function.until_output(|line| serde_json::from_str(&line.text).ok().filter(&fits));
        let events = async {
            loop {
                self.function.invoke(http_event("GET", "/ping")).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::select! {
            line = line => line,
            () = events => Value::Null,
        }
    }

    /// The layer's log so far: each line that is JSON of ours.
    pub fn log(&self) -> Vec<Value> {
        let lines = self.function.output();
        let parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(&line.text).ok());
        parsed.filter(|line| line["misrule"].is_string()).collect()
    }
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
