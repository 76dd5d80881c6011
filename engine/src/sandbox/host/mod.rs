//! The contract's imports, one file for each interface. Each function looks, checks, charges and answers; none waits.

mod chance;
mod clock;
mod environment;
mod faults;
mod invocation;
mod logging;
mod matching;
mod memory;
mod response;
mod settings;

use std::sync::Arc;

pub(super) use logging::bounded;

use wasmtime::component::{ComponentNamedList, ComponentType, Lift, Linker, LinkerInstance, Lower, WasmList, WasmStr};
use wasmtime::{Result, StoreContextMut};

use super::Cause;
use super::state::{HookCall, Phase, State};
use crate::invocation::Document;
use crate::limits;

/// Links every function of the contract.
pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    chance::link(Interface::open(linker, "misrule:policy/chance@0.1.0")?)?;
    clock::link(Interface::open(linker, "misrule:policy/clock@0.1.0")?)?;
    environment::link(Interface::open(linker, "misrule:policy/environment@0.1.0")?)?;
    faults::link(Interface::open(linker, "misrule:policy/faults@0.1.0")?)?;
    invocation::link(Interface::open(linker, "misrule:policy/invocation@0.1.0")?)?;
    logging::link(Interface::open(linker, "misrule:policy/logging@0.1.0")?)?;
    matching::link(Interface::open(linker, "misrule:policy/matching@0.1.0")?)?;
    memory::link(Interface::open(linker, "misrule:policy/memory@0.1.0")?)?;
    response::link(Interface::open(linker, "misrule:policy/response@0.1.0")?)?;
    settings::link(Interface::open(linker, "misrule:policy/settings@0.1.0")?)
}

/// One interface while its functions are linked.
struct Interface<'a>(LinkerInstance<'a, State>);

impl<'a> Interface<'a> {
    fn open(linker: &'a mut Linker<State>, name: &str) -> Result<Self> {
        Ok(Self(linker.instance(name)?))
    }

    /// Links one function. Its answer is wrapped in the one-element list that the component model returns.
    fn function<P, R>(
        &mut self,
        name: &str,
        answer: impl Fn(&mut Call<'_>, P) -> Result<R> + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + 'static,
        R: Lower + ComponentType + Send + Sync + 'static,
        (R,): ComponentNamedList + Lower,
    {
        self.0.func_wrap(name, move |store, parameters: P| {
            let mut call = Call { store };
            call.charge(work::CALL)?;
            answer(&mut call, parameters).map(|result| (result,))
        })
    }

    /// Links one function that answers nothing.
    fn procedure<P>(
        &mut self,
        name: &str,
        act: impl Fn(&mut Call<'_>, P) -> Result<()> + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + 'static,
    {
        self.0.func_wrap(name, move |store, parameters: P| {
            let mut call = Call { store };
            call.charge(work::CALL)?;
            act(&mut call, parameters)
        })
    }
}

/// What host work costs in fuel. A unit is about a nanosecond. Contract: charged by size alone, never by what happens to
/// be cached, so that a decision costs the same wherever it is made.
mod work {
    /// Any call.
    pub(super) const CALL: u64 = 100;
    /// Bytes for one unit: scanning JSON.
    pub(super) const SCANNED_BYTES: usize = 64;
    /// Bytes for one unit: copying between host and guest.
    pub(super) const COPIED_BYTES: usize = 16;
    /// Each byte that a pattern is matched against.
    pub(super) const MATCHED_BYTE: u64 = 8;
    /// Each byte of a pattern.
    pub(super) const PATTERN_BYTE: u64 = 40;
    /// A conversion to civil time.
    pub(super) const CIVIL_TIME: u64 = 500;
    /// A hash of a short key.
    pub(super) const HASH: u64 = 500;
}

/// What an item of a handed list costs the host beside its bytes.
const ITEM_BYTES: usize = 16;

/// One call from a guest: what it may see, and what it costs.
struct Call<'a> {
    store: StoreContextMut<'a, State>,
}

impl Call<'_> {
    fn state(&mut self) -> &mut State {
        self.store.data_mut()
    }

    /// Takes fuel for host work; out of fuel is out of fuel, wherever it went.
    fn charge(&mut self, units: u64) -> Result<()> {
        match self.store.get_fuel()?.checked_sub(units) {
            Some(left) => self.store.set_fuel(left),
            None => Err(Cause::Fuel(self.state().allowance.fuel).into()),
        }
    }

    fn charge_bytes(&mut self, bytes: usize, per_unit: usize) -> Result<()> {
        self.charge((bytes / per_unit) as u64)
    }

    /// Counts bytes that the guest hands over.
    fn take(&mut self, bytes: usize) -> Result<()> {
        let state = self.state();
        state.copied = state.copied.saturating_add(bytes);
        if limits::HOST_COPY.admits(state.copied) {
            self.charge_bytes(bytes, work::COPIED_BYTES)
        } else {
            Err(Cause::HostCopy.into())
        }
    }

    /// Counts the bytes of a text that the guest hands over, and says how many there are.
    fn take_text(&mut self, handed: &WasmStr) -> Result<usize> {
        let bytes = handed.to_str(&self.store)?.len();
        self.take(bytes).map(|()| bytes)
    }

    /// A text that the guest hands over: counted before it is copied.
    fn text(&mut self, handed: &WasmStr) -> Result<String> {
        self.take_text(handed)?;
        Ok(handed.to_str(&self.store)?.into_owned())
    }

    fn optional_text(&mut self, handed: Option<&WasmStr>) -> Result<Option<String>> {
        handed.map(|text| self.text(text)).transpose()
    }

    /// Bytes that the guest hands over: counted before they are copied.
    fn bytes(&mut self, handed: &WasmList<u8>) -> Result<Vec<u8>> {
        self.take(handed.len())?;
        Ok(handed.as_le_slice(&self.store).to_vec())
    }

    /// Texts that the guest hands over.
    fn texts(&mut self, handed: &WasmList<WasmStr>) -> Result<Vec<String>> {
        self.take(handed.len().saturating_mul(ITEM_BYTES))?;
        let items: Vec<WasmStr> = handed.iter(&mut self.store)?.collect::<Result<_>>()?;
        items.iter().map(|item| self.text(item)).collect()
    }

    /// The hook under way.
    fn hook(&mut self, function: &str) -> Result<&mut HookCall> {
        match &mut self.state().phase {
            Phase::Hook(call) => Ok(call),
            _ => Err(out_of_place(function, "outside a hook")),
        }
    }

    /// The invocation under decision, once its size is charged where it is scanned.
    fn invocation(&mut self) -> Result<Arc<crate::invocation::Invocation>> {
        self.hook("invocation").map(|hook| Arc::clone(&hook.invocation))
    }

    /// Charges the answer's way into the guest.
    fn give<T: Size>(&mut self, answer: T) -> Result<T> {
        self.charge_bytes(answer.size(), work::COPIED_BYTES)?;
        Ok(answer)
    }
}

fn out_of_place(function: &str, place: &str) -> wasmtime::Error {
    Cause::Contract(format!("`{function}` may not be called {place}")).into()
}

/// How much a host's answer copies into the guest.
trait Size {
    fn size(&self) -> usize;
}

impl Size for String {
    fn size(&self) -> usize {
        self.len()
    }
}

impl Size for Vec<u8> {
    fn size(&self) -> usize {
        self.len()
    }
}

impl Size for Vec<String> {
    fn size(&self) -> usize {
        self.iter().map(String::len).sum()
    }
}

impl<T: Size> Size for Option<T> {
    fn size(&self) -> usize {
        self.as_ref().map_or(0, Size::size)
    }
}

/// The contract's `document`.
#[derive(Clone, Copy, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "guests make them")]
enum DocumentName {
    #[component(name = "whole")]
    Whole,
    #[component(name = "body")]
    Body,
}

impl From<DocumentName> for Document {
    fn from(name: DocumentName) -> Self {
        match name {
            DocumentName::Whole => Self::Whole,
            DocumentName::Body => Self::Body,
        }
    }
}
