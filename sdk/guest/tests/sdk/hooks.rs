//! The hooks: what a policy may ask, and where the double fails a test because the host would end the hook.

use std::time::Duration;

use misrule_sdk::logging::Level;
use misrule_sdk::testing::{self, Answer, Configured, Event, World};
use misrule_sdk::{Document, Fault, Hooks, Invocation, Plan, Policy, Response, Settings, chance, environment, memory};

/// A policy without settings that does what the test says.
macro_rules! policy {
    ($name:ident, $hooks:expr, $($hook:item)*) => {
        #[derive(Debug, Settings)]
        struct $name;

        impl Policy for $name {
            fn hooks(&self) -> Hooks {
                $hooks
            }
            $($hook)*
        }
    };
}

const BOTH: fn() -> Hooks = || Hooks::BEFORE | Hooks::AFTER;

fn ready<P: Policy>() -> Configured<P> {
    testing::configure("{}").unwrap()
}

#[test]
fn an_invocation_reads_as_the_event_has_it() {
    policy! {
    Reads, Hooks::BEFORE,
    fn before(&self, invocation: &Invocation) -> Plan {
                assert_eq!(invocation.source(), "http-api");
                assert_eq!(invocation.method().as_deref(), Some("PUT"));
                assert_eq!(invocation.path().as_deref(), Some("/orders/17"));
                assert_eq!(invocation.header("X-Tenant").as_deref(), Some("blue"));
                assert_eq!(invocation.header("absent"), None);
                assert_eq!(invocation.query("q").as_deref(), Some("a b"));
                assert_eq!(invocation.query_values("q"), ["a b", "c"]);
                assert_eq!(invocation.body().as_deref(), Some(br#"{"items": [1, 2]}"#.as_slice()));
                assert_eq!(invocation.count(Document::Body, "/items"), Some(2));
                assert_eq!(invocation.json(Document::Body, "/items").as_deref(), Some("[1, 2]"));
                assert_eq!(invocation.number(Document::Body, "/items/1"), Some(2.0));
                assert_eq!(invocation.text(Document::Whole, "/version").as_deref(), Some("2.0"));
                assert_eq!(invocation.started_at().as_milliseconds(), 1_767_614_400_000);
                assert_eq!(invocation.time_allowed(), Duration::from_secs(3));
                assert_eq!((invocation.sequence(), invocation.request_id().as_str()), (4, "r"));
                assert_eq!(invocation.tenant_id().as_deref(), Some("t"));
                assert_eq!(invocation.invoked_arn(), "arn:aws:lambda:us-east-1:123456789012:function:function");
                let captures = invocation.path_matches("/orders/{id}").unwrap();
                assert_eq!((captures.get("id"), captures.get("name")), (Some("17"), None));
                assert!(!invocation.path_matches_any::<&str>(&[]) && invocation.path_matches_any(&["/a", "/**"]));
                assert!(invocation.method_is_any(&["put"]) && !invocation.method_is_any(&["get"]));
                assert_eq!((invocation.batch_size(), invocation.batch_items().count()), (0, 0));
                Fault::hang()
            }
    }
    let event = Event::request("PUT", "/orders/17?q=a%20b&q=c").header("x-tenant", "blue").body(r#"{"items": [1, 2]}"#);
    let event = event.timeout(Duration::from_secs(3)).request_id("r").tenant_id("t").sequence(4);
    assert_eq!(ready::<Reads>().before(&event), Fault::hang());
}

#[test]
fn a_batch_reads_item_by_item() {
    policy! {
    Items, Hooks::BEFORE,
    fn before(&self, invocation: &Invocation) -> Plan {
                let tired = invocation.batch_items().filter(|item| item.attempts > Some(3));
                Fault::fail_items(tired.map(|item| item.id))
            }
    }
    let record = |id: &str, attempts: u8| {
        format!(
            r#"{{ "messageId": "{id}", "body": "b", "eventSource": "aws:sqs",
                  "attributes": {{ "ApproximateReceiveCount": "{attempts}" }} }}"#
        )
    };
    let event = Event::json(&format!(r#"{{ "Records": [{}, {}] }}"#, record("a", 1), record("b", 4)));
    assert_eq!(ready::<Items>().before(&event), Fault::fail_items(["b"]));
}

#[test]
fn an_answer_tells_how_it_ended() {
    policy! {
    Ends, BOTH(),
    fn after(&self, invocation: &Invocation, response: &Response) -> Plan {
            let took = response.answered_at().since(invocation.started_at());
            match response.error_type() {
                Some(error_type) if response.failed() => Fault::delay(took).because(error_type),
                _ => Plan::none(),
            }
        }
    }
    let ends = ready::<Ends>();
    let failed = Answer::failed("Runtime.Gone").after(Duration::from_millis(250));
    assert_eq!(ends.after(&Event::get("/"), &failed), Fault::delay(Duration::from_millis(250)).because("Runtime.Gone"));
    assert_eq!(ends.after(&Event::get("/"), &Answer::succeeded()), Plan::none());
}

#[test]
fn a_streamed_answer_has_a_status_and_headers() {
    policy! {
    Streams, Hooks::AFTER,
    fn after(&self, _: &Invocation, response: &Response) -> Plan {
            let html = response.header("content-type").as_deref() == Some("text/html");
            if response.streaming() && response.status() == Some(200) && html { Fault::cut(10) } else { Plan::none() }
        }
    }
    let answer = Answer::streamed(200).header("Content-Type", "text/html");
    assert_eq!(ready::<Streams>().after(&Event::get("/"), &answer), Fault::cut(10));
}

policy! {
Remembers, BOTH(),
fn before(&self, _: &Invocation) -> Plan {
        let count = memory::add("count", 1);
        memory::set("last", count.to_string().as_bytes());
        if count % 3 == 0 { Fault::crash() } else { Plan::none() }
    }
fn after(&self, _: &Invocation, _: &Response) -> Plan {
        assert!(memory::get("last").is_some());
        memory::remove("count");
        Plan::none()
    }
}

#[test]
fn memory_lasts_from_hook_to_hook() {
    let remembers = ready::<Remembers>();
    let crashed = |event: &Event| remembers.before(event) == Fault::crash();
    let event = Event::get("/");
    assert_eq!([crashed(&event), crashed(&event), crashed(&event), crashed(&event)], [false, false, true, false]);
    let _ = remembers.after(&event, &Answer::succeeded());
    assert_eq!([crashed(&event), crashed(&event), crashed(&event)], [false, false, true]);
}

#[test]
fn chance_is_the_same_for_the_same_event_and_sticks_to_a_key() {
    policy! {
    Draws, BOTH(),
    fn before(&self, invocation: &Invocation) -> Plan {
                let (first, second) = (chance::uniform(), chance::uniform());
                assert!(first != second && (0.0..1.0).contains(&first));
                Fault::garble_request(first, chance::sticky(&invocation.request_id()))
            }
    fn after(&self, _: &Invocation, _: &Response) -> Plan { Plan::none().because(chance::uniform().to_string()) }
    }
    let (one, other) = (Event::get("/").request_id("1"), Event::get("/").request_id("2"));
    let draws = ready::<Draws>();
    assert_eq!(draws.before(&one), ready::<Draws>().before(&one));
    assert_ne!(draws.before(&one), draws.before(&other));
    let elsewhere = World::new().experiment("another").configure::<Draws>("{}").unwrap();
    assert_ne!(draws.before(&one), elsewhere.before(&one));
}

/// Two numbers in a plan.
trait Numbers {
    fn garble_request(first: f64, second: f64) -> Plan;
}

impl Numbers for Fault {
    fn garble_request(first: f64, second: f64) -> Plan {
        Fault::set_header("first", first.to_string()).then(Fault::set_header("second", second.to_string()))
    }
}

#[test]
fn log_lines_are_kept_for_the_test() {
    policy! {
    Speaks, Hooks::BEFORE,
    fn before(&self, _: &Invocation) -> Plan {
                misrule_sdk::info!("in {}", environment::region());
                misrule_sdk::warn!("of {}", environment::experiment());
                Plan::none()
            }
    }
    let speaks = ready::<Speaks>();
    let _ = speaks.before(&Event::get("/"));
    let said = [(Level::Info, "in us-east-1".to_owned()), (Level::Warn, "of experiment".to_owned())];
    assert_eq!(speaks.take_log(), said);
    assert!(speaks.take_log().is_empty());
}

policy! {
OnlyBefore, Hooks::BEFORE,
}

#[test]
#[should_panic(expected = "`hooks()` does not include `Hooks::AFTER`: the host would not call `after`")]
fn a_hook_that_is_not_wanted_is_not_called() {
    let _ = ready::<OnlyBefore>().after(&Event::get("/"), &Answer::succeeded());
}

policy! {
PeeksIntoTheBody, Hooks::AFTER,
fn after(&self, _: &Invocation, response: &Response) -> Plan {
    let _ = response.status();
    Plan::none()
}
}

#[test]
#[should_panic(expected = "`response.status`: the status, headers and body of a buffered answer")]
fn a_buffered_answer_hides_its_status() {
    let _ = ready::<PeeksIntoTheBody>().after(&Event::get("/"), &Answer::succeeded());
}

policy! {
GoesOn, Hooks::BEFORE,
fn before(&self, _: &Invocation) -> Plan { Fault::crash().then(Fault::hang()) }
}

#[test]
#[should_panic(expected = "`hang` after `crash`, which ends a plan")]
fn nothing_follows_a_final_step() {
    let _ = ready::<GoesOn>().before(&Event::get("/"));
}

policy! {
TooEarly, Hooks::BEFORE,
fn before(&self, _: &Invocation) -> Plan { Fault::set_status(500) }
}

#[test]
#[should_panic(expected = "`set-status` may not be asked for in `before`")]
fn a_fault_belongs_into_its_hook() {
    let _ = ready::<TooEarly>().before(&Event::get("/"));
}

policy! {
NoHeader, Hooks::BEFORE,
fn before(&self, _: &Invocation) -> Plan { Fault::respond(503).header("bad\nname", "v") }
}

#[test]
#[should_panic(expected = "`respond-http` with a header's name of 8 bytes that is no token")]
fn an_answer_is_one_that_http_allows() {
    let _ = ready::<NoHeader>().before(&Event::get("/"));
}

policy! {
NoTemplate, Hooks::BEFORE,
fn before(&self, invocation: &Invocation) -> Plan {
        let _ = invocation.path_matches("orders");
        Plan::none()
    }
}

#[test]
#[should_panic(expected = "the path template is wrong: it must start with a slash")]
fn a_malformed_template_is_no_silent_miss() {
    let _ = ready::<NoTemplate>().before(&Event::get("/"));
}

#[test]
#[should_panic(expected = "there is no host here")]
fn outside_of_a_hook_there_is_no_host() {
    let _ = chance::uniform();
}

#[test]
fn with_answer_body_an_answer_is_read_and_changed() {
    policy! {
    Reads, Hooks::AFTER | Hooks::ANSWER_BODY,
    fn after(&self, _: &Invocation, response: &Response) -> Plan {
            if response.failed() {
                assert_eq!((response.status(), response.body()), (None, None));
                return Plan::none().because(response.text(Document::Whole, "/errorType").unwrap_or_default());
            }
            assert_eq!((response.status(), response.header("X-A").as_deref()), (Some(201), Some("1")));
            assert_eq!(response.body().as_deref(), Some(&br#"{"lines": [1, 2.5], "id": "a"}"#[..]));
            assert_eq!(response.json(Document::Body, "/lines").as_deref(), Some("[1, 2.5]"));
            assert_eq!(response.number(Document::Body, "/lines/1"), Some(2.5));
            assert_eq!(response.count(Document::Body, "/lines"), Some(2));
            assert_eq!(response.text(Document::Body, "/id").as_deref(), Some("a"));
            assert_eq!(response.number(Document::Whole, "/statusCode"), Some(201.0));
            Fault::set_status(500).then(Fault::truncate(3)).then(Fault::garble(0.5)).then(Fault::fail_items(["a"]))
        }
    }
    let answer = Answer::http(201).header("x-a", "1").body(r#"{"lines": [1, 2.5], "id": "a"}"#);
    let reads = ready::<Reads>();
    assert_eq!(reads.after(&Event::get("/"), &answer).steps().len(), 4);
    let failed = reads.after(&Event::get("/"), &Answer::failed("Runtime.Gone"));
    assert_eq!(failed.reason(), Some("Runtime.Gone"));
}

policy! {
ChangesTheHead, Hooks::AFTER,
fn after(&self, _: &Invocation, _: &Response) -> Plan { Fault::set_status(500) }
}

#[test]
#[should_panic(expected = "`set-status` may not be asked for in `after` of a buffered answer without the hook flag")]
fn what_may_not_be_read_may_not_be_changed() {
    let _ = ready::<ChangesTheHead>().after(&Event::get("/"), &Answer::json("7"));
}

#[test]
fn chance_and_memory_are_not_there_in_configure() {
    #[derive(Debug, Settings)]
    struct Hasty;
    impl Policy for Hasty {
        fn check(&self) -> Result<(), String> {
            assert_eq!(environment::memory_mb(), 128);
            let _ = memory::get("a");
            Ok(())
        }
    }
    let panicked = std::panic::catch_unwind(|| testing::configure::<Hasty>("{}").map(drop)).unwrap_err();
    let said = panicked.downcast_ref::<String>().unwrap();
    assert_eq!(said, "`memory.get` may only be asked in `before` and `after`");
}
