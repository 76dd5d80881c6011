//! What a fault's own test begins with: an invocation under an experiment in force.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use misrule_engine::decision::{Armoury, Carries, Enforcer, Hook, PlannedStep, PolicyName, Step};
use misrule_engine::delivery::Delivery;
use misrule_engine::experiment::Environment;
use misrule_engine::invocation::{Head, Invocation, RequestId};
use misrule_engine::sandbox::Sandbox;
use misrule_engine::time::Timestamp;
use serde_json::json;

use super::streamed::Ground;
use super::{FailedItems, Lasting, Scene};
use crate::clock;
use crate::control::{Armed, Control};
use crate::settings::{AnswerHeader, InvokeMode};

/// An event that is no HTTP request.
pub(super) const DIRECT: &str = r#"{"a":1}"#;

/// The experiment's one policy.
pub(super) fn policy() -> PolicyName {
    PolicyName::new("latency")
}

/// This step, as the policy asked for it.
pub(super) fn planned(step: Step) -> PlannedStep {
    PlannedStep { policy: policy(), step }
}

/// An invocation, and what a fault's [`Scene`] shows of it.
pub(super) struct Stage {
    pub(super) control: Control,
    pub(super) armed: Arc<Armed>,
    pub(super) lasting: Lasting,
    invocation: Arc<Invocation>,
    text: Bytes,
    failed_items: FailedItems,
    hook: Hook,
}

impl Stage {
    /// Before the handler gets this event.
    pub(super) fn before(event: &str) -> Self {
        Self::of(Hook::Before, event, event, Duration::from_secs(3600))
    }

    /// The same, where the experiment lasts only so long.
    pub(super) fn expiring(event: &str, lasts: Duration) -> Self {
        Self::of(Hook::Before, event, event, lasts)
    }

    /// After the handler answered this event.
    pub(super) fn after(event: &str, answer: &str) -> Self {
        Self::of(Hook::After, event, answer, Duration::from_secs(3600))
    }

    fn of(hook: Hook, event: &str, text: &str, lasts: Duration) -> Self {
        let now = clock::now();
        let armed = Arc::new(Armed::for_tests(enforcer(now.plus(lasts))));
        let (control, lasting, failed_items) = (Control::for_tests(), Lasting::default(), FailedItems::default());
        let invocation = Arc::new(Invocation::new(head(now), Bytes::from(event.to_owned())));
        Self { control, armed, lasting, invocation, text: Bytes::from(text.to_owned()), failed_items, hook }
    }

    /// The same under an experiment that may not inject any more.
    pub(super) fn over(self) -> Self {
        Self { control: Control::disabled(), ..self }
    }

    pub(super) fn scene(&self) -> Scene<'_> {
        Scene {
            control: &self.control,
            armed: &self.armed,
            invocation: &self.invocation,
            text: &self.text,
            lasting: &self.lasting,
            failed_items: &self.failed_items,
            hook: self.hook,
            invoke_mode: InvokeMode::Buffered,
            answer_header: AnswerHeader::Set,
        }
    }

    pub(super) fn ground(&self) -> Ground {
        let admission = self.armed.enforcer.admit(self.invocation.head()).unwrap();
        Ground::new(self.control.clone(), Arc::clone(&self.armed), Arc::clone(&self.invocation), &admission)
    }
}

fn head(now: Timestamp) -> Head {
    Head {
        request_id: RequestId::new("8476a536"),
        invocation_id: Some("one".into()),
        invoked_arn: "arn:aws:lambda:us-east-1:1:function:orders".into(),
        trace_id: None,
        tenant_id: None,
        arrived: now,
        deadline: now.plus(Duration::from_secs(60)),
        sequence: 0,
    }
}

fn enforcer(expires: Timestamp) -> Enforcer {
    let experiment = json!({
        "name": "trial",
        "expires": expires.to_string(),
        "blast_radius": { "functions": ["*"] },
        "policy": [{ "use": "latency", "settings": { "delay": "1s" } }],
    });
    let Ok(Delivery::Experiment(package)) = Delivery::read(&Bytes::from(experiment.to_string()), None) else {
        panic!("an experiment is one")
    };
    let environment = Environment {
        function_name: "orders".into(),
        function_version: "1".into(),
        region: "us-east-1".into(),
        account: None,
        memory_mb: 128,
        initialization: "on-demand".into(),
    };
    let (sandbox, carries) = (&Sandbox::new().unwrap(), &Carries::everything());
    let ready_made = &misrule_policies::component;
    let armoury = Armoury { sandbox, ready_made, environment: &environment, carries, previous: None };
    // An experiment of no length is one that has just ended.
    armoury.arm(&package, Timestamp::from_milliseconds(expires.as_milliseconds() - 1)).unwrap()
}

/// A program that is all that a stressor is to who starts it.
pub(super) fn stand_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-in")
}

/// Whether a process that this one started has these arguments.
pub(super) fn is_started(arguments: &str) -> bool {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let children = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    let children: String = children.collect();
    children.split_whitespace().any(|child| {
        let words = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words).replace('\0', " ").trim_end().ends_with(arguments)
    })
}

/// Whether no such process is there any more, or soon: that one has ended, the kernel tells a little later.
pub(super) async fn ends(arguments: &str) -> bool {
    let gone = async {
        while is_started(arguments) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.is_ok()
}
