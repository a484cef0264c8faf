//! Builds one function twice, from clones in two folders, and compares the zips that SAM makes of them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::deploy_check::program;
use crate::deploy_check::report::Report;
use crate::deploy_check::site::Site;
use crate::deploy_check::tools::{Tool, tool};
use tidings::error::LocalError;

const STEP: &str = "reproducible";
/// The smallest function. All are built with the same profile, from mostly the same crates.
const FUNCTION: &str = "webhook";
/// Of different lengths.
const FOLDERS: [&str; 2] = ["one", "another-folder"];
/// A build from nothing, on two cores.
const BUILD_LIMIT: Duration = Duration::from_mins(30);
const LIMIT: Duration = Duration::from_mins(5);

/// What is built is the last commit, not the files as they are.
pub(crate) async fn check(site: &Site, report: &mut Report) -> Result<(), LocalError> {
    Tool::Sam.install(site).await?;
    let mut built = Vec::new();
    for name in FOLDERS {
        let since = Instant::now();
        let outcome = build(site, name).await?;
        if !report.row(STEP, format!("{FUNCTION} from {name}"), since, &outcome.as_ref().map(drop)) {
            return Ok(());
        }
        built.extend(outcome);
    }
    let since = Instant::now();
    let mut pack = Command::new(Tool::Sam.program(site, "python"));
    pack.arg(site.script("zip_sizes.py")).args(&built);
    let ran = program::run(&site.logs(), "zip-hashes", pack, LIMIT).await?;
    let outcome = ran.verdict().and_then(|()| same(&ran.out));
    let what = outcome.as_deref().unwrap_or("the same zip").to_owned();
    report.row(STEP, what, since, &outcome.map(drop));
    Ok(())
}

/// As `sam build` does it. Returns the folder of the bootstrap.
async fn build(site: &Site, name: &str) -> Result<Result<PathBuf, String>, LocalError> {
    let folder = site.folder(name)?.join("tidings");
    let mut clone = Command::new("git");
    clone.args(["clone", "--quiet"]).arg(&site.root).arg(&folder);
    let cloned = program::run(&site.logs(), &format!("clone-{name}"), clone, LIMIT).await?;
    if let Err(why) = cloned.verdict() {
        return Ok(Err(why));
    }
    let mut build = tool(site, Tool::Sam, "cargo-lambda");
    build
        .args(["lambda", "build", "--release", "--bin", FUNCTION])
        .current_dir(folder.join("functions").join(FUNCTION))
        // Each clone has everything of its own.
        .env_remove("CARGO_TARGET_DIR");
    let ran = program::run(&site.logs(), &format!("build-{name}"), build, BUILD_LIMIT).await?;
    Ok(ran.verdict().map(|()| folder.join("target/lambda").join(FUNCTION)))
}

/// Of lines such as `webhook SHA256 SIZE`: the hash, if there are two lines and both have it.
fn same(lines: &str) -> Result<String, String> {
    let hashes: Vec<&str> = lines.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    match hashes[..] {
        [one, other] if one == other => Ok(format!("the same zip, SHA-256 {one}")),
        _ => Err(format!("the zips differ:\n{lines}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_zips_are_the_same_when_both_are_there_and_have_one_hash() {
        assert_eq!(same("webhook ab 1\nwebhook ab 1\n").as_deref(), Ok("the same zip, SHA-256 ab"));
        for lines in ["webhook ab 1\nwebhook cd 1\n", "webhook ab 1\n", ""] {
            assert!(same(lines).is_err(), "{lines}");
        }
    }
}
