//! Making a new data folder, whole or not at all.
//!
//! A data folder belongs to one major version of Postgres and is named after it: `data-15`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Profile;
use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::ClusterError;
use crate::process;

/// How long `initdb` may take; it syncs 40 MB to disk.
const INITDB_LIMIT: Duration = Duration::from_mins(2);

/// The oldest major version with a locale provider of its own.
const MAJOR_WITH_BUILTIN: u32 = 17;

/// The data folder for these binaries inside `folder`, made now if it is missing. Call it with `folder` locked.
pub(crate) fn data_folder(
    folder: &Path,
    binaries: &Binaries,
    account: &Account,
    profile: Profile,
) -> Result<PathBuf, ClusterError> {
    let data = folder.join(format!("data-{}", binaries.version.major));
    if data.join("PG_VERSION").is_file() {
        return Ok(data);
    }
    let new = data.with_extension("new");
    let mut refusals = Vec::new();
    for locale in locales(binaries.version.major) {
        remove(&new)?;
        match initdb(&new, binaries, account, profile, locale) {
            Ok(()) => {
                fs::rename(&new, &data).map_err(ClusterError::io("name the data folder", &data))?;
                return Ok(data);
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
    Err(ClusterError::Program { task: "create the data folder with initdb", said: refusals.join("\n") })
}

/// The major versions that have data in `folder`.
pub(crate) fn majors(folder: &Path) -> Vec<u32> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.to_str()?.strip_prefix("data-")?.parse().ok()).collect()
}

/// The locales to try in turn: the C library's C.UTF-8, which macOS and some containers lack; then Postgres's
/// own; then plain C, where only ASCII knows upper and lower case. All three sort by code point.
fn locales(major: u32) -> Vec<&'static [&'static str]> {
    let builtin: &[&str] = &["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
    let mut locales: Vec<&[&str]> = vec![&["--locale=C.UTF-8"]];
    locales.extend((major >= MAJOR_WITH_BUILTIN).then_some(builtin));
    locales.push(&["--locale=C"]);
    locales
}

/// Runs `initdb` with user `postgres`, trust (the socket's folder is closed to others) and UTF-8.
fn initdb(
    new: &Path,
    binaries: &Binaries,
    account: &Account,
    profile: Profile,
    locale: &[&str],
) -> Result<(), String> {
    let mut command = binaries.command("initdb", account);
    command.arg("-D").arg(new).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions"]);
    command.args(locale);
    match profile {
        Profile::Durable => (),
        Profile::Throwaway => drop(command.arg("--no-sync")),
    }
    process::run(&mut command, INITDB_LIMIT).map(drop)
}

/// Removes what a killed `initdb` left behind.
fn remove(new: &Path) -> Result<(), ClusterError> {
    match fs::remove_dir_all(new) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ClusterError::io("remove", new)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
