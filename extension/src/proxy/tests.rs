//! What runtime and Lambda see where our own code panics: whoever looks at the clock for the n-th time does, for each n that
//! there is.

#[path = "../../tests/proxy/guest.rs"]
mod guest;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use misrule_engine::delivery::bundle;
use misrule_engine::experiment::Experiment;
use misrule_tests::message::{End, Message, Reader};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::{Lambda, Proxy};
use crate::clock;
use crate::control::tests::house::{House, experiment};
use crate::settings::UpstreamAddress;
use crate::sources::Fetched;

const PATIENCE: Duration = Duration::from_secs(20);
const RUNTIME: &str = "/2018-06-01/runtime";
const BATCH: &str =
    r#"{"Records":[{"messageId":"a","eventSource":"aws:sqs"},{"messageId":"b","eventSource":"aws:sqs"}]}"#;
const ONLY_A: &str = r#"{"Records":[{"messageId":"a","eventSource":"aws:sqs"}]}"#;

/// Waits a millisecond before the handler and after it, and wants to see the whole answer.
const WAITS: &str = r#"
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(func (export "before") (call $delay (i32.const 1)))
(func (export "after") (call $delay (i32.const 1)))
(func (export "configure") (param i32 i32) (result i32) (i32.const 24))
"#;

/// Fails the record `b` before the handler, and waits a millisecond after it.
const FAILS_B: &str = r#"
(import "misrule:policy/faults@0.1.0" "fail-items" (func $fail-items (param i32 i32)))
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(data (i32.const 200) "b")
(data (i32.const 224) "\c8\00\00\00\01\00\00\00")
(func (export "before") (call $fail-items (i32.const 224) (i32.const 1)) (call $delay (i32.const 1)))
(func (export "after") (call $delay (i32.const 1)))
"#;

/// Answers with JSON in the handler's place.
const RETURNS: &str = r#"
(import "misrule:policy/faults@0.1.0" "return-json" (func $return-json (param i32 i32)))
(data (i32.const 200) "\"ours\"")
(func (export "before") (call $return-json (i32.const 200) (i32.const 6)))
(func (export "after"))
"#;

/// An experiment with this guest that watches how handlers end, in force.
async fn armed(guest: &str) -> House {
    let mut experiment = experiment("trial");
    experiment["policy"] = json!([{ "module": "guest.wasm" }]);
    let within = &mut experiment["blast_radius"];
    within["faults"] = json!(["delay", "fail-items", "return-json"]);
    within["partial_batches"] = true.into();
    within["stop_when"] = json!({ "handler_errors": 0.9, "over": "1m", "min_invocations": 1000 });
    let experiment = Experiment::from_json(experiment.to_string().as_bytes()).unwrap();
    let modules = BTreeMap::from([("guest.wasm".to_owned(), guest::component(guest))]);
    let bundle = bundle::write(&experiment, &modules, &BTreeMap::new(), None).unwrap();
    let house = House::open();
    house.refreshed(Ok(Fetched::Content { bytes: Bytes::from(bundle), label: None })).await;
    assert!(house.event_arrives().await.is_some(), "{:?}", house.lines());
    house
}

/// A Lambda that gives these events, each once, and keeps what it is sent; and a proxy before it.
struct Stage {
    proxy: SocketAddr,
    posts: UnboundedReceiver<Message>,
}

impl Stage {
    async fn set(house: &House, events: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let lambda = Lambda::new(UpstreamAddress::parse(&listener.local_addr().unwrap().to_string()).unwrap());
        let (keep, posts) = unbounded_channel();
        let events: VecDeque<_> = events.iter().enumerate().map(|(number, body)| event(number, body)).collect();
        let events = Arc::new(Mutex::new(events));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answers(Reader::new(stream), Arc::clone(&events), keep.clone()));
            }
        });
        let proxy = Proxy::new(lambda, false);
        proxy.obey(house.control.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(proxy.serve(listener));
        Self { proxy: address, posts }
    }

    async fn runtime(&self) -> Reader {
        Reader::new(TcpStream::connect(self.proxy).await.unwrap())
    }

    async fn post(&mut self) -> Message {
        timeout(PATIENCE, self.posts.recv()).await.expect("a message to Lambda").unwrap()
    }
}

async fn answers(mut runtime: Reader, events: Arc<Mutex<VecDeque<String>>>, posts: UnboundedSender<Message>) {
    loop {
        let asked = runtime.message().await;
        let answer = match asked.start.split_once(' ') {
            Some(("GET", path)) if path.contains("invocation/next") => {
                let event = events.lock().unwrap().pop_front();
                event.unwrap_or_default()
            }
            Some(("GET", _)) => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(),
            Some(("POST", _)) => {
                posts.send(asked).unwrap();
                "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
            _ => return,
        };
        runtime.stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn event(number: usize, body: &str) -> String {
    let (length, due) = (body.len(), clock::now().plus(Duration::from_secs(60)).as_milliseconds());
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nLambda-Runtime-Aws-Request-Id: r-{number}\r\n\
        Lambda-Runtime-Deadline-Ms: {due}\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:1:function:f\r\n\r\n{body}"
    )
}

/// What the runtime gets for this question.
async fn asks(runtime: &mut Reader, start: &str, body: &str) -> Message {
    let message = format!("{start} HTTP/1.1\r\nHost: l\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    runtime.stream.write_all(message.as_bytes()).await.unwrap();
    let seen = timeout(PATIENCE, runtime.message()).await.expect("an answer to the runtime");
    assert_eq!(seen.end, End::Complete, "{start}: {seen:?}");
    seen
}

async fn next(runtime: &mut Reader) -> String {
    let question = format!("GET {RUNTIME}/invocation/next");
    String::from_utf8(asks(runtime, &question, "").await.body).unwrap()
}

/// Plays the scene once for each look at the clock that it takes, and breaks the clock there. How often it broke.
async fn breaks(guest: &str, events: &[&str], scene: impl AsyncFn(&mut Stage)) -> i64 {
    let mut house = armed(guest).await;
    for look in 1.. {
        // The refresher may have met the broken clock, and disarmed.
        if house.event_arrives().await.is_none() {
            house = armed(guest).await;
        }
        let mut stage = Stage::set(&house, events).await;
        house.break_clock(look);
        scene(&mut stage).await;
        if !house.clock_broke() {
            return look - 1;
        }
    }
    0
}

#[tokio::test]
async fn wherever_it_panics_event_and_answer_pass_as_they_came() {
    let broke = breaks(WAITS, &[BATCH, "no JSON"], async |stage| {
        let mut runtime = stage.runtime().await;
        asks(&mut runtime, &format!("GET {RUNTIME}/restore/next"), "").await;
        asks(&mut runtime, &format!("POST {RUNTIME}/init/error"), "none").await;
        assert_eq!(stage.post().await.body, b"none");
        for (number, event) in [BATCH, "no JSON"].into_iter().enumerate() {
            assert_eq!(next(&mut runtime).await, event);
            let start = format!("POST {RUNTIME}/invocation/r-{number}/response");
            assert!(asks(&mut runtime, &start, "fine").await.start.contains("202"));
            let seen = stage.post().await;
            assert_eq!((seen.start, seen.body.as_slice()), (format!("{start} HTTP/1.1"), &b"fine"[..]));
        }
        assert!(stage.posts.try_recv().is_err(), "each is answered once");
    });
    assert!(broke.await > 20);
}

#[tokio::test]
async fn wherever_it_panics_no_record_is_lost_that_the_handler_did_not_see() {
    let broke = breaks(FAILS_B, &[BATCH], async |stage| {
        let mut runtime = stage.runtime().await;
        let event = next(&mut runtime).await;
        assert!([BATCH, ONLY_A].contains(&event.as_str()), "{event}");
        asks(&mut runtime, &format!("POST {RUNTIME}/invocation/r-0/response"), "null").await;
        let answer = stage.post().await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let reported = body["batchItemFailures"][0]["itemIdentifier"] == "b";
        let failed = answer.start.contains("/error") && body["errorType"] == "Function.RecordsNotReported";
        assert!(reported || failed || (event == BATCH && body == Value::Null), "{event}: {answer:?}");
    });
    assert!(broke.await > 10);
}

#[tokio::test]
async fn wherever_it_panics_an_event_is_answered_once_by_the_handler_or_by_us() {
    let broke = breaks(RETURNS, &["1", "2"], async |stage| {
        let mut runtime = stage.runtime().await;
        let question = format!("GET {RUNTIME}/invocation/next HTTP/1.1\r\nHost: l\r\n\r\n");
        runtime.stream.write_all(question.as_bytes()).await.unwrap();
        let (mut event, mut posts) = (Box::pin(timeout(PATIENCE, runtime.message())), Vec::new());
        let given = loop {
            tokio::select! {
                event = &mut event => break event.expect("an event").body,
                Some(post) = stage.posts.recv() => posts.push(post.start),
            }
            if posts.len() == 2 {
                break Vec::new();
            }
        };
        let answered = |count: usize| -> Vec<_> {
            (0..count).map(|number| format!("POST {RUNTIME}/invocation/r-{number}/response HTTP/1.1")).collect()
        };
        match given.as_slice() {
            b"1" => assert_eq!(posts, answered(0)),
            b"2" => assert_eq!(posts, answered(1)),
            _ => assert_eq!(posts, answered(2)),
        }
    });
    assert!(broke.await > 5);
}
