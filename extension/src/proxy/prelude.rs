//! The HTTP prelude of a streamed answer: JSON with status and headers, ended by eight NUL bytes, before the body's own
//! bytes. A runtime may cut it into pieces anywhere.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html>

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::arrival::text;
use super::content::Content;
use super::limits;

/// The content type of a streamed answer that begins with its prelude.
pub(crate) const CONTENT: &str = "application/vnd.awslambda.http-integration-response";

const END: [u8; 8] = [0; 8];

/// Whether the answer begins with a prelude.
pub(crate) fn announced(headers: &HeaderMap) -> bool {
    text(headers, CONTENT_TYPE.as_str()).is_some_and(|value| {
        let kind = value.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case(CONTENT)
    })
}

/// Bytes that a prelude with this JSON takes in the body.
pub(crate) fn size(json: &Bytes) -> u64 {
    (json.len() + END.len()) as u64
}

/// Reads ahead until the prelude is there, and gives its JSON. All that was read stays in the body, as it came. None where
/// the body ends, breaks off or goes on for too long without an end of the prelude.
pub(crate) async fn read(body: &mut Content) -> Option<Bytes> {
    let mut read = Vec::new();
    while let Some(data) = body.read_frame().await {
        let from = read.len().saturating_sub(END.len() - 1);
        read.extend_from_slice(&data);
        if let Some(end) = read[from..].windows(END.len()).position(|window| window == END) {
            read.truncate(from + end);
            return Some(read.into());
        }
        if read.len() > limits::PRELUDE {
            return None;
        }
    }
    None
}
