//! What requests are signed with: the environment's keys, or those that a server beside the function gives out for a
//! while.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HOST};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use misrule_engine::time::Timestamp;
use serde::Deserialize;

use super::super::exchange::Answer;
use super::endpoint::Endpoint;
use super::tls::Tls;
use crate::settings::{Authorization, ContainerCredentials, CredentialsSettings, Keys, Secret};

/// Keys that have so little left are replaced: a request must arrive before they end.
const RESERVE: Duration = Duration::from_secs(60);
/// Besides loopback, the addresses that plain HTTP may carry credentials from: ECS's, and EKS's two.
const ALLOWED: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoKeys {
    #[error("neither AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set")]
    Absent,
    #[error("the keys hold characters that no header may")]
    Malformed,
    #[error("AWS_CONTAINER_CREDENTIALS_FULL_URI is no https:// address, and no http:// one of this machine")]
    Address,
    #[error("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names `{}`, which cannot be read", path.display())]
    TokenFile { path: PathBuf, source: io::Error },
    #[error("the server of credentials gives no answer")]
    Unreachable(#[source] io::Error),
    #[error("the server of credentials answers with status {0}")]
    Refused(u16),
    #[error("the server of credentials answers with something else")]
    Unreadable,
}

impl NoKeys {
    /// Whether it may be over in a moment, with nobody changing anything.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Refused(_) | Self::Unreadable)
    }
}

/// Knows where keys come from, and keeps them for as long as they are good.
pub(super) struct Credentials {
    from: CredentialsSettings,
    fetched: Option<Fetched>,
}

struct Fetched {
    keys: Keys,
    expires: Option<Timestamp>,
}

impl Credentials {
    pub(super) fn new(from: CredentialsSettings) -> Self {
        Self { from, fetched: None }
    }

    /// What was fetched is not used again. Whether there is a place to get other keys from.
    pub(super) fn forget(&mut self) -> bool {
        self.fetched = None;
        matches!(self.from, CredentialsSettings::Container(_))
    }

    /// Keys that are good now. Keys in their last minute are still used where no others can be had.
    pub(super) async fn keys(&mut self, now: Timestamp, tls: &mut Tls) -> Result<Keys, NoKeys> {
        let container = match &self.from {
            CredentialsSettings::Absent => return Err(NoKeys::Absent),
            CredentialsSettings::Keys(keys) => return checked(keys.clone()),
            CredentialsSettings::Container(container) => container,
        };
        if let Some(kept) = &self.fetched
            && kept.is_good(now.plus(RESERVE))
        {
            return Ok(kept.keys.clone());
        }
        match (fetch(container, tls).await, &self.fetched) {
            (Ok(fetched), _) => Ok(self.fetched.insert(fetched).keys.clone()),
            (Err(_), Some(kept)) if kept.is_good(now) => Ok(kept.keys.clone()),
            (Err(error), _) => Err(error),
        }
    }
}

impl Fetched {
    fn is_good(&self, at: Timestamp) -> bool {
        self.expires.is_none_or(|expires| at < expires)
    }
}

fn checked(keys: Keys) -> Result<Keys, NoKeys> {
    let token = keys.session_token.as_ref().map_or("", Secret::reveal);
    let is_plain =
        [&keys.id, keys.secret.reveal(), token].iter().all(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    if is_plain { Ok(keys) } else { Err(NoKeys::Malformed) }
}

async fn fetch(container: &ContainerCredentials, tls: &mut Tls) -> Result<Fetched, NoKeys> {
    let (endpoint, path) = place(&container.uri).ok_or(NoKeys::Address)?;
    let request = request(&endpoint, &path, authorization(&container.authorization).await?)?;
    let answer = async { tls.connect(&endpoint).await?.send(request).await };
    read(&answer.await.map_err(NoKeys::Unreachable)?)
}

/// The server, and what to ask it for.
fn place(uri: &str) -> Option<(Endpoint, String)> {
    let parsed: Uri = uri.parse().ok()?;
    let path = parsed.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let endpoint = Endpoint::parse(uri.strip_suffix(&path).unwrap_or(uri))?;
    (endpoint.is_https || is_allowed(&endpoint.host)).then_some((endpoint, path))
}

fn is_allowed(host: &str) -> bool {
    let is_loopback = host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost") || ALLOWED.contains(&host)
}

async fn authorization(authorization: &Authorization) -> Result<Option<HeaderValue>, NoKeys> {
    let token = match authorization {
        Authorization::Absent => return Ok(None),
        Authorization::Token(token) => token.clone(),
        Authorization::File(path) => {
            let (path, read) = (path.clone(), path.clone());
            let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(read)).await;
            let read = read.unwrap_or_else(|lost| Err(io::Error::other(lost)));
            Secret::new(read.map_err(|source| NoKeys::TokenFile { path, source })?.trim())
        }
    };
    let mut value = HeaderValue::from_str(token.reveal()).map_err(|_| NoKeys::Malformed)?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn request(endpoint: &Endpoint, path: &str, token: Option<HeaderValue>) -> Result<Request<Full<Bytes>>, NoKeys> {
    let request = Request::get(path).header(HOST, &endpoint.authority).header(ACCEPT, "application/json");
    let request = token.into_iter().fold(request, |request, token| request.header(AUTHORIZATION, token));
    request.body(Full::default()).map_err(|_| NoKeys::Address)
}

/// What the server says. It is not repeated in any error: half of it is secret.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Said {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
}

fn read(answer: &Answer) -> Result<Fetched, NoKeys> {
    if answer.status() != StatusCode::OK {
        return Err(NoKeys::Refused(answer.status().as_u16()));
    }
    let said: Said = serde_json::from_slice(answer.body()).map_err(|_| NoKeys::Unreadable)?;
    let moment = |text: String| text.parse::<jiff::Timestamp>().map(Timestamp::from).map_err(|_| NoKeys::Unreadable);
    let expires = said.expiration.map(moment).transpose()?;
    let (secret, session_token) =
        (Secret::new(said.secret_access_key), said.token.filter(|token| !token.is_empty()).map(Secret::new));
    let keys = checked(Keys { id: said.access_key_id, secret, session_token })?;
    Ok(Fetched { keys, expires })
}
