//! Postgres's command-line settings, by profile.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::Profile;

/// The same for both profiles.
///
/// No TCP; `jit=off` because a private copy comes without LLVM; `GMT` because it is the one zone that needs
/// no zone files and equals UTC.
const ALWAYS: &[&str] = &[
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "max_connections=200",
    "jit=off",
    "timezone=GMT",
    "log_timezone=GMT",
    "logging_collector=off",
    "log_destination=stderr",
];

/// A commit is on disk before it is acknowledged.
const DURABLE: &[&str] = &["fsync=on", "synchronous_commit=on", "full_page_writes=on"];

/// Nothing here outlives the machine, so nothing waits for a disk; little WAL, since it lies in memory.
const THROWAWAY: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=128MB",
    "autovacuum=off",
];

/// The arguments `-c name=value …`, with the socket in `socket_dir`.
pub(crate) fn arguments(profile: Profile, socket_dir: &Path) -> Vec<OsString> {
    let by_profile = match profile {
        Profile::Durable => DURABLE,
        Profile::Throwaway => THROWAWAY,
    };
    let mut socket = OsString::from("unix_socket_directories=");
    socket.push(quoted(socket_dir.as_os_str()));
    ALWAYS
        .iter()
        .chain(by_profile)
        .map(OsString::from)
        .chain([socket])
        .flat_map(|setting| [OsString::from("-c"), setting])
        .collect()
}

/// The setting is a list divided by commas, so a folder's name is put in double quotes.
fn quoted(folder: &OsStr) -> OsString {
    match folder.to_str() {
        Some(name) => OsString::from(format!("\"{}\"", name.replace('"', "\"\""))),
        None => folder.to_owned(),
    }
}

#[cfg(test)]
mod tests;
