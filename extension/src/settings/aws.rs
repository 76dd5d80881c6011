//! How AWS is reached, by the variables that each of AWS's SDKs reads.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>

use std::fmt;
use std::path::PathBuf;

/// What says how AWS is reached. Nothing of it is judged here: a source that AWS has no part in needs none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsSettings {
    /// Where AppConfig's data plane is asked in place of the region's own address.
    pub endpoint: Option<EndpointUrl>,
    /// AWS_USE_FIPS_ENDPOINT.
    pub fips: bool,
    /// AWS_USE_DUALSTACK_ENDPOINT.
    pub dual_stack: bool,
    /// SSL_CERT_FILE: whom to trust, in place of the roots that are built in.
    pub certificates: Option<PathBuf>,
    /// What requests are signed with.
    pub credentials: CredentialsSettings,
}

/// A configured endpoint. Neither of the variables says more than the other once it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointUrl {
    /// The variable that named it.
    pub variable: &'static str,
    /// Its value.
    pub text: String,
}

/// Where credentials come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CredentialsSettings {
    /// From nowhere.
    #[default]
    Absent,
    /// From the environment itself: a function's role, in Lambda.
    Keys(Keys),
    /// From an HTTP server beside the function: Lambda's own, with SnapStart.
    Container(ContainerCredentials),
}

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Names the key; it is no secret.
    pub id: String,
    /// What signs.
    pub secret: Secret,
    /// What a temporary key needs besides.
    pub session_token: Option<Secret>,
}

/// Where a server gives credentials out.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerCredentials {
    /// AWS_CONTAINER_CREDENTIALS_FULL_URI, or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI with the host it is relative to.
    pub uri: String,
    /// What the server wants to see.
    pub authorization: Authorization,
}

/// What a server of credentials wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Authorization {
    /// Nothing.
    #[default]
    Absent,
    /// AWS_CONTAINER_AUTHORIZATION_TOKEN.
    Token(Secret),
    /// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, which is read each time: its content changes.
    File(PathBuf),
}

/// A text that no log line shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for whom it is meant.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// Where containers of ECS find the server that AWS_CONTAINER_CREDENTIALS_RELATIVE_URI belongs to.
const CONTAINER_HOST: &str = "http://169.254.170.2";

/// Reads variables that are absent, or are there and not empty.
pub(super) struct AwsReader<F>(pub F);

impl<F: Fn(&str) -> Option<String>> AwsReader<F> {
    pub(super) fn read(&self) -> AwsSettings {
        AwsSettings {
            endpoint: self.endpoint(),
            fips: self.flag("AWS_USE_FIPS_ENDPOINT"),
            dual_stack: self.flag("AWS_USE_DUALSTACK_ENDPOINT"),
            certificates: self.text("SSL_CERT_FILE").map(PathBuf::from),
            credentials: self.credentials(),
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }

    fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    fn endpoint(&self) -> Option<EndpointUrl> {
        if self.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
            return None;
        }
        let named = |variable| self.text(variable).map(|text| EndpointUrl { variable, text });
        named("AWS_ENDPOINT_URL_APPCONFIGDATA").or_else(|| named("AWS_ENDPOINT_URL"))
    }

    fn credentials(&self) -> CredentialsSettings {
        match (self.text("AWS_ACCESS_KEY_ID"), self.text("AWS_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => {
                let session_token = self.text("AWS_SESSION_TOKEN").map(Secret::new);
                CredentialsSettings::Keys(Keys { id, secret: Secret::new(secret), session_token })
            }
            _ => self.container().map_or(CredentialsSettings::Absent, CredentialsSettings::Container),
        }
    }

    fn container(&self) -> Option<ContainerCredentials> {
        let relative = self.text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let uri = match relative {
            Some(path) => format!("{CONTAINER_HOST}{path}"),
            None => self.text("AWS_CONTAINER_CREDENTIALS_FULL_URI")?,
        };
        Some(ContainerCredentials { uri, authorization: self.authorization() })
    }

    fn authorization(&self) -> Authorization {
        if let Some(file) = self.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            return Authorization::File(PathBuf::from(file));
        }
        let token = self.text("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        token.map_or(Authorization::Absent, |token| Authorization::Token(Secret::new(token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> AwsSettings {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        AwsReader(|name: &str| find(name).map(|(_, value)| (*value).to_owned())).read()
    }

    #[test]
    fn the_services_own_endpoint_goes_before_the_one_for_all_and_both_can_be_switched_off() {
        let all = ("AWS_ENDPOINT_URL", "http://all");
        let own = ("AWS_ENDPOINT_URL_APPCONFIGDATA", "http://own");
        let named = |variables: &[_]| read(variables).endpoint.map(|endpoint| endpoint.text);
        assert_eq!(named(&[all]).as_deref(), Some("http://all"));
        assert_eq!(named(&[all, own]).as_deref(), Some("http://own"));
        assert_eq!(named(&[all, own, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE")]), None);
        assert_eq!(named(&[]), None);
    }

    #[test]
    fn keys_go_before_a_container_and_a_relative_uri_before_a_full_one() {
        let (id, secret) = (("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "hush"));
        let full = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9001/2021-04-23/credentials");
        let relative = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/role");
        let uri = |variables: &[_]| match read(variables).credentials {
            CredentialsSettings::Container(container) => Some(container.uri),
            CredentialsSettings::Keys(_) | CredentialsSettings::Absent => None,
        };
        assert!(matches!(read(&[id, secret, full]).credentials, CredentialsSettings::Keys(_)));
        assert_eq!(uri(&[id, full]).as_deref(), Some(full.1), "half a key is none");
        assert_eq!(uri(&[full, relative]).as_deref(), Some("http://169.254.170.2/role"));
        assert_eq!(read(&[id]).credentials, CredentialsSettings::Absent);
    }

    #[test]
    fn a_file_with_the_token_goes_before_the_token() {
        let full = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/x");
        let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush");
        let file = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/token");
        let authorization = |variables: &[_]| match read(variables).credentials {
            CredentialsSettings::Container(container) => container.authorization,
            other => panic!("{other:?}"),
        };
        assert_eq!(authorization(&[full]), Authorization::Absent);
        assert_eq!(authorization(&[full, token]), Authorization::Token(Secret::new("hush")));
        assert_eq!(authorization(&[full, token, file]), Authorization::File("/var/run/token".into()));
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!(
            "{:?}",
            read(&[
                ("AWS_ACCESS_KEY_ID", "AKID"),
                ("AWS_SECRET_ACCESS_KEY", "hush"),
                ("AWS_SESSION_TOKEN", "hush too"),
            ])
        );
        assert!(shown.contains("AKID") && !shown.contains("hush"), "{shown}");
    }
}
