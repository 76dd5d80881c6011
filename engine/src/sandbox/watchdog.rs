//! A thread that lets time pass for guests: it advances the engine's epoch while a guest runs, so that the guest's own
//! thread looks at the CPU time it used. It sleeps when nothing runs: a frozen or idle function pays nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use wasmtime::EngineWeak;

/// How often guests look at their CPU time: a few looks within the smallest limit.
const TICK: Duration = Duration::from_millis(3);
/// Ticks without a guest before the thread sleeps. Waking it costs microseconds, so it stays up under load.
const IDLE_TICKS: u32 = 100;

pub(super) struct Watchdog {
    shared: Arc<Shared>,
    thread: Thread,
    handle: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    running: AtomicUsize,
    asleep: AtomicBool,
    stopped: AtomicBool,
}

/// While it lives, epochs pass.
pub(super) struct Watched<'a>(&'a Watchdog);

impl Watchdog {
    pub(super) fn start(engine: EngineWeak) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let handle = std::thread::Builder::new()
            .name("misrule-watchdog".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || theirs.tick_until_stopped(&engine))?;
        Ok(Self { shared, thread: handle.thread().clone(), handle: Some(handle) })
    }

    pub(super) fn watch(&self) -> Watched<'_> {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.swap(false, Ordering::SeqCst) {
            self.thread.unpark();
        }
        Watched(self)
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.0.shared.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.thread.unpark();
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

impl Shared {
    fn tick_until_stopped(&self, engine: &EngineWeak) {
        let mut idle = 0;
        while !self.stopped.load(Ordering::SeqCst) {
            idle = if self.running.load(Ordering::SeqCst) > 0 { 0 } else { idle + 1 };
            if idle > IDLE_TICKS {
                self.sleep_until_watched();
                idle = 0;
            }
            std::thread::park_timeout(TICK);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    }

    /// `asleep` is set before `running` is read, and `watch` does it the other way round: one of the two sees the other.
    fn sleep_until_watched(&self) {
        self.asleep.store(true, Ordering::SeqCst);
        while self.asleep.load(Ordering::SeqCst) && !self.stopped.load(Ordering::SeqCst) {
            if self.running.load(Ordering::SeqCst) > 0 {
                self.asleep.store(false, Ordering::SeqCst);
                return;
            }
            std::thread::park();
        }
    }
}
