//! `chance`: draws that can be replayed.

use wasmtime::Result;
use wasmtime::component::WasmStr;

use super::{Interface, work};
use crate::decision::sticky;

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    interface.function("uniform", |call, (): ()| Ok(call.hook("chance.uniform")?.chance.uniform()))?;
    interface.function("sticky", |call, (key,): (WasmStr,)| {
        call.hook("chance.sticky")?;
        call.charge(work::HASH)?;
        let key = call.text(&key)?;
        let place = &call.state().place;
        Ok(sticky(&place.experiment, &place.policy, &key))
    })
}
