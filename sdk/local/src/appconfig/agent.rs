//! The AWS AppConfig agent beside a function: what is deployed, over plain HTTP on localhost. It keeps a copy, looks for
//! news only when it is asked and its poll interval has passed, and serves the copy while AppConfig cannot be asked.
//!
//! <https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions.html>

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::refusal::Refusal;
use super::{AppConfig, Behaviour, Place, Plane, Shared, data};
use crate::clock;
use crate::wire::{Connection, Reply, Server};

/// How old its copy may be, unless told otherwise.
const POLL_INTERVAL: Duration = Duration::from_secs(45);
/// The count of its looks at AppConfig, as [`AppConfig::calls`] has it.
const POLL: &str = "AgentPoll";

/// An agent on loopback, until dropped.
pub struct Agent {
    copies: Arc<Copies>,
    server: Server,
}

struct Copies {
    shared: Arc<Shared>,
    poll_interval: Mutex<Duration>,
    kept: Mutex<HashMap<String, Kept>>,
}

/// What it knew when it last looked.
struct Kept {
    polled: u64,
    reply: Reply,
}

impl Agent {
    /// An agent that asks this AppConfig, on a free port.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn serve(appconfig: &AppConfig) -> io::Result<Self> {
        Self::bind(appconfig, 0).await
    }

    /// An agent that asks this AppConfig, on this port.
    ///
    /// # Errors
    /// Where the port cannot be bound.
    pub async fn bind(appconfig: &AppConfig, port: u16) -> io::Result<Self> {
        let copies = Arc::new(Copies {
            shared: Arc::clone(&appconfig.shared),
            poll_interval: Mutex::new(POLL_INTERVAL),
            kept: Mutex::default(),
        });
        let serving = Arc::clone(&copies);
        let server = Server::bind(port, move |connection| serve(Arc::clone(&serving), connection)).await?;
        Ok(Self { copies, server })
    }

    /// Where it listens: `AWS_APPCONFIG_EXTENSION_HTTP_PORT` of its function.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// `AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS`.
    pub fn set_poll_interval(&self, interval: Duration) {
        *locked(&self.copies.poll_interval) = interval;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(copies: Arc<Copies>, mut connection: Connection) {
    while let Ok(Some(head)) = connection.head().await {
        let keeps_alive = head.keeps_alive();
        let reply = match head.method.as_str() {
            "GET" => copies.answer(head.path()),
            _ => failed(405, "only GET is answered"),
        };
        if connection.reply(&reply).await.is_err() || !keeps_alive {
            return;
        }
    }
}

impl Copies {
    /// The copy where it is fresh enough or AppConfig fails, else what AppConfig has.
    fn answer(&self, path: &str) -> Reply {
        let Some(names) = names(path) else { return failed(400, "BadRequestException: unknown path") };
        let now = self.shared.store().now();
        let mut kept = locked(&self.kept);
        let fresh = |copy: &&Kept| now < copy.polled + clock::milliseconds(*locked(&self.poll_interval));
        if let Some(copy) = kept.get(path).filter(fresh) {
            return copy.reply.clone();
        }
        self.shared.count(POLL);
        match (self.polled(&names), kept.get(path)) {
            (Ok(reply), _) => {
                kept.insert(path.to_owned(), Kept { polled: now, reply: reply.clone() });
                reply
            }
            (Err(_), Some(copy)) => copy.reply.clone(),
            (Err(refusal), None) => failed(refusal.status(), refusal.name()),
        }
    }

    fn polled(&self, names: &[String; 3]) -> Result<Reply, Refusal> {
        match self.shared.behaviour(Plane::Data) {
            Behaviour::Normal => self.deployed(names),
            Behaviour::Status(status) => Err(Refusal::of_status(status)),
            Behaviour::Hang | Behaviour::Refuse | Behaviour::Garbage => Err(Refusal::of_status(500)),
        }
    }

    fn deployed(&self, [application, environment, profile]: &[String; 3]) -> Result<Reply, Refusal> {
        let store = self.shared.store();
        let Place { application, environment, profile } = data::find(&store, application, environment, profile)?;
        let environment = store.application(&application)?.environment(&environment)?;
        let version = environment.served(&profile, 0.0, store.now());
        let version = version.ok_or_else(|| Refusal::no_such("Deployment", serde_json::json!({})))?;
        let reply = Reply::new(200).header("Content-Type", &version.content_type);
        let reply = reply.header("Configuration-Version", version.number.to_string());
        Ok(match &version.label {
            Some(label) => reply.header("Version-Label", label),
            None => reply,
        }
        .body(version.content.clone()))
    }
}

/// `/applications/A/environments/E/configurations/C`, decoded.
fn names(path: &str) -> Option<[String; 3]> {
    let segments: Vec<_> = path.strip_prefix('/')?.split('/').collect();
    let ["applications", application, "environments", environment, "configurations", profile] = segments[..] else {
        return None;
    };
    Some([application, environment, profile].map(|name| percent_decode_str(name).decode_utf8_lossy().into_owned()))
}

/// A failure is a status and a text.
fn failed(status: u16, text: &str) -> Reply {
    Reply::new(status).header("Content-Type", "text/plain").body(format!("{text}\n"))
}
