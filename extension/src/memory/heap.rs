//! What the C library keeps of memory that is free.

/// Gives it back to the kernel. Compiling a policy leaves megabytes behind.
/// <https://man7.org/linux/man-pages/man3/malloc_trim.3.html>
pub(super) fn give_back() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "the C library has no other way to be told")]
    // SAFETY: it takes a number and no pointer, gives back pages that no allocation lies in, and may be called from any
    // thread (marked MT-Safe in its manual page).
    unsafe {
        libc::malloc_trim(0);
    }
}
