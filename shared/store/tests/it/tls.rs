//! A remote server is connected to through TLS, and only with a valid certificate.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use store::{Access, Config, Store, StoreError};
use testkit::TestDb;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_postgres::config::Host;
use tokio_rustls::TlsAcceptor;

/// The first message of a client: an `SSLRequest` (PostgreSQL, Message Formats).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Adds TLS to a Postgres that has none.
struct TlsProxy {
    url: String,
    roots: String,
}

impl TlsProxy {
    /// With a certificate for this name of a new authority; `None` for a server without TLS.
    async fn start(db: &TestDb, name: Option<&str>) -> Self {
        let (acceptor, roots) = match name {
            Some(name) => {
                let (acceptor, roots) = certified(name);
                (Some(acceptor), roots)
            }
            None => (None, String::new()),
        };
        let config: tokio_postgres::Config = db.url().parse().unwrap();
        let Host::Unix(folder) = &config.get_hosts()[0] else { panic!("the server is on a socket") };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let socket = folder.join(format!(".s.PGSQL.{port}"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                tokio::spawn(pass(client, server, acceptor.clone()));
            }
        });
        let database = config.get_dbname().unwrap();
        Self { url: format!("postgres://postgres@localhost:{at}/{database}?sslmode=require"), roots }
    }

    async fn connect(&self, roots: Option<String>) -> Result<(), String> {
        let access = Access { roots, ..self.url.as_str().into() };
        let config = Config { access, connections_max: 1, wait: Duration::from_secs(20) };
        Store::new(&config).unwrap().warm_up().await.map_err(|error| {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
            format!("{error:?}")
        })
    }
}

async fn pass(mut client: TcpStream, mut server: UnixStream, acceptor: Option<TlsAcceptor>) {
    let mut request = [0; 8];
    client.read_exact(&mut request).await.unwrap();
    assert_eq!(request, SSL_REQUEST, "the connection is not encrypted");
    match acceptor {
        None => client.write_all(b"N").await.unwrap(),
        Some(acceptor) => {
            client.write_all(b"S").await.unwrap();
            // A client that refuses the certificate closes the connection.
            if let Ok(mut client) = acceptor.accept(client).await {
                copy_bidirectional(&mut client, &mut server).await.ok();
            }
        }
    }
}

fn certified(name: &str) -> (TlsAcceptor, String) {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

#[tokio::test]
async fn a_server_with_a_certificate_of_a_known_authority_is_connected_to() {
    let db = testkit::database().await;
    let proxy = TlsProxy::start(&db, Some("localhost")).await;
    proxy.connect(Some(proxy.roots.clone())).await.unwrap();
}

#[tokio::test]
async fn a_server_of_another_name_or_authority_or_without_tls_is_refused() {
    let db = testkit::database().await;
    let proxy = TlsProxy::start(&db, Some("localhost")).await;
    let refused = proxy.connect(None).await.unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
    let proxy = TlsProxy::start(&db, Some("db.example.test")).await;
    let refused = proxy.connect(Some(proxy.roots.clone())).await.unwrap_err();
    assert!(refused.contains("NotValidForName"), "{refused}");
    let proxy = TlsProxy::start(&db, None).await;
    let refused = proxy.connect(None).await.unwrap_err();
    assert!(refused.contains("does not support TLS"), "{refused}");
}
