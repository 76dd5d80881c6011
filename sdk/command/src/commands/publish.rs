//! `misrule publish`: an experiment to every layer that listens, through AppConfig.

use std::path::PathBuf;

use misrule_engine::delivery::Form;
use misrule_engine::experiment::PublishedTo;
use misrule_engine::time::Timestamp;

use crate::appconfig::{
    Alarms, AppConfigError, Connection, Destination, Found, Patience, Publication, Published, Publishing, Rollout,
    Service, Target, check_apart,
};
use crate::content::{Draft, Prepared};
use crate::failure::{Explain, Failure};
use crate::fleet::{self, Row};
use crate::interruption::{self, Work};
use crate::key_file::{PublicKeys, Signing};
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
    /// The experiment, or what `misrule bundle` made of it: that goes as it is
    #[arg(value_name = "EXPERIMENT.TOML")]
    experiment: PathBuf,
    /// The AppConfig application, environment and configuration profile, by name or id
    #[arg(long, value_name = "APP/ENV/PROFILE")]
    to: Destination,
    #[command(flatten)]
    meant: Meant,
    /// Say each call that would change something, and make none of them
    #[arg(long)]
    dry_run: bool,
    /// Let AppConfig refuse what no layer would arm: a JSON Schema on the configuration profile, for plain JSON only
    ///
    /// AppConfig holds every version against it before it is deployed, whoever uploaded it; `misrule schema` prints it. A profile that is made
    /// gets it, one that is there where it has none or that of an older command. Without this a validator that is there stays as it is.
    #[arg(long)]
    validator: bool,
    /// How long to wait for the end of a deployment that is under way there
    #[arg(long, value_name = "TIME", default_value = "10m")]
    wait: Patience,
    #[command(flatten)]
    signing: Signing,
    /// Refuse what this public key did not sign, or one of two with a comma: the value of MISRULE_PUBLIC_KEY
    #[arg(long, value_name = "KEY")]
    public_key: Option<PublicKeys>,
    #[command(flatten)]
    rollout: Rollout,
    #[command(flatten)]
    alarms: Alarms,
    #[command(flatten)]
    connection: Connection,
}

/// What goes without asking, or is refused.
#[derive(clap::Args)]
struct Meant {
    /// Make what is absent of them without asking
    #[arg(long)]
    yes: bool,
    /// Replace what is signed by what is not: every layer with MISRULE_PUBLIC_KEY refuses it
    ///
    /// Where the profile has bundles, an experiment of ready-made policies becomes one, too.
    #[arg(long, conflicts_with_all = ["file", "public_key", "validator"])]
    unsigned: bool,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
#[error("nothing was made")]
struct Declined;

impl Explain for Declined {}

/// A schema says nothing of a ZIP.
#[derive(Debug, thiserror::Error)]
#[error("`--validator` is for plain JSON, and `{0}` is published as a bundle")]
struct NotValidated(String);

impl Explain for NotValidated {
    fn hint(&self) -> Option<String> {
        Some("leave it out: a bundle is told by its signature, and a layer with its key takes no other".to_owned())
    }
}

/// Publishes; version, deployment and digest go to stdout.
pub(crate) async fn run(arguments: &Arguments, printer: &Printer) -> Result<(), Failure> {
    let now = surroundings::now();
    let draft = Draft::read(&arguments.experiment, now)?.signed(arguments.signing.key(printer)?)?;
    let draft = draft.judged_by(arguments.public_key.map(|keys| keys.0));
    draft.warnings().into_iter().for_each(|warning| printer.warn(warning));
    let opening = arguments.connection.open_as(printer, arguments.dry_run);
    let publishing = async |services: &[Service<'_>]| {
        check(arguments, services, &draft, now, printer)?;
        let found = look(arguments, services, printer).await?;
        publish(arguments, services, found, draft, now, printer).await
    };
    interruption::heeded(Work::Experiment, &arguments.to, opening, publishing).await
}

/// Checks what needs no call.
fn check(
    arguments: &Arguments,
    services: &[Service<'_>],
    draft: &Draft,
    now: Timestamp,
    printer: &Printer,
) -> Result<(), Failure> {
    check_apart(services)?;
    arguments.alarms.check(services)?;
    if arguments.alarms.any() && arguments.rollout.is_immediate() {
        printer.warn("`--alarm` has no time to fire: say `--grow` or `--bake`, too");
    }
    let regions = services.iter().map(|service| service.region().to_owned()).collect();
    let rehearsed = draft.prepare(&PublishedTo { regions, ..PublishedTo::default() }, now)?;
    rehearsed.unverified().into_iter().for_each(|warning| printer.warn(warning));
    if arguments.validator && rehearsed.form == Form::Bundle {
        return Err(NotValidated(rehearsed.name).into());
    }
    for service in services {
        draft.warning_in(service.region()).into_iter().for_each(|warning| service.warn(warning));
    }
    Ok(())
}

/// Looks what is there, and asks whether to make the rest.
async fn look(arguments: &Arguments, services: &[Service<'_>], printer: &Printer) -> Result<Vec<Looked>, Failure> {
    let look = async |service: &Service<'_>| {
        let found = service.look(&arguments.to).await?;
        service.check_strategy(&arguments.rollout).await?;
        Ok(found)
    };
    let found = fleet::at_once(services.iter().collect(), look).await;
    consent(arguments, services, found, printer).await
}

/// Makes what is absent, and deploys to each.
async fn publish(
    arguments: &Arguments,
    services: &[Service<'_>],
    found: Vec<Looked>,
    draft: Draft,
    now: Timestamp,
    printer: &Printer,
) -> Result<(), Failure> {
    let each = services.iter().zip(found).collect();
    let make = async |(service, found): (&Service<'_>, Looked)| service.make(found?, arguments.validator).await;
    let targets = fleet::at_once(each, make).await;
    let draft = draft.bundled(arguments.meant.unsigned && any_has_bundles(services, &targets).await);
    let prepared = draft.prepare(&published_to(services, &targets).await, now)?;
    prepared.warnings().into_iter().for_each(|warning| printer.warn(warning));
    let each = services.iter().zip(targets).collect();
    let rows = fleet::at_once(each, async |(service, target): (&Service<'_>, Result<Target, AppConfigError>)| {
        let published = service.publish(&target?, &publication(arguments, &prepared)).await?;
        Ok(tell(service, &published, &prepared, &arguments.to))
    });
    fleet::tell(printer, services, &["version", "deployment", "sha256"], rows.await)?;
    // Last, where it is not overlooked.
    prepared.in_vain.iter().for_each(|warning| printer.warn(warning));
    Ok(())
}

type Looked = Result<Found, AppConfigError>;

/// Asks whether to make what is absent.
async fn consent(
    arguments: &Arguments,
    services: &[Service<'_>],
    found: Vec<Looked>,
    printer: &Printer,
) -> Result<Vec<Looked>, Failure> {
    let there = services.iter().zip(&found).filter_map(|(service, found)| Some((service, found.as_ref().ok()?)));
    let lacking = there.filter(|(_, found)| !found.missing().is_empty());
    let missing = lacking.map(|(service, found)| (found.missing(), found.whereabouts(service.region())));
    let (parts, missing): (Vec<_>, Vec<_>) =
        missing.map(|(parts, place)| (parts.len(), format!("{} in {place}", parts.join(", no ")))).unzip();
    if arguments.meant.yes || arguments.dry_run || missing.is_empty() {
        return Ok(found);
    }
    let them = if parts.iter().sum::<usize>() == 1 { "it" } else { "them" };
    match printer.asks(&format!("there is no {}: make {them}?", missing.join("; no "))).await {
        Some(true) => Ok(found),
        Some(false) => Err(Declined.into()),
        None => {
            Err(found.into_iter().flatten().find_map(|found| found.target().err()).map_or(Declined.into(), Into::into))
        }
    }
}

/// Whether one of the profiles has bundles. A call that is refused here is told when it is made again.
async fn any_has_bundles(services: &[Service<'_>], targets: &[Result<Target, AppConfigError>]) -> bool {
    for (service, target) in services.iter().zip(targets) {
        let Ok(target) = target else { continue };
        if let Ok(Some(Form::Bundle)) = service.form(target).await {
            return true;
        }
    }
    false
}

/// The accounts, regions and environments of all: they get the same bytes.
async fn published_to(services: &[Service<'_>], targets: &[Result<Target, AppConfigError>]) -> PublishedTo {
    let regions = services.iter().map(|service| service.region().to_owned()).collect();
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
        key: prepared.signature.key(),
        name: &prepared.name,
        published_to: &prepared.published_to,
        rollout: &arguments.rollout,
        alarms: &arguments.alarms,
        validated: arguments.validator,
        unsigned: arguments.meant.unsigned,
        wait: arguments.wait,
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
