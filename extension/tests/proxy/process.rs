//! The extension as a process.

use std::process::Stdio;

use misrule_local::port;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use super::exchange::{Lambda, soon};
use super::message::{Message, Reader};

pub(crate) struct Extension {
    process: Child,
    pub(crate) port: u16,
    /// What it writes. Nobody reads it unless the test does.
    pub(crate) log: ChildStdout,
}

impl Extension {
    /// Ends it, and waits for that.
    pub(crate) async fn ends(mut self) {
        soon("its end", self.process.kill()).await.unwrap();
    }

    /// The next line of its log that has this name.
    pub(crate) async fn says(&mut self, name: &str) -> Value {
        let mut lines = BufReader::new(&mut self.log).lines();
        loop {
            let line = soon(name, lines.next_line()).await.unwrap().unwrap();
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["misrule"] == name {
                return line;
            }
        }
    }
}

/// Before this Lambda, on a port that nobody has.
pub(crate) fn start(lambda: &Lambda, more: &[(&str, &str)]) -> Extension {
    let port = port::free().unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_misrule-extension"))
        // What the tests' own surroundings hold, such as the names of toolchains, is not the layer's.
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", lambda.address().to_string())
        .env("MISRULE_PORT", port.to_string())
        .envs(more.iter().copied())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let log = process.stdout.take().unwrap();
    Extension { process, port, log }
}

async fn says(lambda: &mut Reader, status: &str, body: &str) {
    let head =
        format!("HTTP/1.1 {status}\r\nLambda-Extension-Identifier: me\r\nContent-Length: {}\r\n\r\n", body.len());
    lambda.stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await.unwrap();
}

/// Registers the extension, and gives Lambda's end of where it waits.
pub(crate) async fn registered(lambda: &Lambda) -> (Reader, Message) {
    let mut connection = lambda.accept().await;
    let registration = soon("a registration", connection.message()).await;
    says(&mut connection, "200 OK", r#"{"functionName":"f","functionVersion":"1","handler":"h"}"#).await;
    let waits = soon("event/next", connection.message()).await;
    assert_eq!(waits.start, "GET /2020-01-01/extension/event/next HTTP/1.1");
    assert_eq!(waits.header("Lambda-Extension-Identifier"), Some("me"));
    (connection, registration)
}
