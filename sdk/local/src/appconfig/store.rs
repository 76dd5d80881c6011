use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::alarms::{Alarms, Monitor};
use super::clock::Clock;
use super::data::Sessions;
use super::deployment::Deployment;
use super::disturbance::Disturbances;
use super::refusal::Refusal;
use super::rollout::{Rollout, Stage};
use super::strategy::{Growth, Strategy};
use super::validation::{LambdaValidators, Validator};
use super::{NothingDeployed, Place};
use crate::clock::scramble;

/// Metadata by key.
pub(super) type Tags = BTreeMap<String, String>;

/// An account: what was created in it, the sessions of its clients, and the world around it.
pub(super) struct Store {
    pub(super) applications: Vec<Application>,
    pub(super) strategies: Vec<Strategy>,
    /// By the part of the ARN that names the resource.
    pub(super) tags: BTreeMap<String, Tags>,
    pub(super) sessions: Sessions,
    pub(super) alarms: Alarms,
    pub(super) functions: LambdaValidators,
    pub(super) poll_interval: Option<Duration>,
    pub(super) nothing_deployed: NothingDeployed,
    /// In milliseconds.
    pub(super) rollback_takes: u64,
    pub(super) clock: Clock,
    pub(super) disturbances: Disturbances,
    pub(super) received: u64,
    ids: u64,
}

pub(super) struct Application {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) environments: Vec<Environment>,
    pub(super) profiles: Vec<Profile>,
}

pub(super) struct Environment {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) monitors: Vec<Monitor>,
    pub(super) deployments: Vec<Deployment>,
}

pub(super) struct Profile {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) location: String,
    pub(super) kind: String,
    pub(super) validators: Vec<Validator>,
    pub(super) versions: Vec<Version>,
    /// The number that was given last; one that was deleted is not given again.
    pub(super) latest: u64,
}

/// A version of the hosted store.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) label: Option<String>,
    pub(super) description: Option<String>,
    pub(super) content_type: String,
    pub(super) content: Bytes,
}

impl Store {
    pub(super) fn new(clock: Clock, rollback_takes: u64, seed: u64) -> Self {
        Self {
            applications: Vec::new(),
            strategies: Strategy::predefined(),
            tags: BTreeMap::new(),
            sessions: Sessions::default(),
            alarms: Alarms::default(),
            functions: LambdaValidators::new(),
            poll_interval: None,
            nothing_deployed: NothingDeployed::default(),
            rollback_takes,
            clock,
            disturbances: Disturbances::default(),
            received: 0,
            ids: seed,
        }
    }

    pub(super) fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Seven lower-case letters and digits, as the service has them.
    pub(super) fn id(&mut self) -> String {
        self.ids += 1;
        let mut left = scramble(self.ids);
        let mut digits = String::new();
        for _ in 0..7 {
            let digit = u32::try_from(left % 36).ok().and_then(|digit| char::from_digit(digit, 36));
            digits.extend(digit);
            left /= 36;
        }
        digits
    }

    pub(super) fn application(&self, id: &str) -> Result<&Application, Refusal> {
        let found = self.applications.iter().find(|application| application.id == id);
        found.ok_or_else(|| Refusal::not_found("Application", id))
    }

    pub(super) fn application_mut(&mut self, id: &str) -> Result<&mut Application, Refusal> {
        let found = self.applications.iter_mut().find(|application| application.id == id);
        found.ok_or_else(|| Refusal::not_found("Application", id))
    }

    pub(super) fn strategy(&self, id: &str) -> Result<&Strategy, Refusal> {
        let found = self.strategies.iter().find(|strategy| strategy.id == id);
        found.ok_or_else(|| Refusal::not_found("DeploymentStrategy", id))
    }

    pub(super) fn create(&mut self, application: &str, environment: &str, profile: &str) -> Place {
        let ids = [self.id(), self.id(), self.id()];
        let [application_id, environment_id, profile_id] = ids;
        let at = self.applications.iter().position(|found| found.name == application).unwrap_or_else(|| {
            self.applications.push(Application::new(application_id, application.to_owned(), None));
            self.applications.len() - 1
        });
        let found = &mut self.applications[at];
        Place {
            environment: found.ensure_environment(environment, environment_id),
            profile: found.ensure_profile(profile, profile_id),
            application: found.id.clone(),
        }
    }

    pub(super) fn deploy_at_once(&mut self, place: &Place, content_type: &str, content: Bytes) -> u64 {
        let (now, id) = (self.now(), self.id());
        let strategy = Strategy {
            id,
            name: "local-immediate".to_owned(),
            description: None,
            minutes: 0,
            growth: Growth::Linear(100.0),
            bake_minutes: 0,
            replicate_to: "NONE".to_owned(),
        };
        let Ok(application) = self.application_mut(&place.application) else { return 0 };
        let Ok(profile) = application.profile_mut(&place.profile) else { return 0 };
        let version = profile.add(content_type.to_owned(), content, None, None);
        let number = version.number;
        if let Ok(environment) = application.environment_mut(&place.environment) {
            environment.deploy(&place.profile, version, None, Rollout::begin(strategy, now));
        }
        number
    }
}

impl Application {
    pub(super) fn new(id: String, name: String, description: Option<String>) -> Self {
        Self { id, name, description, environments: Vec::new(), profiles: Vec::new() }
    }

    fn ensure_environment(&mut self, name: &str, id: String) -> String {
        if let Some(found) = self.environments.iter().find(|environment| environment.name == name) {
            return found.id.clone();
        }
        self.environments.push(Environment::new(id.clone(), name.to_owned(), None));
        id
    }

    fn ensure_profile(&mut self, name: &str, id: String) -> String {
        if let Some(found) = self.profiles.iter().find(|profile| profile.name == name) {
            return found.id.clone();
        }
        self.profiles.push(Profile::hosted(id.clone(), name.to_owned()));
        id
    }

    pub(super) fn environment(&self, id: &str) -> Result<&Environment, Refusal> {
        let found = self.environments.iter().find(|environment| environment.id == id);
        found.ok_or_else(|| Refusal::not_found("Environment", id))
    }

    pub(super) fn environment_mut(&mut self, id: &str) -> Result<&mut Environment, Refusal> {
        let found = self.environments.iter_mut().find(|environment| environment.id == id);
        found.ok_or_else(|| Refusal::not_found("Environment", id))
    }

    pub(super) fn profile(&self, id: &str) -> Result<&Profile, Refusal> {
        let found = self.profiles.iter().find(|profile| profile.id == id);
        found.ok_or_else(|| Refusal::not_found("ConfigurationProfile", id))
    }

    pub(super) fn profile_mut(&mut self, id: &str) -> Result<&mut Profile, Refusal> {
        let found = self.profiles.iter_mut().find(|profile| profile.id == id);
        found.ok_or_else(|| Refusal::not_found("ConfigurationProfile", id))
    }
}

impl Environment {
    pub(super) fn new(id: String, name: String, description: Option<String>) -> Self {
        Self { id, name, description, monitors: Vec::new(), deployments: Vec::new() }
    }

    pub(super) fn state(&self, now: u64) -> &'static str {
        match self.deployments.last().map(|deployment| deployment.rollout.stage(now)) {
            Some(Stage::Deploying | Stage::Baking) => "DEPLOYING",
            Some(stage @ (Stage::RollingBack | Stage::RolledBack | Stage::Reverted)) => stage.name(),
            Some(Stage::Complete) | None => "READY_FOR_DEPLOYMENT",
        }
    }

    /// The deployment that another one has to wait for.
    pub(super) fn under_way(&self, now: u64) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.rollout.stage(now).is_under_way())
    }

    pub(super) fn deployment(&self, number: u64) -> Result<&Deployment, Refusal> {
        let found = self.deployments.iter().find(|deployment| deployment.number == number);
        found.ok_or_else(|| Refusal::not_found("Deployment", &number.to_string()))
    }

    /// Begins a deployment; its number.
    pub(super) fn deploy(
        &mut self,
        profile: &str,
        version: Version,
        description: Option<String>,
        rollout: Rollout,
    ) -> u64 {
        let number = self.deployments.len() as u64 + 1;
        let profile = profile.to_owned();
        self.deployments.push(Deployment { number, profile, version, description, rollout });
        number
    }

    /// The version that a client gets: of a deployment under way, only those below its share get the new one.
    pub(super) fn served(&self, profile: &str, draw: f64, now: u64) -> Option<&Version> {
        let mut of_profile = self.deployments.iter().rev().filter(|deployment| deployment.profile == profile);
        of_profile.find(|deployment| deployment.rollout.percent(now) > draw).map(|deployment| &deployment.version)
    }
}

impl Profile {
    pub(super) fn hosted(id: String, name: String) -> Self {
        Self {
            id,
            name,
            description: None,
            location: "hosted".to_owned(),
            kind: "AWS.Freeform".to_owned(),
            validators: Vec::new(),
            versions: Vec::new(),
            latest: 0,
        }
    }

    pub(super) fn version(&self, number: u64) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// A version by its number or its label.
    pub(super) fn resolve(&self, version: &str) -> Result<&Version, Refusal> {
        let is_it = |found: &&Version| version.parse() == Ok(found.number) || found.label.as_deref() == Some(version);
        let missing = || Refusal::not_found("HostedConfigurationVersion", version);
        self.versions.iter().find(is_it).ok_or_else(missing)
    }

    pub(super) fn add(
        &mut self,
        content_type: String,
        content: Bytes,
        description: Option<String>,
        label: Option<String>,
    ) -> Version {
        self.latest += 1;
        let version = Version { number: self.latest, label, description, content_type, content };
        self.versions.push(version.clone());
        version
    }
}
