//! The functions that take the place of libc's. Each is the same: a blocked name does not exist, as its documentation
//! says that it would report; any other goes to libc's own. Where that cannot be found, the answer is a failure for
//! good.
//!
//! <https://man7.org/linux/man-pages/man3/getaddrinfo.3.html>,
//! <https://man7.org/linux/man-pages/man3/gethostbyname.3.html>

use core::ffi::{c_char, c_int};
use core::ptr;

use libc::{addrinfo, hostent, size_t};

use crate::is_blocked;
use crate::next::Next;

/// `h_errno` where no such name is known, and where nothing will ever answer (`netdb.h`).
const HOST_NOT_FOUND: c_int = 1;
const NO_RECOVERY: c_int = 3;

unsafe extern "C" {
    /// Where this thread's `h_errno` lies.
    fn __h_errno_location() -> *mut c_int;
}

type GetAddrInfo = unsafe extern "C" fn(*const c_char, *const c_char, *const addrinfo, *mut *mut addrinfo) -> c_int;
type GetHostByName = unsafe extern "C" fn(*const c_char) -> *mut hostent;
type GetHostByName2 = unsafe extern "C" fn(*const c_char, c_int) -> *mut hostent;
type GetHostByNameR =
    unsafe extern "C" fn(*const c_char, *mut hostent, *mut c_char, size_t, *mut *mut hostent, *mut c_int) -> c_int;
type GetHostByName2R = unsafe extern "C" fn(
    *const c_char,
    c_int,
    *mut hostent,
    *mut c_char,
    size_t,
    *mut *mut hostent,
    *mut c_int,
) -> c_int;

// SAFETY: each is the type that libc declares the function of this name with.
static GETADDRINFO: Next<GetAddrInfo> = unsafe { Next::named(c"getaddrinfo") };
// SAFETY: as above.
static GETHOSTBYNAME: Next<GetHostByName> = unsafe { Next::named(c"gethostbyname") };
// SAFETY: as above.
static GETHOSTBYNAME2: Next<GetHostByName2> = unsafe { Next::named(c"gethostbyname2") };
// SAFETY: as above.
static GETHOSTBYNAME_R: Next<GetHostByNameR> = unsafe { Next::named(c"gethostbyname_r") };
// SAFETY: as above.
static GETHOSTBYNAME2_R: Next<GetHostByName2R> = unsafe { Next::named(c"gethostbyname2_r") };

/// `getaddrinfo`: a blocked name gives `EAI_NONAME`.
///
/// # Safety
/// As libc's own: strings of C or null, and places to write to.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    found: *mut *mut addrinfo,
) -> c_int {
    // SAFETY: the caller hands over a string of C or null.
    if unsafe { is_blocked(node) } {
        return libc::EAI_NONAME;
    }
    let Some(next) = GETADDRINFO.get() else { return libc::EAI_FAIL };
    // SAFETY: the caller keeps to what libc's own asks for.
    unsafe { next(node, service, hints, found) }
}

/// `gethostbyname`: a blocked name gives null and `HOST_NOT_FOUND`.
///
/// # Safety
/// As libc's own: a string of C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn gethostbyname(name: *const c_char) -> *mut hostent {
    // SAFETY: the caller hands over a string of C.
    if unsafe { is_blocked(name) } {
        return nothing(HOST_NOT_FOUND);
    }
    let Some(next) = GETHOSTBYNAME.get() else { return nothing(NO_RECOVERY) };
    // SAFETY: the caller keeps to what libc's own asks for.
    unsafe { next(name) }
}

/// `gethostbyname2`: a blocked name gives null and `HOST_NOT_FOUND`.
///
/// # Safety
/// As libc's own: a string of C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn gethostbyname2(name: *const c_char, family: c_int) -> *mut hostent {
    // SAFETY: the caller hands over a string of C.
    if unsafe { is_blocked(name) } {
        return nothing(HOST_NOT_FOUND);
    }
    let Some(next) = GETHOSTBYNAME2.get() else { return nothing(NO_RECOVERY) };
    // SAFETY: the caller keeps to what libc's own asks for.
    unsafe { next(name, family) }
}

/// `gethostbyname_r`: a blocked name gives a null result, `HOST_NOT_FOUND`, and no error.
///
/// # Safety
/// As libc's own: a string of C, and places to write to.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn gethostbyname_r(
    name: *const c_char,
    host: *mut hostent,
    buffer: *mut c_char,
    size: size_t,
    result: *mut *mut hostent,
    error: *mut c_int,
) -> c_int {
    // SAFETY: the caller hands over a string of C.
    if unsafe { is_blocked(name) } {
        // SAFETY: the caller hands over places to write both to.
        return unsafe { nothing_at(result, error, HOST_NOT_FOUND, 0) };
    }
    let Some(next) = GETHOSTBYNAME_R.get() else {
        // SAFETY: as above.
        return unsafe { nothing_at(result, error, NO_RECOVERY, libc::ENOSYS) };
    };
    // SAFETY: the caller keeps to what libc's own asks for.
    unsafe { next(name, host, buffer, size, result, error) }
}

/// `gethostbyname2_r`: a blocked name gives a null result, `HOST_NOT_FOUND`, and no error.
///
/// # Safety
/// As libc's own: a string of C, and places to write to.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn gethostbyname2_r(
    name: *const c_char,
    family: c_int,
    host: *mut hostent,
    buffer: *mut c_char,
    size: size_t,
    result: *mut *mut hostent,
    error: *mut c_int,
) -> c_int {
    // SAFETY: the caller hands over a string of C.
    if unsafe { is_blocked(name) } {
        // SAFETY: the caller hands over places to write both to.
        return unsafe { nothing_at(result, error, HOST_NOT_FOUND, 0) };
    }
    let Some(next) = GETHOSTBYNAME2_R.get() else {
        // SAFETY: as above.
        return unsafe { nothing_at(result, error, NO_RECOVERY, libc::ENOSYS) };
    };
    // SAFETY: the caller keeps to what libc's own asks for.
    unsafe { next(name, family, host, buffer, size, result, error) }
}

/// No host, for this reason.
fn nothing(reason: c_int) -> *mut hostent {
    // SAFETY: libc gives the address of this thread's own.
    let place = unsafe { __h_errno_location() };
    // SAFETY: it is there for as long as the thread, and nobody else writes to it.
    unsafe { place.write(reason) };
    ptr::null_mut()
}

/// No host, for this reason, as those say it that write to their caller's places.
///
/// # Safety
/// Both can be written to.
unsafe fn nothing_at(result: *mut *mut hostent, error: *mut c_int, reason: c_int, status: c_int) -> c_int {
    // SAFETY: the caller says so.
    unsafe { result.write(ptr::null_mut()) };
    // SAFETY: the caller says so.
    unsafe { error.write(reason) };
    status
}
