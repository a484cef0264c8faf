//! Folders of a cluster that only its account can enter, and their locks.
//!
//! A folder is its own lock (`flock` on the open folder), so no lock file can be left behind.

use std::fs::{self, DirBuilder, File, Metadata, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::Profile;
use crate::account::Account;
use crate::error::ClusterError;
use crate::process;

/// The parent of folders that the account cannot reach elsewhere, or whose path is too long for a socket.
const SHARED_DISK: &str = "/var/tmp";

/// Where throwaway clusters go.
const SHARED_MEMORY: &str = "/dev/shm";

/// What must be free in shared memory; a default Docker container has 64 MB there.
const MEMORY_KIB_MIN: u64 = 1_024 * 1_024;

/// The longest socket path that fits everywhere: 107 bytes on Linux, 103 on macOS.
const SOCKET_BYTES_MAX: usize = 103;

/// What Postgres adds to the folder of its socket.
const SOCKET_NAME: &str = "/.s.PGSQL.5432";

/// The folders of one cluster, all made and verified.
#[derive(Debug, Clone)]
pub(crate) struct ServerFolders {
    /// Holds the data folders and the log.
    pub(crate) folder: PathBuf,
    /// Holds the socket: the same folder, unless its path is too long.
    pub(crate) socket_dir: PathBuf,
    /// Whether the account could not enter the wanted home.
    pub(crate) moved: bool,
}

impl ServerFolders {
    /// Chooses, makes and verifies the folders for `home`.
    pub(crate) fn choose(home: &Path, profile: Profile, account: &Account) -> Result<Self, ClusterError> {
        let home = std::path::absolute(home).map_err(ClusterError::io("resolve", home))?;
        let memory = match profile {
            Profile::Durable => None,
            Profile::Throwaway => in_memory(&home, account),
        };
        let (folder, moved) = match memory {
            Some(folder) => claim(&folder, account).map(|()| (folder, false))?,
            None => on_disk(&home, profile, account)?,
        };
        let socket_dir = if folder.as_os_str().len() + SOCKET_NAME.len() <= SOCKET_BYTES_MAX {
            folder.clone()
        } else {
            let short = shared(SHARED_DISK, &folder, account);
            claim(&short, account)?;
            short
        };
        Ok(Self { folder, socket_dir, moved })
    }
}

/// Claims the home, or a folder in `/var/tmp` when the account cannot reach it.
fn on_disk(home: &Path, profile: Profile, account: &Account) -> Result<(PathBuf, bool), ClusterError> {
    let moved = account.dropped && !account.reaches(home);
    let folder = if moved { shared(SHARED_DISK, home, account) } else { home.to_owned() };
    if let Some(parent) = folder.parent() {
        make_open(parent, account)?;
    }
    claim(&folder, account)?;
    match profile {
        Profile::Durable => Ok((folder, moved)),
        // Its own folder: settings that may lose data must never meet data that must not be lost.
        Profile::Throwaway => {
            let folder = folder.join("throwaway");
            claim(&folder, account).map(|()| (folder, moved))
        }
    }
}

/// Makes a folder and its parents, as far as they are missing, so that others may read them but not write.
///
/// Root's umask must not close them: Postgres, as another account, needs every parent.
pub(crate) fn make_open(folder: &Path, account: &Account) -> Result<(), ClusterError> {
    let missing: Vec<_> = folder.ancestors().take_while(|folder| !folder.is_dir()).collect();
    for folder in missing.into_iter().rev() {
        let made = match DirBuilder::new().mode(0o755).create(folder) {
            Ok(()) if account.dropped => fs::set_permissions(folder, Permissions::from_mode(0o755)),
            // Another start may make the same folders at this moment.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            outcome => outcome,
        };
        made.map_err(ClusterError::io("make the folder", folder))?;
    }
    Ok(())
}

/// The folder in shared memory, when it exists or there is space for it.
fn in_memory(home: &Path, account: &Account) -> Option<PathBuf> {
    let folder = shared(SHARED_MEMORY, home, account);
    let has_space = || free_kib(Path::new(SHARED_MEMORY)).is_some_and(|free| free > MEMORY_KIB_MIN);
    (folder.exists() || has_space()).then_some(folder)
}

/// `<root>/tidings-<uid>-<hash of the wanted path>`.
fn shared(root: &str, wanted: &Path, account: &Account) -> PathBuf {
    let hash = fingerprint(wanted.as_os_str().as_bytes());
    Path::new(root).join(format!("tidings-{}-{hash:016x}", account.uid))
}

/// FNV-1a, 64 bit: the name must stay the same over releases, which the standard hasher does not promise.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Makes the folder with mode 0700 for the account, or verifies that the one that exists is such a folder.
pub(crate) fn claim(folder: &Path, account: &Account) -> Result<(), ClusterError> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => own(folder, account),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => verify(folder, account),
        Err(error) => Err(ClusterError::io("make the folder", folder)(error)),
    }
}

/// Accepts an existing folder only when no other user can have prepared its content.
fn verify(folder: &Path, account: &Account) -> Result<(), ClusterError> {
    let metadata = fs::symlink_metadata(folder).map_err(ClusterError::io("look at", folder))?;
    match objection(&metadata, account) {
        None => fs::set_permissions(folder, Permissions::from_mode(0o700))
            .map_err(ClusterError::io("close to others", folder)),
        // Made beforehand by root, for example as a mount point: nothing in it, so nothing prepared.
        Some(_) if account.dropped && metadata.uid() == 0 && metadata.is_dir() && is_empty(folder) => {
            own(folder, account)
        }
        Some(reason) => Err(ClusterError::Refused { folder: folder.to_owned(), reason }),
    }
}

/// Why an existing folder is not safely the account's, if so.
fn objection(metadata: &Metadata, account: &Account) -> Option<String> {
    if !metadata.is_dir() {
        Some("it is not a folder".to_owned())
    } else if metadata.uid() != account.uid {
        Some(format!("it belongs to user {}, and Postgres would run as user {}", metadata.uid(), account.uid))
    } else if metadata.mode() & 0o022 != 0 {
        Some("others may write in it".to_owned())
    } else {
        None
    }
}

/// Hands a folder to the account, closed to all others.
fn own(folder: &Path, account: &Account) -> Result<(), ClusterError> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))
        .map_err(ClusterError::io("close to others", folder))?;
    if account.dropped {
        chown(folder, Some(account.uid), Some(account.gid)).map_err(ClusterError::io("give away", folder))?;
    }
    Ok(())
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// Free space in KiB, as `df` reports it; the standard library has no call for it.
fn free_kib(folder: &Path) -> Option<u64> {
    let said = process::run(Command::new("df").arg("-Pk").arg(folder), Duration::from_secs(5)).ok()?;
    parse_df(&said)
}

/// The fourth column of the second line of `df -Pk` (POSIX): available.
fn parse_df(said: &str) -> Option<u64> {
    said.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// Holds `folder` alone until the returned handle is closed; gives up after `limit`.
pub(crate) fn lock(folder: &Path, limit: Duration) -> Result<File, ClusterError> {
    let handle = File::open(folder).map_err(ClusterError::io("open", folder))?;
    let outcome = process::poll(limit, || match handle.try_lock() {
        Ok(()) => Some(Ok(())),
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Error(error)) => Some(Err(error)),
    });
    match outcome {
        Some(Ok(())) => Ok(handle),
        Some(Err(error)) => Err(ClusterError::io("lock", folder)(error)),
        None => Err(ClusterError::Locked { folder: folder.to_owned(), waited: limit }),
    }
}

#[cfg(test)]
mod tests;
