//! The calls of the kernel that both ends need.

#![expect(unsafe_code, reason = "the kernel shares memory through libc alone; each block says why it is sound")]

use core::ffi::{CStr, c_int};
use core::fmt;
use core::ptr;

use crate::page::{Page, SIZE};

/// What the layer seals a page with: its size stays, nobody maps it to write from here on, and no seal is added.
/// <https://man7.org/linux/man-pages/man2/F_ADD_SEALS.2const.html>
const SEALS: c_int = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_FUTURE_WRITE | libc::F_SEAL_SEAL;

/// Why the kernel did not do something, as its own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

impl fmt::Display for Errno {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "errno {}", self.0)
    }
}

impl core::error::Error for Errno {}

impl Errno {
    fn last() -> Self {
        // SAFETY: glibc and musl give the address of this thread's own number, which is always there.
        let number = unsafe { libc::__errno_location() };
        // SAFETY: it is aligned and initialised, and no other thread has its address.
        Self(unsafe { *number })
    }

    fn unless(result: c_int) -> Result<c_int, Self> {
        if result < 0 { Err(Self::last()) } else { Ok(result) }
    }
}

/// A descriptor of ours, closed when it is dropped.
pub(crate) struct Descriptor(c_int);

impl Descriptor {
    /// A new file of memory of a page's size, all zeros.
    pub(crate) fn of_memory() -> Result<Self, Errno> {
        let (name, flags) = (c"misrule-names".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING);
        // Asked of the kernel itself: glibc has a function for it from 2.27 on, and Amazon Linux 2 has 2.26.
        // SAFETY: the name is a string of C that lives as long as the program, and the kernel only reads it.
        let number = unsafe { libc::syscall(libc::SYS_memfd_create, name, flags) };
        let file = Self(Errno::unless(c_int::try_from(number).unwrap_or(-1))?);
        // SAFETY: it takes two numbers, and the descriptor is ours.
        Errno::unless(unsafe { libc::ftruncate(file.0, SIZE as libc::off_t) })?;
        Ok(file)
    }

    /// A file that is there, to read.
    pub(crate) fn open(path: &CStr) -> Result<Self, Errno> {
        // SAFETY: the path is a string of C, which the kernel only reads.
        Errno::unless(unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) }).map(Self)
    }

    /// Its number, for others to find it under /proc.
    pub(crate) const fn number(&self) -> i32 {
        self.0
    }

    /// Seals it.
    pub(crate) fn seal(&self) -> Result<(), Errno> {
        // SAFETY: it takes three numbers, and the descriptor is ours.
        Errno::unless(unsafe { libc::fcntl(self.0, libc::F_ADD_SEALS, SEALS) }).map(|_| ())
    }

    /// Whether it is a file of memory that is sealed as ours are. Nothing else has seals.
    pub(crate) fn is_sealed(&self) -> bool {
        // SAFETY: it takes two numbers, and the descriptor is ours.
        let seals = unsafe { libc::fcntl(self.0, libc::F_GET_SEALS) };
        seals >= 0 && seals & SEALS == SEALS
    }

    /// Its size in bytes; -1 where that cannot be known.
    pub(crate) fn size(&self) -> libc::off_t {
        // SAFETY: it takes three numbers, and where nobody reads it the file's position is nobody's loss.
        unsafe { libc::lseek(self.0, 0, libc::SEEK_END) }
    }

    /// Maps the page that the file is, for as long as this process lives, to write it too or only to read it. The
    /// caller has seen that the file is as large, and that this stays so.
    pub(crate) fn map(&self, to_write: bool) -> Result<&'static Page, Errno> {
        let protection = if to_write { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
        // SAFETY: without MAP_FIXED the kernel chooses a place that nothing else has.
        let place = unsafe { libc::mmap(ptr::null_mut(), SIZE, protection, libc::MAP_SHARED, self.0, 0) };
        if place == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        // SAFETY: the mapping is SIZE bytes long, aligned to pages of the kernel and never unmapped; the file behind it
        // has as many bytes and keeps them. Every field is an atomic number, which any bytes are and any process may
        // change meanwhile. Who may only read maps it without `to_write`, and calls nothing that stores; loads of at
        // most 8 bytes are allowed there on both of Lambda's architectures.
        Ok(unsafe { &*place.cast::<Page>() })
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours, and nobody uses it after this.
        unsafe { libc::close(self.0) };
    }
}

/// Nanoseconds of the monotonic clock, which all processes of a machine read alike.
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the place is ours and of the right type. The clock is always there, so nothing can fail.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}
