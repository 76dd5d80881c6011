//! How AppConfig is reached: region, endpoint and credentials, as the AWS command line finds them.

use aws_config::{BehaviorVersion, Region, SdkConfig, profile};
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_appconfig::Client;
use aws_sdk_appconfig::config::ProvideCredentials;
use aws_smithy_http_client::{Builder, tls};
use aws_types::os_shim_internal::{Env, Fs};
use misrule_engine::experiment::is_region;

use super::error::{self, AppConfigError};

/// Which AppConfig to talk to. Where nothing is said, the surroundings decide as they do for the AWS command line.
#[derive(clap::Args)]
pub(crate) struct Connection {
    /// The AWS region; by default AWS_REGION or the AWS profile's
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Another AppConfig than the region's own, such as a local one
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// The profile of the AWS configuration files to take credentials and region from
    #[arg(long, value_name = "NAME")]
    aws_profile: Option<String>,
}

/// An AppConfig that can be asked.
pub(crate) struct Service {
    pub(super) client: Client,
    pub(super) endpoint: String,
    config: SdkConfig,
    region: String,
    profile: Option<String>,
}

impl Connection {
    /// Reads what is needed to make calls, and makes none.
    ///
    /// # Errors
    ///
    /// No region, one that is none, or a profile that there is not.
    pub(crate) async fn open(&self) -> Result<Service, AppConfigError> {
        if let Some(region) = &self.region {
            check_region("`--region`", region)?;
        }
        self.check_profile().await?;
        let client = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring));
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client.build_https());
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &self.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(profile) = &self.aws_profile {
            loader = loader.profile_name(profile);
        }
        let config = loader.load().await;
        let region = config.region().ok_or(AppConfigError::NoRegion)?.to_string();
        check_region("what AWS_REGION or the AWS profile says", &region)?;
        let endpoint = config.endpoint_url().map_or_else(|| format!("its endpoint in {region}"), str::to_owned);
        Ok(Service { client: Client::new(&config), endpoint, config, region, profile: self.aws_profile.clone() })
    }

    /// The SDK goes on without a profile that is missing. Files that cannot be read are left for it to judge.
    async fn check_profile(&self) -> Result<(), AppConfigError> {
        let named = self.aws_profile.clone().map(Into::into);
        let read = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), named).await;
        let Ok(profiles) = read else { return Ok(()) };
        let profile = profiles.selected_profile().to_owned();
        if profile == "default" || profiles.get_profile(&profile).is_some() {
            return Ok(());
        }
        let mut there: Vec<_> = profiles.profiles().map(str::to_owned).collect();
        there.sort();
        Err(AppConfigError::NoProfile { profile, there })
    }
}

fn check_region(said_by: &'static str, region: &str) -> Result<(), AppConfigError> {
    if is_region(region) { Ok(()) } else { Err(AppConfigError::NotARegion { said_by, region: region.to_owned() }) }
}

impl Service {
    /// The region that is published to.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Finds out whether there are credentials, before a call says at length that there are none.
    ///
    /// # Errors
    ///
    /// There are none, or they cannot be used.
    pub(super) async fn check_credentials(&self) -> Result<(), AppConfigError> {
        let profile = self.profile.clone();
        let Some(provider) = self.config.credentials_provider() else {
            return Err(AppConfigError::NoCredentials { profile });
        };
        match provider.provide_credentials().await {
            Ok(_) => Ok(()),
            Err(CredentialsError::CredentialsNotLoaded(_)) => Err(AppConfigError::NoCredentials { profile }),
            Err(bad) => Err(AppConfigError::BadCredentials { profile, cause: error::root_cause(&bad) }),
        }
    }
}
