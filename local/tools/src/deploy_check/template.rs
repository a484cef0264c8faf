//! The linters of the template, which need no build.

use std::time::{Duration, Instant};

use crate::deploy_check::program;
use crate::deploy_check::report::Report;
use crate::deploy_check::site::Site;
use crate::deploy_check::tools::{Tool, sam, tool};
use tidings::error::LocalError;

const STEP: &str = "static";
const TEMPLATE: &str = "template.yaml";
const LIMIT: Duration = Duration::from_mins(5);

/// Each linter is a row. `sam validate` and `sam validate --lint` find different things, so both run.
pub(crate) async fn check(site: &Site, report: &mut Report) -> Result<(), LocalError> {
    // `.cfnlintrc` and `.checkov.yaml` list the exceptions with their reasons.
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
