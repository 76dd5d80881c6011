//! Compiling takes every CPU that there is, for as long as it takes: its threads end with it.

use std::thread::available_parallelism;

use rayon::{ThreadPool, ThreadPoolBuilder, current_thread_index};

/// Does work that wasmtime, or what `work` itself divides, spreads over all CPUs. A panic goes on here.
pub(super) fn spread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    // It is part of such work already.
    if current_thread_index().is_some() {
        return work();
    }
    match threads().or_else(|_| this_thread()) {
        Ok(threads) => threads.install(work),
        Err(_) => work(),
    }
}

/// As many as there are CPUs, whatever the function's own variables say of its threads.
fn threads() -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    let count = available_parallelism().map_or(1, usize::from);
    ThreadPoolBuilder::new().num_threads(count).thread_name(|_| "misrule-compile".to_owned()).build()
}

/// Where the machine refuses threads, this one does all of it.
fn this_thread() -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(1).use_current_thread().build()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::panic::catch_unwind;
    use std::sync::{Mutex, PoisonError};
    use std::thread::{ThreadId, current};

    use rayon::prelude::*;

    use super::*;

    /// The threads that work.
    fn working() -> HashSet<ThreadId> {
        let seen = Mutex::new(HashSet::new());
        (0..1000).into_par_iter().for_each(|_| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).insert(current().id());
        });
        seen.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn it_takes_other_threads_and_no_more_of_them_where_it_is_part_of_such_work() {
        let (outer, inner) = spread(|| (current().id(), spread(|| current().id())));
        assert_eq!(outer, inner);
        let threads = spread(working);
        assert!(!threads.contains(&current().id()), "{threads:?}");
        assert!(threads.len() <= available_parallelism().map_or(1, usize::from), "{threads:?}");
    }

    #[test]
    fn where_there_are_no_threads_this_one_works() {
        let alone = this_thread().map(|_| spread(working)).unwrap();
        assert_eq!(alone, HashSet::from([current().id()]));
    }

    #[test]
    fn a_panic_goes_on() {
        let caught =
            catch_unwind(|| spread(|| (1..4).into_par_iter().for_each(|item| assert_ne!(item, 3, "the third"))));
        assert!(caught.is_err());
    }
}
