//! The runtime answers, in one piece.

use anyhow::{Context as _, Result, ensure};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::NO_LAYER;
use crate::case::{Case, case};
use crate::exchange::{Exchange, Segments};
use crate::speech::{ACCEPTED, ERROR, NEXT, RESPONSE, answer, event, post, refusal, request, response, streamed};
use crate::stage::{Stage, sees, soon, writes};

pub(crate) fn cases() -> Vec<Case> {
    let cause = format!(
        "Lambda-Runtime-Function-Error-Type: E\r\nLambda-Runtime-Function-XRay-Error-Cause: {}\r\n",
        "x".repeat(1_048_575)
    );
    let many: String = (0..300).map(|number| format!("X-Header-{number}: {number}\r\n")).collect();
    let refusals = ["400 Bad Request", "403 Forbidden", "410 Gone", "413 Request Entity Too Large", "500 Oh"];
    let largest = 6_291_556;
    vec![
        case("LAMBDA 21", "answers, and Lambda accepts", "202 and its body, to the line's end")
            .bytes(vec![Exchange::new(response("Content-Type: application/json\r\n", b"\"done\""), ACCEPTED)]),
        case("LAMBDA 21", "answers, and Lambda refuses: 400, 403, 410, 413, 500", "that status, its headers, its body")
            .bytes(refusals.iter().map(|status| Exchange::new(response("", b"x"), refusal(status))).collect()),
        case("PEERS 6", "answers with a body that is empty, no JSON, or no UTF-8", "every byte").bytes(
            [&b""[..], b"not JSON", b"\xff\xfe\x00"].map(|body| Exchange::new(response("", body), ACCEPTED)).into(),
        ),
        case(
            "LAMBDA 22",
            "answers in chunks, as Go's client does; the second time with none",
            "chunks, and no Content-Length beside them",
        )
        .bytes(vec![
            Exchange::new(streamed("", "1\r\na\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"), ACCEPTED),
            Exchange::new(streamed("", "0\r\n\r\n"), ACCEPTED),
        ]),
        case("LAMBDA 23", "answers with Expect: 100-continue", "it is told to go on, then the body arrives")
            .scene(expects),
        case("LAMBDA 24", "writes head and body in two segments, or each byte in its own", "the same message").bytes(
            vec![
                Exchange::new(response("", b"body"), ACCEPTED).in_segments(Segments::HeadAndBody),
                Exchange::new(response("", b"body"), ACCEPTED).in_segments(Segments::EachByte),
            ],
        ),
        case(
            "LAMBDA 24",
            "asks and answers",
            "no connection of a layer's waits for an acknowledgement: each socket has TCP_NODELAY",
        )
        .not_direct(NO_LAYER)
        .scene(nobody_waits_for_acknowledgements),
        case(
            "LAMBDA 25, PEERS 17",
            "reports an error with its type, and a cause of 1,048,575 bytes in a header",
            "both",
        )
        .bytes(vec![Exchange::new(post(ERROR, &cause, b"{}"), ACCEPTED)]),
        case("LAMBDA 26", "answers with 300 headers that nobody knows", "all of them")
            .bytes(vec![Exchange::new(response(&many, b"x"), ACCEPTED)]),
        case("LAMBDA 27", "answers with the invocation's id, and without", "it is there, and is not added").bytes(
            vec![
                Exchange::new(response("Lambda-Runtime-Invocation-Id: i-1\r\n", b"x"), ACCEPTED),
                Exchange::new(response("", b"x"), ACCEPTED),
            ],
        ),
        case("LAMBDA 29, PEERS 5", "answers with 6,291,556 bytes, the most that Lambda takes", "every byte, and 202")
            .bytes(vec![Exchange::new(response("", &vec![b'a'; largest]), ACCEPTED)]),
        case("LAMBDA 29, PEERS 18", "answers with a byte more", "Lambda's 413, as it is").bytes(vec![Exchange::new(
            response("", &vec![b'a'; largest + 1]),
            refusal("413 Request Entity Too Large"),
        )]),
        case("LAMBDA 30", "answers with a User-Agent, and without", "the same, and none is added").bytes(vec![
            Exchange::new(response("User-Agent: aws-lambda-python/3.13\r\n", b"x"), ACCEPTED),
            Exchange::new(response("", b"x"), ACCEPTED),
        ]),
        case("LAMBDA 32", "answers twice", "both; Lambda's 403 to the second goes back, and the next event comes")
            .scene(answers_twice),
        case("LAMBDA 37", "ends in the middle of a measured answer", "what there was of it, and the break").bytes(
            vec![Exchange::cut(format!("POST {RESPONSE} HTTP/1.1\r\nHost: l\r\nContent-Length: 9\r\n\r\nbody"))],
        ),
        case("Misrule", "goes as soon as it has answered", "the whole answer")
            .bytes(vec![Exchange::cut(response("", b"body"))]),
    ]
}

async fn expects(stage: Stage) -> Result<()> {
    let mut runtime = stage.runtime().await?;
    writes(
        &mut runtime,
        format!("POST {RESPONSE} HTTP/1.1\r\nHost: l\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
    )
    .await?;
    let lambda = async {
        let mut lambda = stage.lambda.accept().await?;
        ensure!(lambda.until(b"\r\n\r\n").await, "no head");
        if !lambda.holds_already(b"body") && lambda.holds_already(b"100-continue") {
            writes(&mut lambda, "HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let seen = sees(&mut lambda, "the answer").await?;
        ensure!(seen.body == b"body", "{seen:?}");
        writes(&mut lambda, ACCEPTED).await?;
        anyhow::Ok(lambda)
    };
    let runtime = async {
        let told = soon("100 Continue", runtime.message_with(false)).await?;
        ensure!(told.start == "HTTP/1.1 100 Continue", "{told:?}");
        writes(&mut runtime, "body").await?;
        let answer = sees(&mut runtime, "what Lambda said").await?;
        ensure!(answer.start == "HTTP/1.1 202 Accepted", "{answer:?}");
        anyhow::Ok(())
    };
    let (_open, ()) = tokio::try_join!(lambda, runtime)?;
    Ok(())
}

async fn nobody_waits_for_acknowledgements(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&event("", b"{}")).await?;
    writes(&mut runtime, response("", b"x")).await?;
    sees(&mut lambda, "the answer").await?;
    for layer in &stage.layers {
        let process = layer.process_id()?;
        let connections = connections(process)?;
        ensure!(connections.len() >= 3, "to the runtime, to Lambda, and for event/next: {connections:?}");
        ensure!(connections.iter().all(|no_delay| *no_delay), "{connections:?}");
    }
    Ok(())
}

/// Of each connected TCP socket of a process, whether it sends without delay: read from the socket itself. What the process
/// closes meanwhile, as a file that it has just read, is none.
fn connections(process: u32) -> Result<Vec<bool>> {
    let id = Pid::from_raw(i32::try_from(process)?).context("no process id")?;
    let process_handle = pidfd_open(id, PidfdFlags::empty())?;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(format!("/proc/{process}/fd"))? {
        let number = entry?.file_name().to_string_lossy().parse()?;
        let socket = match pidfd_getfd(&process_handle, number, PidfdGetfdFlags::empty()) {
            Err(Errno::BADF) => continue,
            descriptor => std::net::TcpStream::from(descriptor?),
        };
        // Those that listen have no peer, and files are no sockets.
        if socket.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) {
            found.push(socket.nodelay()?);
        }
    }
    Ok(found)
}

async fn answers_twice(stage: Stage) -> Result<()> {
    let (mut runtime, mut lambda) = stage.invoked(&request(1, "/orders")).await?;
    for (said, status) in [(ACCEPTED.as_bytes().to_vec(), "202"), (refusal("403 Forbidden"), "403")] {
        writes(&mut runtime, response("Lambda-Runtime-Invocation-Id: i-1\r\n", status.as_bytes())).await?;
        let seen = sees(&mut lambda, "an answer").await?;
        ensure!(seen.body == status.as_bytes(), "{seen:?}");
        writes(&mut lambda, said).await?;
        let back = sees(&mut runtime, "what Lambda said").await?;
        ensure!(back.start.contains(status), "{back:?}");
    }
    writes(&mut runtime, NEXT).await?;
    sees(&mut lambda, "the next question").await?;
    writes(&mut lambda, answer("200 OK", "Lambda-Runtime-Aws-Request-Id: r-2\r\n", b"2")).await?;
    ensure!(sees(&mut runtime, "the next event").await?.body == b"2", "another event");
    Ok(())
}
