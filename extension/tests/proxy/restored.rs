//! An environment that is one of many copies of a snapshot (SnapStart): what its source got before is not used again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use misrule_local::appconfig::AppConfig;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::exchange::{Lambda, connect, soon};
use super::message::Reader;
use super::process::{Extension, registered, start};

const RESTORE: &[u8] = b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: l\r\n\r\n";
const NEXT: &[u8] = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: l\r\n\r\n";
const RESTORED: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const EVENT: &str = concat!(
    "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r-1\r\nLambda-Runtime-Deadline-Ms: 32503680000000\r\n",
    "Content-Type: a/b\r\nContent-Length: 2\r\n\r\n{}",
);

/// What Lambda gives out on its credentials route, and how often somebody asked with the right token.
async fn giver() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, given) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&given);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = Reader::new(stream);
            let asked = stream.message().await;
            assert_eq!(asked.start, "GET /2021-04-23/credentials HTTP/1.1");
            assert_eq!(asked.header("Authorization"), Some("whose"));
            let body =
                r#"{"AccessKeyId":"AKID","SecretAccessKey":"hush","Token":"hush","Expiration":"2999-01-01T00:00:00Z"}"#;
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.stream.write_all(answer.as_bytes()).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (format!("http://{address}/2021-04-23/credentials"), given)
}

/// What the runtime asks through the layer, with Lambda's answer; both ends of where it went.
async fn asks(extension: &Extension, lambda: &Lambda, request: &[u8], answer: &str) -> (Reader, Reader) {
    let mut runtime = connect(([127, 0, 0, 1], extension.port).into()).await;
    runtime.stream.write_all(request).await.unwrap();
    let mut upstream = lambda.accept().await;
    soon("the runtime's question", upstream.message()).await;
    upstream.stream.write_all(answer.as_bytes()).await.unwrap();
    soon("Lambda's answer", runtime.message()).await;
    (runtime, upstream)
}

#[tokio::test]
async fn a_copy_begins_a_session_with_credentials_of_its_own() {
    for (initialization, says_so, sessions) in
        [("on-demand", false, 1), ("on-demand", true, 2), ("snap-start", false, 2)]
    {
        let (lambda, appconfig, (uri, given)) = (Lambda::new().await, AppConfig::serve().await.unwrap(), giver().await);
        appconfig.set_poll_interval(Duration::from_secs(1));
        let place = appconfig.create("shop", "prod", "faults");
        appconfig.deploy(&place, "application/json", r#"{"halt":true}"#);
        let variables = [
            ("MISRULE_SOURCE", "appconfig:shop/prod/faults"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", initialization),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL_APPCONFIGDATA", &appconfig.endpoint()),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "whose"),
        ];
        let extension = start(&lambda, &variables);
        let _registered = registered(&lambda).await;
        soon("the first poll", appconfig.until_calls("GetLatestConfiguration", 1)).await;
        if says_so {
            asks(&extension, &lambda, RESTORE, RESTORED).await;
        }
        let _under_way = asks(&extension, &lambda, NEXT, EVENT).await;
        soon("two more polls", appconfig.until_calls("GetLatestConfiguration", 3)).await;
        let case = format!("{initialization}, {says_so}");
        assert_eq!(appconfig.calls("StartConfigurationSession"), sessions, "{case}");
        assert_eq!(u64::try_from(given.load(Ordering::SeqCst)).unwrap(), sessions, "{case}");
    }
}
