//! CSV as the CloudWatch console downloads it: log events (`timestamp,message`) or the results of a Logs Insights query
//! (`@timestamp,@message,...`), with quotes as in RFC 4180.

use std::io::{self, BufRead, Read as _};

use super::results::{Results, Row};
use super::{MAX_EVENT, Sink};

/// Where the message stands in a heading, if this is one.
pub(super) fn message_column(heading: &str) -> Option<usize> {
    let columns: Vec<_> = heading.split(',').map(|column| column.trim().trim_matches('"')).collect();
    let names = |name: &&str| *name == "@message" || *name == "message";
    columns.iter().position(names).filter(|_| columns.len() > 1 || columns == ["@message"])
}

/// Reads row after row under the heading.
pub(super) fn read(source: impl BufRead, stream: Option<&str>, sink: &mut impl Sink) -> io::Result<()> {
    let mut records = Records { source };
    let (mut cells, mut results) = (Vec::new(), Results::default());
    records.next(&mut cells)?;
    let heading: Vec<String> = cells.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    while let Some(whole) = records.next(&mut cells)? {
        let mut row = Row::default();
        heading.iter().zip(cells.drain(..)).for_each(|(name, value)| row.set(name, value));
        if whole { results.add(row, stream, sink) } else { sink.bad() }
    }
    results.give(stream, sink);
    Ok(())
}

struct Records<R> {
    source: R,
}

impl<R: BufRead> Records<R> {
    /// The cells of the next record, and whether all of it is there; none at the end.
    fn next(&mut self, cells: &mut Vec<String>) -> io::Result<Option<bool>> {
        cells.clear();
        let mut record = Vec::new();
        let mut whole = true;
        loop {
            let before = record.len();
            if self.line(&mut record, &mut whole)? == 0 {
                break;
            }
            let quotes = record.iter().filter(|byte| **byte == b'"').count();
            if quotes % 2 == 0 || record.len() == before {
                break;
            }
        }
        if record.is_empty() && whole {
            return Ok(None);
        }
        cells.extend(split(String::from_utf8_lossy(&record).trim_end_matches(['\r', '\n'])));
        Ok(Some(whole))
    }

    /// Adds a line with its end, as long as the record is not too large.
    fn line(&mut self, record: &mut Vec<u8>, whole: &mut bool) -> io::Result<usize> {
        let room = (2 * MAX_EVENT).saturating_sub(record.len());
        let read = self.source.by_ref().take(room as u64).read_until(b'\n', record)?;
        if read == room {
            *whole = false;
            return self.source.skip_until(b'\n');
        }
        Ok(read)
    }
}

/// The cells of a record.
fn split(record: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = record.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(cell) = cells.last_mut() else { break };
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => cell.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    cells
}
