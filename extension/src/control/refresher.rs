//! The task that asks the source, again and again, and changes what is in force. There is one, so there are never two
//! fetches at a time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use misrule_engine::decision::Enforcer;
use misrule_engine::delivery::KeyId;
use misrule_engine::digest::Digest;
use misrule_engine::sandbox::Origin;
use tokio::time::sleep;

use super::chance;
use super::failure::{Behaviour, Failure, rescue};
use super::loader::{Loaded, Loader, Refusal};
use super::schedule::{self, Ended};
use super::state::{State, milliseconds};
use super::{Armed, Version, Why, observed};
use crate::clock::Moment;
use crate::panics;
use crate::sources::{Fetched, Source, SourceError};
use crate::telemetry::{self, Halted, NothingDeployed, OutsideBlastRadius, PolicyDigest, SourceRecovered};

/// Between a panic and the next refresh, whenever that is due.
const BREATH: Duration = Duration::from_secs(1);

pub(super) struct Refresher<S> {
    state: Arc<State>,
    loader: Arc<Loader>,
    source: S,
    /// What the source said last, so that the same again is neither loaded nor told again.
    last: Option<Said>,
}

#[derive(Debug, PartialEq, Eq)]
enum Said {
    Nothing(String),
    Content(Digest),
}

impl<S: Source> Refresher<S> {
    pub(super) fn new(state: Arc<State>, loader: Loader, source: S) -> Self {
        let loader = Arc::new(loader.keeping(state.ledger()));
        Self { state, loader, source, last: None }
    }

    /// Starts the task, which lasts as long as the process: also where a refresh panics, as tokio does where the system
    /// refuses it a thread to look a name up on.
    pub(super) fn spawn(self) {
        tokio::spawn(self.run());
    }

    async fn run(mut self) {
        let mut at_once = true;
        loop {
            if panics::contained(None, self.turn(at_once)).await.is_none() {
                panics::contain(None, || self.rescue());
                // What panics each time takes no more of the CPU than this.
                sleep(BREATH).await;
            }
            at_once = false;
        }
    }

    async fn turn(&mut self, at_once: bool) {
        if !at_once {
            self.state.refresh_wanted().await;
        }
        self.refresh().await;
    }

    /// A refresh panicked: what was delivered in it may have been a halt, so nothing stays in force, and the source hands
    /// over at the next one what there is.
    fn rescue(&mut self) {
        let (at, pause) = (self.state.now(), SourceError::SLOW);
        self.begin_anew();
        self.tell(&Failure::Unwatched { pause });
        self.state.refresh_ends(at, Ended::Failed { at, pause });
    }

    fn begin_anew(&mut self) {
        self.last = None;
        self.source.forget();
    }

    async fn refresh(&mut self) {
        let mut began = self.state.refresh_begins();
        let mut answer = self.fetch().await;
        if answer.is_err() && schedule::slept(began, self.state.now()) {
            // The environment froze half-way and the connection died: that says nothing about the source.
            began = self.state.now();
            answer = self.fetch().await;
        }
        let at = self.state.now();
        let ended = match answer {
            Ok(fetched) => {
                self.tell_recovery();
                self.accept(fetched, began).await;
                Ended::Answered { at, interval: self.source.interval() }
            }
            Err(error) => self.fail(&error, at),
        };
        self.state.disarm_expired();
        self.state.refresh_ends(began, ended);
    }

    /// Asks, with nothing that copies of this environment have too.
    async fn fetch(&mut self) -> Result<Fetched, SourceError> {
        if self.state.was_restored() {
            self.source.forget();
        }
        self.source.fetch().await
    }

    fn fail(&self, error: &SourceError, at: Moment) -> Ended {
        let failures = self.state.failures().saturating_add(1);
        let pause = schedule::pause(error, failures, chance::draw());
        self.tell(&Failure::Source { error, pause });
        Ended::Failed { at, pause }
    }

    fn tell_recovery(&self) {
        let failures = self.state.failures();
        if failures > 0 {
            self.state.say(SourceRecovered { source: self.source.name().to_owned(), failures });
        }
    }

    async fn accept(&mut self, fetched: Fetched, began: Moment) {
        match fetched {
            Fetched::Unchanged => {}
            Fetched::Nothing { missing } => self.withdraw(missing),
            Fetched::Content { bytes, label } => {
                let version = Version { label, digest: Digest::of(&bytes) };
                if self.is_news(Said::Content(version.digest)) {
                    self.load(bytes, version, began).await;
                }
            }
        }
    }

    fn is_news(&mut self, said: Said) -> bool {
        let news = self.last.as_ref() != Some(&said);
        self.last = Some(said);
        news
    }

    fn withdraw(&mut self, missing: String) {
        self.state.disarm(Why::Withdrawn);
        if self.is_news(Said::Nothing(missing.clone())) {
            self.state.say(NothingDeployed { source: self.source.name().to_owned(), reason: missing });
        }
    }

    /// Builds what was delivered aside, then swaps it in whole.
    async fn load(&mut self, bytes: Bytes, version: Version, began: Moment) {
        let (loader, now) = (Arc::clone(&self.loader), self.state.now().wall());
        let previous = self.state.armed();
        let load = move || loader.load(&bytes, previous.as_ref().map(|armed| &*armed.enforcer), now);
        // tokio panics where the system refuses it the thread.
        let loaded = match panics::contain(None, || tokio::task::spawn_blocking(load)) {
            Some(loading) => loading.await.unwrap_or(Err(Refusal::Panicked)),
            None => Err(Refusal::NoThread),
        };
        match loaded {
            Ok(Loaded::Enforcer { enforcer, signed_by }) => self.arm(*enforcer, signed_by, version, began),
            Ok(Loaded::Halt) => {
                self.state.say(Halted { version: version.to_string() });
                self.state.disarm(Why::Halted);
            }
            Ok(Loaded::NotMeant { experiment, account }) => {
                self.state.say(self.outside(experiment, account, &version));
                self.state.disarm(Why::NotMeant);
            }
            Err(refusal) => {
                self.tell(&Failure::Refused { version: &version, refusal: &refusal });
                if refusal.passes() {
                    self.begin_anew();
                }
            }
        }
    }

    fn arm(&self, enforcer: Enforcer, signed_by: Option<KeyId>, version: Version, began: Moment) {
        let stopped = enforcer.stopped();
        let armed = self.state.arm(enforcer, version, self.source.name());
        match stopped {
            None => {
                self.tell_loaded(&armed);
                self.state.say(self.armed_line(&armed, signed_by, began));
            }
            // Neither a halt in between nor the same version delivered again undoes a stop.
            Some(reached) => {
                self.state.end(Some(&armed), Why::Stopped);
                self.state.say(observed::stopped(&armed, reached));
            }
        }
    }

    fn tell_loaded(&self, armed: &Armed) {
        for (policy, origin) in armed.enforcer.origins() {
            let reason = match origin {
                Origin::Compiled { instead_of_image } => instead_of_image.clone(),
                _ => None,
            };
            self.state.say(telemetry::Loaded {
                experiment: armed.enforcer.experiment().name.clone(),
                version: armed.version.to_string(),
                policy: policy.to_string(),
                code: origin.word(),
                reason,
            });
        }
    }

    fn armed_line(&self, armed: &Armed, signed_by: Option<KeyId>, began: Moment) -> telemetry::Armed {
        let enforcer = &armed.enforcer;
        let named = |(policy, policy_digest): (&misrule_engine::decision::PolicyName, Digest)| PolicyDigest {
            policy: policy.to_string(),
            policy_digest,
        };
        telemetry::Armed {
            experiment: enforcer.experiment().name.clone(),
            version: armed.version.to_string(),
            hypothesis: enforcer.experiment().hypothesis.clone(),
            policies: enforcer.policies().map(named).collect(),
            starts: enforcer.experiment().starts,
            expires: enforcer.expires(),
            unsigned: signed_by.is_none(),
            key: signed_by.map(|key| key.to_string()),
            rate: enforcer.rate(),
            took_ms: milliseconds(self.state.now().since(began)),
            waiting: self.state.waiting(),
        }
    }

    fn outside(&self, experiment: String, account: Option<String>, version: &Version) -> OutsideBlastRadius {
        let environment = self.loader.environment();
        let (function, region) = (environment.function_name.clone(), environment.region.clone());
        OutsideBlastRadius { experiment, version: version.to_string(), function, region, account }
    }

    fn tell(&self, failure: &Failure<'_>) {
        let (behaviour, line) = rescue(self.source.name(), failure);
        self.state.say(line);
        if let Behaviour::Disarm(why) = behaviour {
            self.state.disarm(why);
        }
    }
}
