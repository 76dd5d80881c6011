//! The page: what stands on it, and how one side reads while the other writes.
//!
//! Nothing but atomics, so a reader that meets a writer reads something, and its count of rounds says that it was not
//! one list of names: then it reads again.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicU8, AtomicU64, fence};

use crate::matching;

/// Bytes of names, with one more for the length of each.
pub const CAPACITY: usize = 64 * 1024;

/// What a page of this form begins with.
const MAGIC: u64 = u64::from_le_bytes(*b"misrule1");

/// How often a reader begins again before it gives up, and the name is not blocked: each time an invocation ended
/// meanwhile.
const ATTEMPTS: u32 = 8;

/// The page, as both sides map it.
#[repr(C)]
pub(crate) struct Page {
    magic: AtomicU64,
    /// In the lower half how many bytes of names there are, in the upper one how often they were wiped.
    state: AtomicU64,
    /// Nanoseconds of the monotonic clock at which the names are blocked no more.
    until: AtomicU64,
    /// One name after another, in lower case, each behind a byte that is its length.
    names: [AtomicU8; CAPACITY],
}

/// Bytes of a page.
pub(crate) const SIZE: usize = size_of::<Page>();

/// What the state says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) round: u32,
    pub(crate) used: u32,
}

impl State {
    const fn pack(self) -> u64 {
        (self.round as u64) << 32 | self.used as u64
    }

    const fn unpack(word: u64) -> Self {
        Self { round: (word >> 32) as u32, used: word as u32 }
    }
}

impl Page {
    /// Marks a page as one, with nothing on it.
    pub(crate) fn begin(&self) {
        self.magic.store(MAGIC, Release);
    }

    /// Whether it is one.
    pub(crate) fn is_begun(&self) -> bool {
        self.magic.load(Acquire) == MAGIC
    }

    /// What stands on it.
    pub(crate) fn state(&self) -> State {
        State::unpack(self.state.load(Acquire))
    }

    /// Wipes it: no name is blocked, from here on.
    pub(crate) fn wipe(&self) {
        let round = self.state().round.wrapping_add(1);
        self.state.store(State { round, used: 0 }.pack(), Relaxed);
        // Whoever reads a byte that is written after this also sees that it is another round.
        fence(Release);
    }

    /// Adds a name, and gives how many bytes are used with it: none where there is no room. It counts once it is shown.
    pub(crate) fn write(&self, used: usize, name: &[u8]) -> Option<usize> {
        let length = u8::try_from(name.len()).ok()?;
        let end = used.checked_add(1)?.checked_add(name.len())?;
        let room = self.names.get(used..end)?;
        for (place, byte) in room.iter().zip(core::iter::once(length).chain(name.iter().map(u8::to_ascii_lowercase))) {
            place.store(byte, Relaxed);
        }
        Some(end)
    }

    /// Shows what was written, up to this byte and until this time.
    pub(crate) fn show(&self, used: usize, until: u64) {
        let used = u32::try_from(used).unwrap_or(0);
        self.until.store(until, Relaxed);
        self.state.store(State { used, ..self.state() }.pack(), Release);
    }

    /// Whether a name is blocked. Where nothing is, one load says so, and the clock is not asked.
    pub(crate) fn blocks(&self, name: &[u8], now: impl Fn() -> u64) -> bool {
        for _ in 0..ATTEMPTS {
            let state = self.state();
            if state.used == 0 || now() >= self.until.load(Relaxed) {
                return false;
            }
            let blocked = self.lists(state.used, name);
            fence(Acquire);
            if State::unpack(self.state.load(Relaxed)).round == state.round {
                return blocked;
            }
        }
        false
    }

    fn lists(&self, used: u32, name: &[u8]) -> bool {
        if matching::is_address(name) || matching::is_loopback(name) {
            return false;
        }
        let name = matching::without_dot(name);
        let mut left = usize::try_from(used).ok().and_then(|used| self.names.get(..used)).unwrap_or_default();
        while let Some((length, rest)) = left.split_first() {
            let Some((glob, rest)) = rest.split_at_checked(length.load(Relaxed).into()) else { return false };
            if matching::matches(glob, name) {
                return true;
            }
            left = rest;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::boxed::Box;

    use super::*;

    fn page(names: &[&str]) -> Box<Page> {
        let page = Box::new(Page {
            magic: AtomicU64::new(0),
            state: AtomicU64::new(0),
            until: AtomicU64::new(0),
            names: [const { AtomicU8::new(0) }; CAPACITY],
        });
        page.begin();
        let used = names.iter().fold(0, |used, name| page.write(used, name.as_bytes()).unwrap());
        page.show(used, 100);
        page
    }

    fn asked(page: &Page, name: &str) -> bool {
        page.blocks(name.as_bytes(), || 99)
    }

    #[test]
    fn names_are_blocked_until_their_time_is_over() {
        let page = page(&["Api.Example.com", "*.internal"]);
        assert!(page.is_begun());
        assert!(asked(&page, "api.example.com") && asked(&page, "API.example.com.") && asked(&page, "db.internal"));
        assert!(!asked(&page, "example.com") && !asked(&page, "internal"));
        assert!(!page.blocks(b"api.example.com", || 100));
    }

    #[test]
    fn addresses_and_the_machine_itself_stay_reachable() {
        let page = page(&["*"]);
        assert!(asked(&page, "example.com"));
        assert!(!asked(&page, "127.0.0.1") && !asked(&page, "::1") && !asked(&page, "localhost"));
    }

    #[test]
    fn a_wiped_page_blocks_nothing_and_does_not_ask_the_clock() {
        let page = page(&["*"]);
        page.wipe();
        assert!(!page.blocks(b"example.com", || panic!("nothing is blocked, so no time is asked for")));
    }

    #[test]
    fn who_meets_a_writer_reads_again() {
        let page = page(&["old.example.com"]);
        let replaced = std::cell::Cell::new(false);
        let blocked = page.blocks(b"old.example.com", || {
            if !replaced.replace(true) {
                page.wipe();
                page.show(page.write(0, b"new.example.com").unwrap(), 100);
            }
            0
        });
        assert!(!blocked && asked(&page, "new.example.com"));
    }

    #[test]
    fn who_is_outrun_for_ever_gives_up() {
        let page = page(&["*"]);
        let endless = || {
            page.wipe();
            page.show(page.write(0, b"*").unwrap(), 100);
            0
        };
        assert!(!page.blocks(b"example.com", endless));
    }

    #[test]
    fn what_does_not_fit_is_not_written_and_torn_pages_are_read_to_their_end() {
        let page = page(&["a"]);
        assert_eq!(page.write(CAPACITY - 1, b"a"), None);
        assert_eq!(page.write(CAPACITY - 2, b"a"), Some(CAPACITY));
        assert_eq!(page.write(0, &[b'a'; 256]), None);
        page.show(CAPACITY, 100);
        assert!(!asked(&page, "b"), "a name of length 0 matches nothing");
        page.state.store(State { round: 7, used: u32::MAX }.pack(), Release);
        assert!(!asked(&page, "a"), "more bytes than there are");
        page.names[0].store(255, Relaxed);
        page.show(2, 100);
        assert!(!asked(&page, "a"), "a name longer than what is left");
    }
}
