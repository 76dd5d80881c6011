use bytes::Bytes;
use tokio::sync::watch;

use crate::wire::{Head, Header, Piece};

/// How much of one body is kept.
const KEPT_BODY: u64 = 16 * 1024 * 1024;

/// What is kept of the requests that a server receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// All of it; of a body the first 16 MiB.
    #[default]
    Everything,
    /// Nothing: for servers that run for long.
    Nothing,
}

/// One request as it came, byte for byte.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The connection that it came on, counted from 1.
    pub connection: u64,
    /// The head.
    pub head: Head,
    /// The body in the chunks of the wire; where it was not chunked, in the pieces in which it was read.
    pub chunks: Vec<Bytes>,
    /// The size of the body in bytes, also of what was not kept.
    pub length: u64,
    /// The trailers.
    pub trailers: Vec<Header>,
    /// How the body ended.
    pub end: End,
    /// The status that it was answered with; nothing before, and where the connection closed first.
    pub status: Option<u16>,
    continues: bool,
}

/// How the body of a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It has not yet.
    Open,
    /// As its framing said.
    Complete,
    /// The peer closed, or broke the framing, before its end.
    Truncated,
}

impl Exchange {
    /// The whole body, as far as it was kept.
    pub fn body(&self) -> Bytes {
        match self.chunks.as_slice() {
            [only] => only.clone(),
            chunks => Bytes::from(chunks.concat()),
        }
    }

    /// Whether this is a request of this method for this path.
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.head.method == method && self.head.path() == path
    }

    fn add(&mut self, piece: &Piece) {
        self.length += piece.data.len() as u64;
        if self.length > KEPT_BODY {
            return;
        }
        match self.chunks.last_mut() {
            Some(last) if self.continues => *last = Bytes::from([last.as_ref(), piece.data.as_ref()].concat()),
            _ => self.chunks.push(piece.data.clone()),
        }
        self.continues = !piece.ends_chunk;
    }
}

/// The requests of one or more servers, in the order in which their heads came.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    exchanges: watch::Sender<Vec<Exchange>>,
    recording: Recording,
}

/// The place of one request in the record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry(Option<usize>);

impl Recorder {
    pub(crate) fn new(recording: Recording) -> Self {
        Self { exchanges: watch::Sender::new(Vec::new()), recording }
    }

    pub(super) fn open(&self, connection: u64, head: &Head) -> Entry {
        if self.recording == Recording::Nothing {
            return Entry(None);
        }
        let exchange = Exchange {
            connection,
            head: head.clone(),
            chunks: Vec::new(),
            length: 0,
            trailers: Vec::new(),
            end: End::Open,
            status: None,
            continues: false,
        };
        let mut place = 0;
        self.exchanges.send_modify(|exchanges| {
            place = exchanges.len();
            exchanges.push(exchange);
        });
        Entry(Some(place))
    }

    fn change(&self, entry: Entry, change: impl FnOnce(&mut Exchange)) {
        let Some(place) = entry.0 else { return };
        self.exchanges.send_modify(|exchanges| {
            if let Some(exchange) = exchanges.get_mut(place) {
                change(exchange);
            }
        });
    }

    pub(super) fn piece(&self, entry: Entry, piece: &Piece) {
        self.change(entry, |exchange| exchange.add(piece));
    }

    pub(super) fn end(&self, entry: Entry, end: End, trailers: &[Header]) {
        self.change(entry, |exchange| {
            exchange.end = end;
            exchange.trailers = trailers.to_vec();
        });
    }

    pub(super) fn answered(&self, entry: Entry, status: u16) {
        self.change(entry, |exchange| exchange.status = Some(status));
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.borrow().clone()
    }

    pub(crate) async fn until<T>(&self, mut found: impl FnMut(&[Exchange]) -> Option<T>) -> T {
        let mut changes = self.exchanges.subscribe();
        loop {
            if let Some(found) = found(&changes.borrow_and_update()) {
                return found;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
