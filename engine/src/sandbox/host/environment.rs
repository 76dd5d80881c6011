//! `environment`: where the policy runs, and under which experiment. Also in `configure`.

use wasmtime::Result;

use super::Interface;

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    interface.function("function-name", |call, (): ()| Ok(call.state().place.environment.function_name.clone()))?;
    interface
        .function("function-version", |call, (): ()| Ok(call.state().place.environment.function_version.clone()))?;
    interface.function("region", |call, (): ()| Ok(call.state().place.environment.region.clone()))?;
    interface.function("account", |call, (): ()| Ok(call.state().place.environment.account.clone()))?;
    interface.function("memory-mb", |call, (): ()| Ok(call.state().place.environment.memory_mb))?;
    interface.function("initialization", |call, (): ()| Ok(call.state().place.environment.initialization.clone()))?;
    interface.function("experiment", |call, (): ()| Ok(call.state().place.experiment.clone()))?;
    interface.function("experiment-starts", |call, (): ()| Ok(call.state().place.starts.as_milliseconds()))?;
    interface.function("experiment-expires", |call, (): ()| Ok(call.state().place.expires.as_milliseconds()))
}
