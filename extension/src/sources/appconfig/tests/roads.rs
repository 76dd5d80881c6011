//! The ways to the service, and their ends.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use misrule_local::port;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::super::Pace;
use super::*;
use crate::sources::{Source as _, SourceError};
use crate::telemetry::chain;

/// A server's TLS for `localhost`, and the certificate that vouches for it.
fn tls() -> (TlsAcceptor, NamedTempFile) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    (TlsAcceptor::from(Arc::new(config)), file(&pem(cert.der())))
}

fn pem(certificate: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn trusting(certificates: Option<&NamedTempFile>, url: &str) -> AppConfig {
    let certificates = certificates.map(|file| file.path().to_owned());
    source_with(AwsSettings { certificates, credentials: keys(), ..at(url) }, &Wall::at(NOW))
}

fn stays(reply: Reply) -> Reply {
    let Reply::Says(answer) = reply else { panic!("only what is said can stay") };
    Reply::Stays(answer.replace("Connection: close\r\n", ""))
}

#[tokio::test]
async fn over_tls_the_server_must_be_who_a_root_says_it_is() {
    let (acceptor, root) = tls();
    let script = vec![stays(session("a")), stays(latest("b", "15", "", "one"))];
    let server = Server::with_tls(acceptor, script).await;
    let port = server.address.port();
    let (localhost, address) = (format!("https://localhost:{port}"), format!("https://127.0.0.1:{port}"));
    for (certificates, url, reason) in
        [(None, &localhost, "UnknownIssuer"), (Some(&root), &address, "not valid for name")]
    {
        let error = trusting(certificates, url).fetch().await.unwrap_err();
        assert!(matches!(error, SourceError::Untrusted { .. }), "{error:?}");
        assert!(chain(&error).contains(reason), "{}", chain(&error));
        assert!(error.hint().unwrap().contains("SSL_CERT_FILE"));
    }
    assert_eq!(trusting(Some(&root), &localhost).fetch().await.unwrap(), content("one", None));
    assert_eq!(server.asked(), [SESSION.to_owned(), get("a")]);
}

#[tokio::test]
async fn a_file_without_certificates_is_told_and_nobody_is_trusted() {
    let (empty, not_pem) = (file(""), file("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n"));
    for certificates in [&empty, &not_pem] {
        let error = trusting(Some(certificates), "https://localhost:1").fetch().await.unwrap_err();
        assert!(matches!(error, SourceError::NoRoots { .. }), "{error:?}");
        assert!(chain(&error).contains("SSL_CERT_FILE"), "{}", chain(&error));
        assert_eq!(error.pace(), Pace::Slow);
    }
}

#[tokio::test]
async fn calls_of_one_fetch_share_a_connection_and_fetches_do_not() {
    let script = vec![stays(session("a")), stays(latest("b", "15", "", "one")), stays(latest("c", "15", "", ""))];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = listener.local_addr().unwrap();
    let server = Server::with(script).await;
    let connections = Arc::new(AtomicU64::new(0));
    tokio::spawn(relay(listener, server.address, Arc::clone(&connections)));
    let mut source = source(&format!("http://{front}"), keys());
    for (fetched, so_far) in [(content("one", None), 1), (Fetched::Unchanged, 2)] {
        assert_eq!(source.fetch().await.unwrap(), fetched);
        assert_eq!(connections.load(Ordering::SeqCst), so_far);
    }
}

async fn relay(listener: TcpListener, to: std::net::SocketAddr, connections: Arc<AtomicU64>) {
    while let Ok((mut downstream, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::SeqCst);
        let mut upstream = tokio::net::TcpStream::connect(to).await.unwrap();
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut downstream, &mut upstream).await });
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_costs_no_token() {
    let script = vec![session("a"), latest("b", "15", "", "one")];
    let server = Server::with(script).await;
    let mut wanted = source(&server.url(), keys());
    wanted.fetch().await.unwrap();
    let nobody = format!("http://127.0.0.1:{}", port::free().unwrap());
    let mut source = AppConfig { token: wanted.token.take(), ..source(&nobody, keys()) };
    let error = source.fetch().await.unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error:?}");
    assert!(chain(&error).contains("refused"), "{}", chain(&error));
    assert_eq!(source.token.unwrap().text, "b", "nothing was sent, so the token is good");
}

#[tokio::test]
async fn a_name_that_nobody_knows_and_an_answer_that_is_none_are_unreachable() {
    let server = Server::with(vec![Reply::Says("\0\u{1} this is not HTTP\r\n\r\n".to_owned())]).await;
    for url in ["http://appconfigdata.invalid", &server.url()] {
        let error = source(url, keys()).fetch().await.unwrap_err();
        assert!(matches!(error, SourceError::Unreachable { .. }), "{error:?}");
        assert_eq!(error.pace(), Pace::Backoff);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_service_is_given_up() {
    let silent_at_tls = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::with(vec![Reply::Silent]).await;
    let (_, root) = tls();
    let handshake = format!("https://localhost:{}", silent_at_tls.local_addr().unwrap().port());
    for mut source in [keyed(&server), trusting(Some(&root), &handshake)] {
        let began = Instant::now();
        let error = source.fetch().await.unwrap_err();
        assert!(matches!(error, SourceError::Unreachable { .. }), "{error:?}");
        assert!(began.elapsed() <= Duration::from_secs(8), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn half_a_body_is_no_answer() {
    let half = answer(200, "Next-Poll-Configuration-Token: x\r\n", "half").replace("Length: 4", "Length: 400");
    let chunked =
        "HTTP/1.1 200 OK\r\nNext-Poll-Configuration-Token: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    for reply in [half, chunked.to_owned()] {
        let server =
            Server::with(vec![session("a"), Reply::Says(reply), session("b"), latest("c", "15", "", "whole")]).await;
        let mut source = keyed(&server);
        let error = source.fetch().await.unwrap_err();
        assert!(matches!(error, SourceError::Unreachable { .. }), "{error:?}");
        assert_eq!(source.fetch().await.unwrap(), content("whole", None));
    }
}

#[tokio::test]
async fn without_a_region_it_is_not_known_where_to_ask() {
    let mut source = AppConfig::open(address(), "", AwsSettings::default(), Wall::at(NOW).clock());
    let error = source.fetch().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "AWS_REGION is not set, so it is not known where to ask `appconfig:shop/prod/faults`"
    );
}
