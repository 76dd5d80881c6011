//! Faults between the caller of a function on AWS's Python client and its handler, which says what it saw: one function, and
//! a policy for each fault, on a path of its own. The same under AWS's emulator, in a `/tmp` of its own.

use std::time::Duration;

use anyhow::{Context as _, Result};
use misrule_engine::decision::{FaultKind, Hook};
use misrule_tests::emulator::{self, Emulator, Instances};
use misrule_tests::layered::{self, Layered, http_event};
use misrule_tests::publishing::now;
use serde_json::{Value, json};

use super::{armed_with, emulated, experiment_of};

const MIB: u64 = 1024 * 1024;
/// What is held of memory, in MiB.
const HELD: u64 = 32;
/// What a delay takes, in milliseconds.
const DELAY: u64 = 600;

/// A fault in one hook, asked for on a path of its own.
pub(super) struct Case {
    pub(super) hook: Hook,
    pub(super) fault: FaultKind,
    /// What the policy needs to ask for it.
    asks: fn() -> Value,
    /// Whether the handler is called.
    handled: bool,
    /// Whether this is what the caller gets, and through it what the handler saw.
    shows: fn(&Got) -> bool,
}

/// What a caller got.
#[derive(Debug)]
struct Got {
    answer: Value,
    /// The error's type as Lambda counts it; under the emulator only the caller's is seen.
    error_type: Option<String>,
    /// Milliseconds from the call until the handler began, and from its end until the caller had the answer.
    before: u64,
    after: u64,
}

impl Got {
    fn of(body: &[u8], error_type: Option<String>, called: u64) -> Result<Self> {
        let has_it = now().as_milliseconds();
        let answer: Value = serde_json::from_slice(body).with_context(|| body.escape_ascii().to_string())?;
        let moment = |name: &str, otherwise: u64| answer[name].as_u64().unwrap_or(otherwise);
        let before = moment("began", called).saturating_sub(called);
        let after = has_it.saturating_sub(moment("ended", has_it));
        Ok(Self { answer, error_type, before, after })
    }

    /// The handler's own answer, as it left it.
    fn is_the_handlers(&self) -> bool {
        self.answer["statusCode"] == 200 && self.answer["body"] == "done"
    }

    fn is_error(&self, error_type: &str, message: &str) -> bool {
        let counted = self.error_type.as_ref().is_none_or(|counted| counted == error_type);
        counted && self.answer["errorType"] == error_type && self.answer["errorMessage"] == message
    }
}

const fn case(hook: Hook, fault: FaultKind, asks: fn() -> Value, handled: bool, shows: fn(&Got) -> bool) -> Case {
    Case { hook, fault, asks, handled, shows }
}

const CALLED: bool = true;
const SPARED: bool = false;

use FaultKind::{
    BurnCpu, Delay, Edit, Fail, FillDisk, Garble, HoldMemory, RespondHttp, ReturnJson, SetHeader, SetStatus, Truncate,
};
use Hook::{After, Before};

/// Each in the order in which it is invoked.
pub(super) const CASES: &[Case] = &[
    case(Before, Delay, delay, CALLED, |got| got.before >= DELAY && got.is_the_handlers()),
    case(Before, RespondHttp, || json!({ "number": 503, "value": "gone" }), SPARED, is_gone),
    case(Before, ReturnJson, || json!({ "value": "[1, 2]" }), SPARED, |got| got.answer == json!([1, 2])),
    case(Before, Fail, error, SPARED, |got| got.is_error("Function.Gone", "no more")),
    case(
        Before,
        Edit,
        || json!({ "name": "/rawQueryString", "value": "\"a=1\"" }),
        CALLED,
        |got| got.answer["saw"]["query"] == "a=1",
    ),
    case(
        Before,
        SetHeader,
        || json!({ "name": "x-a", "value": "b" }),
        CALLED,
        |got| got.answer["saw"]["header"] == "b",
    ),
    case(Before, FillDisk, || json!({ "number": 1024 * MIB }), CALLED, |got| got.answer["saw"]["tmp"] == "ENOSPC"),
    case(
        Before,
        HoldMemory,
        || json!({ "number": HELD * MIB }),
        CALLED,
        |got| got.answer["saw"]["held_mib"].as_u64().is_some_and(|held| held >= HELD),
    ),
    case(Before, BurnCpu, || json!({ "duration": "60s" }), CALLED, |got| got.answer["saw"]["burns"] == true),
    case(After, Delay, delay, CALLED, |got| got.after >= DELAY && got.is_the_handlers()),
    case(After, RespondHttp, || json!({ "number": 503, "value": "gone" }), CALLED, is_gone),
    case(After, ReturnJson, || json!({ "value": "[1, 2]" }), CALLED, |got| got.answer == json!([1, 2])),
    case(After, Fail, error, CALLED, |got| got.is_error("Function.Gone", "no more")),
    case(
        After,
        Edit,
        || json!({ "name": "/saw", "value": "7" }),
        CALLED,
        |got| got.answer["saw"] == 7 && got.is_the_handlers(),
    ),
    case(
        After,
        SetHeader,
        || json!({ "name": "X-A", "value": "b" }),
        CALLED,
        |got| got.answer["headers"]["X-A"] == "b" && got.answer["headers"]["content-type"] == "text/plain",
    ),
    case(
        After,
        SetStatus,
        || json!({ "number": 502 }),
        CALLED,
        |got| got.answer["statusCode"] == 502 && got.answer["body"] == "done",
    ),
    case(After, Truncate, || json!({ "number": 2 }), CALLED, |got| got.answer["body"] == "do"),
    case(
        After,
        Garble,
        || json!({ "rate": 1.0 }),
        CALLED,
        |got| got.answer["body"].as_str().is_some_and(|body| body.len() == 4 && body != "done"),
    ),
];

fn delay() -> Value {
    json!({ "duration": format!("{DELAY}ms") })
}

fn error() -> Value {
    json!({ "name": "Function.Gone", "value": "no more" })
}

fn is_gone(got: &Got) -> bool {
    got.answer["statusCode"] == 503 && got.answer["body"] == "gone"
}

impl Case {
    fn path(&self) -> String {
        format!("/{}/{}", self.hook, self.fault)
    }

    fn policy(&self) -> Value {
        let (hook, mut wish) = (self.hook.to_string(), (self.asks)());
        wish["fault"] = self.fault.name().into();
        let settings = json!({ "path": self.path(), &*hook: [wish], "answer_body": self.hook == After });
        json!({ "name": format!("{hook}-{}", self.fault), "module": "catalogue.wasm", "settings": settings })
    }

    /// Whether it lasts until its invocation is over.
    fn lasts(&self) -> bool {
        matches!(self.fault, FillDisk | HoldMemory | BurnCpu)
    }
}

/// An experiment of these cases, and the ready-made policy that fails requests.
fn experiment<'a>(cases: impl Iterator<Item = &'a Case>) -> Result<Vec<u8>> {
    let settings = json!({ "error_type": "ValueError", "message": "no order", "paths": ["/ready-made"] });
    let ready_made = json!({ "use": "error", "settings": settings });
    let policies: Vec<_> = cases.map(Case::policy).chain([ready_made]).collect();
    experiment_of(&json!(policies), &json!({}))
}

async fn invoked(layered: &Layered, path: &str) -> Result<Got> {
    let called = now().as_milliseconds();
    let outcome = layered.function.invoke(http_event("GET", path)).await.outcome;
    let error_type = outcome.error().map(|error| error.error_type.clone());
    Got::of(&outcome.bytes().await, error_type, called)
}

async fn invoked_there(emulator: &Emulator, path: &str) -> Result<Got> {
    let called = now().as_milliseconds();
    Got::of(emulator.invoke(&http_event("GET", path)).await?.body.as_bytes(), None, called)
}

/// What the next invocation of an environment finds.
fn is_back(next: &Got) -> bool {
    let Got { answer, .. } = next;
    next.is_the_handlers()
        && (&answer["saw"]["tmp"], &answer["saw"]["held_mib"], &answer["saw"]["burns"])
            == (&json!("room"), &json!(0), &json!(false))
}

/// What the handler must have been called for in the end.
fn handled<'a>(cases: impl Iterator<Item = &'a Case>) -> Vec<String> {
    let called = cases.filter(|case| case.handled);
    called.flat_map(|case| std::iter::once(case.path()).chain(case.lasts().then(|| "/next".to_owned()))).collect()
}

/// The machine's `/tmp` is not the function's to fill.
fn on_the_machine() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| case.fault != FillDisk)
}

#[tokio::test]
async fn caller_and_handler_see_each_fault() -> Result<()> {
    let function = layered::python_of("orders", "witness.handler")?.timeout(Duration::from_secs(60));
    let layered = armed_with(function, experiment(on_the_machine())?, &[("MISRULE_FIRST_WAIT", "20s")]).await?;
    for case in on_the_machine() {
        let (path, got) = (case.path(), invoked(&layered, &case.path()).await?);
        assert!((case.shows)(&got), "{path}: {got:?}\n{}", layered.everything());
        let is_it = |line: &Value| line["misrule"] == "injected" && line["policy"] == path[1..].replace('/', "-");
        let line = layered.all_news().quietly_until(&path, is_it).await?;
        assert_eq!((&line["hook"], &line["faults"][0]), (&json!(case.hook.to_string()), &json!(case.fault.name())));
        if case.lasts() {
            let next = invoked(&layered, "/next").await?;
            assert!(is_back(&next), "behind {path}: {next:?}\n{}", layered.everything());
        }
    }
    let got = invoked(&layered, "/ready-made").await?;
    assert_eq!(
        (&got.answer["errorType"], got.error_type.as_deref()),
        (&json!("ValueError"), Some("Function.Injected"))
    );
    let seen = invoked(&layered, "/handled").await?.answer;
    let seen: Vec<_> = seen.as_array().into_iter().flatten().filter(|path| *path != "/ping").cloned().collect();
    assert_eq!(json!(seen), json!(handled(on_the_machine())), "what the handler was called for");
    Ok(())
}

#[tokio::test]
async fn caller_and_handler_see_each_fault_under_awss_emulator() -> Result<()> {
    let test = "faults::witnessed::caller_and_handler_see_each_fault_under_awss_emulator";
    let Some(namespace) = emulator::namespace(test, Instances::OnDemand).await else { return Ok(()) };
    let opt = emulator::layer()?;
    let builder = Emulator::builder(namespace, opt.path()).handler("witness.handler").tmp_mib(64);
    let (emulator, _appconfig) = emulated(builder, experiment(CASES.iter())?).await?;
    for case in CASES {
        let (path, got) = (case.path(), invoked_there(&emulator, &case.path()).await?);
        assert!((case.shows)(&got), "{path}: {got:?}\n{}", emulator.last_words());
        if case.lasts() {
            let next = invoked_there(&emulator, "/next").await?;
            assert!(is_back(&next), "behind {path}: {next:?}\n{}", emulator.last_words());
        }
    }
    let seen = invoked_there(&emulator, "/handled").await?.answer;
    assert_eq!(seen, json!(handled(CASES.iter())), "what the handler was called for");
    assert_eq!(emulator.shut_down().await?.code, Some(0));
    Ok(())
}
