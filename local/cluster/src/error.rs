//! Errors, which say what to do next.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One line per operating system, closing every "no Postgres" message.
pub(crate) const INSTALL: &str = "\
Install PostgreSQL 15 or newer, or set PG_BIN_DIR (its binaries) or DATABASE_URL (a running server):
  Debian, Ubuntu   apt-get install postgresql
  Fedora, RHEL     dnf install postgresql-server
  Alpine           apk add postgresql
  Arch             pacman -S postgresql
  macOS            brew install postgresql@17
  Windows          use WSL and the line of its distribution";

/// Why no cluster could be started or stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClusterError {
    /// `PG_BIN_DIR` was given and cannot be used; nothing else is tried in its place.
    BinDir {
        /// The folder that was given.
        dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No Postgres is installed, cached or to be fetched.
    NotFound {
        /// What was tried, in order, and what came of it.
        tried: Vec<String>,
    },
    /// We are root and no ordinary account exists to run Postgres.
    NoAccount,
    /// A folder exists that is not safely ours.
    Refused {
        folder: PathBuf,
        /// Why it is not used.
        reason: String,
    },
    /// Another process held a folder's lock for too long.
    Locked {
        /// The folder whose lock it is.
        folder: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// A program of Postgres failed or could not be run.
    Program {
        /// What it was meant to do, such as `create the data folder with initdb`.
        task: &'static str,
        /// The end of its output.
        said: String,
    },
    /// The server came up but did not become ready, or went down again.
    NotReady {
        /// How long we waited.
        waited: Duration,
        /// The end of the server's log.
        log: String,
    },
    /// The server did not go down.
    NotStopped {
        pid: u32,
        /// How long we waited.
        waited: Duration,
    },
    /// The file system or a process call failed.
    Io {
        /// What was being done, such as `make the folder`.
        task: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl ClusterError {
    /// Names the task and the place of an I/O error: `.map_err(ClusterError::io("make the folder", path))`.
    pub(crate) fn io(task: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { task, path, source }
    }
}

impl Display for ClusterError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::BinDir { dir, reason } => {
                write!(f, "PG_BIN_DIR={} cannot be used: {reason}\n{INSTALL}", dir.display())
            }
            Self::NotFound { tried } => {
                f.write_str("no PostgreSQL 15 or newer could be found or fetched\n")?;
                for line in tried {
                    writeln!(f, "  tried: {}", line.trim_end().replace('\n', "\n    "))?;
                }
                f.write_str(INSTALL)
            }
            Self::NoAccount => f.write_str(
                "Postgres refuses to run as root, and neither $SUDO_UID nor `postgres` nor `nobody` names an \
                 account here: run as an ordinary user, or create one",
            ),
            Self::Refused { folder, reason } => {
                write!(f, "{} is not used: {reason}; remove it, or choose another folder", folder.display())
            }
            Self::Locked { folder, waited } => write!(
                f,
                "another process has been starting or stopping Postgres in {} for {} s: end it and try again",
                folder.display(),
                waited.as_secs()
            ),
            Self::Program { task, said } => write!(f, "could not {task}: {said}"),
            Self::NotReady { waited, log } => {
                write!(f, "Postgres was not ready after {:.1} s; its log ends:\n{log}", waited.as_secs_f32())
            }
            Self::NotStopped { pid, waited } => write!(
                f,
                "Postgres (process {pid}) has not stopped after {} s; end it with `kill -QUIT {pid}`",
                waited.as_secs()
            ),
            Self::Io { task, path, source: _ } => write!(f, "could not {task} {}", path.display()),
        }
    }
}

impl Error for ClusterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::BinDir { .. }
            | Self::NotFound { .. }
            | Self::NoAccount
            | Self::Refused { .. }
            | Self::Locked { .. }
            | Self::Program { .. }
            | Self::NotReady { .. }
            | Self::NotStopped { .. } => None,
        }
    }
}
