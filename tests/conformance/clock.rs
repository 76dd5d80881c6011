//! A clock that only the test moves. A library in front of the C library gives it to a process: time stands still there but
//! for what a case lets pass, and whatever waits for time waits for that. So an hour passes in seconds; and what comes
//! while no time passes has waited for none.
//!
//! The kernel's own timers, such as TCP's keep-alive, go on by the machine's clock.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use misrule_engine::time::Timestamp;
use misrule_tests::programs::checkout;
use tempfile::TempDir;

use super::layer::{Layer, Start};
use super::stage::soon;

/// A process does what is due after so much time before more passes.
const STEP: Duration = Duration::from_secs(1);

/// A clock, for any number of processes.
pub(crate) struct Clock {
    folder: TempDir,
}

impl Clock {
    pub(crate) fn new() -> Result<Self> {
        let clock = Self { folder: tempfile::tempdir()? };
        for name in ["start", "wall", "monotonic"] {
            File::create(clock.folder.path().join(name))?;
        }
        Ok(clock)
    }

    /// A process that goes by this clock.
    pub(crate) fn of(&self, start: Start) -> Result<Start> {
        let library = library()?.to_string_lossy().into_owned();
        Ok(start.variable("LD_PRELOAD", library).variable("CLOCK", self.folder.path().to_string_lossy()))
    }

    /// The wall clock's time before any passed.
    pub(crate) fn start(&self) -> Result<Timestamp> {
        let start = fs::metadata(self.folder.path().join("start"))?.modified()?.duration_since(UNIX_EPOCH)?;
        Ok(Timestamp::from_milliseconds(u64::try_from(start.as_millis())?))
    }

    /// Lets time pass, step by step: these processes do meanwhile what is due.
    pub(crate) async fn passes(&self, time: Duration, layers: &[Layer]) -> Result<()> {
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(STEP);
            self.jumps(step)?;
            for layer in layers {
                soon("the layer's clock to go on", self.is_seen(layer.process_id()?)).await??;
            }
            left -= step;
        }
        Ok(())
    }

    /// Lets time pass at once, as for a process that was frozen.
    pub(crate) fn jumps(&self, time: Duration) -> Result<()> {
        self.set_wall(self.has("wall")? + time)?;
        self.ages(time)
    }

    /// Lets time pass on the monotonic clock alone.
    pub(crate) fn ages(&self, time: Duration) -> Result<()> {
        self.set("monotonic", self.has("monotonic")? + time)
    }

    /// Sets the wall clock to this time after its start. The monotonic clock stands.
    pub(crate) fn set_wall(&self, since_start: Duration) -> Result<()> {
        self.set("wall", since_start)
    }

    fn set(&self, name: &str, time: Duration) -> Result<()> {
        let file = OpenOptions::new().write(true).open(self.folder.path().join(name))?;
        Ok(file.set_len(u64::try_from(time.as_millis())?)?)
    }

    fn has(&self, name: &str) -> Result<Duration> {
        Ok(Duration::from_millis(fs::metadata(self.folder.path().join(name))?.len()))
    }

    /// Waits until this process has done what is due.
    async fn is_seen(&self, process: u32) -> Result<()> {
        let (now, seen) = (self.has("monotonic")?, format!("seen-{process}"));
        while self.has(&seen).ok() != Some(now) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

/// The library, built once for all cases.
fn library() -> Result<PathBuf> {
    static BUILT: OnceLock<bool> = OnceLock::new();
    let library = std::env::current_exe()?.with_file_name("conformance-clock.so");
    let built = BUILT.get_or_init(|| build(&library).is_ok_and(|built| built));
    ensure!(*built, "the C compiler (`cc`) cannot build tests/conformance/clock.c");
    Ok(library)
}

/// Built aside: another run may have it in use.
fn build(library: &std::path::Path) -> Result<bool> {
    let (source, aside) = (checkout().join("tests/conformance/clock.c"), library.with_extension("new"));
    let status =
        Command::new("cc").args(["-O1", "-Wall", "-shared", "-fPIC", "-o"]).arg(&aside).arg(source).status()?;
    fs::rename(aside, library).context("nothing was built")?;
    Ok(status.success())
}
