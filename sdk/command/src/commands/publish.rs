//! `misrule publish`: an experiment to every layer that listens, through AppConfig.

use std::path::PathBuf;
use std::time::Duration;

use misrule_engine::experiment::PublishedTo;

use crate::appconfig::{
    Alarms, AppConfigError, Connection, Destination, Found, Publication, Published, Publishing, Rollout, Service,
    Target,
};
use crate::content::{Draft, Prepared};
use crate::failure::{Explain, Failure};
use crate::fleet::{self, Row};
use crate::key_file::Signing;
use crate::printer::Printer;
use crate::surroundings;

/// Publish an experiment through AWS AppConfig
///
/// Everything is checked before anything is sent: the experiment, its policies and their settings. What is absent of the
/// application, environment and configuration profile is made, after asking. To several regions it goes at once; where one fails, the
/// others go on. AppConfig runs one deployment at a time in an environment: another one's end is waited for. What is deployed already,
/// byte for byte, is left alone. Returns once AppConfig says that the deployment is complete.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The experiment
    #[arg(value_name = "EXPERIMENT.TOML")]
    experiment: PathBuf,
    /// The AppConfig application, environment and configuration profile, by name or id
    #[arg(long, value_name = "APP/ENV/PROFILE")]
    to: Destination,
    /// Make what is absent of them without asking
    #[arg(long)]
    yes: bool,
    /// Say each call that would change something, and make none of them
    #[arg(long)]
    dry_run: bool,
    /// How long to wait for the end of a deployment that is under way there
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    wait: u64,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    rollout: Rollout,
    #[command(flatten)]
    alarms: Alarms,
    #[command(flatten)]
    connection: Connection,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
#[error("nothing was made")]
struct Declined;

impl Explain for Declined {}

/// Publishes; version, deployment and digest go to stdout.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let now = surroundings::now();
    let draft = Draft::read(&arguments.experiment, now)?.signed(arguments.signing.key()?);
    let services = arguments.connection.open_as(printer, arguments.dry_run).await?;
    arguments.alarms.check(&services)?;
    if arguments.alarms.any() && arguments.rollout.is_immediate() {
        printer.warn("`--alarm` has no time to fire: say `--grow` or `--bake`, too");
    }
    let regions: Vec<_> = services.iter().map(|service| service.region().to_owned()).collect();
    draft.prepare(&PublishedTo { regions: regions.clone(), ..PublishedTo::default() }, now)?;
    for service in &services {
        draft.warnings(service.region()).into_iter().for_each(|warning| service.warn(warning));
    }
    let look = async |service: &Service<'_>| service.look(&arguments.to).await;
    let found = fleet::at_once(services.iter().collect(), look).await;
    let found = consent(arguments, &services, found, printer)?;
    let each = services.iter().zip(found).collect();
    let targets =
        fleet::at_once(each, async |(service, found): (&Service<'_>, Looked)| service.make(found?).await).await;
    let prepared = draft.prepare(&published_to(&services, regions, &targets).await, now)?;
    prepared.warning().into_iter().for_each(|warning| printer.warn(warning));
    let each = services.iter().zip(targets).collect();
    let rows = fleet::at_once(each, async |(service, target): (&Service<'_>, Result<Target, AppConfigError>)| {
        let published = service.publish(&target?, &publication(arguments, &prepared)).await?;
        Ok(tell(service, &published, &prepared, &arguments.to))
    });
    fleet::tell(printer, &services, &["version", "deployment", "sha256"], rows.await)
}

type Looked = Result<Found, AppConfigError>;

/// Asks whether to make what is absent.
fn consent(
    arguments: &Arguments,
    services: &[Service<'_>],
    found: Vec<Looked>,
    printer: &Printer,
) -> Result<Vec<Looked>, Failure> {
    let there = services.iter().zip(&found).filter_map(|(service, found)| Some((service, found.as_ref().ok()?)));
    let missing = there.map(|(service, found)| (service.region(), found.missing()));
    let missing = missing.filter(|(_, missing)| !missing.is_empty());
    let missing: Vec<_> = missing.map(|(region, missing)| format!("{} in {region}", missing.join(", no "))).collect();
    if arguments.yes || arguments.dry_run || missing.is_empty() {
        return Ok(found);
    }
    match printer.asks(&format!("there is no {}: make it?", missing.join("; no "))) {
        Some(true) => Ok(found),
        Some(false) => Err(Declined.into()),
        None => {
            Err(found.into_iter().flatten().find_map(|found| found.target().err()).map_or(Declined.into(), Into::into))
        }
    }
}

/// The accounts, regions and environments of all: they get the same bytes.
async fn published_to(
    services: &[Service<'_>],
    regions: Vec<String>,
    targets: &[Result<Target, AppConfigError>],
) -> PublishedTo {
    let (mut accounts, mut environments) = (Vec::new(), Vec::new());
    for (service, target) in services.iter().zip(targets) {
        let Ok(target) = target else { continue };
        environments.extend(target.environment_names());
        accounts.extend(service.caller().await.map(|caller| caller.account.clone()));
    }
    for names in [&mut accounts, &mut environments] {
        names.sort();
        names.dedup();
    }
    PublishedTo { accounts, regions, environments }
}

fn publication<'a>(arguments: &'a Arguments, prepared: &'a Prepared) -> Publication<'a> {
    Publication {
        content: &prepared.content,
        digest: prepared.digest,
        form: prepared.form,
        rollout: &arguments.rollout,
        alarms: &arguments.alarms,
        wait: Duration::from_secs(arguments.wait),
    }
}

fn tell(service: &Service<'_>, publishing: &Publishing, prepared: &Prepared, to: &Destination) -> Row {
    let Prepared { name, ends, digest, .. } = prepared;
    let row = |outcome, Published { version, deployment }: &Published| Row {
        outcome,
        cells: vec![version.to_string(), deployment.to_string(), digest.to_string()],
        line: format!("version {version} deployment {deployment} sha256 {digest}"),
    };
    match publishing {
        Publishing::Done(published) => {
            service.say(format_args!("published `{name}` to {to}: it ends at {ends} unless halted before"));
            row("published", published)
        }
        Publishing::Already(published) => {
            service.say(format_args!("`{name}` is in force at {to} already, byte for byte: nothing was changed"));
            row("already in force", published)
        }
        Publishing::Rehearsed => fleet::rehearsed(service),
    }
}
