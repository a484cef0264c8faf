//! The platform outlives every release: nothing of a release is in it, all that is kept is, and a policy protects that.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::query::{having, strings};
use super::stacks::{PLATFORM, before, parameters, part};
use super::{Repository, holds};

/// What code is replaced with.
const OF_RELEASES: [&str; 3] = ["AWS::Serverless::", "AWS::Lambda::", "AWS::CodeDeploy::"];

/// A release that fails leaves the platform alone, and what must not be lost is in the platform.
fn platform_is_apart(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    let needed = before(repo, PLATFORM).into_iter();
    complaints.extend(needed.map(|other| format!("{PLATFORM}: needs {other}")));
    for (name, stack) in &repo.stacks {
        for (id, resource) in stack.template["Resources"].as_object().into_iter().flatten() {
            let kind = resource["Type"].as_str().unwrap_or_default();
            if name == PLATFORM && OF_RELEASES.iter().any(|start| kind.starts_with(start)) {
                complaints.push(format!("{PLATFORM}: {id} is of a release"));
            }
            let policies = ["DeletionPolicy", "UpdateReplacePolicy"].map(|policy| resource[policy].as_str());
            if name != PLATFORM && policies.iter().flatten().any(|policy| *policy != "Delete") {
                complaints.push(format!("{id}: kept when it is deleted, and not in {PLATFORM}"));
            }
        }
    }
    complaints
}

/// What is kept when it is deleted is not replaced by an update either, once the runbook's policy is set.
fn policy_is_of_what_is_kept(repo: &Repository) -> Vec<String> {
    let resources = &repo.stacks[PLATFORM].template["Resources"];
    let denied = having(&repo.policy, "Effect").into_iter().find(|statement| statement["Effect"] == "Deny");
    let denied = denied.unwrap_or(&Value::Null);
    let mut complaints = Vec::new();
    for action in ["Update:Replace", "Update:Delete"] {
        if !strings(&denied["Action"]).contains(&action) {
            complaints.push(format!("the policy allows {action}"));
        }
    }
    let named =
        strings(&denied["Resource"]).into_iter().filter_map(|name| name.strip_prefix("LogicalResourceId/"));
    let named: BTreeSet<&str> = named.collect();
    complaints.extend(
        named.iter().filter(|id| resources[**id].is_null()).map(|id| format!("{id}: denied, and not there")),
    );
    for (id, resource) in resources.as_object().unwrap() {
        let is_kept = resource["DeletionPolicy"].as_str().is_some_and(|policy| policy != "Delete");
        if is_kept && !named.contains(id.as_str()) {
            complaints
                .push(format!("{id}: kept when it is deleted, and the policy lets an update replace it"));
        }
    }
    complaints
}

#[test]
fn the_platform_knows_no_release_and_has_all_that_is_kept() {
    holds(
        platform_is_apart,
        &[
            ("PlatformStack: needs QueuesStack", |repo| {
                parameters(repo, PLATFORM)["SmtpPort"] =
                    json!({ "Fn::GetAtt": ["QueuesStack", "Outputs.AlarmTopic"] });
            }),
            ("PlatformStack: Reports is of a release", |repo| {
                part(repo, PLATFORM, "Resources")["Reports"] = json!({ "Type": "AWS::Serverless::Function" });
            }),
            ("MailQueue: kept", |repo| {
                part(repo, "QueuesStack", "Resources")["MailQueue"]["DeletionPolicy"] = json!("Retain");
            }),
        ],
    );
}

#[test]
fn the_policy_of_the_platform_protects_all_that_is_kept() {
    holds(
        policy_is_of_what_is_kept,
        &[
            ("the policy allows Update:Replace", |repo| {
                repo.policy["Statement"][1]["Action"] = json!("Update:Delete");
            }),
            ("Database: kept", |repo| {
                repo.policy["Statement"][1]["Resource"] = json!("LogicalResourceId/Key");
            }),
            ("Base: denied", |repo| {
                repo.policy["Statement"][1]["Resource"] = json!("LogicalResourceId/Base");
            }),
        ],
    );
}
