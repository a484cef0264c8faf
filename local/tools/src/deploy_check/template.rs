//! The linters of the templates, which need no build.

use std::time::{Duration, Instant};

use crate::deploy_check::program;
use crate::deploy_check::report::Report;
use crate::deploy_check::site::Site;
use crate::deploy_check::tools::{Tool, sam, tool};
use tidings::error::LocalError;

const STEP: &str = "static";
/// The root, and its nested stacks in the order in which they are deployed.
pub(crate) const TEMPLATES: [&str; 7] = [
    "template.yaml",
    "stacks/platform.yaml",
    "stacks/queues.yaml",
    "stacks/schema.yaml",
    "stacks/api.yaml",
    "stacks/workers.yaml",
    "stacks/watch.yaml",
];
const LIMIT: Duration = Duration::from_mins(5);

/// Each linter is a row. `sam validate` and `sam validate --lint` find different things, so both run, on each template.
pub(crate) async fn check(site: &Site, report: &mut Report) -> Result<(), LocalError> {
    for arguments in [&["validate"][..], &["validate", "--lint"]] {
        let (since, name) = (Instant::now(), format!("sam {}", arguments.join(" ")));
        let mut outcome = Ok(());
        for template in TEMPLATES {
            let command = sam(site, &[arguments, &["--template-file", template]].concat());
            let log = format!("{name}-{template}").replace([' ', '/'], "-");
            let ran = program::run(&site.logs(), &log, command, LIMIT).await?;
            outcome = outcome.and(ran.verdict().map_err(|why| format!("{template}: {why}")));
        }
        report.row(STEP, name, since, &outcome);
    }
    // `.cfnlintrc` and `.checkov.yaml` list the templates, and the exceptions with their reasons.
    let lint = tool(site, Tool::Sam, "cfn-lint");
    let mut policies = tool(site, Tool::Checkov, "checkov");
    policies.args(["--config-file", ".checkov.yaml"]);
    for (name, command) in [("cfn-lint", lint), ("checkov", policies)] {
        let since = Instant::now();
        let ran = program::run(&site.logs(), name, command, LIMIT).await?;
        report.row(STEP, name, since, &ran.verdict());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_stack_is_checked_by_every_linter() {
        let root = testkit::workspace();
        let files = std::fs::read_dir(root.join("stacks")).unwrap().map(|entry| entry.unwrap().path());
        let templates = files.filter(|file| file.extension().is_some_and(|end| end == "yaml"));
        let names = templates.map(|file| format!("stacks/{}", file.file_name().unwrap().display()));
        let files: BTreeSet<String> = names.chain(["template.yaml".to_owned()]).collect();
        assert_eq!(files, TEMPLATES.map(str::to_owned).into());
        let policies = std::fs::read_to_string(root.join(".checkov.yaml")).unwrap();
        assert!(policies.contains(&format!("file: [{}]", TEMPLATES.join(", "))), "{policies}");
        let lint = std::fs::read_to_string(root.join(".cfnlintrc")).unwrap();
        assert!(lint.contains("templates: [template.yaml, stacks/*.yaml]"), "{lint}");
    }
}
