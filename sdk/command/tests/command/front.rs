//! What stands before an AppConfig, and decides where each call goes and when.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The head and the body of a request.
pub(crate) async fn request(caller: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        caller.read_buf(&mut read).await.ok().filter(|count| *count > 0)?;
    };
    let head = String::from_utf8(read[..end].to_vec()).ok()?;
    let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok();
    let length = head.lines().find_map(length).unwrap_or(0);
    while read.len() < end + length {
        caller.read_buf(&mut read).await.ok().filter(|count| *count > 0)?;
    }
    Some((head, read.split_off(end)))
}

/// Hands the request over, and the answer back; then the connection is closed.
pub(crate) async fn pass_on(mut caller: TcpStream, request: (&str, &[u8]), to: SocketAddr) -> Option<()> {
    hand_over(&mut caller, &answer(request, to).await?).await
}

/// Gives an answer.
pub(crate) async fn hand_over(caller: &mut TcpStream, answer: &[u8]) -> Option<()> {
    caller.write_all(answer).await.ok()
}

/// Hands the request over; the answer, after which the connection is closed.
pub(crate) async fn answer((head, body): (&str, &[u8]), to: SocketAddr) -> Option<Vec<u8>> {
    let mut appconfig = TcpStream::connect(to).await.ok()?;
    appconfig.write_all(format!("{}connection: close\r\n\r\n", &head[..head.len() - 2]).as_bytes()).await.ok()?;
    appconfig.write_all(body).await.ok()?;
    let mut answer = Vec::new();
    appconfig.read_to_end(&mut answer).await.ok()?;
    let answer = answer.strip_prefix(b"HTTP/1.1 ")?;
    let end = answer.iter().position(|byte| *byte == b'\n')? + 1;
    let begin = [b"HTTP/1.1 ", &answer[..end], b"connection: close\r\n"].concat();
    Some([&begin, &answer[end..]].concat())
}
