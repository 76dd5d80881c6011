//! What is seen of a case from outside, in words that do not say under which control program.

use std::collections::BTreeMap;

use misrule_tests::programs::checkout;

use super::control_program::Got;
use super::differences::SHUTDOWN_REASONS;

/// What was seen, by aspect. Ids of requests and processes are blanked.
///
/// | aspect | what it lists |
/// | --- | --- |
/// | `callers` | what each caller got: the error type as Lambda counts it, and the body |
/// | `requests` | what reached the Runtime API, and our registration, in their order |
/// | `events` | what an extension that wants every event was told |
/// | `signals` | whether the runtime was told to end |
pub(crate) type Observed = BTreeMap<&'static str, Vec<String>>;

/// What was seen of a case.
pub(crate) fn observed(got: &[Got], requests: Vec<String>, lines: &[String]) -> Observed {
    let picked = |start: &str| lines.iter().filter(|line| line.starts_with(start)).cloned().collect::<Vec<_>>();
    let caller = |got: &Got| format!("{} {}", got.error_type.as_deref().unwrap_or("-"), got.body);
    BTreeMap::from([
        ("callers", got.iter().map(caller).collect()),
        ("requests", requests),
        ("events", picked("event ").iter().map(|event| documented(event)).collect()),
        ("signals", picked("the runtime was told")),
    ])
}

/// Takes out each INVOKE between another and a SHUTDOWN. To an invocation that an extension's death ends as it begins, the
/// emulator's INVOKE and its SHUTDOWN race: what answers an extension's question is whichever was made last. The INVOKE of
/// the invocation before stays.
pub(crate) fn take_overtaken(observed: &mut Observed) {
    let Some(events) = observed.get_mut("events") else { return };
    let mut told = std::mem::take(events).into_iter().peekable();
    while let Some(event) = told.next() {
        let follows = event == INVOKE && events.last().is_some_and(|before| before == INVOKE);
        let ends = told.peek().is_some_and(|next| next == "event SHUTDOWN FAILURE");
        if !(follows && ends) {
            events.push(event);
        }
    }
}

const INVOKE: &str = "event INVOKE";

/// An event with the reason of SHUTDOWN that is documented for it.
fn documented(event: &str) -> String {
    let reason = |(emulators, _): &&(&str, &str)| event == format!("event SHUTDOWN {emulators}");
    let lambdas = SHUTDOWN_REASONS.iter().find(reason).map(|(_, lambdas)| format!("event SHUTDOWN {lambdas}"));
    lambdas.unwrap_or_else(|| event.to_owned())
}

/// A request to Lambda, where it is one that both control programs must see in the same order.
pub(crate) fn known_request(method: &str, path: &str, extension: Option<&str>) -> Option<String> {
    let known = path.contains("/runtime/") || (extension == Some("misrule") && path.ends_with("/register"));
    known.then(|| blanked(&format!("{method} {path}")))
}

/// A body in one form: JSON as it is written here, the folder of the code as Lambda has it, and blanked.
pub(crate) fn plain(body: &str) -> String {
    let functions = checkout().join("tests/functions");
    let body = body.replace(&*functions.to_string_lossy(), "/var/task");
    let json = serde_json::from_str::<serde_json::Value>(&body);
    blanked(&json.map_or(body, |value| value.to_string()))
}

/// The text with what differs from run to run taken out: UUIDs, and the numbers of processes and ports.
fn blanked(text: &str) -> String {
    let mut words = Vec::new();
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '-';
    for word in text.split_inclusive(|character| !is_part(character)) {
        let bare = word.trim_end_matches(|character| !is_part(character));
        let is_uuid = bare.len() == 36 && bare.bytes().filter(|byte| *byte == b'-').count() == 4;
        let is_large = bare.len() >= 2 && bare.bytes().all(|byte| byte.is_ascii_digit()) && bare != "127";
        let blank = if is_uuid {
            "ID"
        } else if is_large {
            "N"
        } else {
            bare
        };
        words.push(format!("{blank}{}", &word[bare.len()..]));
    }
    words.concat()
}

#[test]
fn what_differs_from_run_to_run_is_blanked() {
    let id = "80bb9146-8e28-4e45-b10b-803697f09c54";
    assert_eq!(blanked(&format!("RequestId: {id} Error: exit status 7")), "RequestId: ID Error: exit status 7");
    assert_eq!(blanked(&format!("/invocation/{id}/response")), "/invocation/ID/response");
    assert_eq!(blanked(r#"{"process": 29447, "api": "127.0.0.1:19117"}"#), r#"{"process": N, "api": "127.0.0.1:N"}"#);
}

#[test]
fn an_invoke_that_a_shutdown_may_overtake_is_neither_here_nor_there() {
    let seen = |events: &[&str]| {
        let mut observed = Observed::from([("events", events.iter().map(|event| format!("event {event}")).collect())]);
        take_overtaken(&mut observed);
        observed.remove("events").unwrap_or_default()
    };
    let [first, end, next] = ["INVOKE", "SHUTDOWN FAILURE", "SHUTDOWN SPINDOWN"];
    assert_eq!(seen(&[first, first, end, first, next]), seen(&[first, end, first, next]));
    assert_ne!(seen(&[first, end, first, next]), seen(&[end, first, next]), "that of the invocation before was sent");
    assert_eq!(seen(&[first, first, next]).len(), 3, "nobody died");
}
