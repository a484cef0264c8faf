//! The one server of a home: started, adopted, shared and stopped.
//!
//! Two locks keep order. The *home* folder is locked alone while a server is being started or stopped, so
//! that no process sees an intermediate state. The *data* folder is locked jointly by every process that uses
//! the server; one that can make its lock exclusive is the last, and stops the server. The kernel
//! releases both when a process dies, however it dies.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::fchown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::Profile;
use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::ClusterError;
use crate::folder::{self, ServerFolders};
use crate::initialise::Initialise;
use crate::pid_file::{self, PidFile, ServerState};
use crate::process::{self, ProcessState};
use crate::settings;

/// How long others may take to start or stop the server before we give up on the lock.
const LOCK_LIMIT: Duration = Duration::from_mins(3);

/// How long a start may take; recovery after a crash reads the whole log.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// How long a start is tried again after a crash, while backends of the crashed server still end.
const CRASH_LIMIT: Duration = Duration::from_secs(10);

/// How long a fast shutdown may take before it becomes an immediate one (the next start then recovers).
const FAST_STOP_LIMIT: Duration = Duration::from_secs(30);

/// How long an immediate shutdown may take.
const IMMEDIATE_STOP_LIMIT: Duration = Duration::from_secs(5);

/// A signal is sent by a program (`pg_ctl kill`), which may take this long.
const SIGNAL_LIMIT: Duration = Duration::from_secs(10);

/// A server that answers, and our share in it.
#[derive(Debug)]
pub(crate) struct Server {
    binaries: Binaries,
    account: Account,
    /// Locked while starting and stopping.
    home: PathBuf,
    data: PathBuf,
    /// As the pid file had it when the server was ready.
    running: PidFile,
    /// Present when this process started the server: it must be waited for, or it stays a zombie.
    child: Option<Child>,
    /// The joint lock on the data folder; `None` once we have left.
    share: Option<File>,
}

impl Server {
    /// Adopts the server that runs in `place`, or starts one.
    pub(crate) fn open(
        binaries: Binaries,
        account: Account,
        place: &ServerFolders,
        profile: Profile,
    ) -> Result<Self, ClusterError> {
        let lock = folder::lock(&place.folder, LOCK_LIMIT)?;
        let initialise = Initialise {
            folder: &place.folder,
            lock: &lock,
            binaries: &binaries,
            account: &account,
            profile,
        };
        let data = initialise.data_folder()?;
        let start = Start { binaries: &binaries, account: &account, place, data: &data, profile };
        let (running, child) = start.adopt_or_spawn()?;
        let share = File::open(&data).map_err(ClusterError::io("open", &data))?;
        share.lock_shared().map_err(ClusterError::io("lock", &data))?;
        let home = place.folder.clone();
        Ok(Self { binaries, account, home, data, running, child, share: Some(share) })
    }

    /// The folder of the socket, as the server itself has it.
    pub(crate) fn socket_dir(&self) -> &Path {
        &self.running.socket_dir
    }

    /// The folder of the programs.
    pub(crate) fn bin_dir(&self) -> &Path {
        self.binaries.dir()
    }

    /// The postmaster's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.running.pid
    }

    /// One line on what runs, from where, in which folder.
    pub(crate) fn describe(&self, place: &ServerFolders) -> String {
        let state = if self.child.is_some() { "started" } else { "already running" };
        let moved =
            if place.moved { "; here because its account cannot enter the wanted folder" } else { "" };
        format!(
            "Postgres {} from {} (private cluster in {}, {state}{moved})",
            self.binaries.version.text,
            self.bin_dir().display(),
            self.home.display()
        )
    }

    /// Gives up our share, and stops the server if it was the last. Doing it twice does nothing.
    pub(crate) fn leave(&mut self) -> Result<(), ClusterError> {
        let Some(share) = self.share.take() else { return Ok(()) };
        let _alone = folder::lock(&self.home, LOCK_LIMIT)?;
        share.unlock().map_err(ClusterError::io("unlock", &self.data))?;
        match share.try_lock() {
            Ok(()) => self.stop(),
            Err(TryLockError::WouldBlock) => Ok(()),
            Err(TryLockError::Error(error)) => Err(ClusterError::io("lock", &self.data)(error)),
        }
    }

    /// A fast shutdown, and if that hangs an immediate one.
    fn stop(&mut self) -> Result<(), ClusterError> {
        for (signal, limit) in [("INT", FAST_STOP_LIMIT), ("QUIT", IMMEDIATE_STOP_LIMIT)] {
            let pid = match pid_file::server_state(&self.data) {
                ServerState::Serving(file) | ServerState::Busy(file) => file.pid,
                ServerState::Nothing | ServerState::Crashed | ServerState::StalePid => return self.reap(),
            };
            // It may have gone by itself in between, so a failing signal is judged by the wait below.
            let mut kill = self.binaries.command("pg_ctl", &self.account);
            let sent = process::run(kill.args(["kill", signal, &pid.to_string()]), SIGNAL_LIMIT);
            if process::poll(limit, || self.has_ended(pid).then_some(())).is_some() {
                return Ok(());
            }
            sent.map_err(|said| ClusterError::Program { task: "stop Postgres with pg_ctl", said })?;
        }
        let waited = FAST_STOP_LIMIT + IMMEDIATE_STOP_LIMIT;
        Err(ClusterError::NotStopped { pid: self.running.pid, waited })
    }

    /// Whether the process that we started or adopted is there.
    pub(crate) fn is_running(&mut self) -> bool {
        let pid = self.running.pid;
        !self.has_ended(pid)
    }

    /// Whether the server is gone: its process, not only its pid file, which it removes a moment before.
    /// Asking our own child also removes the zombie.
    fn has_ended(&mut self, pid: u32) -> bool {
        let reaped = self.child.as_mut().is_none_or(|child| matches!(child.try_wait(), Ok(Some(_)) | Err(_)));
        reaped && process::state(pid, &self.data) != ProcessState::Postmaster
    }

    /// Collects our own child if it has ended already.
    fn reap(&mut self) -> Result<(), ClusterError> {
        match &mut self.child {
            Some(child) => {
                child.try_wait().map(drop).map_err(ClusterError::io("ask after the server of", &self.data))
            }
            None => Ok(()),
        }
    }
}

/// All that a start needs; valid while the home is locked.
struct Start<'a> {
    binaries: &'a Binaries,
    account: &'a Account,
    place: &'a ServerFolders,
    data: &'a Path,
    profile: Profile,
}

impl Start<'_> {
    /// Reads the signs until they allow a decision.
    fn adopt_or_spawn(&self) -> Result<(PidFile, Option<Child>), ClusterError> {
        let started = Instant::now();
        let decision = process::poll(READY_LIMIT, || match pid_file::server_state(self.data) {
            ServerState::Serving(running) => Some(Ok((running, None))),
            // Shutting down, or starting under a launcher that was killed: soon it is one thing or the other.
            ServerState::Busy(_) => None,
            ServerState::Nothing | ServerState::Crashed => self.attempt(started),
            ServerState::StalePid => match pid_file::disown_pid_file(self.data, self.account) {
                Ok(()) => self.attempt(started),
                Err(error) => Some(Err(error)),
            },
        });
        decision.unwrap_or_else(|| Err(ClusterError::NotReady { waited: READY_LIMIT, log: self.log_tail() }))
    }

    /// One attempt to start. A refusal counts when nothing else is in the data folder, or when the time is up:
    /// until then it may be due to backends of a crashed server that still hold its memory, or to a server that a
    /// killed launcher had started just before us.
    fn attempt(&self, started: Instant) -> Option<Result<(PidFile, Option<Child>), ClusterError>> {
        match self.spawn().and_then(|child| self.ready(child)) {
            Err(ClusterError::NotReady { .. })
                if started.elapsed() < CRASH_LIMIT
                    && pid_file::server_state(self.data) != ServerState::Nothing =>
            {
                None
            }
            outcome => Some(outcome),
        }
    }

    /// Starts the postmaster in its own process group: Ctrl-C is for the application, which then stops
    /// the server in its own time.
    fn spawn(&self) -> Result<Child, ClusterError> {
        pid_file::disown_socket_lock(&self.place.socket_dir, self.account)?;
        let log = self.new_log()?;
        let errors = log.try_clone().map_err(ClusterError::io("open", &self.log()))?;
        self.binaries
            .command("postgres", self.account)
            .arg("-D")
            .arg(self.data)
            .args(settings::arguments(self.profile, &self.place.socket_dir))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(ClusterError::io("run `postgres` from", self.binaries.dir()))
    }

    /// Waits until the pid file names our child and says `ready`; `ready` alone may be a crashed server's.
    fn ready(&self, mut child: Child) -> Result<(PidFile, Option<Child>), ClusterError> {
        let started = Instant::now();
        let outcome = process::poll(READY_LIMIT, || match pid_file::ready_as(self.data, child.id()) {
            Some(running) => Some(Some(running)),
            None => matches!(child.try_wait(), Ok(Some(_)) | Err(_)).then_some(None),
        });
        match outcome.flatten() {
            Some(running) => Ok((running, Some(child))),
            // Still recovering, perhaps: it goes on, and the next start finds it ready.
            None => Err(ClusterError::NotReady { waited: started.elapsed(), log: self.log_tail() }),
        }
    }

    /// A new log for this start. It is made, never opened: the folder may belong to a lesser account than
    /// ours, and a link planted there must not be followed.
    fn new_log(&self) -> Result<File, ClusterError> {
        let log = self.log();
        match fs::remove_file(&log) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(ClusterError::io("remove", &log)(error));
            }
            Ok(()) | Err(_) => (),
        }
        let file = File::create_new(&log).map_err(ClusterError::io("make", &log))?;
        if self.account.dropped {
            fchown(&file, Some(self.account.uid), Some(self.account.gid))
                .map_err(ClusterError::io("give away", &log))?;
        }
        Ok(file)
    }

    fn log(&self) -> PathBuf {
        self.place.folder.join("log")
    }

    fn log_tail(&self) -> String {
        let log = self.account.read(&self.log()).unwrap_or_default();
        process::tail(log.trim()).to_owned()
    }
}
