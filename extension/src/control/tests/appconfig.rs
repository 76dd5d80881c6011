//! The local AppConfig, the source that asks it, and what is in force, on one clock: what each of AppConfig's habits makes
//! of the experiment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use misrule_engine::decision::Carries;
use misrule_engine::time::Timestamp;
use misrule_local::appconfig::{self, Behaviour, DataCall, Disturbance, Place, Plane, TokenProblem};
use tokio::time::Instant;

use super::super::loader::Loader;
use super::super::state::{State, Waits};
use super::super::{Control, Refresher};
use super::house::{INTERVAL, MAX_AGE, START, environment, experiment};
use crate::clock::{Clock, Moment};
use crate::settings::{AwsSettings, CredentialsSettings, EndpointUrl, HostedAddress, Keys, Secret};
use crate::sources::AppConfig;
use crate::telemetry::{Level, Line};

/// The interval, and what a pause may be longer by.
const BETWEEN: Duration = INTERVAL.saturating_add(Duration::from_secs(1));

/// A control that listens to a local AppConfig, and the wall clock of both.
struct Watched {
    control: Control,
    state: Arc<State>,
    appconfig: appconfig::AppConfig,
    place: Place,
    wall: Arc<AtomicU64>,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Watched {
    /// With an experiment in force.
    async fn armed() -> Self {
        let start = UNIX_EPOCH + Duration::from_millis(START.as_milliseconds());
        let held = appconfig::Clock::held_at(start);
        let appconfig = appconfig::AppConfig::builder().clock(&held).serve().await.unwrap();
        let place = appconfig.create("shop", "prod", "faults");
        let (wall, lines) = (Arc::new(AtomicU64::new(START.as_milliseconds())), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&lines);
        let waits = Waits { first: Duration::ZERO, refresh: Duration::ZERO, hold: true };
        let say = Arc::new(move |line| kept.lock().unwrap().push(line));
        let state = Arc::new(State::new(clock(&wall), say, waits));
        let loader = Loader::new(environment(), Carries::everything(), None, misrule_policies::component);
        appconfig.deploy(&place, "application/json", experiment("brownout").to_string());
        let source = source(&appconfig, clock(&wall));
        let control = Control(Some(Arc::clone(&state)));
        let watched = Self { control, state: Arc::clone(&state), appconfig, place, wall, lines };
        Refresher::new(state, loader, source).spawn();
        watched.finished(1).await;
        assert_eq!(watched.told(), ["armed"]);
        watched
    }

    async fn finished(&self, times: u64) {
        self.state.finished().wait_for(|finished| *finished >= times).await.unwrap();
    }

    /// So much time passes on all clocks.
    fn advance(&self, by: Duration) {
        self.wall.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
        self.appconfig.advance(by);
    }

    /// The time between two polls passes, an event arrives, and the poll for it ends.
    async fn polled(&self) -> Vec<&'static str> {
        self.advance(BETWEEN);
        let before = *self.state.finished().borrow();
        drop(self.control.invocation_under_way());
        self.finished(before + 1).await;
        self.told()
    }

    async fn is_armed(&self) -> bool {
        self.control.event_arrived(Timestamp::from_milliseconds(u64::MAX)).await.is_some()
    }

    fn told(&self) -> Vec<&'static str> {
        let lines = std::mem::take(&mut *self.lines.lock().unwrap());
        lines.iter().filter(|line| line.level() > Level::Debug).map(Line::name).collect()
    }

    fn sessions(&self) -> u64 {
        self.appconfig.calls("StartConfigurationSession")
    }

    fn deploy(&self, content: &str) {
        self.appconfig.deploy(&self.place, "application/json", content.to_owned());
    }
}

fn clock(wall: &Arc<AtomicU64>) -> Clock {
    let wall = Arc::clone(wall);
    Clock::new(move || Moment::new(Timestamp::from_milliseconds(wall.load(Ordering::SeqCst)), Instant::now()))
}

fn source(appconfig: &appconfig::AppConfig, clock: Clock) -> AppConfig {
    let [application, environment, profile] = ["shop", "prod", "faults"].map(str::to_owned);
    let endpoint = Some(EndpointUrl { variable: "AWS_ENDPOINT_URL", text: appconfig.endpoint() });
    let keys = Keys { id: "AKID".into(), secret: Secret::new("hush"), session_token: None };
    let aws = AwsSettings { endpoint, credentials: CredentialsSettings::Keys(keys), ..AwsSettings::default() };
    AppConfig::open(HostedAddress { application, environment, profile }, "us-east-1", aws, clock)
}

/// What one poll that goes wrong makes of the experiment, and what the next one does.
struct Row {
    disturbance: Disturbance,
    told: &'static [&'static str],
    stays_armed: bool,
    /// How many sessions both polls begin.
    sessions: u64,
    next_tells: &'static [&'static str],
}

fn stays(disturbance: Disturbance, sessions: u64) -> Row {
    Row { disturbance, told: &[], stays_armed: true, sessions, next_tells: &[] }
}

fn fails(disturbance: Disturbance, sessions: u64) -> Row {
    Row { told: &["source_failed"], next_tells: &["source_recovered"], ..stays(disturbance, sessions) }
}

fn refused(status: u16, exception: &'static str) -> Disturbance {
    Disturbance::Refuse { status, exception: exception.into() }
}

#[tokio::test]
async fn one_poll_that_goes_wrong_leaves_the_experiment_as_it_should() {
    let rows = [
        stays(Disturbance::poll_interval("0"), 0),
        stays(Disturbance::Header { name: "Content-Type".into(), value: None }, 0),
        stays(Disturbance::Token(TokenProblem::Expired), 1),
        stays(Disturbance::Token(TokenProblem::Corrupted), 1),
        fails(Disturbance::Token(TokenProblem::PollIntervalNotSatisfied), 0),
        fails(Disturbance::Throttle { retry_after: Some(20) }, 0),
        fails(refused(403, "AccessDeniedException"), 0),
        fails(refused(403, "ExpiredTokenException"), 0),
        fails(refused(500, "InternalServerException"), 1),
        fails(Disturbance::Answer { status: 502, body: "<html>".to_owned() }, 1),
        fails(Disturbance::DropBefore, 1),
        fails(Disturbance::DropAfter, 1),
        fails(Disturbance::Header { name: "Next-Poll-Configuration-Token".into(), value: None }, 1),
        Row {
            disturbance: refused(404, "ResourceNotFoundException"),
            told: &["disarmed", "nothing_deployed"],
            stays_armed: false,
            sessions: 1,
            next_tells: &["armed"],
        },
    ];
    let watched = Watched::armed().await;
    for Row { disturbance, told, stays_armed, sessions, next_tells } in rows {
        let (before, case) = (watched.sessions(), format!("{disturbance:?}"));
        watched.deploy(&experiment("brownout").to_string());
        watched.appconfig.data().next(DataCall::GetLatestConfiguration, disturbance);
        assert_eq!(watched.polled().await, told, "{case}");
        assert_eq!(watched.is_armed().await, stays_armed, "{case}");
        assert_eq!(watched.polled().await, next_tells, "{case}");
        assert!(watched.is_armed().await, "{case}");
        assert_eq!(watched.sessions() - before, sessions, "{case}");
        assert_eq!(watched.appconfig.data().pending(), 0, "{case}");
    }
}

#[tokio::test]
async fn half_a_version_is_not_armed_and_the_whole_one_is() {
    let watched = Watched::armed().await;
    watched.deploy(&experiment("second").to_string());
    watched.appconfig.data().next(DataCall::GetLatestConfiguration, Disturbance::Truncate(20));
    assert_eq!(watched.polled().await, ["source_failed"]);
    assert_eq!(watched.polled().await, ["source_recovered", "armed"]);
}

#[tokio::test]
async fn a_service_that_is_down_for_longer_than_max_age_ends_the_injecting_and_a_halt_is_heard_after_it() {
    let watched = Watched::armed().await;
    watched.appconfig.set_behaviour(Plane::Data, Behaviour::Refuse);
    for _ in 0..MAX_AGE.as_secs() / BETWEEN.as_secs() {
        assert_eq!(watched.polled().await, ["source_failed"]);
        assert!(watched.is_armed().await);
    }
    assert_eq!(watched.polled().await, ["source_failed"]);
    assert!(!watched.is_armed().await);
    assert_eq!(watched.told(), ["stale"]);
    watched.deploy(r#"{"halt":true}"#);
    watched.appconfig.set_behaviour(Plane::Data, Behaviour::Normal);
    assert_eq!(watched.polled().await, ["source_recovered", "halted", "disarmed"]);
}

#[tokio::test]
async fn after_a_day_in_the_freezer_the_first_poll_brings_what_is_deployed() {
    let watched = Watched::armed().await;
    let mut lasting = experiment("lasting");
    lasting["expires"] = START.plus(Duration::from_secs(3 * 86_400)).to_string().into();
    watched.deploy(&lasting.to_string());
    watched.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(watched.polled().await, ["armed"]);
    assert_eq!(watched.sessions(), 2);
}
