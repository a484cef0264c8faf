//! Least privilege: no statement covers every resource, and no role can be used by another service.

use serde_json::{Value, json};

use super::query::{having, strings, target};
use super::{Repository, holds};

/// In a key's own policy `*` is that key, and its account's root is where IAM takes over.
const KEY: &str = "AWS::KMS::Key";

/// Every statement of the template, with the resource that contains it.
fn statements(repo: &Repository) -> Vec<(&str, &Value)> {
    let resources = repo.resources().iter().filter(|(_, resource)| resource["Type"] != KEY);
    let found = resources.flat_map(|(id, resource)| {
        having(resource, "Effect").into_iter().map(move |statement| (id.as_str(), statement))
    });
    found.collect()
}

fn allows(statement: &Value) -> bool {
    statement["Effect"] == "Allow"
}

fn about_something(repo: &Repository) -> Vec<String> {
    let wide = statements(repo).into_iter().filter(|(_, statement)| {
        strings(&statement["Resource"]).contains(&"*") || statement.get("NotResource").is_some()
    });
    wide.map(|(id, statement)| format!("{id}: {} on everything", statement["Action"])).collect()
}

fn named_actions(repo: &Repository) -> Vec<String> {
    let wide = statements(repo).into_iter().filter(|(_, statement)| {
        let wild = strings(&statement["Action"]).iter().any(|action| action.contains('*'));
        allows(statement) && (wild || statement.get("NotAction").is_some())
    });
    wide.map(|(id, statement)| format!("{id}: {}", statement["Action"])).collect()
}

/// A policy that SAM generates is too wide: a connector may purge the queue it sends to.
fn no_connectors(repo: &Repository) -> Vec<String> {
    let resources = repo.resources().iter().filter(|(_, resource)| {
        resource["Type"] == "AWS::Serverless::Connector" || resource.get("Connectors").is_some()
    });
    resources.map(|(id, _)| format!("{id}: a connector")).collect()
}

/// The scheduler may assume a role only for schedules of our own group.
fn no_confused_deputy(repo: &Repository) -> Vec<String> {
    let taken = statements(repo).into_iter().filter(|(_, statement)| {
        allows(statement) && statement["Principal"]["Service"] == "scheduler.amazonaws.com"
    });
    taken
        .filter(|(_, statement)| {
            let condition = &statement["Condition"];
            condition["StringEquals"]["aws:SourceAccount"].is_null()
                || target(&condition["ArnLike"]["aws:SourceArn"]) != Some("ScheduleGroup")
        })
        .map(|(id, _)| format!("{id}: for schedules of any account"))
        .collect()
}

/// A role is passed to the scheduler and to no other service.
fn roles_are_passed_to_one_service(repo: &Repository) -> Vec<String> {
    let passes = statements(repo).into_iter().filter(|(_, statement)| {
        strings(&statement["Action"]).contains(&"iam:PassRole")
            && statement["Condition"]["StringEquals"]["iam:PassedToService"].is_null()
    });
    passes.map(|(id, _)| format!("{id}: passes a role to any service")).collect()
}

/// Who may read Meta's app secret and the keys of tenants' tokens: who calls Meta, who verifies its webhook, and who makes
/// the keys. Of the functions that anybody may call without a token of ours, the one that logs in checks second factors,
/// whose secrets are encrypted with the same keys.
const READERS: [(&str, &[&str]); 2] = [
    ("MetaSecret", &["TemplatesFunction", "DispatchFunction", "UpdatesFunction", "WebhookFunction"]),
    ("DataKeysSecret", &["AuthFunction", "TemplatesFunction", "DispatchFunction", "MigrateFunction"]),
];

fn secrets_are_read_where_they_are_used(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for (secret, readers) in READERS {
        for (id, resource) in repo.resources() {
            let is_function = resource["Type"] == "AWS::Serverless::Function";
            let policies = &resource["Properties"]["Policies"];
            let variables = &resource["Properties"]["Environment"]["Variables"];
            let names = |value: &Value| {
                having(value, "Ref").into_iter().any(|reference| target(reference) == Some(secret))
            };
            if is_function && !readers.contains(&id.as_str()) && (names(policies) || names(variables)) {
                complaints.push(format!("{id}: may read {secret}"));
            }
        }
    }
    complaints
}

/// A function's own statement, to break it.
fn statement<'a>(repo: &'a mut Repository, function: &str) -> &'a mut Value {
    &mut repo.resource(function)["Properties"]["Policies"][1]["Statement"][0]
}

#[test]
fn no_statement_covers_every_resource() {
    holds(
        about_something,
        &[
            ("RefundsFunction", |repo| statement(repo, "RefundsFunction")["Resource"] = json!("*")),
            ("AdminFunction", |repo| statement(repo, "AdminFunction")["Resource"] = json!(["x", "*"])),
            ("DatabaseAccess", |repo| {
                let policy = &mut repo.resource("DatabaseAccess")["Properties"]["PolicyDocument"];
                policy["Statement"][0]["Fn::If"][1]["Resource"]["Fn::If"][2] = json!("*");
            }),
        ],
    );
}

#[test]
fn no_statement_allows_an_action_that_it_does_not_name() {
    holds(
        named_actions,
        &[
            ("RefundsFunction", |repo| statement(repo, "RefundsFunction")["Action"] = json!("sqs:*")),
            ("SchedulerRole", |repo| {
                let policy = &mut repo.resource("SchedulerRole")["Properties"]["Policies"][0];
                policy["PolicyDocument"]["Statement"][0]["Action"] = json!(["lambda:Invoke*"]);
            }),
        ],
    );
}

#[test]
fn no_connector_grants_rights_that_are_not_in_the_template() {
    holds(
        no_connectors,
        &[
            ("Wires", |repo| *repo.resource("Wires") = json!({ "Type": "AWS::Serverless::Connector" })),
            ("AuthFunction", |repo| repo.resource("AuthFunction")["Connectors"] = json!({})),
        ],
    );
}

#[test]
fn roles_of_the_scheduler_are_for_schedules_of_ours() {
    holds(
        no_confused_deputy,
        &[("SweepRole", |repo| {
            let role = &mut repo.resource("SweepRole")["Properties"]["AssumeRolePolicyDocument"];
            role["Statement"][0]["Condition"]["ArnLike"] = Value::Null;
        })],
    );
}

#[test]
fn secrets_of_meta_and_of_tenants_are_read_by_the_functions_that_use_them() {
    holds(
        secrets_are_read_where_they_are_used,
        &[
            ("ContactsFunction: may read DataKeysSecret", |repo| {
                statement(repo, "ContactsFunction")["Resource"] = json!([{ "Ref": "DataKeysSecret" }]);
            }),
            ("AdminFunction: may read MetaSecret", |repo| {
                let variables = &mut repo.resource("AdminFunction")["Properties"]["Environment"]["Variables"];
                variables["META_SECRET_ARN"] = json!({ "Ref": "MetaSecret" });
            }),
        ],
    );
}

#[test]
fn a_role_is_passed_to_the_scheduler_alone() {
    holds(
        roles_are_passed_to_one_service,
        &[("RefundsFunction", |repo| statement(repo, "RefundsFunction")["Action"] = json!("iam:PassRole"))],
    );
}
