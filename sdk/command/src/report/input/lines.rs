//! Lines: a log as it was written, as `aws logs tail` shows it, or as an export to S3 holds it.

use std::io::{self, BufRead};

use super::{Event, MAX_EVENT, Sink};
use crate::report::message::stream_before;

/// Reads line after line. A line that is larger than any log event is bad, and is not held in memory.
pub(super) fn read(mut source: impl BufRead, stream: Option<&str>, sink: &mut impl Sink) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(whole) = next_line(&mut source, &mut line)? {
        if whole {
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            sink.event(Event { stream: stream_before(text).or(stream), text });
        } else {
            sink.bad();
        }
    }
    Ok(())
}

/// The next line, and whether all of it is there; none at the end.
fn next_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let mut whole = true;
    let mut begun = false;
    loop {
        let there = source.fill_buf()?;
        if there.is_empty() {
            return Ok(begun.then_some(whole));
        }
        begun = true;
        let end = there.iter().position(|byte| *byte == b'\n');
        let part = &there[..end.unwrap_or(there.len())];
        whole &= line.len() + part.len() <= MAX_EVENT;
        if whole {
            line.extend_from_slice(part);
        }
        let taken = end.map_or(there.len(), |end| end + 1);
        source.consume(taken);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}
