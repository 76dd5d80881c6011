//! Connections to a server, with TLS where its address says so.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::super::exchange::Exchange;
use super::endpoint::Endpoint;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Why it is not known whom to trust.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoTrust {
    #[error("SSL_CERT_FILE names `{}`, which holds no certificates that can be read", path.display())]
    Certificates { path: PathBuf, source: io::Error },
    #[error("no version of TLS can be spoken")]
    Versions(#[from] rustls::Error),
}

/// Whom to trust. Made when it is first needed.
///
/// The roots are Mozilla's, built in: reading the machine's costs milliseconds of a whole core, of which a small function
/// has a few percent, and an image may have none.
pub(super) struct Tls {
    certificates: Option<PathBuf>,
    connector: Option<TlsConnector>,
}

impl Tls {
    pub(super) fn new(certificates: Option<PathBuf>) -> Self {
        Self { certificates, connector: None }
    }

    /// Sessions that could be resumed are forgotten.
    pub(super) fn forget(&mut self) {
        self.connector = None;
    }

    pub(super) async fn connector(&mut self) -> Result<TlsConnector, NoTrust> {
        if let Some(connector) = &self.connector {
            return Ok(connector.clone());
        }
        let roots = match &self.certificates {
            Some(path) => {
                read(path.clone()).await.map_err(|source| NoTrust::Certificates { path: path.clone(), source })?
            }
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(self.connector.insert(TlsConnector::from(Arc::new(config))).clone())
    }

    /// A connection to this server.
    pub(super) async fn connect(&mut self, endpoint: &Endpoint) -> io::Result<Exchange> {
        let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect((endpoint.host.as_str(), endpoint.port))).await??;
        stream.set_nodelay(true)?;
        if !endpoint.is_https {
            return Exchange::over(stream).await;
        }
        let name = ServerName::try_from(endpoint.host.clone()).map_err(io::Error::other)?;
        let connector = self.connector().await.map_err(io::Error::other)?;
        Exchange::over(connector.connect(name, stream).await?).await
    }
}

/// Whether a connection failed because nobody that is trusted vouches for the server.
pub(super) fn is_untrusted(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

/// The certificates in a file, read where it may take time. What in it is none that a root may be is left out, as long as
/// something is left.
async fn read(path: PathBuf) -> io::Result<RootCertStore> {
    let read = tokio::task::spawn_blocking(move || {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(io::Error::other)? {
            let _ = roots.add(certificate.map_err(io::Error::other)?);
        }
        if roots.is_empty() { Err(io::Error::other("there is no root certificate in it")) } else { Ok(roots) }
    });
    read.await.unwrap_or_else(|lost| Err(io::Error::other(lost)))
}
