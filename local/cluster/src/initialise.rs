//! Making a new data folder, whole or not at all.
//!
//! A data folder belongs to one major version of Postgres and is named after it: `data-15`.

use std::fs::{self, File};
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

/// How long a server that a killed `initdb` had called may go on; it notices when it next reads.
const REMOVE_LIMIT: Duration = Duration::from_secs(10);

/// The oldest major version with its own locale provider.
const MAJOR_WITH_BUILTIN: u32 = 17;

/// What `initdb` needs to know.
pub(crate) struct Initialise<'a> {
    /// Where the data folder comes to lie.
    pub(crate) folder: &'a Path,
    /// The lock on `folder`. `initdb` holds it too: one that outlives a killed launcher is waited for.
    pub(crate) lock: &'a File,
    /// With its `initdb`.
    pub(crate) binaries: &'a Binaries,
    pub(crate) account: &'a Account,
    /// Whether the new files must be on disk before they are used.
    pub(crate) profile: Profile,
}

impl Initialise<'_> {
    /// The data folder for the binaries, made now if it is missing.
    pub(crate) fn data_folder(&self) -> Result<PathBuf, ClusterError> {
        let major = self.binaries.version.major;
        let data = self.folder.join(format!("data-{major}"));
        if data.join("PG_VERSION").is_file() {
            return Ok(data);
        }
        let new = data.with_extension("new");
        let mut refusals = Vec::new();
        for locale in locales(major) {
            remove(&new)?;
            match self.initdb(&new, locale) {
                Ok(()) => {
                    fs::rename(&new, &data).map_err(ClusterError::io("name the data folder", &data))?;
                    return Ok(data);
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        Err(ClusterError::Program { task: "create the data folder with initdb", said: refusals.join("\n") })
    }

    /// Runs `initdb` with user `postgres`, trust (the socket's folder is closed to others) and UTF-8.
    fn initdb(&self, new: &Path, locale: &[&str]) -> Result<(), String> {
        let mut command = self.binaries.command("initdb", self.account);
        command.arg("-D").arg(new).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-instructions"]);
        command.args(locale);
        match self.profile {
            Profile::Durable => (),
            Profile::Throwaway => drop(command.arg("--no-sync")),
        }
        process::run_holding(&mut command, self.lock, INITDB_LIMIT).map(drop)
    }
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

/// Removes what a killed `initdb` left behind; a server it had called may still be putting files there.
fn remove(new: &Path) -> Result<(), ClusterError> {
    let outcome = process::poll(REMOVE_LIMIT, || match fs::remove_dir_all(new) {
        Err(error) if error.kind() == ErrorKind::NotFound => Some(Ok(())),
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => None,
        outcome => Some(outcome),
    });
    let outcome = outcome.unwrap_or_else(|| Err(ErrorKind::DirectoryNotEmpty.into()));
    outcome.map_err(ClusterError::io("remove", new))
}
