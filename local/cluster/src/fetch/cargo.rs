//! Postgres out of crates: four version-pinned ones carry a native PostgreSQL 18 for Linux on x86-64.
//!
//! `cargo vendor --locked` downloads them, checks them against the lock file beside this one and unpacks
//! them; nothing of them is compiled.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{CLIENT_LIMIT, Trouble, need_glibc, on_path};
use crate::binaries::Candidate;
use crate::environment::Environment;
use crate::process;

/// The folder in the cache.
pub(super) const PACKAGE: &str = "cargo-18.4-0.3.3";

const MANIFEST: &str = include_str!("payload.toml");
const LOCK: &str = include_str!("payload.lock");

/// What the payload was linked against.
const GLIBC_MINOR_MIN: u32 = 38;

/// cargo, on a machine the payload is built for.
pub(super) fn client(environment: &Environment) -> Result<PathBuf, Trouble> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Trouble::Unsuited("only for Linux on x86-64".to_owned()));
    }
    need_glibc(GLIBC_MINOR_MIN)?;
    environment.cargo.clone().map_or_else(|| on_path(environment, "cargo"), Ok)
}

/// Vendors the crates and merges what they carry into one tree of `bin`, `lib` and `share`.
pub(super) fn unpack(client: &Path, work: &Path) -> Result<PathBuf, String> {
    let merged = work.join("merged");
    let vendored = work.join("vendored");
    write_manifest(work).map_err(|error| format!("{}: {error}", work.display()))?;
    process::run(
        Command::new(client)
            .args(["vendor", "--locked", "--quiet", "vendored"])
            .env("CARGO_NET_RETRY", "1")
            .env("CARGO_HTTP_TIMEOUT", "30")
            .current_dir(work),
        CLIENT_LIMIT,
    )?;
    merge(&vendored, &merged).map_err(|error| format!("{}: {error}", vendored.display()))?;
    Ok(merged)
}

/// The programs, their libraries, and the switch without which `initdb` looks for ICU data it does not need.
pub(super) fn candidate(package: &Path) -> Candidate {
    Candidate {
        dir: package.join("bin"),
        libraries: vec![package.join("lib")],
        variables: vec![("OLIPHAUNT_INTERNAL_SKIP_ICU_DISCOVERY", "1")],
    }
}

fn write_manifest(work: &Path) -> io::Result<()> {
    fs::write(work.join("Cargo.toml"), MANIFEST)?;
    fs::write(work.join("Cargo.lock"), LOCK)?;
    fs::create_dir(work.join("src"))?;
    fs::write(work.join("src/lib.rs"), "")
}

/// Each crate carries a part of the server (`payload/files/runtime`) or extensions (`payload/extensions/*`).
fn merge(vendored: &Path, merged: &Path) -> io::Result<()> {
    for part in fs::read_dir(vendored)? {
        let payload = part?.path().join("payload");
        move_tree(&payload.join("files/runtime"), merged)?;
        for extension in fs::read_dir(payload.join("extensions")).into_iter().flatten() {
            let extension = extension?.path();
            for folder in ["lib/postgresql", "share"] {
                move_tree(&extension.join(folder), &merged.join(folder))?;
            }
        }
    }
    Ok(())
}

/// Moves all files below `from` to the same places below `to`; a missing `from` is an empty one.
fn move_tree(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            move_tree(&entry.path(), &target)?;
        } else {
            fs::rename(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
