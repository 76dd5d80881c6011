use bytes::Bytes;
use serde_json::Value;

use super::answer;
use crate::wire::Reply;

/// The content type of a streamed answer that begins with its HTTP head.
const INTEGRATION: &str = "application/vnd.awslambda.http-integration-response";
/// What ends the head. It may be split anywhere between two chunks.
const END: [u8; 8] = [0; 8];
/// A head larger than this is none.
const MAX_PRELUDE: usize = 1024 * 1024;

/// The beginning of a streamed answer, up to where its body begins.
pub(super) enum Prelude {
    /// There is none: the body has this content type.
    Absent(String),
    /// JSON that eight NUL bytes end.
    Present(Vec<u8>),
}

impl Prelude {
    pub(super) fn of(content_type: Option<&str>) -> Self {
        match content_type {
            Some(INTEGRATION) => Self::Present(Vec::new()),
            other => Self::Absent(other.unwrap_or("application/octet-stream").to_owned()),
        }
    }

    pub(super) fn add(&mut self, piece: &[u8]) {
        if let Self::Present(bytes) = self {
            bytes.extend_from_slice(piece);
        }
    }

    fn end(&self) -> Option<usize> {
        match self {
            Self::Absent(_) => None,
            Self::Present(bytes) => bytes.windows(END.len()).position(|window| window == END),
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        match self {
            Self::Absent(_) => true,
            Self::Present(bytes) => bytes.len() > MAX_PRELUDE || self.end().is_some(),
        }
    }

    /// The head, and what of the body came with it; nothing where the prelude is none.
    pub(super) fn reply(self, request_id: &str) -> Option<(Reply, Bytes)> {
        let end = self.end();
        let (reply, rest) = match self {
            Self::Absent(content_type) => (Reply::new(200).header("Content-Type", content_type), Bytes::new()),
            Self::Present(bytes) => {
                let bytes = Bytes::from(bytes);
                let end = end?;
                let Value::Object(members) = serde_json::from_slice(&bytes[..end]).ok()? else { return None };
                (answer::head(&members)?, bytes.slice(end + END.len()..))
            }
        };
        Some((reply.header("x-amzn-RequestId", request_id), rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prelude_is_found_wherever_it_is_split() {
        let whole = b"{\"statusCode\":201,\"headers\":{\"x-a\":\"b\"}}\0\0\0\0\0\0\0\0data";
        for at in 0..whole.len() {
            let mut prelude = Prelude::of(Some(INTEGRATION));
            prelude.add(&whole[..at]);
            prelude.add(&whole[at..]);
            assert!(prelude.is_complete());
            let (reply, rest) = prelude.reply("r").unwrap();
            assert_eq!((reply.status, rest), (201, Bytes::from_static(b"data")), "split at {at}");
        }
    }

    #[test]
    fn a_prelude_that_is_no_json_object_is_none() {
        let mut prelude = Prelude::of(Some(INTEGRATION));
        prelude.add(b"oh\0\0\0\0\0\0\0\0");
        assert!(prelude.reply("r").is_none());
        assert!(Prelude::of(Some("text/plain")).is_complete());
    }
}
