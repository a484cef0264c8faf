//! Variables that belong together, and what must hold between them.

use std::path::PathBuf;
use std::time::Duration;

use cluster::Fetch;
use domain::RegistrationMode;
use domain::access::email::EmailProof;
use mailer::{Login, Server};
use meta::ConfigError;
use ops::Timings;
use reqwest::Url;
use secrecy::SecretString;
use store::Access;

use super::MetaAppSettings;
use super::reader::Reader;

/// Meta's newest version when this was written.
const META_VERSION_DEFAULT: &str = "v26.0";
const APP_ID_DEFAULT: &str = "1000000000000001";
const SMTP_PORT_DEFAULT: u16 = 587;
/// A name that no mail can come from: e-mails that leave the machine need a real sender.
const MAIL_FROM_DEFAULT: &str = "Tidings <noreply@tidings.invalid>";
const POSTGRES_PORT: u16 = 5_432;

/// Meta's address, its version and the app.
pub(super) fn meta(reader: &mut Reader) -> (Option<String>, String, MetaAppSettings) {
    let version = reader.text("META_API_VERSION").unwrap_or_else(|| META_VERSION_DEFAULT.to_owned());
    let url = reader.text("TIDINGS_META_URL");
    let any = "https://graph.facebook.com";
    match meta::check_address(url.as_deref().unwrap_or(any), &version) {
        Err(error @ ConfigError::MalformedUrl(_)) => reader.wrong("TIDINGS_META_URL", error.to_string()),
        Err(error) => reader.wrong("META_API_VERSION", error.to_string()),
        Ok(()) => {}
    }
    let app = MetaAppSettings {
        id: reader.text("FACEBOOK_APP_ID").unwrap_or_else(|| APP_ID_DEFAULT.to_owned()),
        secret: reader.text("FACEBOOK_APP_SECRET").map(SecretString::from),
        previous_secret: reader.text("FACEBOOK_APP_SECRET_PREVIOUS").map(SecretString::from),
        verify_token: reader.text("META_WEBHOOK_VERIFY_TOKEN").map(SecretString::from),
    };
    let host = url.as_deref().and_then(|url| Url::parse(url).ok()?.host_str().map(str::to_owned));
    let is_metas = host.is_some_and(|host| host.ends_with(".facebook.com"));
    if is_metas && !url.as_deref().is_some_and(is_real_meta) {
        reader.wrong("TIDINGS_META_URL", "must begin with https://: over http:// the sandbox is called");
    }
    reader.needs(&["FACEBOOK_APP_SECRET_PREVIOUS"], "FACEBOOK_APP_SECRET");
    if url.as_deref().is_some_and(is_real_meta) {
        for name in ["FACEBOOK_APP_ID", "FACEBOOK_APP_SECRET"] {
            if !reader.is_set(name) {
                reader.wrong(name, "is needed beside TIDINGS_META_URL: Meta knows the app by it");
            }
        }
    }
    (url, version, app)
}

/// Whether Meta itself is there, and no sandbox. Tokens go to Meta over TLS only.
pub(crate) fn is_real_meta(url: &str) -> bool {
    url.starts_with("https://")
}

/// The URL of an existing database, and certificates of its private authority.
pub(super) fn database(reader: &mut Reader) -> (Option<String>, Option<String>) {
    let parts = ["DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME"];
    reader.needs(&parts, "DB_HOST");
    let (url, host) = (reader.secret("DATABASE_URL"), reader.text("DB_HOST"));
    let (name, url) = match (url, host) {
        (Some(_), Some(_)) => {
            reader.wrong("DB_HOST", "is set and DATABASE_URL too; set one of them");
            return (None, None);
        }
        (Some(url), None) => ("DATABASE_URL", Some(url)),
        (None, Some(host)) => ("DB_HOST", Some(from_parts(reader, &host))),
        (None, None) => ("DATABASE_URL", None),
    };
    let roots = reader.text("PGSSLROOTCERT").and_then(|path| match std::fs::read_to_string(&path) {
        Ok(roots) => Some(roots),
        Err(error) => {
            reader.wrong("PGSSLROOTCERT", format!("names {path}, which cannot be read: {error}"));
            None
        }
    });
    if let Some(url) = &url {
        let access = Access { roots: roots.clone(), ..url.as_str().into() };
        if let Err(error) = access.check() {
            reader.wrong(name, format!("cannot be used: {}", domain::with_causes(&error)));
        }
    }
    (url, roots)
}

/// As libpq's keywords and values, where a host may also be the folder of a socket (PostgreSQL: Connection Strings).
fn from_parts(reader: &mut Reader, host: &str) -> String {
    let quoted = |value: &str| format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"));
    let or = |text: Option<String>, default: &str| quoted(text.as_deref().unwrap_or(default));
    let port = reader.number("DB_PORT", POSTGRES_PORT, 1..=u16::MAX);
    let user = or(reader.text("DB_USER"), "postgres");
    let name = or(reader.text("DB_NAME"), "tidings");
    let password = reader.secret("DB_PASSWORD").map(|password| format!(" password={}", quoted(&password)));
    let password = password.unwrap_or_default();
    format!("host={} port={port} user={user} dbname={name}{password}", quoted(host))
}

/// Who may register a business. On one machine everyone who reaches it, unless it says otherwise.
pub(super) fn registration(reader: &mut Reader) -> RegistrationMode {
    reader.parsed("TIDINGS_REGISTRATION", RegistrationMode::Open, "be open, invitation or closed")
}

/// The folder of Postgres' binaries, and whether they may be downloaded.
pub(super) fn postgres(reader: &mut Reader) -> (Option<PathBuf>, Fetch) {
    let fetch = match reader.text("TIDINGS_PG_FETCH").as_deref() {
        Some("never") => Fetch::Never,
        None | Some("allowed") => Fetch::Allowed,
        Some(other) => {
            reader.wrong("TIDINGS_PG_FETCH", format!("is {other:?}; it must be never or allowed"));
            Fetch::Never
        }
    };
    (reader.text("PG_BIN_DIR").map(PathBuf::from), fetch)
}

/// The mail server, and the sender of e-mails.
pub(super) fn mail(reader: &mut Reader) -> (Option<(Server, Login)>, String) {
    reader.needs(&["SMTP_PORT", "SMTP_USER", "SMTP_PASS"], "SMTP_HOST");
    let smtp = reader.text("SMTP_HOST").map(|host| {
        for name in ["SMTP_USER", "SMTP_PASS"] {
            if !reader.is_set(name) {
                reader.wrong(name, "is needed beside SMTP_HOST");
            }
        }
        let login = Login {
            user: reader.text("SMTP_USER").unwrap_or_default(),
            password: reader.secret("SMTP_PASS").unwrap_or_default(),
        };
        (Server::new(host, reader.number("SMTP_PORT", SMTP_PORT_DEFAULT, 1..=u16::MAX)), login)
    });
    let from = match (reader.text("TIDINGS_MAIL_FROM"), &smtp) {
        (Some(from), _) => from,
        (None, None) => MAIL_FROM_DEFAULT.to_owned(),
        (None, Some((_, login))) => login.user.clone(),
    };
    if let Err(why) = mailer::check_sender(&from) {
        let hint = "it must be an address such as Acme <info@acme.com>";
        reader.wrong("TIDINGS_MAIL_FROM", format!("would be {from:?}: {why}; {hint}"));
    }
    (smtp, from)
}

/// Whether owners have to prove their e-mail addresses: with Meta itself, unless it is set otherwise.
pub(super) fn email_proof(reader: &mut Reader, meta_url: Option<&str>) -> EmailProof {
    let default = if meta_url.is_some_and(is_real_meta) { EmailProof::Required } else { EmailProof::Off };
    reader.parsed("TIDINGS_EMAIL_PROOF", default, "be required or off")
}

/// The super admin's e-mail and password.
pub(super) fn super_admin(reader: &mut Reader) -> (Option<String>, Option<String>) {
    let email = reader.text("TIDINGS_ADMIN_EMAIL");
    if let Some(email) = &email
        && ops::kernel::fields::email("email", email).is_err()
    {
        reader.wrong("TIDINGS_ADMIN_EMAIL", format!("is {email:?}, which is not an e-mail address"));
    }
    (email, reader.secret("TIDINGS_ADMIN_PASSWORD"))
}

/// How a browser reaches the API.
pub(super) fn public_url(reader: &mut Reader, port: u16) -> String {
    let name = "TIDINGS_PUBLIC_URL";
    let Some(text) = reader.text(name) else { return format!("http://localhost:{port}") };
    let is_right = Url::parse(&text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
    });
    if !is_right {
        reader.wrong(name, format!("is {text:?}; it must be an address such as https://tidings.acme.com"));
    }
    text
}

/// The waits of the message flow.
pub(super) fn timings(reader: &mut Reader, call_timeout: Duration) -> Timings {
    let defaults = Timings::default();
    let timings = Timings {
        lease: reader.seconds("TIDINGS_LEASE_SECONDS", defaults.lease),
        start: reader.seconds("TIDINGS_START_SECONDS", defaults.start),
        backoff: reader.seconds("TIDINGS_BACKOFF_SECONDS", defaults.backoff),
        backoff_max: reader.seconds("TIDINGS_BACKOFF_MAX_SECONDS", defaults.backoff_max),
        late: reader.seconds("TIDINGS_LATE_SECONDS", defaults.late),
        resend: reader.seconds("TIDINGS_RESEND_SECONDS", defaults.resend),
        horizon_short: reader.seconds("TIDINGS_HORIZON_SHORT_SECONDS", defaults.horizon_short),
        horizon_long: reader.seconds("TIDINGS_HORIZON_LONG_SECONDS", defaults.horizon_long),
        key_retention: reader.seconds("TIDINGS_KEY_RETENTION_SECONDS", defaults.key_retention),
        shift: reader.seconds("TIDINGS_SHIFT_SECONDS", defaults.shift),
    };
    let call_timeout = call_timeout.as_secs();
    if timings.lease.unsigned_abs().as_secs() <= call_timeout {
        let why = format!("must be more than TIDINGS_CALL_TIMEOUT_SECONDS, which is {call_timeout}");
        reader.wrong("TIDINGS_LEASE_SECONDS", why);
    }
    for (least, most, is_right) in [
        ("TIDINGS_BACKOFF_SECONDS", "TIDINGS_BACKOFF_MAX_SECONDS", timings.backoff <= timings.backoff_max),
        (
            "TIDINGS_HORIZON_SHORT_SECONDS",
            "TIDINGS_HORIZON_LONG_SECONDS",
            timings.horizon_short <= timings.horizon_long,
        ),
    ] {
        if !is_right {
            reader.wrong(least, format!("must not be more than {most}"));
        }
    }
    timings
}
