//! Both regions, and the commands that a user would run on them.

use std::net::SocketAddr;
use std::process::Stdio;

use misrule_local::route53::latency::{Record, Records};
use tokio::process::Command;

use super::DemoError;
use super::programs::Programs;
use super::region::{PerRegion, Region};
use super::site::Site;
use crate::printer::Printer;

/// Where the demo publishes to, in each region's AppConfig.
pub(crate) const PLACE: [&str; 3] = ["demo", "prod", "faults"];
/// The experiment, as README has it.
pub(crate) const EXPERIMENT: &str = include_str!("us-region-outage.toml");
/// Its name is its file's.
pub(crate) const EXPERIMENT_NAME: &str = "us-region-outage";

/// Everything that the demo needs; it all ends when this is dropped.
pub(crate) struct Stage {
    pub(crate) sites: PerRegion<Site>,
    folder: tempfile::TempDir,
}

impl Stage {
    /// Starts both regions.
    pub(crate) async fn set_up(programs: &Programs, printer: &Printer) -> Result<Self, DemoError> {
        let folder = tempfile::tempdir().map_err(|error| DemoError::Stage("a folder", error.into()))?;
        let site = |region| Site::set_up(region, programs, printer.is_verbose());
        let (us, eu) = tokio::try_join!(site(Region::Us), site(Region::Eu))?;
        Ok(Self { sites: PerRegion { us, eu }, folder })
    }

    /// Where clients reach each region.
    pub(crate) fn addresses(&self) -> PerRegion<SocketAddr> {
        PerRegion { us: self.sites.us.front.address(), eu: self.sites.eu.front.address() }
    }

    /// The records of the API's name.
    pub(crate) fn records(&self) -> Records<Region> {
        let [first, other] = Region::ALL.map(|region| Record::new(region, &self.sites.of(region).check));
        Records::new(first, [other])
    }

    /// Writes the experiment to a file and publishes it to both regions as a user would.
    pub(crate) async fn publish(&self, printer: &Printer) -> Result<(), DemoError> {
        let name = format!("{EXPERIMENT_NAME}.toml");
        let file = self.folder.path().join(&name);
        std::fs::write(&file, EXPERIMENT).map_err(|error| DemoError::Stage("an experiment's file", error.into()))?;
        self.in_both("publish", &[&file.to_string_lossy()], &format!("publish {name}"), printer).await
    }

    /// Halts in both regions as a user would.
    pub(crate) async fn halt(&self, printer: &Printer) -> Result<(), DemoError> {
        self.in_both("halt", &[], "halt", printer).await
    }

    async fn in_both(
        &self,
        command: &'static str,
        arguments: &[&str],
        shown: &str,
        printer: &Printer,
    ) -> Result<(), DemoError> {
        for region in Region::ALL {
            printer.say(format_args!("  $ misrule {shown} --to {} --region {region}", PLACE.join("/")));
        }
        let run = |region| self.misrule(command, arguments, region);
        tokio::try_join!(run(Region::Us), run(Region::Eu)).map(drop)
    }

    /// This very program, pointed at a local AppConfig with credentials that are worth nothing.
    async fn misrule(&self, name: &'static str, arguments: &[&str], region: Region) -> Result<(), DemoError> {
        let program = std::env::current_exe().map_err(|error| DemoError::Stage("a command", error.into()))?;
        let endpoint = self.sites.of(region).appconfig.endpoint();
        let mut command = Command::new(program);
        command.args(["--quiet", name]).args(arguments).args(["--to", &PLACE.join("/")]);
        command.args(["--region", region.name(), "--endpoint-url", &endpoint]);
        command.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local").env_remove("AWS_PROFILE");
        // In a group of its own: an interrupt at the terminal is for this program to answer.
        let status = command.process_group(0).stdout(Stdio::null()).kill_on_drop(true).status().await;
        let status = status.map_err(|error| DemoError::Stage("a command", error.into()))?;
        if status.success() { Ok(()) } else { Err(DemoError::Command { command: name, region }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use misrule_engine::experiment::Experiment;
    use misrule_engine::time::Timestamp;

    #[test]
    fn the_experiment_can_be_published_to_both_regions() {
        let experiment = Experiment::from_toml(EXPERIMENT).unwrap();
        assert_eq!(experiment.name, EXPERIMENT_NAME);
        for region in Region::ALL {
            let resolved = experiment.clone().resolve(Timestamp::from_milliseconds(0), region.name()).unwrap();
            assert_eq!(resolved.blast_radius.regions, [Region::Us.name()], "only there may it act");
        }
    }
}
