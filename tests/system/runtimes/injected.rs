//! Faults that hit AWS's clients themselves: what is left of a stream and how long it takes, and whether the runtime serves the
//! next event.

use std::time::Duration;

use anyhow::Result;
use misrule_local::lambda::{Event, StreamEnd};
use misrule_tests::layered::{Layered, http_event};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::client::Client;
use crate::do_no_harm::message::Got;
use crate::faults::armed;

/// What both streaming clients send behind their prelude.
const PAYLOAD: &str = "firstlast";

/// A fault of streams, and what it leaves of [`PAYLOAD`].
struct Hit {
    fault: Value,
    left: &'static str,
    end: &'static str,
    /// What the stream takes at least: by itself it takes 20 ms.
    takes: Duration,
}

fn streams() -> Vec<Hit> {
    let hit = |fault, left, end, seconds| Hit { fault, left, end, takes: Duration::from_secs(seconds) };
    let broken = json!({ "fault": "break-off", "number": 7, "name": "Function.Broken", "value": "no more" });
    vec![
        // Nine bytes; one may pass before its time.
        hit(json!({ "fault": "throttle", "number": 4 }), PAYLOAD, "complete", 2),
        hit(json!({ "fault": "pause", "number": 5, "duration": "2s" }), PAYLOAD, "complete", 2),
        hit(json!({ "fault": "cut", "number": 3 }), "fir", "truncated", 0),
        hit(broken, "firstla", "Function.Broken", 0),
    ]
}

async fn invoked(layered: &Layered, path: &str) -> Got {
    Got::of(layered.function.invoke(Event::from(http_event("GET", path))).await.outcome).await
}

/// The payload of a stream and how it ended.
fn payload(got: &Got) -> Option<(String, String)> {
    let Got::Stream { body, end, .. } = got else { return None };
    let prelude = body.windows(8).position(|eight| eight == [0; 8])?;
    let end = match end {
        StreamEnd::Complete => "complete".to_owned(),
        StreamEnd::Truncated => "truncated".to_owned(),
        StreamEnd::Error(error) => error.error_type.clone(),
    };
    Some((String::from_utf8_lossy(&body[prelude + 8..]).into_owned(), end))
}

#[tokio::test]
pub(crate) async fn streams_are_slowed_stopped_cut_and_broken_off_and_the_next_one_is_whole() -> Result<()> {
    for client in [Client::Node, Client::Rust] {
        for Hit { fault, left, end, takes } in streams() {
            let settings = json!({ "path": "/stream", "after": [fault] });
            let layered = armed(client.function("endings.streaming")?, &settings, &[]).await?;
            let begun = Instant::now();
            let (hit, took) = (invoked(&layered, "/stream").await, begun.elapsed());
            let expected = Some((left.to_owned(), end.to_owned()));
            assert_eq!(payload(&hit), expected, "{client:?}, {fault}: {hit:?}\n{}", layered.everything());
            assert!(took >= takes, "{client:?}, {fault}: {took:?}");
            let injected = layered.until_line("injected").await;
            assert_eq!((&injected["hook"], &injected["faults"]), (&json!("after"), &json!([fault["fault"]])));
            let next = invoked(&layered, "/answer").await;
            let goes_on = matches!(next, Got::Answer(_) | Got::Stream { end: StreamEnd::Complete, .. });
            assert!(goes_on, "{client:?}, {fault}: {next:?}\n{}", layered.everything());
        }
    }
    Ok(())
}

#[tokio::test]
async fn awss_node_client_crashes_and_hangs_and_comes_back() -> Result<()> {
    for (fault, error_type) in [("crash", "Runtime.ExitError"), ("hang", "Sandbox.Timedout")] {
        let settings = json!({ "path": "/stream", "before": [{ "fault": fault }] });
        let builder = Client::Node.function("endings.handler")?.timeout(Duration::from_secs(4));
        let layered = armed(builder, &settings, &[]).await?;
        let hit = invoked(&layered, "/stream").await;
        assert!(matches!(&hit, Got::Error { error_type: seen, .. } if seen == error_type), "{fault}: {hit:?}");
        let next = invoked(&layered, "/answer").await;
        assert!(matches!(next, Got::Answer(_)), "{fault}: {next:?}\n{}", layered.everything());
    }
    Ok(())
}
