//! Faults that break while a stream passes them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use misrule_engine::decision::{PlannedStep, PolicyName, Step};
use misrule_engine::invocation::{Head, Invocation, RequestId};
use misrule_engine::time::Timestamp;

use super::{Ground, Turn, Walk, Walked};
use crate::clock;
use crate::control::tests::house::{House, experiment};
use crate::telemetry::Injections;

/// What a handler streams: an error at the end is `Err`.
struct Script(VecDeque<Result<Frame<Bytes>, &'static str>>);

impl Body for Script {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.0.pop_front())
    }
}

fn script(end: Result<Frame<Bytes>, &'static str>) -> Script {
    let data = |text: &'static str| Ok(Frame::data(Bytes::from(text)));
    Script([data("prelude;fir"), data(""), data("st and"), data(" last"), end].into())
}

/// What came of a stream: its bytes, its trailers, and how it ended.
async fn passes(mut walked: Walked<Script>) -> (String, usize, &'static str) {
    let (mut bytes, mut trailers) = (Vec::new(), 0);
    loop {
        match std::future::poll_fn(|cx| walked.poll_turn(cx)).await {
            Turn::Frame(frame) => match frame.into_data() {
                Ok(data) => bytes.extend(data),
                Err(frame) => trailers += frame.into_trailers().map_or(0, |trailers| trailers.len()),
            },
            Turn::Broken(why) => return (String::from_utf8(bytes).unwrap(), trailers, why),
            Turn::Cut => return (String::from_utf8(bytes).unwrap(), trailers, "cut"),
            Turn::End => return (String::from_utf8(bytes).unwrap(), trailers, "end"),
        }
    }
}

async fn ground(house: &House) -> Ground {
    let armed = house.event_arrives().await.unwrap();
    let head = Head {
        request_id: RequestId::new("r-1"),
        invocation_id: None,
        invoked_arn: String::new(),
        trace_id: None,
        tenant_id: None,
        arrived: clock::now(),
        deadline: Timestamp::from_milliseconds(u64::MAX),
        sequence: 0,
    };
    let admission = armed.enforcer.admit(&head).unwrap();
    let invocation = Arc::new(Invocation::new(head, Bytes::new()));
    Ground::new(house.control.clone(), armed, invocation, &admission)
}

fn steps() -> Vec<PlannedStep> {
    let step = |step| PlannedStep { policy: PolicyName::new("slow"), step };
    let pause = |after_bytes| Step::Pause { after_bytes, duration: Duration::from_millis(1) };
    vec![step(Step::Throttle(100)), step(pause(0)), step(pause(3)), step(pause(99))]
}

/// Every look at the clock breaks once: the first ones as the stream begins, the last as a fault comes too late.
#[tokio::test(start_paused = true)]
async fn wherever_a_fault_panics_the_stream_goes_on_as_it_is() {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-end", "1".parse().unwrap());
    let house = House::open();
    house.arms(experiment("brownout")).await;
    let mut broke = 0;
    for (end, count, last) in [(Ok(trailers), 1, "end"), (Err("broken"), 0, "broken")] {
        for look in 1.. {
            let walk =
                Walk::of(&steps(), "prelude;".len() as u64, Injections::default(), ground(&house).await).unwrap();
            let walked = Walked::new(walk(script(end.clone().map(Frame::trailers))));
            house.break_clock(look);
            let whole = ("prelude;first and last".to_owned(), count, last);
            assert_eq!(passes(walked).await, whole, "look {look}");
            if !house.clock_broke() {
                house.break_clock(0);
                break;
            }
            broke += 1;
        }
    }
    assert!(broke > 10, "it broke {broke} times");
}
