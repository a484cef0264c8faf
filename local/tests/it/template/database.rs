//! The database: connections for everything that runs at once, a proxy that is ready before it is used, logs that end.

use serde_json::{Value, json};

use super::query::{Function, functions, of_type, strings, target};
use super::stacks::{before, stack_of};
use super::{Repository, holds};

/// Connections that Postgres keeps for its owner: `superuser_reserved_connections`, and those of RDS.
const KEPT: i64 = 5;
/// A version and the one that it replaces have their environments side by side.
const VERSIONS: i64 = 2;
/// Functions that nothing starts twice at once: a schedule of every minute with a time-out of one, and a deploy.
const ALONE: [&str; 2] = ["sweep", "migrate"];

/// A number, or the one that a shape has under `Concurrency`.
fn number(value: &Value, shares: &Value) -> Option<i64> {
    let of_shape = value["Fn::FindInMap"][2].as_str().and_then(|name| shares[name].as_i64());
    value.as_i64().or(of_shape)
}

/// How many environments of a function there can be without `ReservedConcurrency`.
fn limit(repo: &Repository, function: &Function<'_>, shares: &Value) -> Option<i64> {
    if ALONE.contains(&function.name) {
        return Some(1);
    }
    let mut readers = of_type(repo, "AWS::Lambda::EventSourceMapping");
    let (_, reader) = readers.find(|(_, reader)| target(&reader["FunctionName"]) == Some(function.id))?;
    number(&reader["ScalingConfig"]["MaximumConcurrency"], shares)
}

fn is_behind_the_api(function: &Function<'_>) -> bool {
    let events = function.resource["Properties"]["Events"].as_object();
    events.is_some_and(|events| events.values().any(|event| event["Type"] == "HttpApi"))
}

fn uses_database(function: &Function<'_>) -> bool {
    function.resource["Properties"]["Environment"]["Variables"].get("DATABASE_URL").is_some()
}

/// What queues, schedules and deploys start in the small shape fits beside the share of the API, with any account.
fn connections_add_up(repo: &Repository) -> Vec<String> {
    let shares = &repo.template["Mappings"]["Concurrency"]["small"];
    let shape = &repo.template["Mappings"]["Shapes"]["small"];
    let (mut complaints, mut background, mut of_api) = (Vec::new(), 0_i64, 0_i64);
    for function in functions(repo).iter().filter(|function| uses_database(function)) {
        if is_behind_the_api(function) {
            let reserved = &function.resource["Properties"]["ReservedConcurrentExecutions"]["Fn::If"][1];
            of_api += number(reserved, shares).unwrap_or_default();
        } else if let Some(limit) = limit(repo, function, shares) {
            background += limit;
        } else {
            complaints.push(format!("{}: nothing limits how many of it run at once", function.id));
        }
    }
    let max = shape["ConnectionsMax"].as_i64().unwrap_or_default();
    let sum = VERSIONS * (background + of_api) + KEPT;
    if sum > max {
        complaints.push(format!("small: {sum} connections, and Postgres accepts {max}"));
    }
    let burst = shape["Burst"].as_i64().unwrap_or(max);
    if VERSIONS * background + KEPT + burst > max {
        complaints.push(format!("small: a burst of {burst} requests leaves the queues no connection"));
    }
    if shape["Connections"].as_i64() != Some(max * 8 / 10) {
        complaints.push(format!("small: the alarm is not at 80 % of {max} connections"));
    }
    let parameters = &repo.resources()["DatabaseParameters"]["Properties"]["Parameters"];
    if parameters["max_connections"]["Fn::FindInMap"][2] != "ConnectionsMax" {
        complaints.push("DatabaseParameters: Postgres accepts another number".to_owned());
    }
    complaints
}

/// A schedule that called the function itself would pass the limit of its queue.
fn schedules_go_through_the_queue(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for function in functions(repo) {
        let variables = function.resource["Properties"]["Environment"]["Variables"].as_object();
        let called = variables
            .into_iter()
            .flatten()
            .filter(|(_, value)| value["Ref"].as_str().is_some_and(|name| name.ends_with(".Alias")));
        complaints
            .extend(called.map(|(name, _)| format!("{}: {name} is called past its queue", function.id)));
    }
    complaints
}

/// AWS asks for 300 to 1,000 MiB of memory for logins with IAM, and a micro has 1,024 MiB for everything.
fn memory_for_logins(repo: &Repository) -> Vec<String> {
    let shapes = repo.template["Mappings"]["Shapes"].as_object().unwrap();
    let class = |shape: &Value| shape["Class"].as_str().unwrap_or_default().to_owned();
    let small = shapes.iter().filter(|(_, shape)| class(shape).rsplit('.').next() == Some("micro"));
    small.map(|(name, shape)| format!("{name}: {} cannot serve logins with IAM", class(shape))).collect()
}

/// The proxy has an address before it has a database behind it, and a migration answers through the network's routes. So
/// whatever uses them waits for the whole stack that they are in.
fn proxy_is_ready(repo: &Repository) -> Vec<String> {
    let needed = ["DatabaseProxyTargets", "Ipv6Route", "S3Endpoint"].map(|id| (id, stack_of(repo, id)));
    let mut complaints = Vec::new();
    for function in functions(repo).iter().filter(|function| uses_database(function)) {
        let own = stack_of(repo, function.id).unwrap_or_default();
        let before = before(repo, own);
        let missed = needed.iter().filter(|(_, stack)| stack.is_none_or(|stack| !before.contains(stack)));
        complaints.extend(missed.map(|(id, _)| format!("{}: may run before {id} is there", function.id)));
    }
    complaints
}

/// RDS makes a log group that is missing, and that one never expires.
fn logs_are_declared(repo: &Repository) -> Vec<String> {
    let database = &repo.resources()["Database"];
    let mut complaints = Vec::new();
    if database["Properties"]["DBInstanceIdentifier"] != json!({ "Ref": "AWS::StackName" }) {
        complaints.push("Database: the names of its log groups cannot be known".to_owned());
    }
    for log in strings(&database["Properties"]["EnableCloudwatchLogsExports"]) {
        let name = json!({ "Fn::Sub": format!("/aws/rds/instance/${{AWS::StackName}}/{log}") });
        let group = of_type(repo, "AWS::Logs::LogGroup").find(|(_, group)| group["LogGroupName"] == name);
        match group {
            None => complaints.push(format!("Database: no log group for {log}")),
            Some((id, group)) => {
                if group["RetentionInDays"].is_null() || target(&group["KmsKeyId"]) != Some("Key") {
                    complaints.push(format!("{id}: without an end or without our key"));
                }
                if !strings(&database["DependsOn"]).contains(&id) {
                    complaints.push(format!("{id}: RDS may make it first"));
                }
            }
        }
    }
    complaints
}

/// RDS installs minor versions by itself, so the template names none, and says when.
fn versions_and_windows(repo: &Repository) -> Vec<String> {
    let database = &repo.resources()["Database"]["Properties"];
    let mut complaints = Vec::new();
    let version = database["EngineVersion"].as_str().unwrap_or_default();
    if database["AutoMinorVersionUpgrade"] == true && version.contains('.') {
        complaints.push(format!("Database: {version} is behind after the next minor version"));
    }
    let family = repo.resources()["DatabaseParameters"]["Properties"]["Family"].as_str();
    if family != Some(format!("postgres{version}").as_str()) {
        complaints.push(format!("DatabaseParameters: not of Postgres {version}"));
    }
    for window in ["PreferredBackupWindow", "PreferredMaintenanceWindow"] {
        if database[window].is_null() {
            complaints.push(format!("Database: {window} is whenever RDS likes"));
        }
    }
    complaints
}

#[test]
fn connections_add_up_in_the_small_shape_without_reserved_concurrency() {
    holds(
        connections_add_up,
        &[
            ("small: 161 connections", |repo| {
                repo.template["Mappings"]["Concurrency"]["small"]["Dispatch"] = json!(26);
            }),
            ("small: 141 connections", |repo| {
                repo.template["Mappings"]["Shapes"]["small"]["ConnectionsMax"] = json!(80);
            }),
            ("small: a burst of 100 requests", |repo| {
                repo.template["Mappings"]["Shapes"]["small"]["Burst"] = json!(100);
            }),
            ("DispatchFunction: nothing limits", |repo| {
                repo.resource("WakeUpsReader")["Properties"]["ScalingConfig"] = Value::Null;
            }),
            ("small: the alarm", |repo| {
                repo.template["Mappings"]["Shapes"]["small"]["Connections"] = json!(150);
            }),
            ("DatabaseParameters: Postgres accepts", |repo| {
                repo.resource("DatabaseParameters")["Properties"]["Parameters"]["max_connections"] =
                    json!(50);
            }),
        ],
    );
}

#[test]
fn no_schedule_calls_a_function_past_the_limit_of_its_queue() {
    holds(
        schedules_go_through_the_queue,
        &[("SchedulingFunction: DISPATCH_ARN", |repo| {
            repo.resource("SchedulingFunction")["Properties"]["Environment"]["Variables"]["DISPATCH_ARN"] =
                json!({ "Ref": "DispatchFunction.Alias" });
        })],
    );
}

#[test]
fn every_class_has_memory_for_logins_with_iam() {
    holds(
        memory_for_logins,
        &[("small: db.t4g.micro", |repo| {
            repo.template["Mappings"]["Shapes"]["small"]["Class"] = json!("db.t4g.micro");
        })],
    );
}

#[test]
fn a_function_that_uses_the_database_waits_for_the_proxy_and_the_way_out() {
    holds(
        proxy_is_ready,
        &[
            ("MigrateFunction: may run before S3Endpoint", |repo| {
                repo.root["Resources"]["SchemaStack"]["Properties"]["Parameters"] = json!({});
            }),
            ("AuthFunction: may run before DatabaseProxyTargets", |repo| {
                let platform = &mut repo.stacks.get_mut("PlatformStack").unwrap().template["Resources"];
                let targets = platform.as_object_mut().unwrap().remove("DatabaseProxyTargets").unwrap();
                let watch = &mut repo.stacks.get_mut("WatchStack").unwrap().template["Resources"];
                watch["DatabaseProxyTargets"] = targets;
            }),
        ],
    );
}

#[test]
fn every_log_of_the_database_has_its_group_before_the_database() {
    holds(
        logs_are_declared,
        &[
            ("no log group for iam-db-auth-error", |repo| *repo.resource("DatabaseLoginLogs") = json!({})),
            ("DatabaseLogs: RDS may make", |repo| repo.resource("Database")["DependsOn"] = Value::Null),
            ("Database: the names", |repo| {
                repo.resource("Database")["Properties"]["DBInstanceIdentifier"] = Value::Null;
            }),
            ("DatabaseLogs: without an end", |repo| {
                repo.resource("DatabaseLogs")["Properties"]["RetentionInDays"] = Value::Null;
            }),
        ],
    );
}

#[test]
fn minor_versions_come_by_themselves_in_a_window_that_is_known() {
    holds(
        versions_and_windows,
        &[
            ("Database: 17.11 is behind", |repo| {
                repo.resource("Database")["Properties"]["EngineVersion"] = json!("17.11");
            }),
            ("DatabaseParameters: not of Postgres 18", |repo| {
                repo.resource("Database")["Properties"]["EngineVersion"] = json!("18");
            }),
            ("Database: PreferredMaintenanceWindow", |repo| {
                repo.resource("Database")["Properties"]["PreferredMaintenanceWindow"] = Value::Null;
            }),
        ],
    );
}
