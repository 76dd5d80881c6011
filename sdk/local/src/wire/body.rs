use bytes::Bytes;

use super::head::{Framing, Header, parse_trailers};
use super::{Connection, Head, WireError};

/// A part of a body, as it came.
pub(crate) struct Piece {
    pub(crate) data: Bytes,
    /// Whether the chunk that this belongs to is complete with it; each piece of an unchunked body is.
    pub(crate) ends_chunk: bool,
}

/// A body that is being read.
pub(crate) struct Body {
    reading: Reading,
    pub(crate) trailers: Vec<Header>,
}

#[derive(Clone, Copy)]
enum Reading {
    Length(u64),
    ChunkSize,
    Chunk(u64),
    Done,
}

impl Body {
    pub(crate) fn of(head: &Head) -> Result<Self, WireError> {
        let reading = match head.framing()? {
            Framing::Length(0) => Reading::Done,
            Framing::Length(length) => Reading::Length(length),
            Framing::Chunked => Reading::ChunkSize,
        };
        Ok(Self { reading, trailers: Vec::new() })
    }

    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.reading, Reading::Done)
    }

    /// The next piece; nothing once the body is complete and its trailers are there.
    pub(crate) async fn next(&mut self, connection: &mut Connection) -> Result<Option<Piece>, WireError> {
        loop {
            match self.reading {
                Reading::Done => return Ok(None),
                Reading::Length(left) => {
                    let data = connection.some(left).await?;
                    let left = left - data.len() as u64;
                    self.reading = if left == 0 { Reading::Done } else { Reading::Length(left) };
                    return Ok(Some(Piece { data, ends_chunk: true }));
                }
                Reading::ChunkSize => self.chunk_size(connection).await?,
                Reading::Chunk(left) => return self.chunk(connection, left).await.map(Some),
            }
        }
    }

    async fn chunk_size(&mut self, connection: &mut Connection) -> Result<(), WireError> {
        let line = connection.line().await?;
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let digits = std::str::from_utf8(digits).map_err(|_| WireError::Malformed("a chunk size"))?;
        let size = u64::from_str_radix(digits.trim(), 16).map_err(|_| WireError::Malformed("a chunk size"))?;
        if size == 0 {
            self.trailers = read_trailers(connection).await?;
            self.reading = Reading::Done;
        } else {
            self.reading = Reading::Chunk(size);
        }
        Ok(())
    }

    async fn chunk(&mut self, connection: &mut Connection, left: u64) -> Result<Piece, WireError> {
        let data = connection.some(left).await?;
        let left = left - data.len() as u64;
        if left > 0 {
            self.reading = Reading::Chunk(left);
            return Ok(Piece { data, ends_chunk: false });
        }
        if !connection.line().await?.is_empty() {
            return Err(WireError::Malformed("a chunk is longer than its size"));
        }
        self.reading = Reading::ChunkSize;
        Ok(Piece { data, ends_chunk: true })
    }
}

async fn read_trailers(connection: &mut Connection) -> Result<Vec<Header>, WireError> {
    let mut raw = Vec::new();
    loop {
        let line = connection.line().await?;
        raw.extend_from_slice(&line);
        raw.extend_from_slice(b"\r\n");
        if line.is_empty() {
            return parse_trailers(&Bytes::from(raw));
        }
    }
}
