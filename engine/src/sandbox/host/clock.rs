//! `clock`: civil time in a zone, from bundled data.

use wasmtime::Result;
use wasmtime::component::{ComponentType, Lift, Lower, WasmStr};

use super::{Interface, work};
use crate::matching;
use crate::time::Timestamp;

#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(record)]
struct Civil {
    year: i32,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    weekday: u8,
}

impl From<matching::Civil> for Civil {
    fn from(civil: matching::Civil) -> Self {
        let matching::Civil { year, month, day, hour, minute, second, weekday } = civil;
        Self { year, month, day, hour, minute, second, weekday }
    }
}

pub(super) fn link(mut interface: Interface<'_>) -> Result<()> {
    interface.function("local", |call, (instant, zone): (u64, WasmStr)| {
        call.charge(work::CIVIL_TIME)?;
        let zone = call.text(&zone)?;
        let civil = matching::local(Timestamp::from_milliseconds(instant), &zone);
        Ok(civil.map(Civil::from).map_err(|error| error.to_string()))
    })
}
