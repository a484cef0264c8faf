//! Development builds of the bootstraps in the folders of `sam build`: the same answers, in minutes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::deploy_check::build::FUNCTIONS;
use crate::deploy_check::program;
use crate::deploy_check::report::Report;
use crate::deploy_check::site::{DEV, Site};
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
    let template = site.root.join("template.yaml");
    let mut text = fs::read_to_string(&template).map_err(failed("read", &template))?;
    for name in FUNCTIONS {
        let folder = site.built(DEV).join(logical_id(name));
        fs::create_dir_all(&folder).map_err(failed("make the folder", &folder))?;
        // Symbols are most of such a file, and a deploy zips it.
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(folder.join("bootstrap")).arg(built(name)?);
        let ran = program::run(&site.logs(), &format!("strip-{name}"), strip, STRIP_LIMIT).await?;
        ran.verdict().map_err(LocalError::Call)?;
        text = text
            .replace(&format!("CodeUri: functions/{name}/\n"), &format!("CodeUri: {}\n", folder.display()));
    }
    let template = site.built(DEV).join("template.yaml");
    fs::write(&template, text).map_err(failed("write", &template))
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
    fn every_function_of_the_template_is_found_in_it() {
        let template = include_str!("../../../../template.yaml");
        for name in FUNCTIONS {
            assert!(template.contains(&format!("\n  {}:\n", logical_id(name))), "{name}");
            assert!(template.contains(&format!("CodeUri: functions/{name}/\n")), "{name}");
        }
    }
}
