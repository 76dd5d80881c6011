use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::clock::Clock;
use super::data::Sessions;
use super::deployment::{Deployment, Stage};
use super::disturbance::Disturbances;
use super::refusal::Refusal;
use super::strategy::{Growth, Strategy};
use super::{NothingDeployed, Place};
use crate::clock::scramble;

/// An account: what was created in it, and the sessions of its clients.
pub(super) struct Store {
    pub(super) applications: Vec<Application>,
    pub(super) strategies: Vec<Strategy>,
    pub(super) sessions: Sessions,
    pub(super) poll_interval: Option<Duration>,
    pub(super) nothing_deployed: NothingDeployed,
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
    pub(super) monitors: Value,
    pub(super) deployments: Vec<Deployment>,
}

pub(super) struct Profile {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) location: String,
    pub(super) kind: String,
    pub(super) validators: Value,
    pub(super) versions: Vec<Version>,
}

pub(super) struct Version {
    pub(super) number: u64,
    pub(super) label: Option<String>,
    pub(super) description: Option<String>,
    pub(super) content_type: String,
    pub(super) content: Bytes,
}

impl Store {
    pub(super) fn new(clock: Clock, seed: u64) -> Self {
        Self {
            applications: Vec::new(),
            strategies: Strategy::predefined(),
            sessions: Sessions::default(),
            poll_interval: None,
            nothing_deployed: NothingDeployed::default(),
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
        let number = profile.add(content_type.to_owned(), content, None, None);
        if let Ok(environment) = application.environment_mut(&place.environment) {
            environment.deploy(&place.profile, number, strategy, None, now);
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
        Self { id, name, description, monitors: Value::Array(Vec::new()), deployments: Vec::new() }
    }

    pub(super) fn state(&self, now: u64) -> &'static str {
        match self.deployments.last().map(|deployment| deployment.stage(now)) {
            Some(stage) if stage.is_under_way() => "DEPLOYING",
            Some(stage @ (Stage::RolledBack | Stage::Reverted)) => stage.name(),
            _ => "READY_FOR_DEPLOYMENT",
        }
    }

    pub(super) fn deploy(
        &mut self,
        profile: &str,
        version: u64,
        strategy: Strategy,
        description: Option<String>,
        now: u64,
    ) -> &Deployment {
        let number = self.deployments.len() as u64 + 1;
        let profile = profile.to_owned();
        let deployment = Deployment { number, profile, version, strategy, description, started: now, stopped: None };
        self.deployments.push(deployment);
        &self.deployments[self.deployments.len() - 1]
    }

    /// The version that a client gets: of a deployment under way, only those below its share get the new one.
    pub(super) fn served(&self, profile: &str, draw: f64, now: u64) -> Option<u64> {
        let of_profile = self.deployments.iter().rev().filter(|deployment| deployment.profile == profile);
        of_profile.into_iter().find(|deployment| deployment.percent(now) > draw).map(|deployment| deployment.version)
    }
}

impl Profile {
    fn hosted(id: String, name: String) -> Self {
        Self {
            id,
            name,
            description: None,
            location: "hosted".to_owned(),
            kind: "AWS.Freeform".to_owned(),
            validators: Value::Array(Vec::new()),
            versions: Vec::new(),
        }
    }

    pub(super) fn version(&self, number: u64) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    pub(super) fn latest(&self) -> u64 {
        self.versions.last().map_or(0, |version| version.number)
    }

    pub(super) fn add(
        &mut self,
        content_type: String,
        content: Bytes,
        description: Option<String>,
        label: Option<String>,
    ) -> u64 {
        let number = self.latest() + 1;
        self.versions.push(Version { number, label, description, content_type, content });
        number
    }
}
