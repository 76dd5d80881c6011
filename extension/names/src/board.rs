//! The layer's end: makes the page and writes on it.

use core::fmt;
use core::time::Duration;

use crate::page::{Page, SIZE};
use crate::system::{self, Descriptor, Errno};
use crate::{CAPACITY, MAX_NAME, matching};

/// A page that this process alone can write, for as long as it lives.
///
/// ```
/// use std::time::Duration;
/// use misrule_names::{Board, Window};
///
/// let mut board = Board::new()?;
/// let page = format!("/proc/{}/fd/{}\0", std::process::id(), board.descriptor());
/// let window = Window::closed();
/// window.open(std::ffi::CStr::from_bytes_with_nul(page.as_bytes())?)?;
///
/// let round = board.block(&["*.example.com"], Duration::from_secs(60))?;
/// assert!(window.blocks(b"api.example.com"));
/// board.wipe(round);
/// assert!(!window.blocks(b"api.example.com"));
///
/// let refused = board.block(&["example.com:443"], Duration::from_secs(60)).unwrap_err();
/// let why = "name 1, of 15 bytes, is no name of a host: at byte 12 it has other punctuation than `-_.*?`";
/// assert_eq!(refused.to_string(), why);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Board {
    file: Descriptor,
    page: &'static Page,
}

/// From one wiping of the page to the next: an invocation's end undoes its own round and no later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round(u32);

/// Why names are not blocked. None of them is. The name itself is not told: it may be part of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which is the first that cannot be, counted from 1.
    pub number: usize,
    /// Its length in bytes.
    pub length: usize,
    /// Why not.
    pub error: NameError,
}

/// What stands in no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// A space, a tab, an end of line.
    WhiteSpace,
    /// Another control character.
    Control,
    /// Of a URL, a port, a list.
    Punctuation,
}

/// Why a name cannot be blocked. Each reads on after the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Nothing, or nothing but a dot.
    Empty,
    /// Something else than the characters of a name, `*` and `?`.
    NoName {
        /// What.
        odd: Odd,
        /// At which byte, counted from 1.
        at: usize,
    },
    /// Longer than any name of DNS.
    TooLong,
    /// An address is reached without being resolved.
    Address,
    /// The runtime finds Lambda and its extensions there.
    Loopback,
    /// The page is full.
    Full,
}

impl fmt::Display for NameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("is no name of a host: it is empty"),
            Self::NoName { odd, at } => write!(formatter, "is no name of a host: at byte {at} it has {odd}"),
            Self::TooLong => write!(formatter, "is longer than the {MAX_NAME} characters of a name"),
            Self::Address => formatter.write_str("is an address, which is reached without being resolved"),
            Self::Loopback => formatter.write_str("is the machine itself, where the runtime finds Lambda"),
            Self::Full => write!(formatter, "does not fit: all names of an invocation have {CAPACITY} bytes"),
        }
    }
}

impl core::error::Error for NameError {}

impl fmt::Display for Odd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::WhiteSpace => "white space",
            Self::Control => "a control character",
            Self::Punctuation => "other punctuation than `-_.*?`",
        })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, length, error } = self;
        write!(formatter, "name {number}, of {length} bytes, {error}")
    }
}

impl core::error::Error for Refused {}

impl Board {
    /// Makes a page with nothing on it, and seals it.
    ///
    /// # Errors
    /// Where the kernel has no files of memory, or not these seals (before Linux 5.1).
    pub fn new() -> Result<Self, Errno> {
        let file = Descriptor::of_memory()?;
        let page = file.map(true)?;
        page.begin();
        file.seal()?;
        Ok(Self { file, page })
    }

    /// The number of its descriptor: others open the page to read as `/proc/PID/fd/NUMBER`.
    pub fn descriptor(&self) -> i32 {
        self.file.number()
    }

    /// Blocks these names beside those that are blocked already, for this long at most: until the round is
    /// [wiped](Self::wipe). Names are globs: `*` stands for any characters, `?` for one; case and a dot at the end do
    /// not count.
    ///
    /// # Errors
    /// Where one of them cannot be blocked; then none is.
    pub fn block(&mut self, names: &[&str], lasts: Duration) -> Result<Round, Refused> {
        let state = self.page.state();
        let mut used = state.used as usize;
        for (index, name) in names.iter().enumerate() {
            let refused = |error| Refused { number: index + 1, length: name.len(), error };
            let name = checked(name).map_err(refused)?;
            used = self.page.write(used, name).ok_or(refused(NameError::Full))?;
        }
        let lasts = u64::try_from(lasts.as_nanos()).unwrap_or(u64::MAX);
        self.page.show(used, system::now().saturating_add(lasts));
        Ok(Round(state.round))
    }

    /// Blocks nothing any more, if this is still the round.
    pub fn wipe(&mut self, round: Round) {
        if self.page.state().round == round.0 {
            self.page.wipe();
        }
    }
}

/// The glob as it is kept.
fn checked(name: &str) -> Result<&[u8], NameError> {
    let name = matching::without_dot(name.as_bytes());
    let is_odd = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"-_.*?".contains(byte);
    match name {
        name if name.len() > MAX_NAME => Err(NameError::TooLong),
        name if matching::is_address(name)
            && name.iter().all(|byte| byte.is_ascii_hexdigit() || b".:x".contains(byte)) =>
        {
            Err(NameError::Address)
        }
        name if matching::is_loopback(name) => Err(NameError::Loopback),
        [] => Err(NameError::Empty),
        name => match name.iter().enumerate().find(|(_, byte)| is_odd(byte)) {
            Some((index, byte)) => Err(NameError::NoName { odd: odd(*byte), at: index + 1 }),
            None => Ok(name),
        },
    }
}

const fn odd(byte: u8) -> Odd {
    match byte {
        byte if byte.is_ascii_whitespace() => Odd::WhiteSpace,
        byte if byte.is_ascii_control() => Odd::Control,
        _ => Odd::Punctuation,
    }
}

const _: () = assert!(SIZE > CAPACITY && MAX_NAME <= u8::MAX as usize);

#[cfg(test)]
mod tests {
    use std::string::{String, ToString as _};

    use super::*;

    #[test]
    fn what_cannot_be_blocked_is_described_and_blocks_nothing() {
        let mut board = Board::new().unwrap();
        let (long, minute) = ("a".repeat(254), Duration::from_secs(60));
        let no_name = |odd, at| NameError::NoName { odd, at };
        for (name, error) in [
            ("", NameError::Empty),
            (".", NameError::Empty),
            ("https://example.com", no_name(Odd::Punctuation, 6)),
            ("example.com:443", no_name(Odd::Punctuation, 12)),
            ("exa mple.com", no_name(Odd::WhiteSpace, 4)),
            ("example\0", no_name(Odd::Control, 8)),
            (&long, NameError::TooLong),
            ("10.0.0.1", NameError::Address),
            ("::1", NameError::Address),
            ("Localhost.", NameError::Loopback),
        ] {
            let refused = Refused { number: 2, length: name.len(), error };
            assert!(name.len() < 2 || !refused.to_string().contains(name), "{refused}");
            assert_eq!(board.block(&["good.example.com", name], minute), Err(refused), "{name}");
            assert_eq!(board.page.state().used, 0, "{name}");
        }
    }

    #[test]
    fn names_that_can_be_are() {
        let mut board = Board::new().unwrap();
        for name in
            ["*", "db-?.internal", "*.amazonaws.com.", "_sip._tcp.example.com", "bücher.example", "10.0.0.1.nip.io"]
        {
            assert!(board.block(&[name], Duration::ZERO).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_add_up_until_they_are_wiped_and_a_round_wipes_only_itself() {
        let mut board = Board::new().unwrap();
        let asked = |board: &Board, name: &str| board.page.blocks(name.as_bytes(), system::now);
        let minute = Duration::from_secs(60);
        let first = board.block(&["a.example"], minute).unwrap();
        assert_eq!(board.block(&["b.example"], minute).unwrap(), first);
        assert!(asked(&board, "a.example") && asked(&board, "b.example"));
        board.wipe(first);
        assert!(!asked(&board, "a.example") && !asked(&board, "b.example"));
        let second = board.block(&["c.example"], minute).unwrap();
        board.wipe(first);
        assert!(asked(&board, "c.example") && !asked(&board, "a.example"));
        board.wipe(second);
        assert!(!asked(&board, "c.example"));
    }

    #[test]
    fn a_full_page_takes_no_more() {
        let mut board = Board::new().unwrap();
        let long = String::from("a.").repeat(126);
        let many: std::vec::Vec<&str> = std::iter::repeat_n(long.as_str(), CAPACITY / 252).collect();
        board.block(&many, Duration::ZERO).unwrap();
        let refused = board.block(&many, Duration::ZERO).unwrap_err();
        assert!(
            refused.to_string().ends_with("does not fit: all names of an invocation have 65536 bytes"),
            "{refused}"
        );
    }
}
