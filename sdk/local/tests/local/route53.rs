//! A health check against endpoints that fail in each of the ways that count.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use misrule_local::port;
use misrule_local::route53::health_check::{Health, HealthCheck, HealthCheckConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// An endpoint that gives these answers, one a connection, then the last for ever. An empty one is no answer at all.
async fn endpoint(answers: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in answers.iter().chain(std::iter::repeat(answers.last().unwrap())) {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:"));
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

fn check(endpoint: SocketAddr) -> HealthCheck {
    let config = HealthCheckConfig {
        path: "/health".to_owned(),
        interval: Duration::from_millis(5),
        failure_threshold: NonZeroU32::new(3).unwrap(),
    };
    HealthCheck::start(endpoint, config)
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const MOVED: &str = "HTTP/1.1 301 Moved Permanently\r\nLocation: /h\r\nContent-Length: 0\r\n\r\n";
const MISSING: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn an_endpoint_becomes_unhealthy_and_healthy_again() {
    let check = check(endpoint(&[OK, MISSING, "", "no HTTP\r\n\r\n", OK, MOVED, OK]).await);
    let mut health = check.watch();
    assert_eq!(check.health(), Health::Healthy);
    health.wait_for(|health| *health == Health::Unhealthy).await.unwrap();
    health.wait_for(|health| *health == Health::Healthy).await.unwrap();
}

#[tokio::test]
async fn an_endpoint_where_nobody_listens_is_unhealthy() {
    let check = check((Ipv4Addr::LOCALHOST, port::free().unwrap()).into());
    check.watch().wait_for(|health| *health == Health::Unhealthy).await.unwrap();
    assert_eq!(check.health(), Health::Unhealthy);
}
