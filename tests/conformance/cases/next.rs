//! The runtime asks for an event, and gets what Lambda gave.

use crate::case::{Case, case};
use crate::exchange::Exchange;
use crate::speech::{NEXT, answer, event, refusal};

/// Every header of Lambda's, and two that it may have one day.
const EVERY_HEADER: &str = "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-3:123456789012:function:f:live\r\n\
    Lambda-Runtime-Trace-Id: Root=1-a;Parent=b;Sampled=1;Lineage=1:c:2\r\n\
    Lambda-Runtime-Client-Context: {\"client\":{\"app_title\":\"caf\u{e9}, \\\"x\\\"\"}}\r\n\
    Lambda-Runtime-Cognito-Identity: {\"cognitoIdentityId\":\"x\",\"cognitoIdentityPoolId\":\"y\"}\r\n\
    Lambda-Runtime-Aws-Tenant-Id: blue\r\nLambda-Runtime-Invocation-Id: i-1\r\n\
    Lambda-Runtime-Future-X: {\"a\":\"b, c\"}\r\nlambda-runtime-FUTURE-y: \u{e9}\u{fc}\r\n";

/// What text says of a header's value, as the bytes 0x80 to 0xff too.
fn every_byte() -> Vec<u8> {
    let mut event = event(EVERY_HEADER, b"{}");
    let line: Vec<u8> = b"Lambda-Runtime-Future-Z: ".iter().copied().chain(0x80..=0xff).chain(*b"\r\n").collect();
    let head = event.windows(2).position(|two| two == b"\r\n").map_or(0, |at| at + 2);
    event.splice(head..head, line);
    event
}

fn binary() -> Vec<u8> {
    (0..6 * 1024 * 1024_u32).map(|byte| (byte % 251) as u8).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let no_agent = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: l\r\nX-a: 1\r\nx-A: 2\r\nLambda-Runtime-Features: f\r\n\r\n";
    let without_type = answer("200 OK", "Lambda-Runtime-Aws-Request-Id: r-1\r\n", b"{}");
    let chunked = "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n";
    let measured = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody";
    let in_chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n";
    let json = "Content-Type: application/json\r\n";
    let failures = ["403 Forbidden", "410 Gone", "500 Internal Server Error", "503 Try Later"];
    vec![
        case(
            "LAMBDA 13, PEERS 2",
            "asks for an event with every header of Lambda's, three invented, bytes beyond ASCII",
            "all of them, each with its case and value",
        )
        .bytes(vec![Exchange::new(NEXT, every_byte())]),
        case("LAMBDA 14", "asks, and Lambda names no content type", "none is added, none is lost")
            .bytes(vec![Exchange::new(NEXT, without_type)]),
        case(
            "LAMBDA 15, PEERS 1",
            "asks, and Lambda refuses: 403, 410, 500, 503",
            "that status, its headers, its body",
        )
        .bytes(failures.iter().map(|status| Exchange::new(NEXT, refusal(status))).collect()),
        case("LAMBDA 16", "asks, and Lambda closes without an answer", "the connection closes, and nothing else")
            .bytes(vec![Exchange::broken_off(NEXT, "")]),
        case(
            "LAMBDA 16",
            "asks, and Lambda breaks off within an event, measured or in chunks",
            "what there was of it, and the break",
        )
        .bytes(vec![Exchange::broken_off(NEXT, measured), Exchange::broken_off(NEXT, in_chunks)]),
        case("LAMBDA 18, PEERS 5", "asks for an event of 6 MB that is no text", "every byte")
            .bytes(vec![Exchange::new(NEXT, event("", &binary()))]),
        case("LAMBDA 18, PEERS 6", "asks for an event that is empty, no JSON, or no UTF-8", "every byte").bytes(
            [&b""[..], b"not JSON", b"\xff\xfe\x00\x80"].map(|body| Exchange::new(NEXT, event("", body))).into(),
        ),
        case(
            "Misrule",
            "asks, and Lambda answers in chunks, or with words of its own beside the status",
            "the same body, the same words",
        )
        .bytes(vec![Exchange::new(NEXT, chunked), Exchange::new(NEXT, answer("200 Fine By Me", json, b"{}"))]),
        case(
            "LAMBDA 30",
            "asks without User-Agent, with Lambda-Runtime-Features and two values of one header",
            "nothing added, both values, each with its case",
        )
        .bytes(vec![Exchange::new(no_agent, event("", b"1"))]),
        case("LAMBDA 64", "asks by HTTP/1.0", "HTTP/1.0").bytes(vec![Exchange::new(
            "GET /2018-06-01/runtime/invocation/next HTTP/1.0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        )]),
        case("LAMBDA 64", "asks with Connection: close", "the header, and the answer's").bytes(vec![Exchange::new(
            NEXT.replace("User-Agent: r/1", "Connection: close"),
            event("Connection: close\r\n", b"{}"),
        )]),
    ]
}
