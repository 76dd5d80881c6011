//! A runtime's end: maps the page and asks whether a name is blocked.

use core::ffi::CStr;
use core::fmt;
use core::sync::atomic::AtomicPtr;
use core::sync::atomic::Ordering::{Acquire, Release};

use crate::MAX_NAME;
use crate::page::{Page, SIZE};
use crate::system::{self, Descriptor, Errno};

/// The page that this process reads, if it has one.
pub struct Window(AtomicPtr<Page>);

/// Why there is no page to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// It is not there, or not for us.
    Open(Errno),
    /// A file that anyone can write or cut short, and so none of a layer's.
    NotSealed,
    /// Sealed, and of another kind.
    NotAPage,
    /// It cannot be mapped.
    Map(Errno),
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => write!(formatter, "the page of blocked names cannot be opened: {error}"),
            Self::NotSealed => formatter.write_str("the page of blocked names is not sealed"),
            Self::NotAPage => formatter.write_str("what should be the page of blocked names is another file"),
            Self::Map(error) => write!(formatter, "the page of blocked names cannot be mapped: {error}"),
        }
    }
}

impl core::error::Error for OpenError {}

impl Window {
    /// No page: no name is blocked.
    pub const fn closed() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    /// Reads this page from here on. It keeps no descriptor.
    ///
    /// # Errors
    /// Where it is no page that only a layer can write.
    pub fn open(&self, path: &CStr) -> Result<(), OpenError> {
        let file = Descriptor::open(path).map_err(OpenError::Open)?;
        if !file.is_sealed() {
            return Err(OpenError::NotSealed);
        }
        if u64::try_from(file.size()) != Ok(SIZE as u64) {
            return Err(OpenError::NotAPage);
        }
        let page = file.map(false).map_err(OpenError::Map)?;
        if !page.is_begun() {
            return Err(OpenError::NotAPage);
        }
        self.0.store(core::ptr::from_ref(page).cast_mut(), Release);
        Ok(())
    }

    /// Whether a name is blocked now. Addresses, the names of the machine itself, and what is too long for a name never
    /// are.
    pub fn blocks(&self, name: &[u8]) -> bool {
        let page = self.0.load(Acquire);
        // SAFETY: it is null, or was a reference to a page that stays mapped for as long as the process lives.
        #[expect(unsafe_code, reason = "a reference that lives for ever, out of an atomic")]
        let page = unsafe { page.as_ref() };
        // A dot may end it.
        page.is_some_and(|page| !name.is_empty() && name.len() <= MAX_NAME + 1 && page.blocks(name, system::now))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::format;
    use std::fs::{File, OpenOptions};
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;
    use std::string::String;

    use super::*;
    use crate::Board;

    fn path_of(descriptor: i32) -> String {
        format!("/proc/{}/fd/{descriptor}", std::process::id())
    }

    fn opened(path: &str) -> Result<Window, OpenError> {
        let window = Window::closed();
        window.open(&CString::new(path).unwrap()).map(|()| window)
    }

    #[test]
    fn what_is_no_page_is_not_read() {
        const ENOENT: i32 = 2;
        assert_eq!(opened("/no/such/file").err(), Some(OpenError::Open(Errno(ENOENT))));
        assert_eq!(opened("/proc/self/exe").err(), Some(OpenError::NotSealed));
        let unsealed = Descriptor::of_memory().unwrap();
        assert_eq!(opened(&path_of(unsealed.number())).err(), Some(OpenError::NotSealed));
        unsealed.seal().unwrap();
        assert_eq!(opened(&path_of(unsealed.number())).err(), Some(OpenError::NotAPage), "all zeros");
        assert!(!Window::closed().blocks(b"example.com"));
    }

    #[test]
    fn nobody_else_can_write_the_page_or_cut_it_short() {
        let board = Board::new().unwrap();
        let path = path_of(board.descriptor());
        let window = opened(&path).unwrap();
        let mut forger = OpenOptions::new().write(true).open(&path).unwrap();
        let refused = forger.write(b"all").map_err(|error| error.raw_os_error());
        assert_eq!(refused, Err(Some(libc::EPERM)));
        for length in [0, SIZE as u64 * 2] {
            assert_eq!(forger.set_len(length).map_err(|error| error.raw_os_error()), Err(Some(libc::EPERM)));
        }
        assert!(File::open(&path).unwrap().as_raw_fd() >= 0);
        assert!(!window.blocks(b"example.com"));
    }

    #[test]
    fn names_of_any_length_are_asked_for() {
        let mut board = Board::new().unwrap();
        let window = opened(&path_of(board.descriptor())).unwrap();
        board.block(&["*"], core::time::Duration::from_secs(60)).unwrap();
        for (length, blocked) in [(0, false), (1, true), (253, true), (255, false), (100_000, false)] {
            assert_eq!(window.blocks("a".repeat(length).as_bytes()), blocked, "{length}");
        }
    }

    #[test]
    fn what_a_dead_layer_left_is_over_in_time() {
        let mut board = Board::new().unwrap();
        let window = opened(&path_of(board.descriptor())).unwrap();
        board.block(&["*"], core::time::Duration::ZERO).unwrap();
        drop(board);
        assert!(!window.blocks(b"example.com"));
    }
}
