//! The folder of fetched binaries, which also remembers the sources that have just failed.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::Account;
use crate::environment::Environment;
use crate::error::ClusterError;
use crate::folder;

/// How long a source that failed is left alone; without it every start would pay for the attempt.
const FAILURE_KEPT: Duration = Duration::from_hours(1);

/// How long another process's fetch is waited for.
const LOCK_LIMIT: Duration = Duration::from_mins(15);

/// Where root keeps what it fetches, since Postgres will run as an account that cannot enter root's home.
const FOR_ROOT: &str = "/var/cache/tidings";

/// Our cache of fetched binaries.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The given folder, else the usual one; `None` when there is no usual one. An existing folder must be
    /// ours alone to write in, for programs are run from it.
    pub(crate) fn new(
        given: Option<PathBuf>,
        environment: &Environment,
        account: &Account,
    ) -> Result<Option<Self>, ClusterError> {
        let Some(folder) = given.or_else(|| usual(environment, account)) else { return Ok(None) };
        let owner = if account.dropped { 0 } else { account.uid };
        match fs::symlink_metadata(&folder) {
            Ok(found) if !found.is_dir() || found.uid() != owner || found.mode() & 0o022 != 0 => {
                let reason = format!("a cache must be a folder that only user {owner} may write in");
                Err(ClusterError::Refused { folder, reason })
            }
            Ok(_) | Err(_) => Ok(Some(Self { folder })),
        }
    }

    /// The folder of one package, whether or not it exists.
    pub(crate) fn package(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder itself, for the user to read.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the cache when missing and holds it alone until the handle is closed.
    pub(crate) fn lock(&self, account: &Account) -> Result<File, ClusterError> {
        folder::make_open(&self.folder, account)?;
        folder::lock(&self.folder, LOCK_LIMIT)
    }

    /// Why `source` failed less than an hour ago, if it did.
    pub(crate) fn recent_failure(&self, source: &str) -> Option<String> {
        let marker = self.marker(source);
        // A marker from the future (the clock was set back) has no age and is not believed.
        let age = marker.metadata().ok()?.modified().ok()?.elapsed().ok()?;
        if !is_recent(age) {
            return None;
        }
        fs::read_to_string(marker).ok()
    }

    /// Remembers that `source` failed.
    pub(crate) fn remember_failure(&self, source: &str, reason: &str) -> Result<(), ClusterError> {
        let marker = self.marker(source);
        fs::write(&marker, reason).map_err(ClusterError::io("write", &marker))
    }

    fn marker(&self, source: &str) -> PathBuf {
        self.folder.join(format!("{source}.failed"))
    }
}

/// `/var/cache/tidings` for root, else below `$XDG_CACHE_HOME` or `~/.cache`.
fn usual(environment: &Environment, account: &Account) -> Option<PathBuf> {
    if account.dropped {
        return Some(PathBuf::from(FOR_ROOT));
    }
    let caches = environment.xdg_cache.clone();
    let caches = caches.or_else(|| environment.home.as_ref().map(|home| home.join(".cache")));
    caches.map(|caches| caches.join("tidings"))
}

fn is_recent(age: Duration) -> bool {
    age < FAILURE_KEPT
}

#[cfg(test)]
mod tests;
