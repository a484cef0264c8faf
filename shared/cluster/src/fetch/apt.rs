//! The distribution's own server, downloaded and unpacked into the cache without being installed.
//!
//! apt gets state and cache folders of its own, so neither the system's package lists nor its database are
//! touched, and no root is needed. LLVM (100 MB) is left out: the launcher runs with `jit=off`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{CLIENT_LIMIT, Trouble, on_path};
use crate::binaries::{Candidate, MAJOR_MIN};
use crate::environment::Environment;
use crate::process;

/// The folder in the cache; which release it holds is the distribution's choice.
pub(super) const PACKAGE: &str = "apt";

/// apt-get, with what else is needed beside it.
pub(super) fn client(environment: &Environment) -> Result<PathBuf, Trouble> {
    on_path(environment, "apt-cache")?;
    on_path(environment, "dpkg-deb")?;
    on_path(environment, "apt-get")
}

/// Finds the distribution's major version, downloads the packages that this system lacks and unpacks them.
pub(super) fn unpack(client: &Path, work: &Path) -> Result<PathBuf, String> {
    let root = work.join("root");
    for folder in ["state/lists/partial", "cache/archives/partial", "debs", "root"] {
        let folder = work.join(folder);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let options = options(work)?;
    let apt = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(&options).args(arguments).env("LC_ALL", "C").current_dir(work.join("debs"));
        process::run(&mut command, CLIENT_LIMIT)
    };
    apt(client, &["update"])?;
    let server = server(&apt(&client.with_file_name("apt-cache"), &["depends", "postgresql"])?)?;
    let plan = apt(client, &["--simulate", "--reinstall", "--no-install-recommends", "install", &server])?;
    let packages = needed(&plan);
    apt(client, &[&["download"], packages.as_slice()].concat())?;
    for deb in fs::read_dir(work.join("debs")).into_iter().flatten().flatten() {
        process::run(Command::new("dpkg-deb").arg("-x").arg(deb.path()).arg(&root), CLIENT_LIMIT)?;
    }
    Ok(root)
}

/// The programs of the one major version in the package, with its libraries of every architecture folder.
pub(super) fn candidate(package: &Path) -> Option<Candidate> {
    let entries = |folder: &str| fs::read_dir(package.join(folder)).into_iter().flatten().flatten();
    let dir = entries("usr/lib/postgresql").map(|major| major.path().join("bin")).next()?;
    let libraries = ["usr/lib", "lib"]
        .into_iter()
        .flat_map(entries)
        .filter(|entry| entry.file_name().to_string_lossy().contains("-linux-gnu"))
        .map(|entry| entry.path())
        .collect();
    Some(Candidate { dir, libraries, variables: Vec::new() })
}

/// Folders of our own, the system's list of what is installed, and downloads as ourselves: the account apt
/// would switch to cannot enter the cache.
fn options(work: &Path) -> Result<Vec<String>, String> {
    let me = process::run(Command::new("id").arg("-un"), CLIENT_LIMIT)?;
    let options = [
        format!("Dir::State={}", work.join("state").display()),
        format!("Dir::Cache={}", work.join("cache").display()),
        "Dir::State::status=/var/lib/dpkg/status".to_owned(),
        format!("APT::Sandbox::User={}", me.trim()),
        "Acquire::Retries=1".to_owned(),
        "Acquire::http::Timeout=30".to_owned(),
        "Acquire::https::Timeout=30".to_owned(),
        "Acquire::Languages=none".to_owned(),
        // A failed list must fail the update; by default apt goes on with what it has, which is nothing.
        "APT::Update::Error-Mode=any".to_owned(),
    ];
    Ok(options.into_iter().flat_map(|option| ["-o".to_owned(), option]).collect())
}

/// The package `postgresql-<major>` on which the distribution's `postgresql` depends.
fn server(depends: &str) -> Result<String, String> {
    let server = depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| major(name).is_some())
        .ok_or("the distribution has no package `postgresql`")?;
    match major(server) {
        Some(major) if major >= MAJOR_MIN => Ok(server.to_owned()),
        Some(_) | None => Err(format!("the distribution's server is {server}, older than {MAJOR_MIN}")),
    }
}

fn major(package: &str) -> Option<u32> {
    package.strip_prefix("postgresql-")?.parse().ok()
}

/// Of the packages apt would install: the server, its client and the libraries, without LLVM and Perl.
fn needed(plan: &str) -> Vec<&str> {
    plan.lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next())
        .filter(|name| {
            let server = name
                .strip_prefix("postgresql-")
                .is_some_and(|rest| rest.trim_start_matches("client-").parse::<u32>().is_ok());
            let library = name.starts_with("lib")
                && !["libllvm", "libz3", "libperl", "libc6"]
                    .iter()
                    .any(|left_out| name.starts_with(left_out))
                && !["-perl", "-dev"].iter().any(|left_out| name.ends_with(left_out));
            server || library
        })
        .collect()
}

#[cfg(test)]
mod tests;
