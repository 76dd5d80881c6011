use bytes::Bytes;

use super::WireError;

/// How many headers a request may have.
const MAX_HEADERS: usize = 512;

/// One header or trailer line: the name in the case that it came in, the value as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name, as sent.
    pub name: String,
    /// The value, without the space around it.
    pub value: Bytes,
}

impl Header {
    /// The value as text; nothing where it is not UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.value).ok()
    }
}

/// The head of a request, with the exact bytes that it came as.
#[derive(Clone, Debug)]
pub struct Head {
    /// Request line and headers as sent, up to and with the empty line.
    pub raw: Bytes,
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent: path and query, not decoded.
    pub target: String,
    /// The headers in the order sent.
    pub headers: Vec<Header>,
    minor: u8,
}

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
}

impl Head {
    pub(crate) fn parse(raw: Bytes) -> Result<Self, WireError> {
        let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut slots);
        let parsed = request.parse(&raw).map_err(|_| WireError::Malformed("its head"))?;
        let (true, Some(method), Some(target), Some(minor)) =
            (parsed.is_complete(), request.method, request.path, request.version)
        else {
            return Err(WireError::Malformed("its head is not complete"));
        };
        let (method, target) = (method.to_owned(), target.to_owned());
        let headers = copy(&raw, request.headers);
        Ok(Self { raw, method, target, headers, minor })
    }

    /// The first header of this name, in any case, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).and_then(Header::text)
    }

    /// All headers of this name, in any case.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Header> {
        self.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name))
    }

    /// The target up to its query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// The query without its question mark; empty where there is none.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    pub(crate) fn says(&self, name: &str, token: &str) -> bool {
        let tokens = |header: &Header| {
            let text = String::from_utf8_lossy(&header.value).into_owned();
            text.split(',').any(|part| part.trim().eq_ignore_ascii_case(token))
        };
        self.values(name).any(tokens)
    }

    pub(crate) fn keeps_alive(&self) -> bool {
        if self.minor == 0 { self.says("connection", "keep-alive") } else { !self.says("connection", "close") }
    }

    pub(super) fn framing(&self) -> Result<Framing, WireError> {
        let mut lengths = self.values("content-length").map(Header::text);
        match (self.values("transfer-encoding").next(), lengths.next()) {
            (None, None) => Ok(Framing::Length(0)),
            (Some(_), Some(_)) => Err(WireError::Malformed("it has both Transfer-Encoding and Content-Length")),
            (Some(_), None) if self.says("transfer-encoding", "chunked") => Ok(Framing::Chunked),
            (Some(_), None) => Err(WireError::Malformed("its Transfer-Encoding is not chunked")),
            (None, Some(length)) if lengths.all(|other| other == length) => {
                let length = length.and_then(|length| length.parse().ok());
                length.map(Framing::Length).ok_or(WireError::Malformed("its Content-Length is no number"))
            }
            (None, Some(_)) => Err(WireError::Malformed("it has two Content-Lengths")),
        }
    }
}

/// Header lines apart from a head: the trailers of a chunked body. `raw` ends with the empty line.
pub(super) fn parse_trailers(raw: &Bytes) -> Result<Vec<Header>, WireError> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
    match httparse::parse_headers(raw, &mut slots) {
        Ok(httparse::Status::Complete((_, headers))) => Ok(copy(raw, headers)),
        _ => Err(WireError::Malformed("its trailers")),
    }
}

fn copy(raw: &Bytes, headers: &[httparse::Header<'_>]) -> Vec<Header> {
    headers.iter().map(|header| Header { name: header.name.to_owned(), value: raw.slice_ref(header.value) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(headers: &str) -> Result<Framing, WireError> {
        Head::parse(Bytes::from(format!("POST /a HTTP/1.1\r\n{headers}\r\n")))?.framing()
    }

    #[test]
    fn a_head_keeps_case_and_order() {
        let raw = Bytes::from_static(b"GET /a%2Fb?x=1 HTTP/1.1\r\nX-b: 2\r\nx-A:  \xff \r\n\r\n");
        let head = Head::parse(raw.clone()).unwrap();
        assert_eq!((head.path(), head.query(), head.raw.clone()), ("/a%2Fb", "x=1", raw));
        let names: Vec<_> = head.headers.iter().map(|header| header.name.as_str()).collect();
        assert_eq!(names, ["X-b", "x-A"]);
        assert_eq!(head.headers[1].value, Bytes::from_static(b"\xff"));
    }

    #[test]
    fn a_body_is_delimited_in_one_way_only() {
        assert_eq!(framing("").unwrap(), Framing::Length(0));
        assert_eq!(framing("content-LENGTH: 7\r\n").unwrap(), Framing::Length(7));
        assert_eq!(framing("Transfer-Encoding: chunked\r\n").unwrap(), Framing::Chunked);
        for wrong in
            ["Content-Length: 7\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n"]
        {
            assert!(matches!(framing(wrong), Err(WireError::Malformed(_))), "{wrong}");
        }
    }
}
