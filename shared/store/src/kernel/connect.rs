//! How a connection to Postgres is opened: encrypted and verified unless it stays on this machine, with a password that
//! may differ each time.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Connect;
use domain::with_causes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::kernel::error::StoreError;

/// The authorities of RDS instances' certificates. RDS Proxy has a certificate of a public authority.
const RDS_ROOTS: &[u8] = include_bytes!("connect/rds_roots.pem");

/// A server that is gone without closing its connections, as after a failover to the other zone, is noticed after 20
/// seconds: by the probes while a query runs, by the time-out while a query is being sent.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 2;
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(15);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Ask = Arc<dyn Fn() -> BoxFuture<'static, Result<String, BoxError>> + Send + Sync>;

/// Gets the password of each connection when it is opened: an IAM token is valid for 15 minutes, a password in a secret
/// until it is changed.
#[derive(Clone)]
pub struct Password {
    first: Ask,
    second: Option<Ask>,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl Password {
    /// Calls `ask` for each connection.
    pub fn asked<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, BoxError>> + Send + 'static,
    {
        Self { first: Arc::new(move || ask().boxed()), second: None }
    }

    /// Uses `other` when the server refuses the first. RDS accepts a token and no password from every direct or indirect
    /// member of `rds_iam`, and only the server knows who that is.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { second: Some(other.first), ..self }
    }
}

/// Where a database is and how to log in.
#[derive(Clone, Debug)]
pub struct Access {
    /// `postgres://…`. Without `sslmode` in it TLS is required, except to a server on this machine.
    pub url: String,
    /// The password of each connection, when the URL contains none.
    pub password: Option<Password>,
    /// Certificates (PEM) of a private authority that is trusted beside the public ones and those of RDS.
    pub roots: Option<String>,
}

impl Access {
    /// Whether the URL and the roots can be read; nothing is opened.
    pub fn check(&self) -> Result<(), StoreError> {
        Connector::new(self).map(drop)
    }
}

impl From<&str> for Access {
    fn from(url: &str) -> Self {
        Self { url: url.to_owned(), password: None, roots: None }
    }
}

/// An open connection: the client gets answers only while the driver is polled.
pub(crate) struct Opened {
    pub client: Client,
    pub driver: Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>,
}

/// Opens connections to one server.
pub(crate) struct Connector {
    pub config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    password: Option<Password>,
}

impl Connector {
    /// Checks the URL and the roots; nothing is opened yet.
    pub fn new(access: &Access) -> Result<Self, StoreError> {
        let mut config = tokio_postgres::Config::from_str(&access.url)
            .map_err(|error| StoreError::Unavailable(error.into()))?;
        if config.get_ssl_mode() == SslMode::Prefer {
            let mode = if is_on_this_machine(&config) { SslMode::Disable } else { SslMode::Require };
            config.ssl_mode(mode);
        }
        config
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_INTERVAL)
            .keepalives_retries(KEEPALIVE_RETRIES)
            .tcp_user_timeout(UNACKNOWLEDGED_MAX);
        let own = access.roots.as_deref().unwrap_or_default();
        let tls = (config.get_ssl_mode() == SslMode::Require).then(|| verified(own)).transpose()?;
        Ok(Self { config, tls, password: access.password.clone() })
    }

    pub async fn open(&self) -> Result<Opened, Error> {
        self.open_as(&self.config).await
    }

    async fn open_as(&self, config: &tokio_postgres::Config) -> Result<Opened, Error> {
        let Some(Password { first, second }) = &self.password else { return self.enter(config).await };
        match (self.enter_with(config, first).await, second) {
            (Err(error), Some(second)) if is_refused(&error) => {
                tracing::info!(
                    error = with_causes(&error),
                    "the database refused the first password; trying the second"
                );
                self.enter_with(config, second).await
            }
            (outcome, _) => outcome,
        }
    }

    async fn enter_with(&self, config: &tokio_postgres::Config, ask: &Ask) -> Result<Opened, Error> {
        let mut config = config.clone();
        match ask().await {
            Ok(password) => {
                config.password(password);
            }
            // The server then refuses a login without a password, which is the error that the caller gets.
            Err(error) => tracing::error!(%error, "the database's password could not be read"),
        }
        self.enter(&config).await
    }

    async fn enter(&self, config: &tokio_postgres::Config) -> Result<Opened, Error> {
        Ok(match self.tls.clone() {
            None => {
                let (client, connection) = config.connect(NoTls).await?;
                Opened { client, driver: Box::pin(connection) }
            }
            Some(tls) => {
                let (client, connection) = config.connect(tls).await?;
                Opened { client, driver: Box::pin(connection) }
            }
        })
    }
}

/// Whether the server refused the password. PAM, which RDS uses for IAM, reports it with a different code.
fn is_refused(error: &Error) -> bool {
    let refusals = [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION];
    error.code().is_some_and(|code| refusals.contains(code))
}

impl Connect for Connector {
    fn connect(
        &self,
        config: &tokio_postgres::Config,
    ) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let config = config.clone();
        async move {
            let Opened { client, driver } = self.open_as(&config).await?;
            Ok((client, tokio::spawn(drive(driver))))
        }
        .boxed()
    }
}

async fn drive(driver: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = driver.await {
        tracing::warn!(%error, "a connection to the database failed");
    }
}

/// The host, port and user of a URL that names one server: what an IAM token is signed for.
pub fn address(url: &str) -> Result<(String, u16, String), StoreError> {
    const PORT: u16 = 5432;
    let config =
        tokio_postgres::Config::from_str(url).map_err(|error| StoreError::Unavailable(error.into()))?;
    let missing = |what: &'static str| StoreError::Unavailable(what.into());
    match (config.get_hosts(), config.get_user()) {
        ([Host::Tcp(host)], Some(user)) => {
            Ok((host.clone(), config.get_ports().first().copied().unwrap_or(PORT), user.to_owned()))
        }
        (_, None) => Err(missing("the database's URL names no user")),
        (_, Some(_)) => Err(missing("the database's URL must name one host")),
    }
}

fn is_on_this_machine(config: &tokio_postgres::Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    })
}

/// TLS that checks chain and host name, against the public authorities, Amazon's for RDS, and the operator's own.
fn verified(own: &str) -> Result<MakeRustlsConnect, StoreError> {
    let unavailable = |error: BoxError| StoreError::Unavailable(error);
    let mut roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<RootCertStore>();
    for certificate in
        CertificateDer::pem_slice_iter(RDS_ROOTS).chain(CertificateDer::pem_slice_iter(own.as_bytes()))
    {
        let certificate = certificate.map_err(|error| unavailable(error.into()))?;
        roots.add(certificate).map_err(|error| unavailable(error.into()))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unavailable(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        Connector::new(&url.into()).unwrap().config.get_ssl_mode()
    }

    #[test]
    fn only_a_connection_on_this_machine_is_unencrypted_unless_the_url_says_so() {
        for url in ["postgres://u@localhost/d", "postgres://u@127.0.0.1/d", "postgres://u@%2Ftmp%2Fpg/d"] {
            assert_eq!(mode(url), SslMode::Disable, "{url}");
        }
        assert_eq!(mode("postgres://u@db.example.test/d"), SslMode::Require);
        assert_eq!(mode("postgres://u@localhost,db.example.test/d"), SslMode::Require);
        assert_eq!(mode("postgres://u@127.0.0.1/d?sslmode=require"), SslMode::Require);
        assert_eq!(mode("postgres://u@db.example.test/d?sslmode=disable"), SslMode::Disable);
    }

    #[test]
    fn a_server_that_is_gone_is_noticed_within_half_a_minute() {
        let config = Connector::new(&"postgres://u@db.example.test/d".into()).unwrap().config;
        let (interval, retries) = (config.get_keepalives_interval(), config.get_keepalives_retries());
        let probed = config.get_keepalives_idle() + interval.unwrap() * retries.unwrap();
        assert!(config.get_keepalives() && probed <= Duration::from_secs(30), "{probed:?}");
        assert!(*config.get_tcp_user_timeout().unwrap() <= Duration::from_secs(30));
    }

    #[test]
    fn a_token_is_for_one_host_and_user() {
        let read = |url| address(url).map_err(|error| std::error::Error::source(&error).unwrap().to_string());
        assert_eq!(
            read("postgres://app@db.test:6432/d?sslmode=require"),
            Ok(("db.test".into(), 6432, "app".into()))
        );
        assert_eq!(read("postgres://app@db.test/d").unwrap().1, 5432);
        assert!(read("postgres://db.test/d").unwrap_err().contains("no user"));
        assert!(read("postgres://app@a.test,b.test/d").unwrap_err().contains("one host"));
    }

    #[test]
    fn every_root_of_rds_can_be_read() {
        let roots = CertificateDer::pem_slice_iter(RDS_ROOTS).flatten().count();
        let written = RDS_ROOTS.windows(10).filter(|bytes| bytes == b"-----BEGIN").count();
        assert!(roots == written && roots > 60, "{roots} of {written}");
    }
}
