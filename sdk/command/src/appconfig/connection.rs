//! How AppConfig is reached: regions, endpoint and credentials, as the AWS command line finds them.

use aws_config::{BehaviorVersion, Region, SdkConfig, profile};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_http_client::{Builder, tls};
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::service_config::ServiceConfigKey;
use misrule_engine::experiment::is_region;

use super::asking;
use super::error::AppConfigError;
use super::region;
use super::service::{Manner, Service};
use crate::printer::Printer;

/// Which AppConfig to talk to. Where nothing is said, the surroundings decide as they do for the AWS command line.
#[derive(clap::Args)]
pub(crate) struct Connection {
    /// The AWS region, or several: again, or with commas; by default AWS_REGION or the AWS profile's
    #[arg(long = "region", value_name = "REGION", value_delimiter = ',')]
    regions: Vec<String>,
    /// Another AppConfig than the region's own, such as a local one; with commas one for each region
    #[arg(long = "endpoint-url", value_name = "URL", value_delimiter = ',')]
    endpoint_urls: Vec<String>,
    /// The profile of the AWS configuration files to take credentials and region from
    #[arg(long, value_name = "NAME")]
    aws_profile: Option<String>,
}

impl Connection {
    /// Reads what is needed to make calls, and makes none: a service for each region, each once.
    ///
    /// # Errors
    ///
    /// No region, one that is none, a profile that there is not, or endpoints for other regions than these.
    pub(crate) async fn open<'p>(&self, printer: &'p Printer) -> Result<Vec<Service<'p>>, AppConfigError> {
        self.open_as(printer, false).await
    }

    /// As [`open`](Self::open); with `rehearsal`, services say which calls would change something, and make none of them.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(crate) async fn open_as<'p>(
        &self,
        printer: &'p Printer,
        rehearsal: bool,
    ) -> Result<Vec<Service<'p>>, AppConfigError> {
        self.regions.iter().try_for_each(|region| check_region("`--region`", region))?;
        self.check_profile().await?;
        let config = self.load().await;
        let regions = self.regions(&config)?;
        self.check_endpoints(&regions)?;
        regions.iter().filter_map(|region| region::warning(region)).for_each(|warning| printer.warn(warning));
        let manner = Manner { names_region: regions.len() > 1, rehearsal };
        let service = |(number, region): (usize, String)| {
            let mut config = config.to_builder().region(Region::new(region.clone()));
            if let Some(url) = self.endpoint_urls.get(number) {
                config = config.endpoint_url(url);
            }
            Service::new(config.build(), region, self.aws_profile.clone(), printer, manner)
        };
        Ok(regions.into_iter().enumerate().map(service).collect())
    }

    async fn load(&self) -> SdkConfig {
        let client = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring));
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(client.build_https())
            .timeout_config(asking::limits());
        if let Some(region) = self.regions.first() {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = self.endpoint_urls.first() {
            loader = loader.endpoint_url(url);
        }
        if let Some(profile) = &self.aws_profile {
            loader = loader.profile_name(profile);
        }
        loader.load().await
    }

    /// One for all, or one for each.
    fn check_endpoints(&self, regions: &[String]) -> Result<(), AppConfigError> {
        let (endpoints, regions) = (self.endpoint_urls.len(), regions.len());
        if endpoints > 1 && endpoints != regions {
            return Err(AppConfigError::EndpointCount { endpoints, regions });
        }
        Ok(())
    }

    fn regions(&self, config: &SdkConfig) -> Result<Vec<String>, AppConfigError> {
        if self.regions.is_empty() {
            let region = config.region().ok_or(AppConfigError::NoRegion)?.to_string();
            check_region("what AWS_REGION or the AWS profile says", &region)?;
            return Ok(vec![region]);
        }
        let mut regions = Vec::new();
        for region in &self.regions {
            if !regions.contains(region) {
                regions.push(region.clone());
            }
        }
        Ok(regions)
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

/// Whether each region has an AppConfig of its own: in one that stands for several, what is absent would be made several times,
/// under one name.
///
/// # Errors
///
/// Some of them share one.
pub(crate) fn check_apart(services: &[Service<'_>]) -> Result<(), AppConfigError> {
    for service in services {
        let same = services.iter().filter(|other| other.endpoint == service.endpoint);
        let regions: Vec<_> = same.map(|same| same.region().to_owned()).collect();
        if regions.len() > 1 {
            return Err(AppConfigError::OneEndpoint { endpoint: service.endpoint.clone(), regions });
        }
    }
    Ok(())
}

/// The endpoint that something names for AppConfig, by the SDK's own rules; none where it is the region's.
pub(super) fn endpoint(config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id("AppConfig").env("AWS_ENDPOINT_URL").profile("endpoint_url");
    let said_here = config.get_origin("endpoint_url").is_client_config();
    let of_service = config.service_config().filter(|_| !said_here).zip(key.build().ok());
    let own = of_service.and_then(|(of_service, key)| of_service.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

fn check_region(said_by: &'static str, region: &str) -> Result<(), AppConfigError> {
    if is_region(region) { Ok(()) } else { Err(AppConfigError::NotARegion { said_by, region: region.to_owned() }) }
}
