//! The settings, read once from the environment and checked together before anything is started.

mod given_keys;
mod groups;
mod reader;
#[cfg(test)]
mod tests;
mod variables;
mod wrong;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use cluster::Fetch;
use domain::access::email::EmailProof;
use domain::limits::ADJUSTMENT_APPROVAL_OVER_DEFAULT;
use domain::{Money, RegistrationMode};
use jiff::SignedDuration;
use mailer::{Login, Server};
use ops::Timings;
use secrecy::SecretString;

pub use self::given_keys::GivenKeys;
pub(crate) use self::groups::is_real_meta;
pub use self::variables::{ALL, Variable, Variables, help};
pub use self::wrong::{Wrong, Wrongs};
use crate::error::LocalError;
use reader::Reader;

const PORT_DEFAULT: u16 = 3_000;
/// The sandbox takes the next one.
const PORT_MAX: u16 = u16::MAX - 1;
const VISIBILITY_DEFAULT: SignedDuration = SignedDuration::from_secs(60);
const RECEIVES_DEFAULT: i32 = 5;
const RECEIVES_MAX: i32 = 1_000;
const CALL_TIMEOUT_DEFAULT: Duration = Duration::from_secs(20);
const SWEEP_DEFAULT: Duration = Duration::from_mins(1);

#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that holds everything that outlives a run.
    pub home: PathBuf,
    /// Where the API listens; the sandbox takes the next port.
    pub port: u16,
    /// The address that it listens on; loopback unless set.
    pub listen: IpAddr,
    /// Proxies in front of it whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// An existing database: `DATABASE_URL`, or put together from `DB_*`.
    pub database_url: Option<String>,
    /// Certificates (PEM) of its private authority.
    pub database_roots: Option<String>,
    /// The folder of the private Postgres' binaries, when it is not to be searched for.
    pub pg_bin_dir: Option<PathBuf>,
    /// Whether these binaries may be downloaded.
    pub pg_fetch: Fetch,
    /// Meta, when it is not the sandbox of this run.
    pub meta_url: Option<String>,
    pub meta_version: String,
    pub app: MetaAppSettings,
    /// Keys that are used from the first start with them on.
    pub given_keys: GivenKeys,
    /// Who may register a business.
    pub registration: RegistrationMode,
    /// How a browser reaches the API: links in e-mails start with it.
    pub public_url: String,
    /// The sender of e-mails.
    pub mail_from: String,
    /// Whether owners have to prove their e-mail addresses.
    pub email_proof: EmailProof,
    /// The mail server, when there is one.
    pub smtp: Option<(Server, Login)>,
    /// The super admin's login, when it is set.
    pub admin_email: Option<String>,
    pub admin_password: Option<String>,
    /// Waits of the message flow.
    pub timings: Timings,
    /// An adjustment above this amount needs a second person.
    pub adjustment_approval_over: Money,
    /// How long one call to Meta may take.
    pub call_timeout: Duration,
    /// How long a received queue message is hidden.
    pub visibility: SignedDuration,
    /// How often a queue message is received before it is a dead letter.
    pub receives_max: i32,
    pub sweep_every: Duration,
}

/// The Meta app. The sandbox of this run is Meta's side of the same app, so what is set holds on both sides.
#[derive(Clone, Debug)]
pub struct MetaAppSettings {
    pub id: String,
    pub secret: Option<SecretString>,
    /// The secret before a rotation: webhooks that are signed with it are still accepted.
    pub previous_secret: Option<SecretString>,
    /// Of the webhook's handshake.
    pub verify_token: Option<SecretString>,
}

impl Settings {
    /// From the environment and `.env`.
    pub fn from_environment() -> Result<Self, LocalError> {
        Self::read(Variables::read()?)
    }

    /// An error names every wrong variable.
    pub fn read(variables: Variables) -> Result<Self, LocalError> {
        let mut reader = Reader::new(variables);
        let port = reader.number("PORT", PORT_DEFAULT, 1..=PORT_MAX);
        let (meta_url, meta_version, app) = groups::meta(&mut reader);
        let (database_url, database_roots) = groups::database(&mut reader);
        let (pg_bin_dir, pg_fetch) = groups::postgres(&mut reader);
        let (smtp, mail_from) = groups::mail(&mut reader);
        let email_proof = groups::email_proof(&mut reader, meta_url.as_deref());
        let (admin_email, admin_password) = groups::super_admin(&mut reader);
        let call_timeout = reader.duration("TIDINGS_CALL_TIMEOUT_SECONDS", CALL_TIMEOUT_DEFAULT);
        let settings = Self {
            home: reader.text("TIDINGS_HOME").map_or_else(|| PathBuf::from(".tidings"), PathBuf::from),
            port,
            listen: reader.parsed("TIDINGS_LISTEN", IpAddr::V4(Ipv4Addr::LOCALHOST), "be an IP address"),
            trusted_proxies: reader.addresses("TIDINGS_TRUSTED_PROXIES"),
            database_url,
            database_roots,
            pg_bin_dir,
            pg_fetch,
            meta_url,
            meta_version,
            app,
            given_keys: given_keys::given_keys(&mut reader),
            registration: groups::registration(&mut reader),
            public_url: groups::public_url(&mut reader, port),
            mail_from,
            email_proof,
            smtp,
            admin_email,
            admin_password,
            timings: groups::timings(&mut reader, call_timeout),
            adjustment_approval_over: reader
                .amount("TIDINGS_ADJUSTMENT_APPROVAL_OVER", ADJUSTMENT_APPROVAL_OVER_DEFAULT),
            call_timeout,
            visibility: reader.seconds("TIDINGS_VISIBILITY_SECONDS", VISIBILITY_DEFAULT),
            receives_max: reader.number("TIDINGS_RECEIVES_MAX", RECEIVES_DEFAULT, 1..=RECEIVES_MAX),
            sweep_every: reader.duration("TIDINGS_SWEEP_SECONDS", SWEEP_DEFAULT),
        };
        reader.finish()?;
        Ok(settings)
    }

    /// The port of the sandbox.
    pub const fn sandbox_port(&self) -> u16 {
        self.port.saturating_add(1)
    }

    pub fn meta_base_url(&self) -> String {
        self.meta_url.clone().unwrap_or_else(|| format!("http://127.0.0.1:{}", self.sandbox_port()))
    }
}
