//! The variables that Tidings reads, and the two places where they are looked for.

use std::collections::BTreeMap;
use std::path::Path;

use super::wrong::Wrong;
use crate::error::LocalError;

/// Read when it is in the working folder. A variable of the environment goes before one of the file.
const FILE: &str = ".env";
/// A variable that begins so is one of Tidings or a mistake.
const PREFIX: &str = "TIDINGS_";
/// Read by the tests and tools of the repository.
const OF_TOOLS: [&str; 1] = ["TIDINGS_MINISTACK"];

/// A row of `--help` and of the README's table.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    pub name: &'static str,
    pub meaning: &'static str,
}

const fn variable(name: &'static str, meaning: &'static str) -> Variable {
    Variable { name, meaning }
}

/// All that is read, in the order of `--help`.
pub const ALL: [Variable; 48] = [
    variable("PORT", "port of the API; the sandbox takes the next one [3000]"),
    variable("TIDINGS_LISTEN", "address to listen on [127.0.0.1]"),
    variable("TIDINGS_TRUSTED_PROXIES", "addresses whose X-Forwarded-For is believed, with commas between"),
    variable("TIDINGS_HOME", "folder of keys, Postgres and mail [.tidings]"),
    variable("DATABASE_URL", "an existing Postgres [a private one]"),
    variable("DB_HOST", "the same in parts: its host"),
    variable("DB_PORT", "its port [5432]"),
    variable("DB_USER", "its user [postgres]"),
    variable("DB_PASSWORD", "the user's password"),
    variable("DB_NAME", "its database [tidings]"),
    variable("PGSSLROOTCERT", "file with the certificate of its private authority"),
    variable("PG_BIN_DIR", "folder of the binaries of the private Postgres [found]"),
    variable("TIDINGS_PG_FETCH", "never: download no Postgres [allowed]"),
    variable("TIDINGS_ADMIN_EMAIL", "the super admin's login [owner@tidings.local]"),
    variable("TIDINGS_ADMIN_PASSWORD", "the super admin's password [made on the first start]"),
    variable("TIDINGS_REGISTRATION", "who may register: open, invitation or closed [open]"),
    variable("TIDINGS_META_URL", "Meta, for instance https://graph.facebook.com [the sandbox]"),
    variable("META_API_VERSION", "the version of Meta's API [v26.0]"),
    variable("FACEBOOK_APP_ID", "the Meta app"),
    variable("FACEBOOK_APP_SECRET", "the app's secret"),
    variable("FACEBOOK_APP_SECRET_PREVIOUS", "the secret before a rotation"),
    variable("META_WEBHOOK_VERIFY_TOKEN", "the token of the webhook's handshake"),
    variable(
        "JWT_PRIVATE_KEY_PATH",
        "file with a P-256 key that signs tokens from now on [made on the first start]",
    ),
    variable("JWT_PUBLIC_KEY_PATH", "file with its public half, which is only compared"),
    variable("AES_SECRET", "32 characters that encrypt from now on [made on the first start]"),
    variable("SMTP_HOST", "the mail server [e-mails are files in the home]"),
    variable("SMTP_PORT", "its port [587]"),
    variable("SMTP_USER", "its user"),
    variable("SMTP_PASS", "the user's password"),
    variable("TIDINGS_MAIL_FROM", "the sender of e-mails [SMTP_USER]"),
    variable(
        "TIDINGS_EMAIL_PROOF",
        "required: owners prove their e-mail address; or off [off with the sandbox]",
    ),
    variable("TIDINGS_PUBLIC_URL", "how browsers reach the API: links start with it [http://localhost:PORT]"),
    variable(
        "TIDINGS_ADJUSTMENT_APPROVAL_OVER",
        "an adjustment above this amount needs a second super admin [100.00]",
    ),
    variable("TIDINGS_LEASE_SECONDS", "how long a dispatch holds a number and a chunk of messages [60]"),
    variable("TIDINGS_START_SECONDS", "how long after it is marked a message may still be sent [10]"),
    variable("TIDINGS_BACKOFF_SECONDS", "the first pause before another attempt [2]"),
    variable("TIDINGS_BACKOFF_MAX_SECONDS", "the longest such pause [600]"),
    variable("TIDINGS_LATE_SECONDS", "how late a batch may be before the sweep wakes its tenant [30]"),
    variable("TIDINGS_RESEND_SECONDS", "how old a promise may be before the sweep sends it again [60]"),
    variable(
        "TIDINGS_HORIZON_SHORT_SECONDS",
        "when an unknown message is refunded, webhooks arriving [86400]",
    ),
    variable("TIDINGS_HORIZON_LONG_SECONDS", "when it is refunded in any case [691200]"),
    variable("TIDINGS_KEY_RETENTION_SECONDS", "how long answers to idempotency keys are kept [2592000]"),
    variable("TIDINGS_SHIFT_SECONDS", "how long a dispatch works before it hands over [600]"),
    variable("TIDINGS_CALL_TIMEOUT_SECONDS", "how long one call to Meta may take [20]"),
    variable("TIDINGS_VISIBILITY_SECONDS", "how long a received queue message is hidden [60]"),
    variable("TIDINGS_RECEIVES_MAX", "receives before a queue message is a dead letter [5]"),
    variable("TIDINGS_SWEEP_SECONDS", "how often the sweep runs [60]"),
    variable("RUST_LOG", "what is logged [info]"),
];

/// The text after the options of `--help`.
pub fn help() -> String {
    let width = ALL.iter().map(|variable| variable.name.len()).max().unwrap_or_default();
    let line = |variable: &Variable| format!("  {:width$}  {}\n", variable.name, variable.meaning);
    let lines: String = ALL.iter().map(line).collect();
    format!("Environment variables, also read from {FILE} in the working folder:\n{lines}")
}

/// Values by name; one without a visible character counts as not set.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    values: BTreeMap<String, String>,
    /// What was wrong with where they came from.
    pub(super) wrongs: Vec<Wrong>,
    is_file_read: bool,
}

impl Variables {
    /// Those of the environment and of `.env` in the working folder.
    pub fn read() -> Result<Self, LocalError> {
        let mut variables = Self::of_file(Path::new(FILE))?;
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(variables.values.insert(name, value)),
                Err(_bytes) if is_known(&name) => variables.wrongs.push(Wrong::new(name, "is not UTF-8")),
                Err(_bytes) => {}
            }
        }
        Ok(variables)
    }

    fn of_file(path: &Path) -> Result<Self, LocalError> {
        // Its errors quote the line, which may hold a secret.
        let failed = |why: String| LocalError::Setting { name: FILE, why };
        let lines = match dotenvy::from_path_iter(path) {
            Ok(lines) => lines,
            Err(error) if error.not_found() => return Ok(Self::default()),
            Err(_error) => return Err(failed("cannot be read".to_owned())),
        };
        let mut values = BTreeMap::new();
        for (at, line) in lines.enumerate() {
            let (name, value) =
                line.map_err(|_quotes| failed(format!("has a wrong line after {at} right ones")))?;
            values.insert(name, value);
        }
        Ok(Self { values, wrongs: Vec::new(), is_file_read: true })
    }

    /// No others are set, whatever the environment has.
    #[cfg(test)]
    pub fn of<const N: usize>(values: [(&str, &str); N]) -> Self {
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { values: values.into(), ..Self::default() }
    }

    /// The same with one that an option of the command line sets.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.values.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// What is to be logged.
    pub fn log_filter(&self) -> Option<&str> {
        self.get("RUST_LOG")
    }

    /// Where they came from, when that is not the environment alone.
    pub fn origin(&self) -> Option<&'static str> {
        self.is_file_read.then_some("Settings: .env of this folder, and the environment")
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// What is set and would have no effect.
    pub(super) fn without_effect(&self) -> Vec<Wrong> {
        let is_set = |name: &&String| self.get(name).is_some();
        let unknown =
            self.values.keys().filter(is_set).filter(|name| {
                name.starts_with(PREFIX) && !is_known(name) && !OF_TOOLS.contains(&name.as_str())
            });
        unknown.map(|name| Wrong::new(name, "is not a variable of Tidings; --help lists them")).collect()
    }
}

fn is_known(name: &str) -> bool {
    ALL.iter().any(|variable| variable.name == name)
}
