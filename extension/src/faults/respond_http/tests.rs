//! Each shape against the format that AWS documents for it, written down here by hand from the page that is named, and
//! with that page's own example where it has one.

use misrule_engine::decision::HttpAnswer;
use misrule_engine::invocation::HttpShape;
use serde_json::{Value, json};

use super::parts::Parts;
use super::{limit, write};
use crate::faults::{FaultError, Outcome};
use crate::settings::InvokeMode;

const SHAPES: [HttpShape; 7] = [
    HttpShape::RestApi,
    HttpShape::HttpApiV1,
    HttpShape::HttpApiV2,
    HttpShape::FunctionUrl,
    HttpShape::LoadBalancer,
    HttpShape::LoadBalancerMultiValue,
    HttpShape::WebSocketConnect,
];

fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> HttpAnswer {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpAnswer { status, headers, body: body.to_vec() }
}

fn written(shape: HttpShape, mode: InvokeMode, answer: &HttpAnswer) -> Result<(Outcome, Vec<u8>), FaultError> {
    write(shape, mode, &Parts::of(answer, Some("outage/path-outage".to_owned())))
}

fn buffered(shape: HttpShape, answer: &HttpAnswer) -> Value {
    let (outcome, body) = written(shape, InvokeMode::Buffered, answer).unwrap();
    assert_eq!(outcome, Outcome::Response, "{shape:?}");
    serde_json::from_slice(&body).unwrap()
}

/// The prelude, and what follows its eight NUL bytes.
fn streamed(shape: HttpShape, answer: &HttpAnswer) -> (Value, Vec<u8>) {
    let (outcome, body) = written(shape, InvokeMode::ResponseStream, answer).unwrap();
    assert_eq!(outcome, Outcome::Stream, "{shape:?}");
    let end = body.windows(8).position(|window| window == [0; 8]).unwrap();
    (serde_json::from_slice(&body[..end]).unwrap(), body[end + 8..].to_vec())
}

/// An answer with all there is: a header, one that repeats, two cookies, text.
fn full() -> HttpAnswer {
    let headers = [
        ("Retry-After", "2"),
        ("set-cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
        ("vary", "origin"),
        ("Set-Cookie", "b=2"),
        ("VARY", "cookie"),
    ];
    answer(404, &headers, b"gone")
}

/// "Output format of a Lambda function for proxy integration":
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>, and the same for
/// format 1.0: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
#[test]
fn a_rest_api_and_an_http_api_1_take_what_repeats_as_lists() {
    for shape in [HttpShape::RestApi, HttpShape::HttpApiV1] {
        let expected = json!({
            "isBase64Encoded": false,
            "statusCode": 404,
            "headers": { "retry-after": "2", "x-misrule": "outage/path-outage" },
            "multiValueHeaders": {
                "set-cookie": ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"],
                "vary": ["origin", "cookie"]
            },
            "body": "gone"
        });
        assert_eq!(buffered(shape, &full()), expected);
    }
}

/// "Lambda function response for format 2.0":
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>; the same for
/// "Response payload format" of function URLs: <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>
#[test]
fn an_http_api_2_and_a_function_url_take_cookies_apart() {
    for shape in [HttpShape::HttpApiV2, HttpShape::FunctionUrl] {
        let expected = json!({
            "cookies": ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"],
            "isBase64Encoded": false,
            "statusCode": 404,
            "headers": { "retry-after": "2", "vary": "origin, cookie", "x-misrule": "outage/path-outage" },
            "body": "gone"
        });
        assert_eq!(buffered(shape, &full()), expected);
    }
}

/// "Lambda proxy integration format for response streaming":
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html>. For function URLs it
/// is what `awslambda.HttpResponseStream` writes:
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html>
#[test]
fn a_stream_begins_with_status_headers_and_cookies_and_eight_nul_bytes() {
    for shape in [HttpShape::RestApi, HttpShape::FunctionUrl] {
        let expected = json!({
            "statusCode": 404,
            "headers": { "retry-after": "2", "vary": "origin, cookie", "x-misrule": "outage/path-outage" },
            "cookies": ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"]
        });
        assert_eq!(streamed(shape, &full()), (expected, b"gone".to_vec()));
        let bytes = answer(200, &[], b"\xff\0\0\0\0\0\0\0\0\0");
        let expected = json!({ "statusCode": 200, "headers": { "x-misrule": "outage/path-outage" } });
        assert_eq!(streamed(shape, &bytes), (expected, bytes.body.clone()), "a streamed body is never base64");
    }
}

/// "Respond to the load balancer", and its example:
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#respond-to-load-balancer>
#[test]
fn a_load_balancer_takes_a_description_and_one_value_for_each_header() {
    let example = answer(
        200,
        &[("Set-cookie", "cookies"), ("Content-Type", "application/json")],
        b"Hello from Lambda (optional)",
    );
    let expected = json!({
        "isBase64Encoded": false,
        "statusCode": 200,
        "statusDescription": "200 OK",
        "headers": { "set-cookie": "cookies", "content-type": "application/json", "x-misrule": "outage/path-outage" },
        "body": "Hello from Lambda (optional)"
    });
    assert_eq!(buffered(HttpShape::LoadBalancer, &example), expected);
    let joined = answer(599, &[("vary", "origin"), ("Vary", "cookie")], b"");
    let written = buffered(HttpShape::LoadBalancer, &joined);
    assert_eq!((&written["headers"]["vary"], &written["statusDescription"]), (&json!("origin, cookie"), &json!("599")));
}

/// "Multi-value headers", with its example's cookies: with them enabled, `multiValueHeaders` takes the place of `headers`.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#multi-value-headers>
#[test]
fn a_load_balancer_with_multi_value_headers_takes_lists() {
    let cookies =
        ["cookie-name=cookie-value;Domain=myweb.com;Secure;HttpOnly", "cookie-name=cookie-value;Expires=May 8, 2019"];
    let example = answer(
        503,
        &[("Set-cookie", cookies[0]), ("Content-Type", "application/json"), ("Set-cookie", cookies[1])],
        b"",
    );
    let expected = json!({
        "isBase64Encoded": false,
        "statusCode": 503,
        "statusDescription": "503 Service Unavailable",
        "multiValueHeaders": {
            "set-cookie": cookies,
            "content-type": ["application/json"],
            "x-misrule": ["outage/path-outage"]
        },
        "body": ""
    });
    assert_eq!(buffered(HttpShape::LoadBalancerMultiValue, &example), expected);
}

/// "Multi-value headers": without them, the last of several values is kept.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#multi-value-headers>
#[test]
fn more_cookies_than_a_load_balancer_keeps_are_refused() {
    let refused = written(HttpShape::LoadBalancer, InvokeMode::Buffered, &full()).unwrap_err();
    assert_eq!(refused, FaultError::ManyCookies { count: 2 });
    assert_eq!(
        refused.to_string(),
        "the answer sets 2 cookies, and of more than one the load balancer keeps the last: its target group needs multi-value headers"
    );
}

/// Both answers of the example:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html>
#[test]
fn a_web_socket_api_takes_a_status_and_a_subprotocol() {
    let refusal = answer(400, &[("content-type", "text/plain")], b"no");
    assert_eq!(buffered(HttpShape::WebSocketConnect, &refusal), json!({ "statusCode": 400 }));
    let consent = answer(200, &[("Sec-WebSocket-Protocol", "myprotocol")], b"");
    let expected = json!({ "statusCode": 200, "headers": { "sec-websocket-protocol": "myprotocol" } });
    assert_eq!(buffered(HttpShape::WebSocketConnect, &consent), expected);
}

#[test]
fn only_function_urls_and_rest_apis_can_stream() {
    for shape in SHAPES {
        let one_cookie = answer(404, &[("set-cookie", "a=1")], b"gone");
        let (outcome, _) = written(shape, InvokeMode::ResponseStream, &one_cookie).unwrap();
        let streams = matches!(shape, HttpShape::RestApi | HttpShape::FunctionUrl);
        assert_eq!(outcome == Outcome::Stream, streams, "{shape:?}");
    }
}

/// All pages above: `isBase64Encoded` says how `body` is written.
#[test]
fn a_body_that_is_no_text_is_written_in_base64() {
    for shape in SHAPES.into_iter().filter(|shape| *shape != HttpShape::WebSocketConnect) {
        let bytes = buffered(shape, &answer(200, &[], b"\xff\x00"));
        assert_eq!((&bytes["body"], &bytes["isBase64Encoded"]), (&json!("/wA="), &json!(true)), "{shape:?}");
        let text = buffered(shape, &answer(200, &[], "gön".as_bytes()));
        assert_eq!((&text["body"], &text["isBase64Encoded"]), (&json!("gön"), &json!(false)), "{shape:?}");
    }
}

#[test]
fn a_policy_cannot_pretend_to_be_another() {
    for shape in SHAPES {
        let written = buffered(shape, &answer(404, &[("X-Misrule", "innocent")], b"")).to_string();
        assert!(!written.contains("innocent"), "{written}");
        assert_eq!(written.contains("outage/path-outage"), shape != HttpShape::WebSocketConnect, "{written}");
    }
}

/// "The maximum size of the response JSON that the Lambda function can send is 1 MB":
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>
#[test]
fn a_load_balancer_takes_less_than_lambda() {
    for shape in SHAPES {
        let refused = limit(shape).check(vec![b' '; 7 * 1024 * 1024]).unwrap_err().to_string();
        let expected = match shape {
            HttpShape::LoadBalancer | HttpShape::LoadBalancerMultiValue => {
                "1048576 that an Application Load Balancer accepts"
            }
            _ => "6291556 that Lambda accepts",
        };
        assert!(refused.ends_with(expected), "{refused}");
    }
}
