//! AppConfig's two calls, written and signed.
//! <https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_Operations_AWS_AppConfig_Data.html>

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningError, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;
use misrule_engine::time::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use tracing::subscriber::{NoSubscriber, with_default};

use super::endpoint::Endpoint;
use crate::settings::{HostedAddress, Keys, Secret};

pub(super) const START: &str = "appconfig:StartConfigurationSession";
pub(super) const GET: &str = "appconfig:GetLatestConfiguration";
/// The service's name in signatures, which is not that of its host.
const SERVICE: &str = "appconfig";
const LAYER: &str = concat!("misrule/", env!("CARGO_PKG_VERSION"));

/// What is asked.
#[derive(Clone, Copy)]
pub(super) enum Call<'a> {
    /// A session for this configuration.
    Start(&'a HostedAddress),
    /// What is deployed, by the token that the last answer brought.
    Get { token: &'a str },
}

/// What a signature is made with.
pub(super) struct Signing<'a> {
    pub(super) keys: &'a Keys,
    pub(super) region: &'a str,
    /// When the request is sent, by the service's clock.
    pub(super) at: Timestamp,
}

/// The call could not be written down.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotWritten {
    #[error("the request cannot be signed")]
    Unsigned(#[from] SigningError),
    #[error("the request cannot be signed")]
    Params(#[from] v4::signing_params::BuildError),
    #[error("the request cannot be written")]
    Request(#[from] http::Error),
    #[error("the request cannot be written")]
    Body(#[from] serde_json::Error),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Start<'a> {
    application_identifier: &'a str,
    environment_identifier: &'a str,
    configuration_profile_identifier: &'a str,
}

impl Call<'_> {
    /// The IAM action.
    pub(super) const fn action(&self) -> &'static str {
        match self {
            Self::Start(_) => START,
            Self::Get { .. } => GET,
        }
    }

    /// The request, signed.
    pub(super) fn request(&self, endpoint: &Endpoint, by: &Signing<'_>) -> Result<Request<Full<Bytes>>, NotWritten> {
        let (method, path) = match self {
            Self::Start(_) => ("POST", "/configurationsessions".to_owned()),
            Self::Get { token } => {
                ("GET", format!("/configuration?configuration_token={}", utf8_percent_encode(token, NON_ALPHANUMERIC)))
            }
        };
        let body = self.body()?;
        let request = Request::builder().method(method).uri(format!("{}{path}", endpoint.base_path));
        let request = request.header(HOST, &endpoint.authority).header(USER_AGENT, LAYER);
        let request = if body.is_empty() { request } else { request.header(CONTENT_TYPE, "application/json") };
        let mut request = request.body(Full::new(body.clone()))?;
        let signature = signature(&request, &endpoint.url(&path), &body, by)?;
        request.headers_mut().extend(signature);
        Ok(request)
    }

    fn body(&self) -> Result<Bytes, serde_json::Error> {
        let Self::Start(HostedAddress { application, environment, profile }) = self else { return Ok(Bytes::new()) };
        let start = Start {
            application_identifier: application,
            environment_identifier: environment,
            configuration_profile_identifier: profile,
        };
        serde_json::to_vec(&start).map(Bytes::from)
    }
}

/// The headers that sign a request.
fn signature(
    request: &Request<Full<Bytes>>,
    url: &str,
    body: &[u8],
    by: &Signing<'_>,
) -> Result<Vec<(HeaderName, HeaderValue)>, NotWritten> {
    let Keys { id, secret, session_token } = by.keys;
    let token = session_token.as_ref().map(|token| token.reveal().to_owned());
    let identity: Identity = Credentials::new(id, Secret::reveal(secret), token, None, "misrule").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(by.region)
        .name(SERVICE)
        .time(UNIX_EPOCH + Duration::from_millis(by.at.as_milliseconds()))
        .settings(SigningSettings::default())
        .build()?
        .into();
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(request.method().as_str(), url, headers, SignableBody::Bytes(body))?;
    // The signer traces what it signs, which is the session's token.
    let output = with_default(NoSubscriber::new(), || sign(signable, &params))?;
    let headers = output.into_parts().0.into_parts().0.into_iter();
    headers
        .map(|header| Ok((HeaderName::from_static(header.name()), value(header.value(), header.sensitive())?)))
        .collect()
}

fn value(text: &str, is_sensitive: bool) -> Result<HeaderValue, http::Error> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(is_sensitive);
    Ok(value)
}
