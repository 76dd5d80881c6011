//! The environment variables that Lambda gives to its processes.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use tokio::process::Command;

use super::builder::{ExtensionProgram, Plan};
use crate::lambda::{CREDENTIALS_TOKEN, Settings};

/// What a process needs of ours to run at all; Lambda has values of its own for these.
const INHERITED: [&str; 2] = ["PATH", "LD_LIBRARY_PATH"];

/// The command for the runtime, through the wrapper where there is one.
pub(super) fn runtime(plan: &Plan, api: SocketAddr) -> (&Path, Command) {
    let program = plan.wrapper.as_deref().unwrap_or(&plan.runtime.path);
    let mut command = bare(program, plan, api);
    if let Some(wrapper) = &plan.wrapper {
        command.arg(&plan.runtime.path).env("AWS_LAMBDA_EXEC_WRAPPER", wrapper);
    }
    command.args(&plan.runtime.arguments);
    let name = &plan.settings.function_name;
    command.env("_HANDLER", &plan.settings.handler);
    command.env("LAMBDA_RUNTIME_DIR", "/var/runtime");
    command.env("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023");
    command.env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}"));
    command.env("AWS_LAMBDA_LOG_STREAM_NAME", format!("local/[{}]{}", plan.settings.function_version, api.port()));
    command.env("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR");
    let root = plan.task_root.as_deref();
    command.env("LAMBDA_TASK_ROOT", root.unwrap_or_else(|| Path::new("/var/task")));
    if let Some(root) = root {
        command.current_dir(root);
    }
    configured(&mut command, plan);
    (program, command)
}

/// The command for an extension. It has Lambda's own Runtime API, and nothing that is for the runtime only.
pub(super) fn extension(plan: &Plan, extension: &ExtensionProgram, api: SocketAddr) -> Command {
    let mut command = bare(&extension.path, plan, api);
    command.env("MISRULE_LOCAL", "true").env("TMPDIR", plan.tmp.path());
    configured(&mut command, plan);
    command.envs(&extension.environment);
    command
}

fn bare(program: &Path, plan: &Plan, api: SocketAddr) -> Command {
    let settings = &plan.settings;
    let mut command = Command::new(program);
    command.env_clear();
    command.envs(INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
    command.env("AWS_LAMBDA_RUNTIME_API", api.to_string());
    command.env("AWS_LAMBDA_FUNCTION_NAME", &settings.function_name);
    command.env("AWS_LAMBDA_FUNCTION_VERSION", &settings.function_version);
    command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", plan.memory_mb.to_string());
    command.env("AWS_REGION", &settings.region).env("AWS_DEFAULT_REGION", &settings.region);
    command.env("TZ", ":UTC").env("LANG", "en_US.UTF-8");
    credentials(&mut command, settings, api);
    command.env("AWS_LAMBDA_INITIALIZATION_TYPE", initialization(settings));
    if let Some(concurrency) = settings.managed {
        command.env("AWS_LAMBDA_MAX_CONCURRENCY", concurrency.to_string());
    }
    command
}

fn configured(command: &mut Command, plan: &Plan) {
    command.envs(plan.environment.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))));
}

/// Keys, or where a copy of a snapshot asks for its own.
fn credentials(command: &mut Command, settings: &Settings, api: SocketAddr) {
    if settings.snap_start {
        command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{api}/2021-04-23/credentials"));
        command.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", CREDENTIALS_TOKEN);
    } else {
        command.env("AWS_ACCESS_KEY_ID", "AKIDLOCAL").env("AWS_SECRET_ACCESS_KEY", "local");
        command.env("AWS_SESSION_TOKEN", "local");
    }
}

fn initialization(settings: &Settings) -> &'static str {
    match settings {
        Settings { managed: Some(_), .. } => "lambda-managed-instances",
        Settings { snap_start: true, .. } => "snap-start",
        _ => "on-demand",
    }
}
