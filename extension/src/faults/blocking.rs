//! Work that waits for the kernel, away from the layer's one thread.

use std::io;
use std::thread::Builder;

use tokio::sync::oneshot;

/// Does this on a thread of its own. Tokio's threads for such work would do, but where the system refuses one, tokio panics.
///
/// # Errors
/// Where no thread can be had, where the work panics, and where it fails.
pub(super) async fn work<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    work_on(Builder::new().name("fault".to_owned()), work).await
}

async fn work_on<T: Send + 'static>(
    thread: Builder,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (tell, told) = oneshot::channel();
    // Nobody may be there any more to be told: then what was done is dropped, and so undone.
    thread.spawn(move || drop(tell.send(work())))?;
    told.await.map_err(|_| io::Error::other("it panicked"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_or_says_why_not() {
        assert_eq!(work(|| Ok(7)).await.unwrap(), 7);
        let failed = work(|| Err::<u8, _>(io::ErrorKind::NotFound.into())).await.unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::NotFound);
        assert_eq!(work::<u8>(|| panic!("a bug")).await.unwrap_err().to_string(), "it panicked");
    }

    /// The kernel has no room for such a stack, and says so as where there are too many threads.
    #[tokio::test]
    async fn a_thread_that_cannot_be_had_is_an_error() {
        let huge = Builder::new().stack_size(1 << 60);
        let refused = work_on(huge, || Ok(())).await.unwrap_err();
        assert!(refused.raw_os_error().is_some(), "{refused:?}");
    }
}
