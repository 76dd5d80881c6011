//! In which manner the function is answered: in one piece, or as a stream; and whether answers of ours say so.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::settings::{AnswerHeader, InvokeMode};

/// Says that an answer is a stream.
pub(crate) const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");

/// The only value that Lambda takes.
pub(crate) const STREAMING: HeaderValue = HeaderValue::from_static("streaming");

/// How an answer of ours travels, where the caller may wait for either manner: nothing in an event says how its function
/// URL is set. As a setting says; where there is none, as the handler last answered in this environment, since what callers
/// can read from the handler they can read from us; and before its first answer in one piece, which is a URL's default.
#[derive(Default)]
pub(crate) struct Manner {
    told: OnceLock<InvokeMode>,
    streams: AtomicBool,
    header: OnceLock<AnswerHeader>,
}

impl Manner {
    /// What the handler does no longer counts. Only the first call does.
    pub(crate) fn tell(&self, mode: InvokeMode) {
        let _ = self.told.set(mode);
    }

    /// Whether answers of ours say so. Only the first call counts.
    pub(crate) fn tell_header(&self, header: AnswerHeader) {
        let _ = self.header.set(header);
    }

    pub(crate) fn answer_header(&self) -> AnswerHeader {
        self.header.get().copied().unwrap_or_default()
    }

    /// The handler answers with these headers.
    pub(crate) fn observe(&self, headers: &HeaderMap) {
        self.streams.store(headers.contains_key(RESPONSE_MODE), Ordering::Relaxed);
    }

    pub(crate) fn invoke_mode(&self) -> InvokeMode {
        let observed = || match self.streams.load(Ordering::Relaxed) {
            true => InvokeMode::ResponseStream,
            false => InvokeMode::Buffered,
        };
        self.told.get().copied().unwrap_or_else(observed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_wins_over_the_handlers_last_answer_and_that_over_the_default() {
        let manner = Manner::default();
        assert_eq!(manner.invoke_mode(), InvokeMode::Buffered);
        manner.observe(&HeaderMap::from_iter([(RESPONSE_MODE, STREAMING)]));
        assert_eq!(manner.invoke_mode(), InvokeMode::ResponseStream);
        manner.observe(&HeaderMap::new());
        assert_eq!(manner.invoke_mode(), InvokeMode::Buffered);
        manner.tell(InvokeMode::ResponseStream);
        manner.observe(&HeaderMap::new());
        assert_eq!(manner.invoke_mode(), InvokeMode::ResponseStream);
    }
}
