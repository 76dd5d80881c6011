use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use serde_json::json;

use super::api::Shared;
use super::intercept::Interception;
use super::record::{End, Entry};
use super::refusal::{Refusal, method_not_allowed, not_found};
use super::state::Answering;
use crate::wire::{Body, Connection, Head, Piece, Reply, WireError};

/// What is read of a body that nobody wants so that the connection can be used again; Go's server reads as much.
const MAX_SKIPPED: u64 = 256 * 1024;

/// One request under way on its connection.
pub(super) struct Call<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) connection: &'a mut Connection,
    pub(super) head: Head,
    pub(super) body: Body,
    entry: Entry,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    KeepAlive,
    Close,
    /// Close, but read on until the peer has read the answer.
    Linger,
}

/// The body was larger than allowed, or broke off.
pub(super) enum Unread {
    TooLarge,
    Broken,
}

enum Route {
    Ping,
    Next,
    Answer(String, Answering),
    InitError,
    RestoreNext,
    RestoreError,
    Credentials,
    Register,
    EventNext,
    ExtensionError(&'static str),
    Unsupported(&'static str),
}

impl Route {
    /// Lambda has these for functions with SnapStart only.
    fn is_of_snap_start(&self) -> bool {
        matches!(self, Self::RestoreNext | Self::RestoreError | Self::Credentials)
    }
}

pub(super) async fn serve(shared: Arc<Shared>, mut connection: Connection) {
    loop {
        let call = match connection.head().await {
            Ok(Some(head)) => Call::open(&shared, &mut connection, head),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let after = match call {
            Ok(call) => call.run().await,
            Err(WireError::Malformed(_)) => {
                let refused = Reply::new(400).header("Connection", "close").body("400 Bad Request");
                connection.reply(&refused).await.map(|()| After::Linger)
            }
            Err(error) => Err(error),
        };
        match after {
            Ok(After::KeepAlive) => {}
            Ok(After::Linger) => return connection.linger().await,
            Ok(After::Close) | Err(_) => return,
        }
    }
}

fn route(path: &str) -> Option<(&'static str, Route)> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    Some(match segments.as_slice() {
        ["2018-06-01", "ping"] => ("GET", Route::Ping),
        ["2018-06-01", "runtime", "invocation", "next"] => ("GET", Route::Next),
        ["2018-06-01", "runtime", "invocation", id, "response"] => {
            ("POST", Route::Answer((*id).to_owned(), Answering::Response))
        }
        ["2018-06-01", "runtime", "invocation", id, "error"] => {
            ("POST", Route::Answer((*id).to_owned(), Answering::Error))
        }
        ["2018-06-01", "runtime", "init", "error"] => ("POST", Route::InitError),
        ["2018-06-01", "runtime", "restore", "next"] => ("GET", Route::RestoreNext),
        ["2018-06-01", "runtime", "restore", "error"] => ("POST", Route::RestoreError),
        ["2021-04-23", "credentials"] => ("GET", Route::Credentials),
        ["2020-01-01", "extension", "register"] => ("POST", Route::Register),
        ["2020-01-01", "extension", "event", "next"] => ("GET", Route::EventNext),
        ["2020-01-01", "extension", "init", "error"] => ("POST", Route::ExtensionError("InitError")),
        ["2020-01-01", "extension", "exit", "error"] => ("POST", Route::ExtensionError("ExitError")),
        ["2020-08-15", "logs"] => ("PUT", Route::Unsupported("Logs")),
        ["2022-07-01", "telemetry"] => ("PUT", Route::Unsupported("Telemetry")),
        _ => return None,
    })
}

impl<'a> Call<'a> {
    fn open(shared: &'a Arc<Shared>, connection: &'a mut Connection, head: Head) -> Result<Self, WireError> {
        let entry = shared.recorder.open(connection.number, &head);
        let body = Body::of(&head)?;
        if body.is_complete() {
            shared.recorder.end(entry, End::Complete, &[]);
        }
        Ok(Self { shared, connection, head, body, entry })
    }

    async fn run(mut self) -> Result<After, WireError> {
        if let Some(interception) = self.shared.interception(&self.head) {
            return self.intercepted(interception).await;
        }
        let route =
            route(self.head.path()).filter(|(_, route)| self.shared.settings.snap_start || !route.is_of_snap_start());
        match route {
            None => self.reply(not_found()).await,
            Some((method, _)) if method != self.head.method => self.reply(method_not_allowed(method)).await,
            Some((_, Route::Ping)) => {
                self.reply(Reply::new(200).header("Content-Type", "text/plain; charset=utf-8").body("pong")).await
            }
            Some((_, Route::Next)) => self.next().await,
            Some((_, Route::Answer(id, Answering::Response))) => self.response(&id).await,
            Some((_, Route::Answer(id, Answering::Error))) => self.error(&id).await,
            Some((_, Route::InitError)) => self.init_error().await,
            Some((_, Route::RestoreNext)) => self.restore_next().await,
            Some((_, Route::RestoreError)) => self.restore_error().await,
            Some((_, Route::Credentials)) => self.credentials().await,
            Some((_, Route::Register)) => self.register().await,
            Some((_, Route::EventNext)) => self.event_next().await,
            Some((_, Route::ExtensionError(kind))) => self.extension_error(kind).await,
            Some((_, Route::Unsupported(api))) => {
                let message = format!("{api} API is not supported");
                let body = json!({ "errorMessage": message, "errorType": format!("{api}.NotSupported") });
                self.reply(Reply::new(202).json_line(&body)).await
            }
        }
    }

    async fn intercepted(&mut self, interception: Interception) -> Result<After, WireError> {
        match interception {
            Interception::Close => return Ok(After::Close),
            Interception::SendAndClose(bytes) => {
                self.connection.write(&bytes).await?;
                return Ok(After::Linger);
            }
            Interception::Send(_) | Interception::Hang => self.skip(u64::MAX).await?,
        }
        let Interception::Send(bytes) = interception else {
            self.connection.closed().await;
            return Ok(After::Close);
        };
        self.connection.write(&bytes).await?;
        Ok(After::KeepAlive)
    }

    /// The next piece of the body, recorded.
    pub(super) async fn piece(&mut self) -> Result<Option<Piece>, WireError> {
        let recorder = &self.shared.recorder;
        match self.body.next(self.connection).await {
            Ok(Some(piece)) => {
                recorder.piece(self.entry, &piece);
                if self.body.is_complete() {
                    recorder.end(self.entry, End::Complete, &[]);
                }
                Ok(Some(piece))
            }
            Ok(None) => {
                recorder.end(self.entry, End::Complete, &self.body.trailers);
                Ok(None)
            }
            Err(error) => {
                recorder.end(self.entry, End::Truncated, &[]);
                Err(error)
            }
        }
    }

    /// The whole body, of at most this many bytes.
    pub(super) async fn whole(&mut self, limit: u64) -> Result<Bytes, Unread> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.piece().await.map_err(|_| Unread::Broken)? {
            if (whole.len() + piece.data.len()) as u64 > limit {
                return Err(Unread::TooLarge);
            }
            whole.extend_from_slice(&piece.data);
        }
        Ok(whole.freeze())
    }

    async fn skip(&mut self, most: u64) -> Result<(), WireError> {
        let mut skipped = 0;
        while skipped < most {
            let Some(piece) = self.piece().await? else { break };
            skipped += piece.data.len() as u64;
        }
        Ok(())
    }

    /// Sends an answer. What is left of the body is read then, or the connection closed where that is much.
    pub(super) async fn reply(&mut self, reply: Reply) -> Result<After, WireError> {
        self.connection.reply(&reply).await?;
        self.shared.recorder.answered(self.entry, reply.status);
        if !self.body.is_complete() {
            self.skip(MAX_SKIPPED).await?;
        }
        Ok(match (self.body.is_complete(), self.head.keeps_alive()) {
            (false, _) => After::Linger,
            (true, true) => After::KeepAlive,
            (true, false) => After::Close,
        })
    }

    pub(super) async fn refuse(&mut self, refusal: &Refusal) -> Result<After, WireError> {
        self.reply(refusal.reply()).await
    }
}
