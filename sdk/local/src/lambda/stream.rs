use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::answer::trailing_error;
use super::refusal::Refusal;
use super::routes::{After, Call};
use super::{Outcome, Streamed};
use crate::wire::WireError;

/// How much of a stream is read as fast as it comes.
const BURST: u64 = 6 * 1024 * 1024;
/// Pieces that may wait for a slow caller.
const WINDOW: usize = 16;

impl Call<'_> {
    /// A streamed answer: the caller gets each piece as it comes, and nothing is read that it has no room for.
    pub(super) async fn streamed(&mut self, serial: u64) -> Result<After, WireError> {
        let (sender, pieces) = mpsc::channel(WINDOW);
        let (end, ending) = oneshot::channel();
        let content_type = self.head.header("content-type").map(str::to_owned);
        let streamed = Streamed { content_type, pieces, ending: Some(ending), end: None };
        self.shared.change(|state| state.stream(serial, Outcome::Streamed(streamed), end));
        let shared = self.shared;
        let read = tokio::select! {
            read = self.forward(sender) => read,
            () = shared.when(|state| (!state.awaits_answer(serial)).then_some(())) => {
                return self.refuse(&Refusal::GONE).await;
            }
        };
        if read.is_err() {
            self.shared.change(|state| state.truncate(serial));
            return self.cut_off().await;
        }
        let whole = Outcome::Answer(bytes::Bytes::new());
        let outcome = trailing_error(&self.body.trailers).map_or(whole, Outcome::Error);
        self.settle(serial, outcome).await
    }

    async fn forward(&mut self, pieces: mpsc::Sender<bytes::Bytes>) -> Result<(), WireError> {
        let (began, rate) = (Instant::now(), self.shared.settings.stream_rate);
        let mut read = 0;
        while let Some(piece) = self.piece().await? {
            read += piece.data.len() as u64;
            // A caller that has gone does not end the handler: Lambda reads on.
            let _ = pieces.send(piece.data).await;
            tokio::time::sleep_until(began + due(read, rate)).await;
        }
        Ok(())
    }
}

/// How long after its beginning a stream may have come this far.
fn due(read: u64, rate: u64) -> Duration {
    let beyond = read.saturating_sub(BURST);
    Duration::from_millis(beyond.saturating_mul(1000) / rate.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_beyond_the_burst_takes_time() {
        let rate = 2 * 1024 * 1024;
        assert_eq!(due(BURST, rate), Duration::ZERO);
        assert_eq!(due(BURST + rate, rate), Duration::from_secs(1));
    }
}
