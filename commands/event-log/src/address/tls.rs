//! TLS to the database, as strict as the address asks for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sqlx::postgres::PgSslMode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use super::{BadAddress, Secrets};

/// Makes encrypted connections.
pub(crate) struct Tls(TlsConnector);

impl Tls {
    pub(super) async fn new(mode: PgSslMode, secrets: &Secrets) -> Result<Self, BadAddress> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(bad)?;
        let builder = match mode {
            PgSslMode::VerifyFull => builder.with_root_certificates(roots(secrets.root_certificate.as_deref()).await?),
            PgSslMode::VerifyCa => {
                let roots = Arc::new(roots(secrets.root_certificate.as_deref()).await?);
                let chain = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Lenient::new(&provider, Some(chain.build().map_err(bad)?)))
            }
            PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer | PgSslMode::Require => {
                builder.dangerous().with_custom_certificate_verifier(Lenient::new(&provider, None))
            }
        };
        let config = match (&secrets.certificate, &secrets.key) {
            (Some(certificate), Some(key)) => {
                let chain = certificates("client certificate", certificate).await?;
                builder.with_client_auth_cert(chain, private_key(key).await?).map_err(bad)?
            }
            (None, None) => builder.with_no_client_auth(),
            _ => return Err(BadAddress::Tls("a client certificate and its key go together".to_owned())),
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

fn bad(error: impl std::fmt::Display) -> BadAddress {
    BadAddress::Tls(error.to_string())
}

/// The public ones and those of the address.
async fn roots(named: Option<&str>) -> Result<RootCertStore, BadAddress> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(named) = named {
        for certificate in certificates("root certificate", named).await? {
            roots.add(certificate).map_err(bad)?;
        }
    }
    Ok(roots)
}

async fn certificates(what: &'static str, named: &str) -> Result<Vec<CertificateDer<'static>>, BadAddress> {
    let text = text(what, named).await?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let all = all.map_err(|error| BadAddress::Pem { what, reason: error.to_string() })?;
    if all.is_empty() { Err(BadAddress::Pem { what, reason: "no certificate in it".to_owned() }) } else { Ok(all) }
}

async fn private_key(named: &str) -> Result<PrivateKeyDer<'static>, BadAddress> {
    let what = "client key";
    let text = text(what, named).await?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| BadAddress::Pem { what, reason: error.to_string() })
}

/// The PEM itself, or the name of a file of it.
async fn text(what: &'static str, named: &str) -> Result<Vec<u8>, BadAddress> {
    if named.trim_start().starts_with("-----BEGIN") {
        return Ok(named.as_bytes().to_vec());
    }
    tokio::fs::read(named).await.map_err(|source| BadAddress::File { what, file: named.to_owned(), source })
}

/// Asks less of a server's certificate than a browser would: that its chain is known, or nothing at all, as the names of
/// these modes promise (<https://www.postgresql.org/docs/15/libpq-ssl.html#LIBPQ-SSL-PROTECTION>).
#[derive(Debug)]
struct Lenient {
    chain: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Lenient {
    fn new(provider: &CryptoProvider, chain: Option<Arc<WebPkiServerVerifier>>) -> Arc<Self> {
        Arc::new(Self { chain, algorithms: provider.signature_verification_algorithms })
    }
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};

        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        // The name is looked at last.
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = InvalidDnsNameError;

    /// Without a name over a socket file, where no server offers TLS.
    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, InvalidDnsNameError> {
        let host = if host.is_empty() { "localhost" } else { host };
        Ok(Handshake(self.0.clone(), ServerName::try_from(host.to_owned())?))
    }
}

/// With one server.
pub(crate) struct Handshake(TlsConnector, ServerName<'static>);

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Encrypted>>;

    fn connect(self, socket: Socket) -> Self::Future {
        self.0.connect(self.1, socket).map(|stream| stream.map(Encrypted)).boxed()
    }
}

/// An encrypted connection.
pub(crate) struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
