//! Who waits for whom, on which connection, and who is told when one side goes.

use tokio::io::AsyncWriteExt as _;

use super::exchange::{Lambda, connect, proxy_before, proxy_before_another, soon};
use super::message::{End, Reader};

const NEXT: &[u8] = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: l\r\n\r\n";

async fn asks(runtime: &mut Reader) {
    runtime.stream.write_all(NEXT).await.unwrap();
}

async fn gives(lambda: &mut Reader, event: &str) {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: {}\r\n\r\n{event}", event.len());
    lambda.stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn receives(runtime: &mut Reader) -> String {
    String::from_utf8(soon("an event", runtime.message()).await.body).unwrap()
}

#[tokio::test]
async fn sixty_four_runtimes_get_the_events_of_their_own_connections() {
    let lambda = Lambda::new().await;
    let proxy = proxy_before(&lambda.address().to_string()).await;
    let mut pairs = Vec::new();
    for _ in 0..64 {
        let mut runtime = connect(proxy).await;
        asks(&mut runtime).await;
        let mut upstream = lambda.accept().await;
        assert_eq!(soon("a question", upstream.message()).await.end, End::Complete);
        pairs.push((runtime, upstream));
    }
    for (number, (_, upstream)) in pairs.iter_mut().enumerate().rev() {
        gives(upstream, &number.to_string()).await;
    }
    for (number, (runtime, _)) in pairs.iter_mut().enumerate() {
        assert_eq!(receives(runtime).await, number.to_string());
    }
    assert!(lambda.is_alone().await, "there are as many upstream connections as runtimes");
}

#[tokio::test]
async fn a_runtime_that_goes_while_it_waits_closes_its_own_upstream_connection_and_opens_none() {
    let lambda = Lambda::new().await;
    let proxy = proxy_before(&lambda.address().to_string()).await;
    let (mut goes, mut stays) = (connect(proxy).await, connect(proxy).await);
    asks(&mut goes).await;
    let mut its_own = lambda.accept().await;
    soon("its question", its_own.message()).await;
    asks(&mut stays).await;
    let mut other = lambda.accept().await;
    soon("the other question", other.message()).await;
    drop(goes);
    assert!(soon("the upstream connection to close", its_own.closes()).await);
    assert!(lambda.is_alone().await);
    gives(&mut other, "for who stayed").await;
    assert_eq!(receives(&mut stays).await, "for who stayed");
}

#[tokio::test]
async fn an_idle_connection_that_lambda_closed_is_replaced_and_the_question_asked_once() {
    let lambda = Lambda::new().await;
    let proxy = proxy_before(&lambda.address().to_string()).await;
    let mut runtime = connect(proxy).await;
    asks(&mut runtime).await;
    let mut first = lambda.accept().await;
    soon("a question", first.message()).await;
    gives(&mut first, "1").await;
    assert_eq!(receives(&mut runtime).await, "1");
    drop(first);
    asks(&mut runtime).await;
    let mut second = lambda.accept().await;
    soon("the question again", second.message()).await;
    gives(&mut second, "2").await;
    assert_eq!(receives(&mut runtime).await, "2");
    assert!(lambda.is_alone().await, "the question was asked once");
}

#[tokio::test]
async fn questions_in_a_row_use_one_connection_and_pipelined_ones_keep_their_order() {
    let lambda = Lambda::new().await;
    let proxy = proxy_before(&lambda.address().to_string()).await;
    let mut runtime = connect(proxy).await;
    runtime.stream.write_all(&[NEXT, NEXT].concat()).await.unwrap();
    let mut upstream = lambda.accept().await;
    for event in ["1", "2"] {
        soon("a question", upstream.message()).await;
        gives(&mut upstream, event).await;
        assert_eq!(receives(&mut runtime).await, event);
    }
    assert!(lambda.is_alone().await);
}

#[tokio::test]
async fn after_a_restore_no_connection_from_before_is_used() {
    let lambda = Lambda::new().await;
    let proxy = proxy_before(&lambda.address().to_string()).await;
    let (mut runtime, mut restoring) = (connect(proxy).await, connect(proxy).await);
    asks(&mut runtime).await;
    let mut before = lambda.accept().await;
    soon("a question", before.message()).await;
    gives(&mut before, "1").await;
    receives(&mut runtime).await;
    restoring.stream.write_all(b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: l\r\n\r\n").await.unwrap();
    let mut snapshot = lambda.accept().await;
    soon("the restore", snapshot.message()).await;
    gives(&mut snapshot, "").await;
    receives(&mut restoring).await;
    asks(&mut runtime).await;
    let mut after = lambda.accept().await;
    soon("a question on a new connection", after.message()).await;
    gives(&mut after, "2").await;
    assert_eq!(receives(&mut runtime).await, "2");
}

#[tokio::test]
async fn the_first_chunk_goes_up_before_the_second_is_written() {
    let lambda = Lambda::new().await;
    let proxy = proxy_before(&lambda.address().to_string()).await;
    let mut runtime = connect(proxy).await;
    let head = b"POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
    runtime.stream.write_all(head).await.unwrap();
    let mut upstream = lambda.accept().await;
    soon("the first chunk", async {
        let mut seen = Vec::new();
        while !seen.windows(5).any(|five| five == b"first") {
            use tokio::io::AsyncReadExt as _;
            assert!(upstream.stream.read_buf(&mut seen).await.unwrap() > 0);
        }
    })
    .await;
    runtime.stream.write_all(b"6\r\nsecond\r\n0\r\n\r\n").await.unwrap();
    gives(&mut upstream, "OK").await;
    assert_eq!(receives(&mut runtime).await, "OK");
}

#[tokio::test]
async fn whoever_expects_to_be_told_to_continue_is_told_at_once() {
    let lambda = Lambda::new().await;
    let proxy = proxy_before(&lambda.address().to_string()).await;
    let mut runtime = connect(proxy).await;
    let head = b"POST /2018-06-01/runtime/invocation/r-1/response HTTP/1.1\r\nHost: l\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    runtime.stream.write_all(head).await.unwrap();
    let go_on = soon("100 Continue", runtime.message_with(false)).await;
    assert_eq!(go_on.start, "HTTP/1.1 100 Continue");
    runtime.stream.write_all(b"body").await.unwrap();
    let mut upstream = lambda.accept().await;
    assert_eq!(soon("the body", upstream.message()).await.body, b"body");
    gives(&mut upstream, "OK").await;
    assert_eq!(receives(&mut runtime).await, "OK");
}

#[tokio::test]
async fn lambda_may_start_listening_late_and_lie_below_a_base_path() {
    let reserved = Lambda::new().await;
    let address = reserved.address();
    drop(reserved);
    let proxy = proxy_before(&format!("http://localhost:{}/.rt", address.port())).await;
    let mut runtime = connect(proxy).await;
    asks(&mut runtime).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let mut upstream = Reader::new(soon("a connection", listener.accept()).await.unwrap().0);
    let question = soon("the question", upstream.message()).await;
    assert_eq!(question.start, "GET /.rt/2018-06-01/runtime/invocation/next HTTP/1.1");
    gives(&mut upstream, "late").await;
    assert_eq!(receives(&mut runtime).await, "late");
}

#[tokio::test]
async fn a_proxy_before_lambda_that_is_not_there_is_passed_by() {
    let lambda = Lambda::new().await;
    let nobody = Lambda::new().await.address();
    for another in [format!("{nobody}/base"), "no.such.host.invalid".to_owned()] {
        let proxy = proxy_before_another(&another, &lambda).await;
        let mut runtime = connect(proxy).await;
        for round in ["first", "second"] {
            asks(&mut runtime).await;
            let mut upstream = lambda.accept().await;
            let question = soon("the question", upstream.message()).await;
            assert_eq!(
                question.start, "GET /2018-06-01/runtime/invocation/next HTTP/1.1",
                "without the other's base path"
            );
            gives(&mut upstream, round).await;
            assert_eq!(receives(&mut runtime).await, round);
        }
    }
}

#[tokio::test]
async fn a_proxy_before_lambda_that_is_there_is_not_passed_by() {
    let (lambda, another) = (Lambda::new().await, Lambda::new().await);
    let proxy = proxy_before_another(&format!("{}/base", another.address()), &lambda).await;
    let mut runtime = connect(proxy).await;
    asks(&mut runtime).await;
    let mut upstream = another.accept().await;
    let question = soon("the question", upstream.message()).await;
    assert_eq!(question.start, "GET /base/2018-06-01/runtime/invocation/next HTTP/1.1");
    gives(&mut upstream, "by another").await;
    assert_eq!(receives(&mut runtime).await, "by another");
    assert!(lambda.is_alone().await);
}

#[tokio::test]
async fn the_port_says_who_it_is_without_asking_lambda() {
    let lambda = Lambda::new().await;
    let proxy = proxy_before(&lambda.address().to_string()).await;
    let mut curious = connect(proxy).await;
    curious.stream.write_all(b"GET /misrule HTTP/1.1\r\nHost: l\r\n\r\n").await.unwrap();
    let identity = receives(&mut curious).await;
    let (before, version) = (lambda.address(), env!("CARGO_PKG_VERSION"));
    assert_eq!(identity, format!(r#"{{"before":["{before}"],"name":"misrule","version":"{version}"}}"#));
    assert!(lambda.is_alone().await);
}
