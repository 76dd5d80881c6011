//! Functions of real processes: init, crashes, timeouts and the end, in Lambda's order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use misrule_local::function::{Exit, Function, FunctionBuilder, Line, Origin, StartError};
use misrule_local::lambda::{Outcome, Recording};
use serde_json::Value;

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/local/programs").join(name)
}

fn function() -> FunctionBuilder {
    Function::builder("orders").runtime(program("runtime.py"), ["two words", "$x"])
}

fn extended(environment: &[(&str, &str)]) -> FunctionBuilder {
    function().extension(program("extension.py"), environment.iter().copied())
}

fn pid(outcome: &Outcome) -> u64 {
    let Outcome::Answer(body) = outcome else { panic!("{outcome:?}") };
    serde_json::from_slice::<Value>(body).unwrap()["pid"].as_u64().unwrap()
}

fn error(outcome: &Outcome) -> (String, String) {
    let error = outcome.error().unwrap_or_else(|| panic!("{outcome:?}"));
    (error.text("errorType").unwrap(), error.text("errorMessage").unwrap())
}

fn position(lines: &[Line], text: &str) -> usize {
    lines.iter().position(|line| line.text.starts_with(text)).unwrap_or_else(|| panic!("no {text} in {lines:#?}"))
}

fn environment(lines: &[Line], origin: &Origin) -> BTreeMap<String, String> {
    let told = lines.iter().filter(|line| line.origin == *origin);
    let text = told.into_iter().find_map(|line| line.text.strip_prefix("environment ")).unwrap();
    serde_json::from_str(text).unwrap()
}

/// Whether a process is there and no zombie.
fn is_alive(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[tokio::test]
async fn extensions_register_before_the_runtime_starts_through_its_wrapper() {
    let function = extended(&[("EVENTS", r#"["INVOKE","SHUTDOWN"]"#), ("OWN", "1")])
        .wrapper(program("wrapper.sh"))
        .env("CONFIGURED", "yes")
        .handler("app.handler")
        .region("eu-west-1")
        .recording(Recording::Everything)
        .start()
        .await
        .unwrap();
    assert!(matches!(function.invoke("{}").await.outcome, Outcome::Answer(_)));
    let extension = Origin::Extension("extension.py".to_owned());
    function.until_output(|line| (line.text == "event INVOKE").then_some(())).await;
    let lines = function.output();
    assert!(position(&lines, "registered 200") < position(&lines, "arguments"));
    assert_eq!(lines[position(&lines, "arguments")].text, r#"arguments ["two words", "$x"]"#);

    let (runtime, extension) = (environment(&lines, &Origin::Runtime), environment(&lines, &extension));
    let api = function.runtime_api().unwrap().to_string();
    for both in [&runtime, &extension] {
        assert_eq!((both["AWS_LAMBDA_RUNTIME_API"].as_str(), both["AWS_REGION"].as_str()), (api.as_str(), "eu-west-1"));
        assert_eq!((both["CONFIGURED"].as_str(), both["AWS_LAMBDA_FUNCTION_NAME"].as_str()), ("yes", "orders"));
    }
    assert_eq!(runtime["WRAPPED"], program("wrapper.sh").to_string_lossy());
    assert_eq!(runtime["_HANDLER"], "app.handler");
    assert_eq!((extension["MISRULE_LOCAL"].as_str(), extension["OWN"].as_str()), ("true", "1"));
    assert!(!extension["TMPDIR"].is_empty() && !runtime.contains_key("TMPDIR"), "a folder of its own");
    for absent in
        ["_HANDLER", "LAMBDA_TASK_ROOT", "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_EXEC_WRAPPER"]
    {
        assert!(!extension.contains_key(absent), "the extension has {absent}");
    }
    assert!(!runtime.contains_key("MISRULE_LOCAL") && !runtime.contains_key("OWN"));
    let first = &function.exchanges()[0];
    assert!(first.is("POST", "/2020-01-01/extension/register"), "{first:?}");
}

#[tokio::test]
async fn an_error_of_the_handler_leaves_the_environment_as_it_is() {
    let function = function().start().await.unwrap();
    let before = pid(&function.invoke("{}").await.outcome);
    let failed = function.invoke(r#"{"do":"fail"}"#).await;
    assert_eq!(failed.outcome.error().unwrap().error_type, "Function.Failed");
    assert_eq!(error(&failed.outcome), ("T".to_owned(), "no".to_owned()));
    assert_eq!(pid(&function.invoke("{}").await.outcome), before);
}

#[tokio::test]
async fn a_runtime_that_exits_fails_the_invocation_and_the_next_has_a_fresh_one() {
    let function = extended(&[("EVENTS", r#"["SHUTDOWN"]"#)]).start().await.unwrap();
    let before = pid(&function.invoke("{}").await.outcome);
    let exited = function.invoke(r#"{"do":"exit","code":3}"#).await;
    let message = format!("RequestId: {} Error: Runtime exited with error: exit status 3", exited.request_id);
    assert_eq!(error(&exited.outcome), ("Runtime.ExitError".to_owned(), message));
    assert_ne!(pid(&function.invoke("{}").await.outcome), before);
    position(&function.output(), "event SHUTDOWN FAILURE");
}

#[tokio::test]
async fn a_timeout_ends_the_runtime_and_tells_the_extension() {
    let function =
        extended(&[("EVENTS", r#"["SHUTDOWN"]"#)]).timeout(Duration::from_millis(1500)).start().await.unwrap();
    let before = pid(&function.invoke("{}").await.outcome);
    let invoked = function.invoke(r#"{"do":"hang"}"#).await;
    assert!(matches!(invoked.outcome, Outcome::TimedOut(_)), "{invoked:?}");
    assert!(invoked.duration >= Duration::from_millis(1500));
    let message = format!("RequestId: {} Error: Task timed out after 1.50 seconds", invoked.request_id);
    assert_eq!(error(&invoked.outcome), ("Sandbox.Timedout".to_owned(), message));
    assert_ne!(pid(&function.invoke("{}").await.outcome), before);
    assert!(!is_alive(before));
    let lines = function.output();
    assert!(position(&lines, "terminated") < position(&lines, "event SHUTDOWN TIMEOUT"));
}

#[tokio::test]
async fn an_extension_that_exits_crashes_the_environment() {
    let function = extended(&[("EVENTS", r#"["INVOKE"]"#), ("CRASH_ON", "INVOKE")]).start().await.unwrap();
    let crashed = function.invoke(r#"{"do":"hang"}"#).await;
    let message = format!("RequestId: {} Error: exit status 7", crashed.request_id);
    assert_eq!(error(&crashed.outcome), ("Extension.Crash".to_owned(), message));
    // The next one is brought up in a fresh environment, where the same happens again.
    assert_eq!(error(&function.invoke(r#"{"do":"hang"}"#).await.outcome).0, "Extension.Crash");
}

#[tokio::test]
async fn what_fails_in_init_fails_the_start() {
    let Err(StartError::Init(error)) = extended(&[("CRASH_ON", "start")]).start().await else { panic!("it started") };
    assert_eq!(error.error_type, "Extension.Crash");
    let Err(StartError::Init(error)) = function().env("FAIL_INIT", "1").start().await else { panic!("it started") };
    assert_eq!((error.error_type.as_str(), error.text("errorMessage").as_deref()), ("Runtime.BadInit", Some("no")));
    let Err(failed) = Function::builder("f").runtime("/nowhere/bootstrap", []).start().await else {
        panic!("it started")
    };
    assert_eq!(failed.to_string(), "/nowhere/bootstrap cannot be started");
    let slow = Function::builder("f").runtime("/bin/sleep", ["600"]).init_timeout(Duration::from_millis(50));
    let Err(StartError::Init(error)) = slow.start().await else { panic!("it started") };
    assert_eq!(error.error_type, "Sandbox.Timedout");
}

#[tokio::test]
async fn the_runtime_ends_before_the_extensions_are_told() {
    let function = extended(&[("EVENTS", r#"["SHUTDOWN"]"#)]);
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = std::sync::Arc::clone(&lines);
    let function = function.on_output(move |line| heard.lock().unwrap().push(line.clone())).start().await.unwrap();
    let ended = function.shutdown().await.unwrap();
    assert_eq!((ended.runtime.exit, ended.runtime.killed), (Exit::Code(0), false));
    assert_eq!((ended.extensions[0].exit, ended.extensions[0].killed), (Exit::Code(0), false));
    let lines = lines.lock().unwrap();
    assert!(position(&lines, "terminated") < position(&lines, "event SHUTDOWN SPINDOWN"));
}

#[tokio::test]
async fn who_does_not_end_in_time_is_killed_and_who_did_not_ask_is_not_waited_for() {
    let stubborn = extended(&[("EVENTS", r#"["SHUTDOWN"]"#), ("STUBBORN", "1")]).start().await.unwrap();
    let waited_for = stubborn.shutdown().await.unwrap().extensions.remove(0);
    assert!(waited_for.killed && waited_for.exit == Exit::Signal(9), "{waited_for:?}");
    let silent = extended(&[]).start().await.unwrap();
    let ended = silent.shutdown().await.unwrap().extensions.remove(0);
    assert!(ended.killed && ended.after < waited_for.after, "{ended:?}, {waited_for:?}");
}

#[tokio::test]
async fn no_process_outlives_its_function() {
    let function = extended(&[("EVENTS", r#"["SHUTDOWN"]"#)]).start().await.unwrap();
    let runtime = pid(&function.invoke(r#"{"do":"spawn"}"#).await.outcome);
    let child = |line: &Line| line.text.strip_prefix("child ").and_then(|pid| pid.parse::<u64>().ok());
    let child = function.until_output(child).await;
    let extension = u64::from(function.process_id(&Origin::Extension("extension.py".to_owned())).unwrap());
    let all = [runtime, child, extension];
    assert!(all.iter().all(|pid| is_alive(*pid)));
    drop(function);
    // A killed process needs a moment to be gone.
    while all.iter().any(|pid| is_alive(*pid)) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_wants_to_hears_what_lambda_writes_of_each_invocation() {
    let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
    let function =
        function().timeout(Duration::from_secs(3)).on_report(move |line| sender.send(line.to_owned()).unwrap());
    let function = function.start().await.unwrap();
    for (event, end) in
        [("{}", " MB"), (r#"{"do":"hang"}"#, "\tStatus: timeout"), (r#"{"do":"exit","code":1}"#, "\tStatus: error")]
    {
        let id = function.invoke(event).await.request_id;
        assert_eq!(lines.recv().await.unwrap(), format!("START RequestId: {id} Version: $LATEST"));
        assert_eq!(lines.recv().await.unwrap(), format!("END RequestId: {id}"));
        let report = lines.recv().await.unwrap();
        assert!(
            report.starts_with(&format!("REPORT RequestId: {id}\tDuration: ")) && report.ends_with(end),
            "{report}"
        );
    }
}
