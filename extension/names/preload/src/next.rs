//! The function of a name that comes after ours in the order in which libraries were loaded: libc's, or that of another
//! library that was preloaded.

use core::ffi::{CStr, c_void};
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::AtomicPtr;
use core::sync::atomic::Ordering::{Acquire, Release};

/// A function of libc of type `F`, looked up when it is first needed.
pub(crate) struct Next<F> {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
    of: PhantomData<F>,
}

impl<F: Copy> Next<F> {
    /// The function of this name.
    ///
    /// # Safety
    /// `F` is the type of a pointer to it.
    pub(crate) const unsafe fn named(name: &'static CStr) -> Self {
        const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
        Self { name, found: AtomicPtr::new(ptr::null_mut()), of: PhantomData }
    }

    /// It, where there is one. Threads that look for it at once find the same.
    pub(crate) fn get(&self) -> Option<F> {
        let mut found = self.found.load(Acquire);
        if found.is_null() {
            // SAFETY: the name is a string of C.
            found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
            self.found.store(found, Release);
        }
        if found.is_null() {
            return None;
        }
        // SAFETY: it is no null, and `named` was told that what has this name is an `F`, which is as large as a
        // pointer.
        Some(unsafe { core::mem::transmute_copy::<*mut c_void, F>(&found) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libc_has_is_found_and_nothing_else() {
        // SAFETY: libc declares it so.
        let length: Next<unsafe extern "C" fn(*const libc::c_char) -> usize> = unsafe { Next::named(c"strlen") };
        // SAFETY: it is given a string of C.
        assert_eq!(length.get().map(|length| unsafe { length(c"seven..".as_ptr()) }), Some(7));
        // SAFETY: nothing has this name.
        let nothing: Next<unsafe extern "C" fn()> = unsafe { Next::named(c"misrule_no_such_function") };
        assert!(nothing.get().is_none());
    }
}
