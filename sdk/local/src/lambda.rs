//! Lambda's Runtime API and Extensions API for one execution environment, over raw sockets.
//!
//! [`RuntimeApi`] serves; tests and [`crate::function`] push [`Event`]s and await their [`Outcome`]s. Statuses, bodies
//! and header names are those of Lambda's own control program, as the open source Runtime Interface Emulator shows
//! them.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use misrule_local::lambda::RuntimeApi;
//!
//! let api = RuntimeApi::serve().await?;
//! let waiting = api.push("{}");
//! // A runtime pointed at `api.address()` would now be given the event.
//! assert!(api.exchanges().is_empty());
//! # drop(waiting);
//! # Ok(())
//! # }
//! ```

mod answer;
mod api;
mod event;
mod extensions;
mod failure;
mod intercept;
mod next;
mod outcome;
mod record;
mod refusal;
mod register;
mod routes;
mod settings;
mod snapshot;
mod state;
mod stream;

pub use api::{Finished, Pending, RuntimeApi};
pub use event::{Event, InvocationId};
pub use failure::FunctionError;
pub use intercept::Interception;
pub use outcome::{Outcome, StreamEnd, Streamed};
pub(crate) use record::Recorder;
pub use record::{End, Exchange, Recording};
pub(crate) use settings::Settings;
pub use settings::{MAX_ANSWER, RuntimeApiBuilder};
pub(crate) use snapshot::CREDENTIALS_TOKEN;
pub use state::ShutdownReason;
