//! The results of a Logs Insights query. They come newest first unless the query says otherwise, so they are put in the order
//! of their times before they are taken in.

use super::{Event, Sink};

/// So many results are put in order; a query gives fewer (100,000).
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html>
const ORDERED: usize = 200_000;

/// Rows with a message, until they are in order.
#[derive(Default)]
pub(super) struct Results(Vec<Row>);

/// One result: the fields that matter here.
#[derive(Default)]
pub(super) struct Row {
    pub(super) time: Option<String>,
    pub(super) stream: Option<String>,
    pub(super) message: Option<String>,
}

impl Row {
    /// Takes a field in, where it matters.
    pub(super) fn set(&mut self, field: &str, value: String) {
        match field {
            "@timestamp" | "timestamp" => self.time = Some(value),
            "@logStream" | "logStreamName" => self.stream = Some(value),
            "@message" | "message" => self.message = Some(value),
            _ => {}
        }
    }
}

impl Results {
    /// Keeps a row; gives what it kept away, in order, when there are too many.
    pub(super) fn add(&mut self, row: Row, stream: Option<&str>, sink: &mut impl Sink) {
        self.0.push(row);
        if self.0.len() >= ORDERED {
            self.give(stream, sink);
        }
    }

    /// Gives away what it kept, oldest first.
    pub(super) fn give(&mut self, stream: Option<&str>, sink: &mut impl Sink) {
        let mut rows = std::mem::take(&mut self.0);
        // Of the same millisecond, the one that comes last in results that are newest first is the oldest.
        if rows.first().map(|row| &row.time) > rows.last().map(|row| &row.time) {
            rows.reverse();
        }
        rows.sort_by(|one, other| one.time.cmp(&other.time));
        for row in rows {
            match &row.message {
                Some(text) => sink.event(Event { stream: row.stream.as_deref().or(stream), text: text.trim_end() }),
                None => sink.bad(),
            }
        }
    }
}
