//! Memory that is not needed again before the next experiment: a function's is small, and compiling takes megabytes.

mod code;
mod heap;

/// Gives back to the kernel what arming an experiment leaves behind: free memory, and the compiler's own code.
pub fn give_back() {
    heap::give_back();
    code::give_back();
}
