//! One set of Postgres programs that runs here, and how to call it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::account::Account;
use crate::process;

/// The oldest major version the product's SQL runs on.
pub(crate) const MAJOR_MIN: u32 = 15;

/// How long `postgres --version` may take, on the slowest disk.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// The programs we call.
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// A folder that may hold Postgres, and what its programs need to run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Candidate {
    /// The folder of the programs.
    pub(crate) dir: PathBuf,
    /// Folders with shared libraries that the system's loader does not know.
    pub(crate) libraries: Vec<PathBuf>,
    /// Further variables the programs want.
    pub(crate) variables: Vec<(&'static str, &'static str)>,
}

impl Candidate {
    /// Installed programs, which need nothing special.
    pub(crate) fn installed(dir: PathBuf) -> Self {
        Self { dir, ..Self::default() }
    }

    /// Runs `postgres --version` as the account: that the programs exist, load, are open to the account and
    /// new enough is all found out by doing it.
    pub(crate) fn probe(self, account: &Account) -> Result<Binaries, String> {
        if let Some(missing) = PROGRAMS.iter().find(|program| !self.dir.join(program).is_file()) {
            return Err(format!("{} has no `{missing}`", self.dir.display()));
        }
        let binaries = Binaries { candidate: self, version: Version::default() };
        let said = process::run(binaries.command("postgres", account).arg("--version"), VERSION_LIMIT)?;
        let version = Version::parse(&said).ok_or_else(|| format!("no version in {said:?}"))?;
        if version.major < MAJOR_MIN {
            return Err(format!("{} is older than {MAJOR_MIN}: {}", binaries.dir().display(), version.text));
        }
        Ok(Binaries { version, ..binaries })
    }
}

/// Postgres programs that have been seen to run.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    candidate: Candidate,
    /// As the server reports it.
    pub(crate) version: Version,
}

impl Binaries {
    /// The folder of the programs.
    pub(crate) fn dir(&self) -> &Path {
        &self.candidate.dir
    }

    /// A program as this account, in an environment of ours: `PGPORT` and its kin do not reach it.
    pub(crate) fn command(&self, program: &str, account: &Account) -> Command {
        let mut command = account.command(self.dir().join(program));
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .envs(self.candidate.variables.iter().copied())
            .current_dir("/");
        if !self.candidate.libraries.is_empty() {
            command.env("LD_LIBRARY_PATH", joined(&self.candidate.libraries));
        }
        command
    }
}

/// Folders in the notation of a search path.
fn joined(folders: &[PathBuf]) -> OsString {
    let parts: Vec<_> = folders.iter().map(|folder| folder.as_os_str()).collect();
    parts.join(":".as_ref())
}

/// A server's version, ordered by its numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    /// Data folders belong to one major version.
    pub(crate) major: u32,
    minor: u32,
    /// As printed, such as `15.18` or `19beta1`.
    pub(crate) text: String,
}

impl Version {
    /// Reads `postgres (PostgreSQL) 15.18 (Debian …)`.
    fn parse(said: &str) -> Option<Self> {
        let text = said.split_whitespace().nth(2)?;
        let mut numbers = text.split(|character: char| !character.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        // Development versions have no minor number: `19devel`.
        let minor = text.split_once('.').and_then(|(_, minor)| minor.parse().ok()).unwrap_or(0);
        Some(Self { major, minor, text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests;
