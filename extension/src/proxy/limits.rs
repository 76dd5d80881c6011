//! The proxy's limits, and why each is what it is.

use std::time::Duration;

/// Bytes of one message's head, and of its trailers. Runtimes send an X-Ray cause of up to 1 MiB in one header, and an
/// error's whole description in one trailer; hyper's own limits would end a runtime there.
pub(crate) const MESSAGE_HEAD: usize = 2 * 1024 * 1024;

/// Headers of one message. Lambda's server has no limit on their number; 1,024 cost 32 KiB for a moment.
pub(crate) const HEADERS: usize = 1024;

/// Bytes of a streamed answer that are read ahead to find the end of its HTTP prelude. API Gateway and function URLs take
/// less than 10 KiB of headers.
pub(crate) const PRELUDE: usize = 64 * 1024;

/// Bytes that are read at once. With 2 MiB, as much as a head may have, a stream of 200 MB left up to 6 MB of memory behind
/// that was not given back; pieces of 128 KiB took half again as much time on the CPU.
pub(crate) const PIECE: u64 = 512 * 1024;

/// Bytes of an event for which room is made before they are there, where its head announces so many: Lambda's largest is
/// 6 MiB (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>), a larger one grows as it comes.
pub(crate) const EVENT: usize = 6 * 1024 * 1024;

/// How long a refused connection is tried again: what Lambda gives an environment to start in.
pub(crate) const CONNECT_BUDGET: Duration = Duration::from_secs(10);

/// How long another proxy before Lambda is waited for, which may start after us; then requests go past it. Lambda gives
/// an environment ten seconds to start in, and the runtime is to have most of them.
pub(crate) const PROXY_BUDGET: Duration = Duration::from_secs(2);

/// The longest pause between two attempts to connect.
pub(crate) const CONNECT_PAUSE: Duration = Duration::from_millis(100);
