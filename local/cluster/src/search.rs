//! The order in which binaries are looked for.

use std::fs;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::binaries::{Binaries, Candidate};
use crate::cache::Cache;
use crate::environment::Environment;
use crate::error::ClusterError;
use crate::{Fetch, Options, Search, fetch};

/// Where distributions put servers outside of `PATH`; `*` matches any rest of a name.
const KNOWN: &[&str] = &[
    "/usr/lib/postgresql/*/bin",                      // Debian, Ubuntu
    "/usr/pgsql-*/bin",                               // Fedora, RHEL (PGDG)
    "/usr/libexec/postgresql*",                       // Alpine
    "/opt/homebrew/opt/postgresql*/bin",              // Homebrew, Apple silicon
    "/usr/local/opt/postgresql*/bin",                 // Homebrew, Intel
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin", // Homebrew, Linux
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// The first binaries that run, in the order of the crate's page; `majors` have data in this home already.
pub(crate) fn find(
    options: &Options,
    environment: &Environment,
    account: &Account,
    majors: &[u32],
) -> Result<Binaries, ClusterError> {
    if let Some(dir) = &options.bin_dir {
        let dir = std::path::absolute(dir).map_err(ClusterError::io("resolve", dir))?;
        let probed = Candidate::installed(dir.clone()).probe(account);
        return probed.map_err(|reason| ClusterError::BinDir { dir, reason });
    }
    let mut tried = Vec::new();
    let installed = match options.search {
        Search::System => {
            newest(system(environment), account, majors).map_err(|reasons| tried.extend(reasons)).ok()
        }
        Search::CacheOnly => None,
    };
    let cache = match Cache::new(options.cache.clone(), environment, account) {
        // A refused cache matters only when it is needed.
        Err(_) if installed.is_some() => None,
        outcome => outcome?,
    };
    let cached = || cache.as_ref().map(|cache| fetch::cached(cache, account)).unwrap_or_default();
    if let Some(binaries) = choose(installed, cached, majors) {
        return Ok(binaries);
    }
    match (options.fetch, cache) {
        (Fetch::Never, _) => tried.push("fetching is switched off".to_owned()),
        (Fetch::Allowed, None) => {
            tried.push("no cache folder: neither HOME nor XDG_CACHE_HOME is set".to_owned());
        }
        (Fetch::Allowed, Some(cache)) => match fetch::fetch(&cache, environment, account, options.notice)? {
            Ok(binaries) => return Ok(binaries),
            Err(reasons) => tried.extend(reasons),
        },
    }
    Err(ClusterError::NotFound { tried })
}

/// What is installed goes before what is cached, unless only the latter can read the data that is here.
fn choose(
    installed: Option<Binaries>,
    cached: impl FnOnce() -> Vec<Binaries>,
    majors: &[u32],
) -> Option<Binaries> {
    let reads = |binaries: &Binaries| majors.contains(&binaries.version.major);
    // Looking into the cache costs a process for each package.
    if installed.as_ref().is_some_and(|binaries| majors.is_empty() || reads(binaries)) {
        return installed;
    }
    let (readers, others): (Vec<_>, Vec<_>) = cached().into_iter().partition(reads);
    readers.into_iter().chain(installed).chain(others).next()
}

/// The newest of the installed servers; one whose major version has data here goes before a newer one, so
/// that installing another Postgres does not make yesterday's data disappear.
fn newest(dirs: Vec<PathBuf>, account: &Account, majors: &[u32]) -> Result<Binaries, Vec<String>> {
    let (working, reasons): (Vec<_>, Vec<_>) =
        dirs.into_iter().map(|dir| Candidate::installed(dir).probe(account)).partition(Result::is_ok);
    working
        .into_iter()
        .flatten()
        .max_by_key(|binaries| (majors.contains(&binaries.version.major), binaries.version.clone()))
        .ok_or_else(|| {
            let mut reasons: Vec<_> = reasons.into_iter().filter_map(Result::err).collect();
            if reasons.is_empty() {
                reasons.push("no `postgres` in PATH or where distributions put it".to_owned());
            }
            reasons
        })
}

/// The folders that hold a `postgres`, each once, behind their symbolic links.
fn system(environment: &Environment) -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> = environment
        .path_folders()
        .chain(KNOWN.iter().flat_map(|pattern| expand(pattern)))
        .filter_map(|folder| folder.join("postgres").canonicalize().ok())
        .filter_map(|program| program.parent().map(Path::to_owned))
        .collect();
    dirs.sort();
    dirs.dedup();
    dirs
}

/// Expands the one `*` of a known place.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let Some((folder, prefix)) = before.rsplit_once('/') else { return Vec::new() };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .collect()
}

#[cfg(test)]
mod tests;
