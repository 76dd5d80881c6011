//! What outlives its step: it lasts until the invocation ends, or its experiment does before that.
//!
//! An invocation is over when Lambda has its answer, when the runtime asks for the next event or is made to exit, at
//! Lambda's deadline, and at SHUTDOWN. Only environments that no other invocation shares have any of this, so at each of
//! those moments all of it is undone. What a killed layer leaves behind, the kernel undoes: see [`fill_disk`] and
//! [`Stressor`].
//!
//! [`fill_disk`]: super::fill_disk

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use misrule_engine::decision::{PolicyName, Step};
use misrule_engine::time::Timestamp;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::block_hosts::Names;
use super::stressor::Stressor;
use super::{FaultError, Scene, blocking};
use crate::clock;

/// How often the wall clock is looked at, which the deadline is written in and which may jump.
const LOOK: Duration = Duration::from_secs(1);

/// What lasts in this environment. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Lasting(Arc<State>);

#[derive(Default)]
struct State {
    /// The layer's own program, which is also its stressor.
    program: OnceLock<PathBuf>,
    names: Names,
    held: Mutex<Vec<Held>>,
    /// How many there were, to tell them apart.
    begun: AtomicU64,
}

/// Undone when it is dropped.
struct Held {
    number: u64,
    _what: Box<dyn Send>,
    watch: AbortHandle,
}

impl Lasting {
    /// Starts stressors from this program. Without, there are none. Only the first call counts.
    pub fn stress_with(&self, program: PathBuf) {
        let _ = self.0.program.set(program);
    }

    /// The names that runtimes cannot resolve.
    pub fn names(&self) -> &Names {
        &self.0.names
    }

    /// The invocation is over: undoes everything. Nothing is waited for: the kernel may take memory back a little later.
    pub fn end(&self) {
        drop(std::mem::take(&mut *self.held()));
    }

    /// Starts the layer's own program as a stressor.
    pub(super) async fn stress(&self, resource: &'static str, amount: u64) -> Result<Stressor, FaultError> {
        let program = self.0.program.get().cloned().ok_or(FaultError::NoStressor)?;
        let started = blocking::work(move || Stressor::start(&program, resource, amount)).await;
        started.map_err(|error| FaultError::took(resource, &error))
    }

    /// Keeps this until the invocation ends. Where the experiment ends first, that is told.
    pub(super) fn hold(&self, what: impl Send + 'static, step: &Step, policy: &PolicyName, scene: Scene<'_>) {
        let (control, armed, deadline) = (scene.control.clone(), scene.armed.clone(), scene.invocation.head().deadline);
        let (begun, lasting, tell) = (Instant::now(), Arc::downgrade(&self.0), scene.ending(policy, step));
        let number = self.0.begun.fetch_add(1, Ordering::Relaxed);
        let mut held = self.held();
        let watch = tokio::spawn(async move {
            tokio::select! {
                why = control.ended(&armed) => tell(begun.elapsed(), &why),
                () = passes(deadline) => {}
            }
            if let Some(state) = lasting.upgrade() {
                Self(state).held().retain(|held| held.number != number);
            }
        });
        held.push(Held { number, _what: Box::new(what), watch: watch.abort_handle() });
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

async fn passes(deadline: Timestamp) {
    loop {
        let left = deadline.since(clock::now());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK)).await;
    }
}
