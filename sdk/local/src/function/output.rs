use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

/// How many lines are kept.
const KEPT: usize = 10_000;

/// Which process of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The runtime, or the wrapper before it.
    Runtime,
    /// The extension of this name.
    Extension(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runtime => formatter.write_str("runtime"),
            Self::Extension(name) => write!(formatter, "extension {name}"),
        }
    }
}

/// Which of the two streams of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A line that a process wrote; on Lambda it would be in CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who wrote it.
    pub origin: Origin,
    /// Where to.
    pub stream: Stream,
    /// The line without its end; what is not UTF-8 is replaced.
    pub text: String,
}

/// Called with each line as it comes.
pub(super) type Listener = Arc<dyn Fn(&Line) + Send + Sync>;

/// The lines of all processes of a function, through all its environments.
#[derive(Clone)]
pub(super) struct Output {
    kept: watch::Sender<Kept>,
    listener: Option<Listener>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<Line>,
    dropped: usize,
}

impl Output {
    pub(super) fn new(listener: Option<Listener>) -> Self {
        Self { kept: watch::Sender::new(Kept::default()), listener }
    }

    fn add(&self, line: Line) {
        if let Some(listener) = &self.listener {
            listener(&line);
        }
        self.kept.send_modify(|kept| {
            if kept.lines.len() == KEPT {
                kept.lines.pop_front();
                kept.dropped += 1;
            }
            kept.lines.push_back(line);
        });
    }

    /// Reads lines until the stream ends.
    pub(super) async fn read(self, origin: Origin, stream: Stream, source: impl AsyncRead + Unpin) {
        let mut source = BufReader::new(source);
        let mut line = Vec::new();
        while matches!(source.read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            self.add(Line { origin: origin.clone(), stream, text });
            line.clear();
        }
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.kept.borrow().lines.iter().cloned().collect()
    }

    pub(super) async fn until<T>(&self, mut found: impl FnMut(&Line) -> Option<T>) -> T {
        let mut changes = self.kept.subscribe();
        let mut seen = 0;
        loop {
            {
                let kept = changes.borrow_and_update();
                let fresh = seen.max(kept.dropped) - kept.dropped;
                if let Some(found) = kept.lines.iter().skip(fresh).find_map(&mut found) {
                    return found;
                }
                seen = kept.dropped + kept.lines.len();
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
