//! The extension: `/opt/extensions/misrule`.
//!
//! Lambda starts the runtime once every extension has registered, so: listen, accept, register, and only then load what
//! may take time. The runtime can never come up before its proxy.
//!
//! With `stress` as its first argument it is a process beside the layer that takes memory or CPU time, and nothing else.

use std::ffi::OsString;
use std::io;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;

use misrule_engine::experiment::Environment;
use misrule_extension::control::Control;
use misrule_extension::faults;
use misrule_extension::lambda::{Extension, Registration};
use misrule_extension::panics;
use misrule_extension::proxy::{Lambda, Proxy};
use misrule_extension::settings::{Metrics, Settings};
use misrule_extension::telemetry::{self, Failed, Line, SettingWrong, Start};
use tokio::net::TcpListener;

fn main() -> ExitCode {
    if let Some(code) = faults::stress(std::env::args_os()) {
        return code;
    }
    let (settings, wrong) = Settings::from_environment();
    telemetry::install(&settings.log);
    if settings.metrics == Metrics::Embedded && !settings.function.name.is_empty() {
        telemetry::count_for(&settings.function.name);
    }
    panics::tell_of_panics();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed("runtime", &error, "the environment has no descriptors left"),
    };
    let code = runtime.block_on(extension(settings, wrong.iter().map(setting_wrong).collect()));
    // A component that is just being compiled is not waited for.
    runtime.shutdown_background();
    code
}

async fn extension(settings: Settings, wrong: Vec<SettingWrong>) -> ExitCode {
    let proxy = Proxy::new(upstream(&settings), settings.dry_run);
    if let Some(mode) = settings.invoke_mode {
        proxy.answer_in(mode);
    }
    proxy.name_itself(settings.answer_header);
    // Without it, faults that need a process of their own fail, and say so.
    if let Ok(program) = std::env::current_exe() {
        proxy.stress_with(program);
    }
    if settings.offers_names() {
        offer_names(&proxy);
    }
    let listening = listen(&settings, &proxy).await;
    wrong.into_iter().for_each(|wrong| Line::from(wrong).emit());
    let extension = Extension::new(settings.lambda_api.clone(), &program());
    let registration = match extension.register().await {
        Ok(registration) => registration,
        Err(refused) => return failed("lambda", &refused, refused.hint()),
    };
    let mut control = Control::disabled();
    match listening {
        Ok(()) => {
            Line::from(start(&settings, &registration)).emit();
            control = watch(&settings, registration.clone());
            proxy.obey(control.clone());
        }
        Err(error) => {
            let reason = format!("port {} cannot be listened on: {}", settings.port, telemetry::chain(&error));
            let hint = Some("nothing is injected; give another port in MISRULE_PORT".to_owned());
            Line::from(Failed { part: "proxy", request_id: None, reason, hint, count: 1 }).emit();
        }
    }
    extension.until_shutdown(&registration).await;
    proxy.shut_down();
    control.shut_down();
    telemetry::end();
    ExitCode::SUCCESS
}

/// Listens on the loopback interface only, and accepts from here on.
async fn listen(settings: &Settings, proxy: &Arc<Proxy>) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
    tokio::spawn(Arc::clone(proxy).serve(listener));
    Ok(())
}

fn watch(settings: &Settings, registration: Registration) -> Control {
    let function = settings.function.clone();
    let named = |ours: String, lambdas: String| if ours.is_empty() { lambdas } else { ours };
    let environment = Environment {
        function_name: named(function.name, registration.function_name),
        function_version: named(function.version, registration.function_version),
        region: function.region,
        account: registration.account_id,
        memory_mb: function.memory_mb,
        initialization: function.initialization,
    };
    Control::start(settings, environment, faults::carries(settings))
}

/// The next proxy where there is one, with Lambda itself behind it.
fn upstream(settings: &Settings) -> Lambda {
    Lambda::behind(settings.runtime_api.clone(), settings.lambda_api.clone())
}

fn offer_names(proxy: &Proxy) {
    if let Err(error) = proxy.offer_names() {
        let reason = format!("there is no page for names that fail to resolve: {error}");
        let hint = Some("`block-hosts` cannot be carried out; it needs Linux 5.1 or newer".to_owned());
        Line::from(Failed { part: "names", request_id: None, reason, hint, count: 1 }).emit();
    }
}

fn program() -> OsString {
    let executable = || std::env::current_exe().map(OsString::from).unwrap_or_default();
    std::env::args_os().next().filter(|program| !program.is_empty()).unwrap_or_else(executable)
}

fn start(settings: &Settings, registration: &Registration) -> Start {
    Start {
        layer: env!("CARGO_PKG_VERSION"),
        port: settings.port,
        source: settings.source.as_ref().map(ToString::to_string),
        dry_run: settings.dry_run,
        function: registration.function_name.clone(),
    }
}

fn setting_wrong(error: &misrule_extension::settings::SettingError) -> SettingWrong {
    SettingWrong { variable: error.variable().to_owned(), reason: error.to_string(), hint: error.hint().to_owned() }
}

fn failed(part: &'static str, error: &(dyn std::error::Error + 'static), hint: &str) -> ExitCode {
    let (reason, hint) = (telemetry::chain(error), Some(hint.to_owned()));
    Line::from(Failed { part, request_id: None, reason, hint, count: 1 }).emit();
    ExitCode::FAILURE
}
