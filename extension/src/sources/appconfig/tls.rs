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

/// SSL_CERT_FILE names no certificates.
#[derive(Debug, thiserror::Error)]
#[error("SSL_CERT_FILE names `{}`, which holds no certificates that can be read", path.display())]
pub(super) struct NoRoots {
    path: PathBuf,
    source: io::Error,
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

    pub(super) async fn connector(&mut self) -> Result<TlsConnector, NoRoots> {
        if let Some(connector) = &self.connector {
            return Ok(connector.clone());
        }
        let roots = match &self.certificates {
            Some(path) => read(path.clone()).await.map_err(|source| NoRoots { path: path.clone(), source })?,
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        // The provider has the default versions: nothing of a user's can make this fail.
        let path = || self.certificates.clone().unwrap_or_default();
        let versions = versions.map_err(|error| NoRoots { path: path(), source: io::Error::other(error) })?;
        let config = versions.with_root_certificates(roots).with_no_client_auth();
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
