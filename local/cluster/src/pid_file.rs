//! `postmaster.pid`, in which Postgres publishes that it runs, and where.
//!
//! One fact a line (`src/include/utils/pidfile.h`): 1 process id, 2 data folder, 3 start time, 4 port,
//! 5 socket folder, 6 listen address, 7 shared memory key, 8 status. It is written line by line, so a file
//! may be read half-way.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::ClusterError;
use crate::process::{self, ProcessState};

/// The largest process id a `pid_t` can hold, far above any that a system gives out.
const UNUSED_PID: &str = "2147483647";

/// The socket's name; the port is part of it.
const SOCKET: &str = ".s.PGSQL.5432";

/// A pid file's content, as far as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PidFile {
    /// Line 1: the postmaster.
    pub(crate) pid: u32,
    /// Line 5: the folder of the socket.
    pub(crate) socket_dir: PathBuf,
    /// Line 8 is `ready`. It proves nothing alone: a killed server leaves it there.
    pub(crate) ready: bool,
}

/// The state of a server, as its data folder shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerState {
    /// No pid file: shut down cleanly, or never started.
    Nothing,
    /// A pid file whose process is gone; Postgres clears it up by itself.
    Crashed,
    /// A pid file whose process id is taken by something that is not this server; Postgres would refuse.
    StalePid,
    /// A live postmaster that does not answer (yet, or no longer).
    Busy(PidFile),
    /// A live server that answers.
    Serving(PidFile),
}

/// Reads the state of the server of a data folder.
pub(crate) fn server_state(data: &Path) -> ServerState {
    let text = match fs::read_to_string(path(data)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return ServerState::Nothing,
        Err(_) => return ServerState::StalePid,
    };
    let Some(file) = parse(&text) else { return ServerState::StalePid };
    match process::state(file.pid, data) {
        ProcessState::Gone => ServerState::Crashed,
        ProcessState::Zombie | ProcessState::OtherProgram => ServerState::StalePid,
        ProcessState::Postmaster if file.ready && answers(&file.socket_dir) => ServerState::Serving(file),
        ProcessState::Postmaster => ServerState::Busy(file),
    }
}

/// Whether the server's pid file names `pid` and says `ready`.
pub(crate) fn ready_as(data: &Path, pid: u32) -> Option<PidFile> {
    let text = fs::read_to_string(path(data)).ok()?;
    parse(&text).filter(|file| file.pid == pid && file.ready)
}

/// Repairs the pid file of a crashed server: it gets a process id that no process has.
///
/// Removing the file would also remove the shared memory key on line 7, by which Postgres makes sure that no
/// backend of the crashed server still writes to the data.
pub(crate) fn disown_pid_file(data: &Path, account: &Account) -> Result<(), ClusterError> {
    let file = path(data);
    disown(&file, account).map_err(ClusterError::io("repair", &file))
}

/// The same for the lock beside the socket, which has the form of a pid file and may be of another data folder
/// (line 2) of the same home.
pub(crate) fn disown_socket_lock(socket_dir: &Path, account: &Account) -> Result<(), ClusterError> {
    let file = socket_dir.join(format!("{SOCKET}.lock"));
    let Ok(text) = fs::read_to_string(&file) else { return Ok(()) };
    let data = Path::new(text.lines().nth(1).unwrap_or_default());
    match parse(&text).map(|owner| process::state(owner.pid, data)) {
        Some(ProcessState::Gone | ProcessState::Postmaster) => Ok(()),
        Some(ProcessState::Zombie | ProcessState::OtherProgram) | None => {
            disown(&file, account).map_err(ClusterError::io("repair", &file))
        }
    }
}

/// Replaces the process id on line 1 and keeps the rest.
fn disown(file: &Path, account: &Account) -> io::Result<()> {
    let text = account.read(file).unwrap_or_default();
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    replace(file, &format!("{UNUSED_PID}\n{rest}"), account)
}

/// Writes a new file beside the old one and renames it: a link planted there is replaced, not followed.
fn replace(file: &Path, text: &str, account: &Account) -> io::Result<()> {
    let new = file.with_extension("new");
    fs::remove_file(&new).or_else(|error| match error.kind() {
        ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    let mut handle = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    handle.write_all(text.as_bytes())?;
    if account.dropped {
        fchown(&handle, Some(account.uid), Some(account.gid))?;
    }
    fs::rename(&new, file)
}

fn path(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// Whether someone accepts connections on the socket; a connection without a word is not even logged.
fn answers(socket_dir: &Path) -> bool {
    UnixStream::connect(socket_dir.join(SOCKET)).is_ok()
}

fn parse(text: &str) -> Option<PidFile> {
    let line = |number: usize| text.lines().nth(number - 1).map_or("", str::trim);
    let pid = line(1).parse().ok()?;
    Some(PidFile { pid, socket_dir: PathBuf::from(line(5)), ready: line(8) == "ready" })
}

#[cfg(test)]
mod tests;
