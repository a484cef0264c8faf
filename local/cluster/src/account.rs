//! The account of the cluster's processes and files: the current user, or for root, which Postgres refuses, another.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::environment::Environment;
use crate::error::ClusterError;
use crate::process;

/// How long reading a small file may take.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// The account Postgres runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// User id; its folders are named after it.
    pub(crate) uid: u32,
    /// Primary group id.
    pub(crate) gid: u32,
    /// Whether we are root and this is another account.
    pub(crate) dropped: bool,
}

impl Account {
    /// Ourselves, or for root `$SUDO_UID`, else `postgres`, else `nobody`.
    ///
    /// Only an account that the user database knows will do: `initdb` looks its own user up.
    pub(crate) fn for_postgres(environment: &Environment) -> Result<Self, ClusterError> {
        let me = look_up(None).ok_or(ClusterError::NoAccount)?;
        if me.uid != 0 {
            return Ok(me);
        }
        [environment.sudo_uid.as_deref(), Some("postgres"), Some("nobody")]
            .into_iter()
            .flatten()
            .filter_map(|name| look_up(Some(name)))
            .find(|account| account.uid != 0)
            .map(|account| Self { dropped: true, ..account })
            .ok_or(ClusterError::NoAccount)
    }

    /// A command that will run as this account. The standard library also clears the other groups.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        if self.dropped {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Reads a file with this account's rights: in its folders it could have planted a link to a file that only
    /// root may read.
    pub(crate) fn read(&self, file: &Path) -> io::Result<String> {
        if !self.dropped {
            return fs::read_to_string(file);
        }
        process::run(self.command("cat").arg("--").arg(file), READ_LIMIT).map_err(io::Error::other)
    }

    /// Whether this account may walk down to `path`, as far as it exists.
    ///
    /// Postgres needs every parent, so one closed folder (the home of root) closes all below it.
    pub(crate) fn reaches(&self, path: &Path) -> bool {
        let existing = path.ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
        existing.is_some_and(|existing| {
            existing.ancestors().all(|folder| folder.metadata().is_ok_and(|found| self.enters(&found)))
        })
    }

    /// Whether the mode bits let this account enter a folder. A file in the way does not count as closed: making
    /// folders below it returns the right error.
    fn enters(&self, folder: &Metadata) -> bool {
        let bit = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        !folder.is_dir() || folder.mode() & bit != 0
    }
}

/// Asks `id`, which knows every user database there is; `None` asks about ourselves.
pub(crate) fn look_up(name: Option<&str>) -> Option<Account> {
    let number = |option: &str| -> Option<u32> {
        let output = Command::new("id").arg(option).args(name).output().ok()?;
        let said = output.status.success().then_some(output.stdout)?;
        std::str::from_utf8(&said).ok()?.trim().parse().ok()
    };
    Some(Account { uid: number("-u")?, gid: number("-g")?, dropped: false })
}
