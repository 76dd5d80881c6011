//! The data plane: sessions, and tokens that work once.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::disturbance::TokenProblem;
use super::refusal::Refusal;
use super::request::Request;
use super::store::Store;
use super::{NothingDeployed, Place};
use crate::clock;
use crate::wire::Reply;

/// How long a token is valid, in milliseconds.
const TOKEN_LIFE: u64 = 24 * 60 * 60 * 1000;
/// The interval of the service where nobody asks for another, in seconds.
const DEFAULT_INTERVAL: u64 = 60;

/// The sessions of all clients.
#[derive(Default)]
pub(super) struct Sessions {
    sessions: Vec<Session>,
    tokens: HashMap<String, Token>,
    issued: u64,
}

#[derive(Clone)]
struct Session {
    application: String,
    environment: String,
    profile: String,
    least_interval: Option<u64>,
    /// Where this client stands among all, in percent: a deployment reaches it when it has grown beyond.
    draw: f64,
    delivered: Option<u64>,
    not_before: u64,
}

#[derive(Clone, Copy)]
struct Token {
    session: usize,
    issued: u64,
    is_used: bool,
}

impl Sessions {
    fn open(&mut self, session: Session, now: u64) -> String {
        self.sessions.push(session);
        self.token(self.sessions.len() - 1, now)
    }

    fn token(&mut self, session: usize, now: u64) -> String {
        self.issued += 1;
        let noise: Vec<u8> =
            (0..9).flat_map(|part| clock::scramble(now ^ (self.issued << 20) ^ part).to_be_bytes()).collect();
        // With what must be encoded in a URL, as the service's tokens have it.
        let token = format!("{}+/=", STANDARD.encode(noise));
        self.tokens.insert(token.clone(), Token { session, issued: now, is_used: false });
        token
    }

    /// Takes a token out of use.
    fn spend(&mut self, token: &str) {
        if let Some(token) = self.tokens.get_mut(token) {
            token.is_used = true;
        }
    }

    /// The session of a token that works.
    fn of(&self, token: &str, now: u64) -> Result<(usize, &Session), Refusal> {
        let corrupted = || Refusal::token(TokenProblem::Corrupted);
        let found = self.tokens.get(token).ok_or_else(corrupted)?;
        let session = self.sessions.get(found.session).ok_or_else(corrupted)?;
        if found.is_used {
            return Err(corrupted());
        }
        if now > found.issued + TOKEN_LIFE {
            return Err(Refusal::token(TokenProblem::Expired));
        }
        if now < session.not_before {
            return Err(Refusal::token(TokenProblem::PollIntervalNotSatisfied));
        }
        Ok((found.session, session))
    }
}

/// `POST /configurationsessions`.
pub(super) fn start_session(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let members = request.json()?;
    let name = |member| members.required(member, 128);
    let [application, environment, profile] =
        [name("ApplicationIdentifier")?, name("EnvironmentIdentifier")?, name("ConfigurationProfileIdentifier")?];
    let least_interval = members.whole("RequiredMinimumPollIntervalInSeconds", 15, 86_400)?;
    let Place { application, environment, profile } = find(store, &application, &environment, &profile)?;
    let now = store.now();
    let session = Session {
        application,
        environment,
        profile,
        least_interval,
        draw: draw(store.sessions.issued),
        delivered: None,
        not_before: 0,
    };
    let token = store.sessions.open(session, now);
    Ok(Reply::new(201).json(&json!({ "InitialConfigurationToken": token })))
}

/// The ids of a place whose parts are given by id or name.
pub(super) fn find(store: &Store, application: &str, environment: &str, profile: &str) -> Result<Place, Refusal> {
    let is = |id: &str, name: &str, wanted: &str| id == wanted || name == wanted;
    let missing = |kind: &str, wanted: &str| Refusal::no_such(kind, json!({ format!("{kind}Identifier"): wanted }));
    let application = store
        .applications
        .iter()
        .find(|found| is(&found.id, &found.name, application))
        .ok_or_else(|| missing("Application", application))?;
    let environment = application
        .environments
        .iter()
        .find(|found| is(&found.id, &found.name, environment))
        .ok_or_else(|| missing("Environment", environment))?;
    let profile = application
        .profiles
        .iter()
        .find(|found| is(&found.id, &found.name, profile))
        .ok_or_else(|| missing("ConfigurationProfile", profile))?;
    let (environment, profile) = (environment.id.clone(), profile.id.clone());
    Ok(Place { application: application.id.clone(), environment, profile })
}

fn draw(session: u64) -> f64 {
    f64::from(u32::try_from(clock::scramble(session) % 10_000).unwrap_or_default()) / 100.0
}

/// `GET /configuration`.
pub(super) fn latest(store: &mut Store, request: &Request) -> Result<Reply, Refusal> {
    let token = request.query("configuration_token").filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| Refusal::bad_request("configuration_token is required"))?;
    let now = store.now();
    let (at, session) = store.sessions.of(token, now)?;
    let mut session = session.clone();
    let reply = store.configuration(&mut session, now)?;
    let interval = store.poll_interval.map(|interval| interval.as_secs());
    let interval = interval.or(session.least_interval).unwrap_or(DEFAULT_INTERVAL);
    session.not_before = now + interval * 1000;
    store.sessions.sessions[at] = session;
    store.sessions.spend(token);
    let next = store.sessions.token(at, now);
    let reply = reply.header("Next-Poll-Configuration-Token", next);
    Ok(reply.header("Next-Poll-Interval-In-Seconds", interval.to_string()))
}

/// The refusal of a token for this reason, whatever state it is in.
pub(super) fn refuse(store: &mut Store, request: &Request, problem: TokenProblem) -> Refusal {
    if problem != TokenProblem::PollIntervalNotSatisfied {
        store.sessions.spend(request.query("configuration_token").unwrap_or_default());
    }
    Refusal::token(problem)
}

impl Store {
    fn configuration(&mut self, session: &mut Session, now: u64) -> Result<Reply, Refusal> {
        // What the session was started for may have been deleted since.
        let Place { application, environment, profile } =
            find(self, &session.application, &session.environment, &session.profile)?;
        let environment = self.application(&application)?.environment(&environment)?;
        let unchanged = Reply::new(200).header("Content-Type", "application/octet-stream");
        let Some(version) = environment.served(&profile, session.draw, now) else {
            session.delivered = None;
            return match self.nothing_deployed {
                NothingDeployed::Empty => Ok(unchanged),
                NothingDeployed::NotFound => Err(Refusal::no_such("Deployment", json!({}))),
            };
        };
        if session.delivered == Some(version.number) {
            return Ok(unchanged);
        }
        session.delivered = Some(version.number);
        let mut reply = Reply::new(200).header("Content-Type", &version.content_type).body(version.content.clone());
        if let Some(label) = &version.label {
            reply = reply.header("Version-Label", label);
        }
        self.received += 1;
        Ok(reply)
    }
}
