//! Preloaded into runtimes of glibc: what programs there call to resolve a name, where the layer can let it fail.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `lookups` | the functions that take the place of libc's |
//! | `next` | libc's own, which they forward to |
//!
//! As it is loaded it maps the page that `MISRULE_NAMES` names, and keeps no descriptor. Where that is no page of a
//! layer's, or none at all, everything is forwarded, in this process and in those that it starts.
//!
//! What ships is built with `panic = "abort"` and without the standard library; only tools that look at it build it
//! otherwise.

#![cfg_attr(all(panic = "abort", not(test)), no_std)]
#![expect(unsafe_code, reason = "it speaks C with programs of any language; each block says why it is sound")]
#![deny(clippy::undocumented_unsafe_blocks, clippy::multiple_unsafe_ops_per_block)]

pub mod lookups;
mod next;

use core::ffi::{CStr, c_char};

use misrule_names::{VARIABLE, Window};

/// The page that this process reads.
static WINDOW: Window = Window::closed();

/// Longer names than any that can be blocked are not read to their end.
const READ: usize = misrule_names::MAX_NAME + 2;

/// The loader calls what stands here, once, before the program.
#[used]
// SAFETY: the section holds addresses of functions that take no argument that they look at.
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = open;

extern "C" fn open() {
    // The variable's name as C has it.
    let mut name = [0_u8; VARIABLE.len() + 1];
    for (place, byte) in name.iter_mut().zip(VARIABLE.bytes()) {
        *place = byte;
    }
    // SAFETY: the name ends in a zero, and libc, which was loaded before us, has the environment.
    let path = unsafe { libc::getenv(name.as_ptr().cast()) };
    if path.is_null() {
        return;
    }
    // SAFETY: it is a string of C in the environment, which nobody changes while libraries are loaded.
    let path = unsafe { CStr::from_ptr(path) };
    // Without a page nothing is blocked, and there is nobody to tell.
    let _ = WINDOW.open(path);
}

/// Whether a name of C is blocked; none is not.
///
/// # Safety
/// It is null or a string of C.
unsafe fn is_blocked(name: *const c_char) -> bool {
    if name.is_null() {
        return false;
    }
    // SAFETY: it is a string of C, of which no more is read than it has.
    let length = unsafe { libc::strnlen(name, READ) };
    // SAFETY: so many bytes of it were just read, and the caller keeps them as they are while it waits.
    WINDOW.blocks(unsafe { core::slice::from_raw_parts(name.cast(), length) })
}

/// Nothing here panics; without the standard library Rust wants to know what would happen.
#[cfg(all(panic = "abort", not(test)))]
#[panic_handler]
fn stop(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: it takes nothing and does not return.
    unsafe { libc::abort() }
}
