//! The distribution's own server, downloaded and unpacked into the cache without being installed.
//!
//! apt gets its own state and cache folders, so neither the system's package lists nor its database are
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

/// What is needed beside apt-get, in the same folder.
const COMPANIONS: [&str; 2] = ["apt-cache", "dpkg-deb"];

/// No program that the system wants to run after an update: it would change what the system has.
const NO_HOOKS: &str = "\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
";

/// apt-get, with its companions beside it.
pub(super) fn client(environment: &Environment) -> Result<PathBuf, Trouble> {
    let client = on_path(environment, "apt-get")?;
    match COMPANIONS.iter().find(|companion| !client.with_file_name(companion).is_file()) {
        Some(missing) => Err(Trouble::Unsuited(format!("no `{missing}` beside {}", client.display()))),
        None => Ok(client),
    }
}

/// Finds the distribution's major version, downloads the packages that this system lacks and unpacks them.
pub(super) fn unpack(client: &Path, work: &Path) -> Result<PathBuf, String> {
    let root = work.join("root");
    let made = ["state/lists/partial", "cache/archives/partial", "debs", "root"]
        .into_iter()
        .try_for_each(|folder| fs::create_dir_all(work.join(folder)))
        .and_then(|()| fs::write(no_hooks(work), NO_HOOKS));
    made.map_err(|error| format!("{}: {error}", work.display()))?;
    let apt = Apt { client, debs: work.join("debs"), options: options(work)? };
    let updated = apt.run("apt-get", &["update"]);
    // A list that could not be had, perhaps another vendor's, matters only when the server is not found.
    apt.download().or_else(|reason| updated.and(Err(reason)))?;
    for deb in fs::read_dir(&apt.debs).into_iter().flatten().flatten() {
        let mut dpkg = Command::new(client.with_file_name("dpkg-deb"));
        process::run(dpkg.arg("-x").arg(deb.path()).arg(&root), CLIENT_LIMIT)?;
    }
    Ok(root)
}

/// apt with its own folders.
struct Apt<'a> {
    client: &'a Path,
    debs: PathBuf,
    options: Vec<String>,
}

impl Apt<'_> {
    /// Runs one of apt's programs; what it downloads goes into `debs`.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(self.client.with_file_name(program));
        command.args(&self.options).args(arguments).env("LC_ALL", "C").current_dir(&self.debs);
        process::run(&mut command, CLIENT_LIMIT)
    }

    /// Downloads the server and what it needs.
    fn download(&self) -> Result<(), String> {
        let server = server(&self.run("apt-cache", &["depends", "postgresql"])?)?;
        let install = ["--simulate", "--reinstall", "--no-install-recommends", "install", &server];
        let plan = self.run("apt-get", &install)?;
        let packages = needed(&plan);
        self.run("apt-get", &[&["download"], packages.as_slice()].concat()).map(drop)
    }
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

/// Our folders, the system's list of what is installed, and downloads as ourselves: the account apt
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
        // A failed list must be an error; by default apt goes on with what it has, which may be nothing.
        "APT::Update::Error-Mode=any".to_owned(),
    ];
    let options = options.into_iter().flat_map(|option| ["-o".to_owned(), option]);
    Ok(["-c".to_owned(), no_hooks(work).display().to_string()].into_iter().chain(options).collect())
}

/// The file that holds [`NO_HOOKS`]; a list cannot be cleared on the command line.
fn no_hooks(work: &Path) -> PathBuf {
    work.join("no-hooks.conf")
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
