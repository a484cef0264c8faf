//! Every function is one folder with its own memory, time-out, log group, alias and variables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::query::{functions, of_type, property, target};
use super::stacks::{before, stack_of};
use super::{Repository, holds};

/// Every variable that a deployed function reads.
const VARIABLES: [&str; 30] = [
    "ADJUSTMENT_APPROVAL_OVER",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "CLOUDFRONT_SECRET_SHA256",
    "DATABASE_PASSWORD",
    "DATABASE_URL",
    "DATA_KEYS_SECRET_ARN",
    "ENVIRONMENT",
    "EVENT_BUS_NAME",
    "JWT_SECRET_ARN",
    "MAIL_DLQ_URL",
    "MAIL_FROM",
    "MAIL_QUEUE_URL",
    "META_API_VERSION",
    "META_BASE_URL",
    "META_SECRET_ARN",
    "PUBLIC_URL",
    "REFUNDS_QUEUE_URL",
    "SCHEDULER_ROLE_ARN",
    "SCHEDULE_DLQ_ARN",
    "SCHEDULE_GROUP",
    "SMTP_HOST",
    "SMTP_PORT",
    "SMTP_SECRET_ARN",
    "TIDINGS_EMAIL_PROOF",
    "TIDINGS_REGISTRATION",
    "UPDATES_QUEUE_URL",
    "WAKE_UPS_QUEUE_ARN",
    "WAKE_UPS_QUEUE_URL",
    // The endpoint of an emulator of AWS.
    "AWS_ENDPOINT_URL",
    "RUST_LOG",
];

/// All Rust code except tests.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, text);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let whole = std::fs::read_to_string(path).unwrap();
            text.push_str(whole.split("#[cfg(test)]").next().unwrap());
        }
    }
}

/// A variable that only a library might read is not one of ours.
#[test]
fn our_code_names_every_variable_that_a_function_gets() {
    let mut text = String::new();
    for folder in ["functions", "shared"] {
        sources(&testkit::workspace().join(folder), &mut text);
    }
    for variable in VARIABLES {
        assert!(text.contains(&format!("\"{variable}\"")), "{variable}: no code reads it");
    }
}

/// The longest that API Gateway waits, in seconds.
const API_SECONDS: i64 = 30;

fn one_function_per_folder(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut built = BTreeMap::<&str, usize>::new();
    for function in functions(repo) {
        *built.entry(function.name).or_default() += 1;
        let folder = format!("../functions/{}/", function.name);
        if function.resource["Properties"]["CodeUri"] != folder {
            complaints.push(format!("{}: not built in {folder}", function.id));
        }
        if function.resource["Metadata"]["BuildMethod"] != "rust-cargolambda" {
            complaints.push(format!("{}: not built by cargo-lambda", function.id));
        }
    }
    let folders: BTreeSet<&str> = repo.folders.iter().map(String::as_str).collect();
    complaints.extend(
        built
            .iter()
            .filter(|(name, count)| !folders.contains(*name) || **count != 1)
            .map(|(name, count)| format!("{name}: {count} functions, and one folder is for one function")),
    );
    let unbuilt = folders.iter().filter(|folder| !built.contains_key(*folder));
    complaints.extend(unbuilt.map(|folder| format!("functions/{folder}: no function of the template")));
    complaints
}

fn memory_time_and_alias(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for function in functions(repo) {
        let own = &function.resource["Properties"];
        for name in ["MemorySize", "Timeout"] {
            if !own[name].is_i64() && !is_of_the_shape(repo, &own[name]) {
                complaints.push(format!("{}: no {name} of its own", function.id));
            }
        }
        let is_behind_the_api = own["Events"]
            .as_object()
            .is_some_and(|events| events.values().any(|event| event["Type"] == "HttpApi"));
        if is_behind_the_api && own["Timeout"].as_i64().is_none_or(|seconds| seconds >= API_SECONDS) {
            complaints.push(format!("{}: continues after API Gateway's time-out", function.id));
        }
        if property(repo, &function, "AutoPublishAlias") != Some(&json!("live")) {
            complaints.push(format!("{}: no alias", function.id));
        }
        if own["AutoPublishAliasAllProperties"] != true {
            complaints.push(format!("{}: a new time-out would stay on the old version", function.id));
        }
    }
    complaints
}

/// Whether every shape has a number in the place of a value.
fn is_of_the_shape(repo: &Repository, value: &Value) -> bool {
    let Some([map, _, key]) = value["Fn::FindInMap"].as_array().map(Vec::as_slice) else { return false };
    let shapes = repo.template["Mappings"][map.as_str().unwrap()].as_object().unwrap();
    shapes.values().all(|shape| shape[key.as_str().unwrap()].is_i64())
}

fn logs_that_end(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    let groups: BTreeMap<&str, &Value> = of_type(repo, "AWS::Logs::LogGroup").collect();
    let endless = groups.iter().filter(|(_, group)| group["RetentionInDays"].is_null());
    complaints.extend(endless.map(|(id, _)| format!("{id}: logs without an end")));
    let mut taken = BTreeSet::new();
    for function in functions(repo) {
        let group = target(&function.resource["Properties"]["LoggingConfig"]["LogGroup"]);
        match group.filter(|group| groups.contains_key(group)) {
            None => complaints.push(format!("{}: no log group of its own", function.id)),
            Some(group) if !taken.insert(group) => {
                complaints.push(format!("{}: writes into {group}, which another has", function.id));
            }
            Some(_) => {}
        }
    }
    complaints
}

/// The traces are in our lines, and Lambda reports each call where there are few.
fn lines_of_lambda(repo: &Repository) -> Vec<String> {
    let traced = functions(repo).into_iter().filter(|function| property(repo, function, "Tracing").is_some());
    let mut complaints: Vec<String> =
        traced.map(|function| format!("{}: a second trace, which ours never meets", function.id)).collect();
    let level = &repo.template["Globals"]["Function"]["LoggingConfig"]["SystemLogLevel"];
    if *level != json!({ "Fn::FindInMap": ["Environments", { "Ref": "Environment" }, "SystemLogs"] }) {
        complaints.push("Lambda's own lines do not depend on the environment".to_owned());
    }
    for (environment, settings) in repo.template["Mappings"]["Environments"].as_object().unwrap() {
        let wanted = if environment == "prod" { "WARN" } else { "INFO" };
        if settings["SystemLogs"] != wanted {
            complaints.push(format!("{environment}: Lambda's own lines are not from {wanted}"));
        }
    }
    complaints
}

fn only_variables_that_are_read(repo: &Repository) -> Vec<String> {
    let unknown = |place: &str, variables: &Value| {
        let names = variables.as_object().into_iter().flat_map(|variables| variables.keys());
        let unknown = names.filter(|name| !VARIABLES.contains(&name.as_str()));
        unknown.map(|name| format!("{place}: {name}, which is never read")).collect::<Vec<_>>()
    };
    let mut complaints =
        unknown("Globals", &repo.template["Globals"]["Function"]["Environment"]["Variables"]);
    complaints.extend(unknown("events/env.json", &repo.local_environment["Parameters"]));
    for function in functions(repo) {
        let variables = &function.resource["Properties"]["Environment"]["Variables"];
        complaints.extend(unknown(function.id, variables));
    }
    complaints
}

/// New code starts after the new schema, also in the first deploy.
fn after_the_schema(repo: &Repository) -> Vec<String> {
    let uses_database =
        |resource: &Value| resource["Properties"]["Environment"]["Variables"].get("DATABASE_URL").is_some();
    let others = functions(repo).into_iter().filter(|function| function.name != "migrate");
    others
        .filter(|function| uses_database(function.resource))
        .filter(|function| {
            let schema = stack_of(repo, "SchemaMigration").unwrap_or_default();
            stack_of(repo, function.id).is_none_or(|own| !before(repo, own).contains(schema))
        })
        .map(|function| format!("{}: may run before its schema", function.id))
        .collect()
}

/// Meta is answered while the database, the network, or both are down.
fn webhook_alone(repo: &Repository) -> Vec<String> {
    let webhooks = functions(repo).into_iter().filter(|function| function.name == "webhook");
    webhooks
        .filter(|function| {
            let variables = function.resource["Properties"]["Environment"]["Variables"].as_object().unwrap();
            property(repo, function, "VpcConfig").is_some()
                || variables.keys().any(|name| name.starts_with("DATABASE"))
        })
        .map(|function| format!("{}: it must not need the database or its network", function.id))
        .collect()
}

/// With an existing database nothing is created that an emulator of AWS does not support.
fn network_only_with_a_database(repo: &Repository) -> Vec<String> {
    let conditions = ["MakesDatabase", "MakesProxy", "LimitsConnections", "MakesNat", "MakesEndpoints"];
    let resources = repo.resources().iter().filter(|(_, resource)| {
        let kind = resource["Type"].as_str().unwrap_or_default();
        kind.starts_with("AWS::EC2::") || kind.starts_with("AWS::RDS::")
    });
    resources
        .filter(|(_, resource)| !conditions.iter().any(|condition| resource["Condition"] == *condition))
        .map(|(id, _)| format!("{id}: created although a database exists"))
        .collect()
}

#[test]
fn every_folder_is_one_function_and_every_function_one_folder() {
    holds(
        one_function_per_folder,
        &[
            ("functions/reports: no function", |repo| {
                repo.folders.insert("reports".to_owned());
            }),
            ("AuthFunction: not built in ../functions/auth/", |repo| {
                repo.resource("AuthFunction")["Properties"]["CodeUri"] = json!(".");
            }),
            ("auth: 2 functions", |repo| {
                repo.resource("AdminFunction")["Metadata"]["BuildProperties"]["Binary"] = json!("auth");
            }),
        ],
    );
}

/// Concurrency that is reserved for our functions: Lambda refuses to leave an account less than 100 of its 1,000.
fn shares_of_an_account(repo: &Repository) -> Vec<String> {
    const SHARED_MAX: i64 = 900;
    let shapes = repo.template["Mappings"]["Concurrency"].as_object().unwrap();
    let sums = shapes.iter().map(|(shape, shares)| {
        let reserved = functions(repo).into_iter().map(|function| {
            let setting = &function.resource["Properties"]["ReservedConcurrentExecutions"]["Fn::If"][1];
            let share = setting["Fn::FindInMap"][2].as_str().map_or(setting, |name| &shares[name]);
            share.as_i64().unwrap_or(SHARED_MAX)
        });
        (shape, reserved.sum::<i64>())
    });
    let too_many = sums.filter(|(_, sum)| *sum > SHARED_MAX);
    too_many.map(|(shape, sum)| format!("{shape}: {sum} environments are reserved")).collect()
}

#[test]
fn the_reserved_concurrency_leaves_the_minimum_of_the_account() {
    holds(
        shares_of_an_account,
        &[
            ("production: 904 environments", |repo| {
                repo.template["Mappings"]["Concurrency"]["production"]["Http"] = json!(100);
            }),
            ("small:", |repo| {
                repo.resource("AuthFunction")["Properties"]["ReservedConcurrentExecutions"] = Value::Null;
            }),
        ],
    );
}

#[test]
fn every_function_has_memory_time_and_an_alias_of_its_own() {
    holds(
        memory_time_and_alias,
        &[
            ("SweepFunction: no Timeout", |repo| {
                repo.resource("SweepFunction")["Properties"]["Timeout"] = Value::Null;
            }),
            ("ContactsFunction: continues after", |repo| {
                repo.resource("ContactsFunction")["Properties"]["Timeout"] = json!(30);
            }),
            ("AdminFunction: no alias", |repo| {
                repo.resource("AdminFunction")["IgnoreGlobals"] = json!(["AutoPublishAlias"]);
            }),
            ("AdminFunction: a new time-out", |repo| {
                repo.resource("AdminFunction")["Properties"]["AutoPublishAliasAllProperties"] = json!(false);
            }),
        ],
    );
}

#[test]
fn every_function_has_its_own_log_group_with_a_retention() {
    holds(
        logs_that_end,
        &[
            ("AuthLogs: logs without an end", |repo| {
                repo.resource("AuthLogs")["Properties"]["RetentionInDays"] = Value::Null;
            }),
            ("AuthFunction: writes into AdminLogs", |repo| {
                repo.resource("AuthFunction")["Properties"]["LoggingConfig"]["LogGroup"] =
                    json!({ "Ref": "AdminLogs" });
            }),
            ("MailerFunction: no log group", |repo| {
                repo.resource("MailerFunction")["Properties"]["LoggingConfig"] = Value::Null;
            }),
        ],
    );
}

#[test]
fn there_is_one_trace_and_lambda_reports_each_call_outside_production() {
    holds(
        lines_of_lambda,
        &[
            ("AuthFunction: a second trace", |repo| {
                repo.template["Globals"]["Function"]["Tracing"] = json!("Active");
            }),
            ("staging: Lambda's own lines", |repo| {
                repo.template["Mappings"]["Environments"]["staging"]["SystemLogs"] = json!("WARN");
            }),
            ("do not depend on the environment", |repo| {
                repo.template["Globals"]["Function"]["LoggingConfig"]["SystemLogLevel"] = json!("WARN");
            }),
        ],
    );
}

#[test]
fn every_variable_is_one_that_our_code_reads() {
    holds(
        only_variables_that_are_read,
        &[
            ("RefundsFunction: DB_HOST", |repo| {
                repo.resource("RefundsFunction")["Properties"]["Environment"]["Variables"]["DB_HOST"] =
                    json!("x");
            }),
            ("events/env.json: DB_HOST", |repo| {
                repo.local_environment["Parameters"]["DB_HOST"] = json!("x");
            }),
        ],
    );
}

#[test]
fn every_function_that_uses_the_database_waits_for_its_schema() {
    holds(
        after_the_schema,
        &[("RefundsFunction", |repo| repo.root["Resources"]["WorkersStack"]["DependsOn"] = Value::Null)],
    );
}

#[test]
fn the_webhook_needs_neither_the_database_nor_its_network() {
    holds(
        webhook_alone,
        &[
            ("WebhookFunction", |repo| repo.resource("WebhookFunction")["IgnoreGlobals"] = json!([])),
            ("WebhookFunction", |repo| {
                repo.resource("WebhookFunction")["Properties"]["Environment"]["Variables"]["DATABASE_URL"] =
                    json!("x");
            }),
        ],
    );
}

#[test]
fn with_an_existing_database_no_network_is_created() {
    holds(
        network_only_with_a_database,
        &[("Vpc: created", |repo| repo.resource("Vpc")["Condition"] = Value::Null)],
    );
}
