//! Where AppConfig's data plane is: the region's own address, or one that the environment names.

use http::Uri;

use super::super::SourceError;
use crate::settings::AwsSettings;

/// A partition of AWS: which regions are its own, and how its services' names end.
struct Partition {
    /// How its regions' names begin.
    prefix: &'static str,
    suffix: &'static str,
    /// The same where a service also has IPv6 addresses.
    dual_stack: &'static str,
    /// What AppConfig's data plane is called where FIPS 140 is asked for, and IPv6 is not.
    fips: &'static str,
}

const SERVICE: &str = "appconfigdata";
const FIPS: &str = "appconfigdata-fips";

/// AWS's partitions. The first that fits counts; the last fits all.
/// <https://docs.aws.amazon.com/general/latest/gr/appconfig.html>
const PARTITIONS: &[Partition] = &[
    Partition { prefix: "cn-", suffix: "amazonaws.com.cn", dual_stack: "api.amazonwebservices.com.cn", fips: FIPS },
    Partition { prefix: "eusc-", suffix: "amazonaws.eu", dual_stack: "api.amazonwebservices.eu", fips: FIPS },
    Partition { prefix: "us-iso-", suffix: "c2s.ic.gov", dual_stack: "api.aws.ic.gov", fips: FIPS },
    Partition { prefix: "us-isob-", suffix: "sc2s.sgov.gov", dual_stack: "api.aws.scloud", fips: FIPS },
    Partition { prefix: "eu-isoe-", suffix: "cloud.adc-e.uk", dual_stack: "api.cloud-aws.adc-e.uk", fips: FIPS },
    Partition { prefix: "us-isof-", suffix: "csp.hci.ic.gov", dual_stack: "api.aws.hci.ic.gov", fips: FIPS },
    Partition { prefix: "us-gov-", suffix: "amazonaws.com", dual_stack: "api.aws", fips: SERVICE },
    Partition { prefix: "", suffix: "amazonaws.com", dual_stack: "api.aws", fips: FIPS },
];

/// An HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) is_https: bool,
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// As a Host header has it: without the port where that is the scheme's own.
    pub(super) authority: String,
    /// What stands before each request's path: empty, or a path without a slash at its end.
    pub(super) base_path: String,
}

impl Endpoint {
    /// Where to ask, by a variable or by the region.
    pub(super) fn find(name: &str, region: &str, aws: &AwsSettings) -> Result<Self, SourceError> {
        if region.is_empty() {
            return Err(SourceError::NoRegion { name: name.to_owned() });
        }
        match &aws.endpoint {
            Some(url) => {
                Self::parse(&url.text).ok_or(SourceError::NoEndpoint { variable: url.variable, wants: "an address" })
            }
            None => Self::of_region(region, aws)
                .ok_or(SourceError::NoEndpoint { variable: "AWS_REGION", wants: "a region" }),
        }
    }

    fn of_region(region: &str, aws: &AwsSettings) -> Option<Self> {
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return None;
        }
        let partition = PARTITIONS.iter().find(|partition| region.starts_with(partition.prefix))?;
        let (service, suffix) = match (aws.fips, aws.dual_stack) {
            (false, false) => (SERVICE, partition.suffix),
            (true, false) => (partition.fips, partition.suffix),
            (false, true) => (SERVICE, partition.dual_stack),
            (true, true) => (FIPS, partition.dual_stack),
        };
        Self::parse(&format!("https://{service}.{region}.{suffix}"))
    }

    /// Reads `http://` or `https://`, a host, perhaps a port and a path.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let is_https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (authority, host) = (uri.authority()?, uri.host()?);
        if uri.query().is_some() || host.is_empty() || authority.as_str().contains('@') {
            return None;
        }
        let own_port = if is_https { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(own_port);
        let authority = if port == own_port { host.to_owned() } else { format!("{host}:{port}") };
        let (host, base_path) = (host.trim_matches(['[', ']']).to_owned(), uri.path().trim_end_matches('/').to_owned());
        Some(Self { is_https, host, port, authority, base_path })
    }

    /// The whole address of something there, as a signature has it.
    pub(super) fn url(&self, path: &str) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{}{}{path}", self.authority, self.base_path)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_appconfigdata::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};

    use super::*;
    use crate::settings::EndpointUrl;

    /// Each partition is among them, and a region that is not known yet.
    const REGIONS: &[&str] = &[
        "us-east-1",
        "eu-west-3",
        "ap-southeast-7",
        "mx-central-1",
        "me-south-1",
        "us-gov-west-1",
        "us-gov-east-1",
        "cn-north-1",
        "cn-northwest-1",
        "eusc-de-east-1",
        "us-iso-east-1",
        "us-isob-west-1",
        "eu-isoe-west-1",
        "us-isof-south-1",
        "il-central-9",
    ];

    #[tokio::test]
    async fn every_partition_is_where_the_sdk_says() {
        for region in REGIONS {
            for (fips, dual_stack) in [(false, false), (true, false), (false, true), (true, true)] {
                let params =
                    Params::builder().region(*region).use_fips(fips).use_dual_stack(dual_stack).build().unwrap();
                let theirs = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
                let aws = AwsSettings { fips, dual_stack, ..AwsSettings::default() };
                let ours = Endpoint::find("appconfig:a/e/p", region, &aws).unwrap();
                assert_eq!(ours.url(""), theirs.url(), "{region}, fips {fips}, dual stack {dual_stack}");
            }
        }
    }

    #[test]
    fn an_address_is_taken_apart() {
        for (text, is_https, host, port, authority, base_path) in [
            ("http://127.0.0.1:4566", false, "127.0.0.1", 4566, "127.0.0.1:4566", ""),
            (
                "https://vpce-1.appconfigdata.eu-west-3.vpce.amazonaws.com/",
                true,
                "vpce-1.appconfigdata.eu-west-3.vpce.amazonaws.com",
                443,
                "vpce-1.appconfigdata.eu-west-3.vpce.amazonaws.com",
                "",
            ),
            ("http://[::1]:80/stage/", false, "::1", 80, "[::1]", "/stage"),
        ] {
            let (host, authority, base_path) = (host.to_owned(), authority.to_owned(), base_path.to_owned());
            assert_eq!(Endpoint::parse(text), Some(Endpoint { is_https, host, port, authority, base_path }), "{text}");
        }
        for text in
            ["127.0.0.1:4566", "ftp://host", "http://", "http://me:hush@host", "http://host?query", "http://a b", ""]
        {
            assert_eq!(Endpoint::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_names_no_endpoint_is_told_by_its_variable_and_not_shown() {
        let endpoint = Some(EndpointUrl { variable: "AWS_ENDPOINT_URL", text: "http://me:hush@host".to_owned() });
        let aws = AwsSettings { endpoint, ..AwsSettings::default() };
        let error = Endpoint::find("appconfig:a/e/p", "us-east-1", &aws).unwrap_err();
        assert_eq!(error.to_string(), "AWS_ENDPOINT_URL does not name an address");
        let error = Endpoint::find("appconfig:a/e/p", "us east", &AwsSettings::default()).unwrap_err();
        assert_eq!(error.to_string(), "AWS_REGION does not name a region");
        assert!(error.hint().is_some());
    }
}
