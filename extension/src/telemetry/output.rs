//! Where lines go, so that somebody who reads them slowly, or no more, holds nobody up.
//!
//! The layer has one thread, and a write to a full pipe waits until somebody reads. So a pipe is asked before each write
//! whether it has room: one that has any takes `PIPE_BUF` bytes at once (pipe(7)). A line that finds none is lost, and counted.
//! `O_NONBLOCK` would do the same, but it would hold for all who share the pipe.

use std::os::fd::{AsFd, AsRawFd as _, RawFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;

/// What a pipe with any room takes at once, in bytes: Linux's `PIPE_BUF`.
const PIECE: usize = 4096;

/// How often a line asks a full pipe for room before it is lost, and how long each question waits: 4 ms in all.
const QUESTIONS: u32 = 4;
const EACH: Duration = Duration::from_millis(1);

/// An open file that lines are written to.
pub(super) struct Output<F> {
    to: F,
    /// Asked for room; none where it is no pipe, or where it cannot be asked.
    pipe: Option<Pipe>,
    /// The line that says how many were lost.
    tells: fn(u64) -> String,
    /// How many were, since that was told.
    lost: u64,
    /// What was written last is the beginning of a line.
    torn: bool,
}

impl<F: AsFd> Output<F> {
    pub(super) fn new(to: F, tells: fn(u64) -> String) -> Self {
        let pipe = Pipe::of(&to);
        Self { to, pipe, tells, lost: 0, torn: false }
    }

    /// Writes a line, or counts it as lost.
    pub(super) fn write(&mut self, line: &str) {
        self.catch_up();
        if self.lost > 0 || !self.put(line) {
            self.lost += 1;
        }
    }

    /// Tells how many lines were lost, once there is room for that.
    pub(super) fn catch_up(&mut self) {
        if self.lost > 0 && self.put(&(self.tells)(self.lost)) {
            self.lost = 0;
        }
    }

    /// Whether there was room for the line. What is written in one piece does not mix with what others write.
    fn put(&mut self, line: &str) -> bool {
        let before = if self.torn { "\n" } else { "" };
        let bytes = [before.as_bytes(), line.as_bytes(), b"\n"].concat();
        // Who has lost lines already does not wait again.
        let mut questions = if self.lost > 0 { 0 } else { QUESTIONS };
        let size = if self.pipe.is_some() { PIECE } else { bytes.len() };
        for piece in bytes.chunks(size) {
            if !self.has_room(&mut questions) || !self.takes(piece) {
                return false;
            }
            self.torn = true;
        }
        self.torn = false;
        true
    }

    fn has_room(&mut self, questions: &mut u32) -> bool {
        let Some(pipe) = &mut self.pipe else { return true };
        while *questions > 0 {
            if pipe.has_room(EACH) {
                return true;
            }
            *questions -= 1;
        }
        pipe.has_room(Duration::ZERO)
    }

    /// Whether the piece was taken. What a closed or full file does not take is no concern of anybody's.
    fn takes(&self, mut piece: &[u8]) -> bool {
        while !piece.is_empty() {
            match rustix::io::write(&self.to, piece) {
                Ok(written) => piece = piece.get(written..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return false,
                Err(_) => return true,
            }
        }
        true
    }
}

/// A pipe that can be asked for room.
struct Pipe {
    poll: Poll,
    events: Events,
    descriptor: RawFd,
}

impl Pipe {
    /// None where this is something else, such as a file or a terminal.
    fn of(file: &impl AsFd) -> Option<Self> {
        let kind = fstat(file).ok().map(|file| FileType::from_raw_mode(file.st_mode));
        if kind != Some(FileType::Fifo) {
            return None;
        }
        let (poll, descriptor) = (Poll::new().ok()?, file.as_fd().as_raw_fd());
        poll.registry().register(&mut SourceFd(&descriptor), Token(0), Interest::WRITABLE).ok()?;
        Some(Self { poll, events: Events::with_capacity(1), descriptor })
    }

    /// Waits so long for room. A pipe that nobody has open for reading has some: writing to it fails at once.
    fn has_room(&mut self, wait: Duration) -> bool {
        // The poll tells of a change once; asked anew it looks how things stand.
        let asked = self.poll.registry().reregister(&mut SourceFd(&self.descriptor), Token(0), Interest::WRITABLE);
        match asked.and_then(|()| self.poll.poll(&mut self.events, Some(wait))) {
            Ok(()) => !self.events.is_empty(),
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, PipeWriter, Read as _};

    use super::*;

    fn piped() -> (PipeReader, Output<PipeWriter>) {
        let (reader, writer) = std::io::pipe().unwrap();
        (reader, Output::new(writer, |count| format!("lost {count}")))
    }

    /// What is in the pipe.
    fn read(reader: &mut PipeReader) -> String {
        let mut bytes = vec![0; 1024 * 1024];
        let size = reader.read(&mut bytes).unwrap();
        String::from_utf8(bytes[..size].to_vec()).unwrap()
    }

    #[test]
    fn a_full_pipe_loses_lines_and_is_told_how_many_once_it_has_room() {
        let (mut reader, mut output) = piped();
        let line = "x".repeat(1000);
        (0..200).for_each(|_| output.write(&line));
        let before = read(&mut reader);
        let whole = before.lines().filter(|read| *read == line).count();
        assert_eq!(whole, before.lines().count());
        output.write("after");
        assert_eq!(read(&mut reader), format!("lost {}\nafter\n", 200 - whole));
        output.write("later");
        assert_eq!(read(&mut reader), "later\n");
    }

    #[test]
    fn what_was_lost_is_told_without_another_line() {
        let (mut reader, mut output) = piped();
        (0..70).for_each(|_| output.write(&"x".repeat(1000)));
        output.catch_up();
        let whole = read(&mut reader).lines().count();
        output.catch_up();
        assert_eq!(read(&mut reader), format!("lost {}\n", 70 - whole));
    }

    #[test]
    fn a_line_that_finds_room_for_a_part_is_lost_and_the_next_begins_anew() {
        let (mut reader, mut output) = piped();
        let line = "x".repeat(10_000);
        (0..20).for_each(|_| output.write(&line));
        let before = read(&mut reader);
        let whole = before.split('\n').filter(|read| *read == line).count();
        let torn = before.split('\n').next_back().unwrap();
        assert!(torn.len() < line.len() && line.starts_with(torn) && !torn.is_empty(), "{}", torn.len());
        output.write("after");
        assert_eq!(read(&mut reader), format!("\nlost {}\nafter\n", 20 - whole));
    }

    #[test]
    fn a_pipe_that_nobody_reads_any_more_takes_everything() {
        let (reader, mut output) = piped();
        drop(reader);
        (0..3).for_each(|_| output.write("x"));
        assert_eq!(output.lost, 0);
    }

    #[test]
    fn a_file_is_not_asked() {
        let mut file = tempfile::tempfile().unwrap();
        let mut output = Output::new(file.try_clone().unwrap(), |count| format!("lost {count}"));
        let line = "x".repeat(10_000);
        output.write(&line);
        std::io::Seek::rewind(&mut file).unwrap();
        assert_eq!(std::io::read_to_string(file).unwrap(), format!("{line}\n"));
    }
}
