use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;

use crate::clock;

/// An answer with its whole body.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Cow<'static, str>, Vec<u8>)>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// This header with this value instead of any other, or without it. `Content-Length` and `Date` are not touched.
    pub(crate) fn with_header(mut self, name: &str, value: Option<&str>) -> Self {
        self.headers.retain(|(found, _)| !found.eq_ignore_ascii_case(name));
        match value {
            Some(value) => self.header(name.to_owned(), value),
            None => self,
        }
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// A JSON body with the line end that Go's encoder writes, which is what Lambda sends.
    pub(crate) fn json_line(self, value: &impl Serialize) -> Self {
        let mut text = serde_json::to_string(value).unwrap_or_default();
        text.push('\n');
        self.header("Content-Type", "application/json").body(text)
    }

    pub(crate) fn json(self, value: &impl Serialize) -> Self {
        self.header("Content-Type", "application/json").body(serde_json::to_string(value).unwrap_or_default())
    }

    /// Status line and headers, up to and with the empty line. `Date` stands last, and the length after it.
    pub(crate) fn head(&self, framing: &str) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status)).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("Date: {}\r\n{framing}\r\n\r\n", clock::http_date(clock::now())).as_bytes());
        bytes
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head(&format!("Content-Length: {}", self.body.len()));
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        413 => "Request Entity Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
