//! While an experiment is in force: what Lambda sees of Misrule's own answers, and what no fault may do.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use misrule_tests::message::Reader;
use misrule_tests::programs::checkout;
use misrule_tests::publishing;
use serde_json::{Value, json};

use super::NO_FAULTS;
use crate::case::{Case, case};
use crate::guest::{self, ANSWERS_TOO_MUCH, HOLDS_BACK, THROWS_AFTER};
use crate::speech::{
    ACCEPTED, ERROR, RESPONSE, answer, armed, armed_guest, armed_module, bundled, outage, refusal, request,
    request_due, response,
};
use crate::stage::{Setting, Stage, gives, has, is_asked, is_quiet, sees, soon, writes};

const CRIMES: [(&str, &str); 5] =
    [("loop", "fuel"), ("memory", "memory"), ("panic", "panic"), ("stack", "stack"), ("copies", "host-copy")];

pub(crate) fn cases() -> Result<Vec<Case>> {
    let slow = |delay: &str| armed(&json!([{ "use": "latency", "settings": { "delay": delay } }]));
    let mut cases = vec![
        case(
            "LAMBDA 20",
            "asks again, elsewhere, while it works; Lambda delivers the event again",
            "the event, decided once",
        )
        .with(slow("1ms"))
        .scene(decided_once),
        case(
            "LAMBDA 28, PEERS 3",
            "asks; a policy answers",
            "an answer with the event's invocation id, in the caller's shape",
        )
        .with(armed(&outage()))
        .scene(echoes),
        case(
            "LAMBDA 28",
            "answers; a policy of `after` makes an error of it",
            "one error, with the event's invocation id and its type",
        )
        .with(armed_guest(THROWS_AFTER)?)
        .scene(throws),
        case(
            "LAMBDA 55",
            "asks; a policy answers",
            "one answer; the runtime gets the event after it, on that connection",
        )
        .with(armed(&outage()))
        .scene(next_but_one),
        case(
            "LAMBDA 33",
            "answers an event that a policy answered already, as on Managed Instances",
            "the late answer; Lambda's 410 goes back",
        )
        .with(armed(&outage()))
        .scene(late_answer),
        case("LAMBDA 53", "asks; a policy delays beyond the deadline", "the event, 100 ms before it and no sooner")
            .with(on_a_clock(slow("5s")))
            .scene(before_the_deadline),
        case(
            "LAMBDA 56",
            "asks; a policy answers with more than the caller takes",
            "nothing of it, where Lambda would say 413: the layer does not send it, but gives the event, and a line",
        )
        .with(armed_guest(ANSWERS_TOO_MUCH)?)
        .scene(too_much),
        case("LAMBDA 58", "answers under another experiment than it was asked under", "a decision under the first")
            .with(armed_guest(HOLDS_BACK)?)
            .scene(swapped),
        case(
            "LAMBDA 60",
            "(a request panics in the layer, by itself or in the soak)",
            "the event all the same, and one line",
        )
        .elsewhere("nothing in the layer panics at will: the proxy's own tests, as `wherever_it_panics_event_and_answer_pass_as_they_came`"),
        case(
            "LAMBDA 65",
            "connects while another connection's event is delayed",
            "the other question, before any time passes",
        )
        .with(on_a_clock(slow("2s")))
        .scene(beside_a_delay),
        case("LAMBDA 11", "goes while a policy delays its event", "its connection closes before any time passes")
            .with(on_a_clock(slow("5s")))
            .scene(goes_in_a_delay),
        case(
            "Misrule",
            "asks again after Misrule's answer got lost",
            "the event, delivered again and not decided again",
        )
        .with(armed(&outage()))
        .scene(lost_answer),
    ];
    cases.extend(of_guests()?);
    Ok(cases.into_iter().map(|row| row.not_direct(NO_FAULTS)).collect())
}

/// Cases of components that are committed: they are no ready-made policies.
fn of_guests() -> Result<Vec<Case>> {
    let file = |name: &str| std::fs::read(checkout().join("tests/guests").join(name));
    let (crimes, older) = (file("crimes.wasm")?, file("older.wasm")?);
    let trap = |(crime, cause)| {
        let setting = armed_module("court", &crimes, &json!({ "crime": crime }))?;
        let row = case("LAMBDA 57", did(crime), "the event as it was, before any time passes; one line with the cause");
        let row = row.with(on_a_clock(setting));
        anyhow::Ok(row.scene(move |stage| trapped(stage, cause)))
    };
    let mut cases = CRIMES.into_iter().map(trap).collect::<Result<Vec<_>>>()?;
    let row = case("Misrule", "asks; a policy built against an older contract answers", "its answer");
    cases.push(row.with(armed_module("heirloom", &older, &json!({ "path": "/orders/{id}" }))?).scene(older_contract));
    Ok(cases)
}

/// With a clock for the layers that only the case moves.
fn on_a_clock(setting: Setting) -> Setting {
    Setting { clocked: true, ..setting }
}

fn did(crime: &str) -> &'static str {
    match crime {
        "loop" => "asks; a policy never ends",
        "memory" => "asks; a policy hoards memory",
        "panic" => "asks; a policy panics",
        "stack" => "asks; a policy recurses without end",
        _ => "asks; a policy floods the host with copies",
    }
}

pub(super) async fn accepts(lambda: &mut Reader) -> Result<()> {
    writes(lambda, ACCEPTED).await
}

async fn decided_once(stage: Stage) -> Result<()> {
    let _working = stage.invoked(&request(1, "/orders")).await?;
    let _again = stage.invoked(&request(1, "/orders")).await?;
    // A line of the next event comes after all of this one's.
    let _next = stage.invoked(&request(2, "/orders")).await?;
    stage.layer()?.until("injected", |line| line["request_id"] == "r-2").await?;
    let of_the_first = |line: &&Value| line["request_id"] == "r-1";
    let decided = stage.layer()?.lines("injected").iter().filter(of_the_first).count();
    ensure!(decided == 1, "decided {decided} times");
    Ok(())
}

async fn echoes(stage: Stage) -> Result<()> {
    let (_runtime, mut lambda) = stage.asked().await?;
    writes(&mut lambda, request(1, "/health")).await?;
    let post = sees(&mut lambda, "an answer of ours").await?;
    ensure!(post.start == format!("POST {RESPONSE} HTTP/1.1"), "{post:?}");
    ensure!(post.header("Lambda-Runtime-Invocation-Id") == Some("i-1"), "{post:?}");
    let answer: Value = serde_json::from_slice(&post.body)?;
    ensure!(answer["statusCode"] == 404 && answer["headers"]["retry-after"] == "2", "{answer}");
    ensure!(answer["headers"]["x-misrule"] == "trial/path-outage" && answer["body"] == "gone", "{answer}");
    Ok(())
}

async fn throws(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&request(1, "/orders")).await?;
    writes(&mut runtime, response("", b"fine")).await?;
    let post = sees(&mut lambda, "an error of ours").await?;
    ensure!(post.start == format!("POST {ERROR} HTTP/1.1"), "{post:?}");
    ensure!(post.header("Lambda-Runtime-Function-Error-Type") == Some("Function.Thrown"), "{post:?}");
    ensure!(post.header("Lambda-Runtime-Invocation-Id") == Some("i-1"), "{post:?}");
    accepts(&mut lambda).await?;
    ensure!(sees(&mut runtime, "what Lambda said").await?.start.contains("202"), "not accepted");
    stage.lambda.is_alone().await
}

async fn next_but_one(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.asked().await?;
    writes(&mut lambda, request(1, "/health")).await?;
    sees(&mut lambda, "an answer of ours").await?;
    accepts(&mut lambda).await?;
    is_asked(&mut lambda).await?;
    gives(&mut lambda, &mut runtime, &request(2, "/orders")).await?;
    stage.lambda.is_alone().await
}

async fn late_answer(stage: Stage) -> Result<()> {
    let (_waits, mut lambda) = stage.asked().await?;
    writes(&mut lambda, request(1, "/health")).await?;
    sees(&mut lambda, "an answer of ours").await?;
    accepts(&mut lambda).await?;
    is_asked(&mut lambda).await?;
    let mut late = stage.runtime().await?;
    writes(&mut late, response("Lambda-Runtime-Invocation-Id: i-1\r\n", b"late")).await?;
    let mut lambda = stage.lambda.accept().await?;
    ensure!(sees(&mut lambda, "the late answer").await?.body == b"late", "another answer");
    writes(&mut lambda, refusal("410 Gone")).await?;
    let told = sees(&mut late, "what Lambda said").await?;
    ensure!(told.start == "HTTP/1.1 410 Gone" && told.body.starts_with(b"{\"errorMessage\""), "{told:?}");
    Ok(())
}

async fn before_the_deadline(stage: Stage) -> Result<()> {
    let due = stage.clock()?.start()?.plus(Duration::from_secs(2));
    let event = request_due(1, "/orders", due);
    let (mut runtime, mut lambda) = stage.asked().await?;
    writes(&mut lambda, &event).await?;
    let line = stage.layer()?.until("injected", |_| true).await?;
    ensure!(line["delays_ms"] == json!([1_900]), "{line}");
    stage.layer()?.until("cut", |_| true).await?;
    // Its line is written by another thread than that which then waits: first that one does.
    stage.passes(Duration::from_millis(1)).await?;
    stage.passes(Duration::from_millis(1_898)).await?;
    is_quiet(&mut runtime).await?;
    stage.passes(Duration::from_millis(1)).await?;
    has(&mut runtime, &event).await
}

async fn too_much(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.asked().await?;
    let event = json!({ "requestContext": { "elb": { "targetGroupArn": "arn" } }, "httpMethod": "GET", "path": "/" });
    let deadline = publishing::now().plus(Duration::from_secs(60)).as_milliseconds();
    let ids = format!("Lambda-Runtime-Aws-Request-Id: r-1\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n");
    gives(&mut lambda, &mut runtime, &answer("200 OK", &ids, event.to_string().as_bytes())).await?;
    stage.layer()?.until("fault_failed", |line| line["request_id"] == "r-1").await?;
    Ok(())
}

async fn swapped(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&request(1, "/orders")).await?;
    let guest = guest::component(HOLDS_BACK)?;
    stage.deliver(&bundled("second", &guest, &json!({}))?)?;
    stage.busy_until("armed", |line| line["experiment"] == "second").await?;
    writes(&mut runtime, response("Lambda-Runtime-Invocation-Id: i-1\r\n", b"fine")).await?;
    ensure!(sees(&mut lambda, "the answer").await?.body == b"fine", "another answer");
    let line = stage.layer()?.until("injected", |line| line["request_id"] == "r-1").await?;
    ensure!(line["experiment"] == "trial", "{line}");
    Ok(())
}

async fn older_contract(stage: Stage) -> Result<()> {
    let (_runtime, mut lambda) = stage.asked().await?;
    writes(&mut lambda, request(1, "/orders/7")).await?;
    let post = sees(&mut lambda, "an answer of ours").await?;
    let answer: Value = serde_json::from_slice(&post.body)?;
    ensure!(answer["statusCode"] == 503 && answer["headers"]["x-count"] == "1", "{answer}");
    ensure!(answer["body"] == "older", "{answer}");
    Ok(())
}

async fn beside_a_delay(stage: Stage) -> Result<()> {
    let event = request(1, "/orders");
    let (mut delayed, mut lambda) = stage.asked().await?;
    writes(&mut lambda, &event).await?;
    stage.layer()?.until("injected", |_| true).await?;
    let _other = stage.asked().await?;
    is_quiet(&mut delayed).await?;
    stage.passes(Duration::from_secs(2)).await?;
    has(&mut delayed, &event).await
}

async fn goes_in_a_delay(stage: Stage) -> Result<()> {
    let (delayed, mut lambda) = stage.asked().await?;
    writes(&mut lambda, request(1, "/orders")).await?;
    stage.layer()?.until("injected", |_| true).await?;
    drop(delayed);
    ensure!(soon("its connection to close", lambda.closes()).await?, "something came on it");
    Ok(())
}

async fn lost_answer(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.asked().await?;
    writes(&mut lambda, request(1, "/health")).await?;
    sees(&mut lambda, "an answer of ours").await?;
    drop(lambda);
    let mut lambda = stage.lambda.accept().await?;
    is_asked(&mut lambda).await?;
    gives(&mut lambda, &mut runtime, &request(1, "/health")).await
}

async fn trapped(mut stage: Stage, cause: &str) -> Result<()> {
    let event = request(1, "/orders");
    stage.invoked(&event).await?;
    let line = stage.layer()?.until("trapped", |_| true).await?;
    ensure!(line["cause"] == cause && line["request_id"] == "r-1", "{line}");
    ensure!(stage.layer()?.lines("trapped").len() == 1, "{:?}", stage.layer()?.said());
    stage.layers.first_mut().context("there is no layer")?.lives()
}
