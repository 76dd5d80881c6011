//! HTTPS before a server on loopback, under a certificate for this run.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Ends TLS and passes the bytes on.
pub(crate) struct Front {
    port: u16,
    /// The certificate that a client must trust.
    pub(crate) trusted: PathBuf,
}

impl Front {
    /// One before this address; the certificate is written into the folder.
    pub(crate) async fn before(server: SocketAddr, folder: &Path) -> Result<Self> {
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)?;
        let trusted = folder.join("trusted.pem");
        fs::write(&trusted, format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(cert.der())))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), server));
        Ok(Self { port, trusted })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, server: SocketAddr) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(relay(socket, acceptor.clone(), server));
    }
}

async fn relay(socket: TcpStream, acceptor: TlsAcceptor, server: SocketAddr) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut client = acceptor.accept(socket).await?;
    let mut server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
