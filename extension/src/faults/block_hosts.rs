//! `block-hosts`: lets names of hosts fail to resolve in the function.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use misrule_engine::decision::{FaultKind, Hook, PolicyName, Step};
use misrule_names::{Board, Round};

use super::{Effect, FaultError, Row, Scene};
use crate::clock;

/// The fault that this is.
pub const KIND: FaultKind = FaultKind::BlockHosts;

/// Where it is carried out.
pub const HOOKS: &[Hook] = &[Hook::Before];

/// Its words in README's table.
pub const ROW: Row = Row {
    events: "any, with `MISRULE_BLOCK_HOSTS=true`: see [Names that do not resolve](#names-that-do-not-resolve)",
    seen: "what the handler does where names do not resolve",
    undone: "they resolve again when the invocation is over",
};

/// Blocks these names, globs like `*.example.com`, until the invocation ends.
///
/// # Errors
/// Where the runtime has not the layer's library, or one of them is no name: then none is blocked.
pub async fn carry_out(names: &[String], policy: &PolicyName, scene: Scene<'_>) -> Result<Effect, FaultError> {
    let lasts = scene.invocation.head().deadline.since(clock::now());
    let blocked = scene.lasting.names().block(names, lasts)?;
    scene.lasting.hold(blocked, &Step::BlockHosts(names.to_vec()), policy, scene);
    Ok(Effect::Done)
}

/// The names that cannot be resolved in this environment. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Names(Arc<State>);

#[derive(Default)]
struct State {
    board: OnceLock<Mutex<Board>>,
    /// Whether the wrapper said that the runtime has the library.
    preloaded: AtomicBool,
}

/// Names that are blocked, until it is dropped.
struct Blocked {
    names: Names,
    round: Round,
}

impl Names {
    /// Makes the page that runtimes read, which the wrapper is then told of. Only the first call counts.
    ///
    /// # Errors
    /// Where the kernel has no files of memory that can be sealed (Linux 5.1 and newer have).
    pub fn offer(&self) -> io::Result<()> {
        let board = Board::new().map_err(|error| io::Error::from_raw_os_error(error.0))?;
        let _ = self.0.board.set(Mutex::new(board));
        Ok(())
    }

    /// Where runtimes find the page, if there is one: this process alone can write it. What /proc calls this process
    /// need not be what the process calls itself: a sandbox may have numbers of its own, and the /proc of what it lies
    /// in.
    pub(crate) fn page(&self) -> Option<String> {
        let descriptor = self.board().ok()?.descriptor();
        let process = std::fs::read_link("/proc/self").ok()?;
        Some(format!("/proc/{}/fd/{descriptor}", process.display()))
    }

    /// The wrapper started the runtime with the library.
    pub(crate) fn preloaded(&self) {
        self.0.preloaded.store(true, Ordering::Relaxed);
    }

    fn block(&self, names: &[String], lasts: Duration) -> Result<Blocked, FaultError> {
        let mut board = self.board()?;
        if !self.0.preloaded.load(Ordering::Relaxed) {
            return Err(FaultError::NotPreloaded);
        }
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let round = board.block(&names, lasts).map_err(|refused| FaultError::NotBlocked(refused.to_string()))?;
        Ok(Blocked { names: self.clone(), round })
    }

    fn board(&self) -> Result<MutexGuard<'_, Board>, FaultError> {
        let board = self.0.board.get().ok_or(FaultError::NoNames)?;
        Ok(board.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        if let Ok(mut board) = self.names.board() {
            board.wipe(self.round);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use misrule_names::Window;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn window(names: &Names) -> Window {
        let window = Window::closed();
        window.open(&CString::new(names.page().unwrap()).unwrap()).unwrap();
        window
    }

    #[test]
    fn the_page_is_as_large_as_the_limit_says() {
        assert_eq!(misrule_engine::limits::BLOCKED_NAMES.size(), misrule_names::CAPACITY);
    }

    #[test]
    fn names_are_blocked_for_as_long_as_they_are_held() {
        let names = Names::default();
        names.offer().unwrap();
        names.preloaded();
        let window = window(&names);
        let blocked = names.block(&["*.Example.com".to_owned()], MINUTE).unwrap();
        assert!(window.blocks(b"api.example.com"));
        drop(blocked);
        assert!(!window.blocks(b"api.example.com"));
    }

    #[test]
    fn what_cannot_be_blocked_is_told() {
        let names = Names::default();
        let wanted = |name: &str| names.block(&[name.to_owned()], MINUTE).err().map(|error| error.to_string());
        assert_eq!(names.page(), None);
        assert_eq!(wanted("example.com").as_deref(), Some("the layer has no page for names: see its first lines"));
        names.offer().unwrap();
        assert_eq!(
            wanted("example.com").as_deref(),
            Some("the runtime was started without the layer's library: a line of misrule-wrapper says why")
        );
        names.preloaded();
        assert_eq!(
            wanted("https://example.com").as_deref(),
            Some(
                "name 1, of 19 bytes, is no name of a host: at byte 6 it has other punctuation than `-_.*?`: nothing is blocked"
            )
        );
        assert_eq!(wanted("example.com"), None);
    }
}
