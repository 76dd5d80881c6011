//! Messages in a form in which two ways of sending the same thing are equal.

use bytes::Bytes;
use misrule_local::lambda::{End, Exchange, Outcome, StreamEnd};
use misrule_local::wire::Header;

/// Headers whose values are another in each run.
const OF_THE_RUN: [&str; 2] = ["date", "lambda-runtime-deadline-ms"];

/// What Lambda saw of one request, and what it answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The connection, counted from 0 in the order of their first requests.
    pub(crate) connection: usize,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Bytes,
    pub(crate) trailers: Vec<String>,
    pub(crate) end: End,
    pub(crate) status: Option<u16>,
}

/// What the runtime saw of one answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) start: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// What the caller of the function got.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Answer(Bytes),
    Error { error_type: String, body: Bytes },
    Stream { content_type: Option<String>, body: Bytes, end: StreamEnd },
}

impl Request {
    /// A request of the record; `connections` are the numbers of those that came before.
    pub(crate) fn of(exchange: &Exchange, connections: &mut Vec<u64>) -> Self {
        let known = connections.iter().position(|number| *number == exchange.connection);
        let connection = known.unwrap_or_else(|| {
            connections.push(exchange.connection);
            connections.len() - 1
        });
        let head = &exchange.head;
        let not_host = head.headers.iter().filter(|header| !header.name.eq_ignore_ascii_case("host"));
        Self {
            connection,
            method: head.method.clone(),
            target: head.target.clone(),
            headers: sorted(not_host.map(|header| line(&header.name, header))),
            body: exchange.body(),
            // The case of a trailer's name is lost in hyper; Lambda looks them up in any case.
            trailers: sorted(exchange.trailers.iter().map(|header| line(&header.name.to_ascii_lowercase(), header))),
            end: exchange.end,
            status: exchange.status,
        }
    }
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    lines
}

fn line(name: &str, header: &Header) -> String {
    format!("{name}: {}", header.value.escape_ascii())
}

impl Answer {
    /// The first answer in these bytes, and how many it takes; nothing where it is not all there.
    pub(crate) fn first_of(bytes: &[u8]) -> Option<(Self, usize)> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = bytes[..end].escape_ascii().to_string();
        let mut lines = head.split(r"\r\n").map(str::to_owned);
        let start = lines.next()?;
        let mut headers: Vec<_> = lines.collect();
        let named =
            |name: &str| headers.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix(name)?.parse().ok());
        let length: usize = named("content-length: ").expect("Lambda measures its answers");
        let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
        headers.iter_mut().for_each(hide_what_is_of_the_run);
        headers.sort();
        Some((Self { start, headers, body }, end + 4 + length))
    }

    /// All answers in these bytes.
    pub(crate) fn all_of(mut bytes: &[u8]) -> Vec<Self> {
        let mut answers = Vec::new();
        while let Some((answer, length)) = Self::first_of(bytes) {
            answers.push(answer);
            bytes = &bytes[length..];
        }
        assert!(bytes.is_empty(), "half an answer: {}", bytes.escape_ascii());
        answers
    }
}

fn hide_what_is_of_the_run(line: &mut String) {
    if let Some((name, _)) = line.split_once(": ")
        && OF_THE_RUN.contains(&name.to_ascii_lowercase().as_str())
    {
        *line = format!("{name}: *");
    }
}

impl Got {
    /// All of an outcome, once it is there.
    pub(crate) async fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Answer(body) => Self::Answer(body),
            Outcome::Streamed(mut streamed) => {
                let (body, end) = streamed.collect().await;
                Self::Stream { content_type: streamed.content_type, body, end }
            }
            Outcome::Error(error) | Outcome::TimedOut(error) => {
                Self::Error { error_type: error.error_type, body: error.body }
            }
        }
    }
}
