//! Development builds of the bootstraps in the folders of `sam build`: the same answers, in minutes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::deploy_check::build::FUNCTIONS;
use crate::deploy_check::program;
use crate::deploy_check::report::Report;
use crate::deploy_check::site::{DEV, Site};
use crate::deploy_check::template::TEMPLATES;
use tidings::error::LocalError;

const STEP: &str = "build";
/// Everything from nothing, on two cores.
const LIMIT: Duration = Duration::from_mins(30);
const STRIP_LIMIT: Duration = Duration::from_mins(1);

/// Builds all of the workspace, as its tests are built, so that most of it is there already.
pub(crate) async fn check(site: &Site, report: &mut Report) -> Result<(), LocalError> {
    let since = Instant::now();
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--workspace", "--bins", "--locked"]).current_dir(&site.root);
    let ran = program::run(&site.logs(), "cargo-build", build, LIMIT).await?;
    if report.row(STEP, "cargo build", since, &ran.verdict()) {
        let since = Instant::now();
        lay_out(site).await?;
        report.row(STEP, "bootstraps in their folders", since, &Ok::<(), String>(()));
    }
    Ok(())
}

async fn lay_out(site: &Site) -> Result<(), LocalError> {
    for name in FUNCTIONS {
        let folder = folder(site, name);
        fs::create_dir_all(&folder).map_err(failed("make the folder", &folder))?;
        // Symbols are most of such a file, and a deploy zips it.
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(folder.join("bootstrap")).arg(built(name)?);
        let ran = program::run(&site.logs(), &format!("strip-{name}"), strip, STRIP_LIMIT).await?;
        ran.verdict().map_err(LocalError::Call)?;
    }
    let stacks = site.built(DEV).join("stacks");
    fs::create_dir_all(&stacks).map_err(failed("make the folder", &stacks))?;
    for template in TEMPLATES {
        let from = site.root.join(template);
        let mut text = fs::read_to_string(&from).map_err(failed("read", &from))?;
        for name in FUNCTIONS {
            let built = format!("CodeUri: {}\n", folder(site, name).display());
            text = text.replace(&code_uri(name), &built);
        }
        let to = site.built(DEV).join(template);
        fs::write(&to, text).map_err(failed("write", &to))?;
    }
    Ok(())
}

/// Where a function's bootstrap is, as deep as `sam build` puts it.
fn folder(site: &Site, name: &str) -> PathBuf {
    site.built(DEV).join("functions").join(logical_id(name))
}

/// The line with a function's code in its template.
fn code_uri(name: &str) -> String {
    format!("CodeUri: ../functions/{name}/\n")
}

/// Cargo puts every program of a profile in the folder of this one.
fn built(name: &str) -> Result<PathBuf, LocalError> {
    let this = std::env::current_exe().map_err(failed("find", Path::new("this program")))?;
    Ok(this.with_file_name(name))
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> LocalError {
    let path = path.to_path_buf();
    move |source| LocalError::File { what, path, source }
}

/// `webhook` is `WebhookFunction` in the template.
fn logical_id(name: &str) -> String {
    let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
    format!("{}{rest}Function", first.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_found_in_a_template() {
        let read = |template: &&str| fs::read_to_string(testkit::workspace().join(template)).unwrap();
        let templates: Vec<String> = TEMPLATES.iter().map(read).collect();
        for name in FUNCTIONS {
            let has = |line: &str| templates.iter().any(|template| template.contains(line));
            assert!(has(&format!("\n  {}:\n", logical_id(name))), "{name}");
            assert!(has(&code_uri(name)), "{name}");
        }
    }
}
