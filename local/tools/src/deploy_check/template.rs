//! What needs no build: the linters of the template.

use std::time::{Duration, Instant};

use crate::deploy_check::program;
use crate::deploy_check::report::Report;
use crate::deploy_check::site::Site;
use crate::deploy_check::tools::{Tool, sam, tool};
use tidings::error::LocalError;

const STEP: &str = "static";
const TEMPLATE: &str = "template.yaml";
const LIMIT: Duration = Duration::from_mins(5);

/// Each linter is a row. `sam validate` and `sam validate --lint` find different things, so both are asked.
pub(crate) async fn check(site: &Site, report: &mut Report) -> Result<(), LocalError> {
    // What each lets pass, and why, stands in `.cfnlintrc` and `.checkov.yaml`.
    let lint = tool(site, Tool::Sam, "cfn-lint");
    let mut policies = tool(site, Tool::Checkov, "checkov");
    policies.args(["--config-file", ".checkov.yaml"]);
    for (name, command) in [
        ("sam validate", sam(site, &["validate", "--template-file", TEMPLATE])),
        ("sam validate --lint", sam(site, &["validate", "--lint", "--template-file", TEMPLATE])),
        ("cfn-lint", lint),
        ("checkov", policies),
    ] {
        let since = Instant::now();
        let ran = program::run(&site.logs(), &name.replace(' ', "-"), command, LIMIT).await?;
        report.row(STEP, name, since, &ran.verdict());
    }
    Ok(())
}
