//! Builds the bootstraps as a deploy does, and weighs their zips.

use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::deploy_check::program;
use crate::deploy_check::report::Report;
use crate::deploy_check::site::{DEPLOYED, Site};
use crate::deploy_check::tools::{Tool, sam};
use tidings::error::LocalError;

const STEP: &str = "build";
/// A cold build of every function on two cores.
const LIMIT: Duration = Duration::from_hours(1);
const TARGET_LIMIT: Duration = Duration::from_mins(5);
pub(crate) const FUNCTIONS: [&str; 12] = [
    "admin",
    "auth",
    "contacts",
    "dispatch",
    "mailer",
    "migrate",
    "refunds",
    "scheduling",
    "sweep",
    "templates",
    "updates",
    "webhook",
];

/// Builds for this machine, and with `is_arm64` also for what is deployed by default.
pub(crate) async fn check(site: &Site, report: &mut Report, is_arm64: bool) -> Result<(), LocalError> {
    architecture(site, report, DEPLOYED).await?;
    if is_arm64 {
        let since = Instant::now();
        let mut add = Command::new("rustup");
        add.args(["target", "add", "aarch64-unknown-linux-gnu"]).current_dir(&site.root);
        let ran = program::run(&site.logs(), "rustup", add, TARGET_LIMIT).await?;
        report.row(STEP, "rustup target add", since, &ran.verdict());
        architecture(site, report, "arm64").await?;
    }
    Ok(())
}

async fn architecture(
    site: &Site,
    report: &mut Report,
    architecture: &'static str,
) -> Result<(), LocalError> {
    let since = Instant::now();
    let folder = site.built(architecture).display().to_string();
    let chosen = format!("Architecture={architecture}");
    let arguments = [
        "build",
        "--template-file",
        "template.yaml",
        "--build-dir",
        &folder,
        "--parameter-overrides",
        &chosen,
    ];
    let ran = program::run(&site.logs(), &format!("sam-build-{architecture}"), sam(site, &arguments), LIMIT)
        .await?;
    let outcome = ran.verdict().and_then(|()| complete(site, architecture));
    if report.row(STEP, format!("sam build, {architecture}"), since, &outcome) {
        sizes(site, report, architecture).await?;
    }
    Ok(())
}

fn complete(site: &Site, architecture: &str) -> Result<(), String> {
    let built: Vec<String> = site.artifacts(architecture).into_iter().map(|(name, _)| name).collect();
    let missing: Vec<&str> =
        FUNCTIONS.into_iter().filter(|name| !built.iter().any(|built| built == name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("it made no {}", missing.join(", no "))) }
}

async fn sizes(site: &Site, report: &mut Report, architecture: &str) -> Result<(), LocalError> {
    let since = Instant::now();
    let mut measure = Command::new(Tool::Sam.program(site, "python"));
    let artifacts = site.artifacts(architecture);
    measure.arg(site.script("zip_sizes.py")).args(artifacts.iter().map(|(_, folder)| folder));
    let ran = program::run(&site.logs(), &format!("zip-sizes-{architecture}"), measure, TARGET_LIMIT).await?;
    for (line, (name, _)) in ran.out.lines().zip(&artifacts) {
        let bytes = line.rsplit(' ').next().and_then(|text| text.parse::<u32>().ok());
        let megabytes = bytes.map(|bytes| f64::from(bytes) / 1e6);
        let function = report.function(name);
        if architecture == "arm64" {
            function.arm64_zip_mb = megabytes;
        } else {
            function.zip_mb = megabytes;
        }
    }
    report.row(STEP, format!("zips, {architecture}"), since, &ran.verdict());
    Ok(())
}
