//! `chance`: draws that can be replayed.

use std::sync::Arc;

use wasmtime::Result;
use wasmtime::component::WasmStr;

use super::{Interface, work};
use crate::decision::sticky;

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    interface.function("uniform", |call, (): ()| {
        let place = Arc::clone(&call.state().place);
        Ok(call.hook("chance.uniform")?.draw(&place.policy))
    })?;
    interface.function("sticky", |call, (key,): (WasmStr,)| {
        call.hook("chance.sticky")?;
        call.charge(work::HASH)?;
        let key = call.text(&key)?;
        let place = &call.state().place;
        Ok(sticky(&place.experiment, &place.policy, &key))
    })
}
