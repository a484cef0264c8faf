//! The settings, read once from the environment.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use mailer::{Login, Server};
use ops::Timings;
use secrecy::SecretString;

use crate::error::LocalError;

/// Meta's newest version when this was written.
const META_VERSION_DEFAULT: &str = "v26.0";
const PORT_DEFAULT: u16 = 3_000;
/// A name that no mail can come from: e-mails that leave the machine need a real sender.
const MAIL_FROM_DEFAULT: &str = "Tidings <noreply@tidings.invalid>";

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
    /// An existing database.
    pub database_url: Option<String>,
    /// A file with the root certificates of its private authority.
    pub database_roots: Option<PathBuf>,
    /// Meta, when it is not the sandbox of this run.
    pub meta_url: Option<String>,
    pub meta_version: String,
    /// The Meta app; the sandbox takes any.
    pub meta_app_id: String,
    /// Its secret, when it is a real app.
    pub meta_app_secret: Option<SecretString>,
    /// The secret before a rotation: webhooks that are signed with it are still accepted.
    pub meta_app_secret_previous: Option<SecretString>,
    /// Of Meta's webhook handshake.
    pub meta_verify_token: Option<SecretString>,
    /// How a browser reaches the API: links in e-mails start with it.
    pub public_url: String,
    /// The sender of e-mails.
    pub mail_from: String,
    /// The mail server, when there is one.
    pub smtp: Option<(Server, Login)>,
    /// The super admin's login, when it is set.
    pub admin_email: Option<String>,
    pub admin_password: Option<String>,
    /// Waits of the message flow.
    pub timings: Timings,
    /// How long one call to Meta may take.
    pub call_timeout: Duration,
    /// How long a received queue message is hidden.
    pub visibility: SignedDuration,
    /// How often a queue message is received before it is a dead letter.
    pub receives_max: i32,
    pub sweep_every: Duration,
}

impl Settings {
    pub fn from_environment() -> Result<Self, LocalError> {
        let defaults = Timings::default();
        let timings = Timings {
            lease: seconds("TIDINGS_LEASE_SECONDS", defaults.lease)?,
            start: seconds("TIDINGS_START_SECONDS", defaults.start)?,
            backoff: seconds("TIDINGS_BACKOFF_SECONDS", defaults.backoff)?,
            backoff_max: seconds("TIDINGS_BACKOFF_MAX_SECONDS", defaults.backoff_max)?,
            late: seconds("TIDINGS_LATE_SECONDS", defaults.late)?,
            resend: seconds("TIDINGS_RESEND_SECONDS", defaults.resend)?,
            horizon_short: seconds("TIDINGS_HORIZON_SHORT_SECONDS", defaults.horizon_short)?,
            horizon_long: seconds("TIDINGS_HORIZON_LONG_SECONDS", defaults.horizon_long)?,
            key_retention: seconds("TIDINGS_KEY_RETENTION_SECONDS", defaults.key_retention)?,
            shift: seconds("TIDINGS_SHIFT_SECONDS", defaults.shift)?,
        };
        let port = number("PORT", PORT_DEFAULT)?;
        Ok(Self {
            home: text("TIDINGS_HOME").map_or_else(|| PathBuf::from(".tidings"), PathBuf::from),
            port,
            listen: number("TIDINGS_LISTEN", IpAddr::V4(Ipv4Addr::LOCALHOST))?,
            trusted_proxies: addresses("TIDINGS_TRUSTED_PROXIES")?,
            database_url: text("DATABASE_URL"),
            database_roots: text("PGSSLROOTCERT").map(PathBuf::from),
            meta_url: text("TIDINGS_META_URL"),
            meta_version: text("META_API_VERSION").unwrap_or_else(|| META_VERSION_DEFAULT.to_owned()),
            meta_app_id: text("FACEBOOK_APP_ID").unwrap_or_else(|| "1000000000000001".to_owned()),
            meta_app_secret: text("FACEBOOK_APP_SECRET").map(SecretString::from),
            meta_app_secret_previous: text("FACEBOOK_APP_SECRET_PREVIOUS").map(SecretString::from),
            meta_verify_token: text("META_WEBHOOK_VERIFY_TOKEN").map(SecretString::from),
            public_url: text("TIDINGS_PUBLIC_URL").unwrap_or_else(|| format!("http://localhost:{port}")),
            mail_from: text("TIDINGS_MAIL_FROM").unwrap_or_else(|| MAIL_FROM_DEFAULT.to_owned()),
            smtp: smtp()?,
            admin_email: text("TIDINGS_ADMIN_EMAIL"),
            admin_password: text("TIDINGS_ADMIN_PASSWORD"),
            timings,
            call_timeout: duration("TIDINGS_CALL_TIMEOUT_SECONDS", 20)?,
            visibility: seconds("TIDINGS_VISIBILITY_SECONDS", SignedDuration::from_secs(60))?,
            receives_max: number("TIDINGS_RECEIVES_MAX", 5)?,
            sweep_every: duration("TIDINGS_SWEEP_SECONDS", 60)?,
        })
    }

    /// The port of the sandbox.
    pub const fn sandbox_port(&self) -> u16 {
        self.port.saturating_add(1)
    }

    pub fn meta_base_url(&self) -> String {
        self.meta_url.clone().unwrap_or_else(|| format!("http://127.0.0.1:{}", self.sandbox_port()))
    }
}

fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn number<T: std::str::FromStr>(name: &'static str, default: T) -> Result<T, LocalError> {
    match text(name) {
        None => Ok(default),
        Some(value) => value
            .trim()
            .parse()
            .map_err(|_text| LocalError::Setting { name, why: format!("is {value:?}, which it cannot be") }),
    }
}

/// Addresses, separated by commas.
fn addresses(name: &'static str) -> Result<Vec<IpAddr>, LocalError> {
    let all = text(name).unwrap_or_default();
    let parts = all.split(',').map(str::trim).filter(|part| !part.is_empty());
    let parse = |part: &str| {
        let wrong =
            |_why| LocalError::Setting { name, why: format!("has {part:?}, which is not an address") };
        part.parse::<IpAddr>().map(|address| address.to_canonical()).map_err(wrong)
    };
    parts.map(parse).collect()
}

/// At least a second: without a wait there would be a busy loop.
fn seconds(name: &'static str, default: SignedDuration) -> Result<SignedDuration, LocalError> {
    let seconds: i64 = number(name, default.as_secs())?;
    if seconds < 1 {
        return Err(LocalError::Setting { name, why: "must be at least 1".to_owned() });
    }
    Ok(SignedDuration::from_secs(seconds))
}

fn duration(name: &'static str, default: i64) -> Result<Duration, LocalError> {
    let wait = seconds(name, SignedDuration::from_secs(default))?;
    Ok(Duration::try_from(wait).unwrap_or(Duration::from_secs(1)))
}

fn smtp() -> Result<Option<(Server, Login)>, LocalError> {
    const PORT: u16 = 587;
    let Some(host) = text("SMTP_HOST") else { return Ok(None) };
    let needed = |name: &'static str| {
        text(name).ok_or_else(|| LocalError::Setting { name, why: "is needed beside SMTP_HOST".to_owned() })
    };
    let login = Login { user: needed("SMTP_USER")?, password: needed("SMTP_PASS")? };
    Ok(Some((Server::new(host, number("SMTP_PORT", PORT)?), login)))
}
