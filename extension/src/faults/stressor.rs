//! A process of the layer's own program that takes memory or CPU time, so that the layer itself is never the one that the
//! kernel ends: an extension that ends, ends the environment.
//!
//! | | |
//! | --- | --- |
//! | it is started | as `misrule stress RESOURCE AMOUNT`, with an empty environment and no shell |
//! | it ends | when it is dropped; with the layer, however that ends, since it watches a pipe that the layer holds open |
//! | the kernel, out of memory | ends it before any other process: its `oom_score_adj` is the highest there is |

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The first argument of the layer's program that makes it a stressor.
const STRESS: &str = "stress";

/// The resource that is held.
pub(super) const MEMORY: &str = "memory";

/// The resource that is burnt.
pub(super) const CPU: &str = "cpu";

/// What is taken at once, in bytes.
const PIECE: usize = 4 * 1024 * 1024;

/// Processes that were ended and are not reaped yet.
static ENDED: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// A stressor at work; none once it is dropped, which ends it.
pub(super) struct Stressor(Option<Child>);

impl Stressor {
    /// Starts one, and waits until it holds what it is to hold.
    ///
    /// # Errors
    /// Where it cannot be started, or ended before it was ready: the kernel took the memory back.
    pub(super) fn start(program: &Path, resource: &str, amount: u64) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args([STRESS, resource, &amount.to_string()]).env_clear().current_dir("/");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let says = child.stdout.take();
        let started = Self(Some(child));
        says.map_or(Ok(()), |mut says| says.read_exact(&mut [0]))
            .map_err(|_| io::Error::other("the stressor ended before it held what it is to hold"))?;
        Ok(started)
    }
}

impl Drop for Stressor {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            reap(child);
        }
    }
}

/// Waits for an ended process on a thread of its own: the kernel takes its time to take gigabytes back. Where no thread can
/// be had, whoever ends the next one waits for this one, too.
fn reap(ended: Child) {
    let list = || ENDED.lock().unwrap_or_else(PoisonError::into_inner);
    list().push(ended);
    let reaper = std::thread::Builder::new().name("reaper".to_owned());
    let _ = reaper.spawn(move || {
        let ended = std::mem::take(&mut *list());
        ended.into_iter().for_each(|mut child| drop(child.wait()));
    });
}

/// What the layer's program does where its arguments make it a stressor: none where they do not.
pub fn stress(arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.into_iter().skip(1).map_while(|argument| argument.into_string().ok());
    if arguments.next()? != STRESS {
        return None;
    }
    let work = arguments.next().zip(arguments.next().and_then(|amount| amount.parse().ok()));
    Some(work.map_or(ExitCode::FAILURE, |(resource, amount)| take(&resource, amount)))
}

fn take(resource: &str, amount: u64) -> ExitCode {
    // Raising one's own needs no privilege. Without it, the kernel ends whoever is largest.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    match resource {
        MEMORY => {
            let held = hold(amount);
            says_ready();
            ends_with_the_layer();
            drop(held);
        }
        CPU => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            (0..cores).for_each(|_| drop(std::thread::spawn(move || burn(Duration::from_millis(amount)))));
            says_ready();
            ends_with_the_layer();
        }
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

/// So many bytes of memory, each page written to: what is only reserved takes none.
fn hold(bytes: u64) -> Vec<Vec<u8>> {
    let mut held = Vec::new();
    let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
    while left > 0 {
        let piece = left.min(PIECE);
        let mut taken = Vec::new();
        if taken.try_reserve_exact(piece).is_err() {
            break;
        }
        taken.resize(piece, 1);
        held.push(taken);
        left -= piece;
    }
    held
}

/// Burns until the whole process has used so much CPU time.
fn burn(wanted: Duration) {
    let used = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or(Duration::MAX);
    while used() < wanted {
        std::hint::black_box((0..100_000_u64).fold(0, |sum: u64, number| sum.wrapping_mul(31).wrapping_add(number)));
    }
}

fn says_ready() {
    let mut out = io::stdout();
    let _ = out.write_all(b"1").and_then(|()| out.flush());
}

/// Waits until the layer closes its end of the pipe, or ends.
fn ends_with_the_layer() {
    let _ = io::stdin().read_to_end(&mut Vec::new());
}
