//! Alarms: of each function, of each queue, of the business, of the database.

use std::collections::BTreeSet;

use runtime::tally::{DIMENSIONS, FAILED, HANDLED};
use serde_json::{Value, json};
use tidings::machine::metrics;

use super::query::{Function, functions, of_type, target};
use super::{Repository, holds};

const ALARM: &str = "AWS::CloudWatch::Alarm";

/// The namespace of our own metrics.
const OURS: &str = "Tidings";

/// Metrics of services, not of one function or queue.
const OTHERS: [(&str, &str); 10] = [
    ("AWS/ApiGateway", "5xx"),
    ("AWS/Lambda", "Invocations"),
    ("AWS/RDS", "CPUUtilization"),
    ("AWS/RDS", "DatabaseConnections"),
    ("AWS/RDS", "DatabaseConnectionsBorrowLatency"),
    ("AWS/RDS", "DatabaseConnectionsCurrentlySessionPinned"),
    ("AWS/RDS", "FreeStorageSpace"),
    ("AWS/RDS", "FreeableMemory"),
    ("AWS/Scheduler", "InvocationDroppedCount"),
    ("AWS/Scheduler", "TargetErrorCount"),
];

/// The metrics that an alarm watches: its own, or those of its expression.
fn watched(alarm: &Value) -> Vec<(&str, &str)> {
    let reckoned =
        alarm["Metrics"].as_array().into_iter().flatten().map(|query| &query["MetricStat"]["Metric"]);
    let all = std::iter::once(alarm).chain(reckoned);
    all.filter_map(|metric| metric["Namespace"].as_str().zip(metric["MetricName"].as_str())).collect()
}

/// The alarm on a metric of a resource.
fn alarm<'a>(repo: &'a Repository, of: &str, metric: &str) -> Option<&'a Value> {
    let mut alarms = of_type(repo, ALARM).map(|(_, alarm)| alarm);
    alarms.find(|alarm| alarm["MetricName"] == metric && target(&alarm["Dimensions"][0]["Value"]) == Some(of))
}

/// Functions that must not run into their time-out: one cut off while it sends does not know what was sent, Meta repeats a
/// webhook without an answer, and a deploy waits for a migration. Of the others, a time-out is a call that failed.
const TIMED: [&str; 3] = ["dispatch", "migrate", "webhook"];

fn of_functions(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for function in functions(repo) {
        if alarm(repo, function.id, "Errors").is_none() {
            complaints.push(format!("{}: no alarm on Errors", function.id));
        }
        if !TIMED.contains(&function.name) {
            continue;
        }
        // Milliseconds against seconds: an alarm that only the time-out itself triggers comes too late.
        let at = alarm(repo, function.id, "Duration").and_then(|alarm| alarm["Threshold"].as_i64());
        let timeout = function.resource["Properties"]["Timeout"].as_i64();
        if at.zip(timeout).is_none_or(|(at, timeout)| at > timeout * 950 || at < timeout * 500) {
            complaints.push(format!("{}: its alarm on Duration is not near its time-out", function.id));
        }
    }
    if alarm(repo, "DispatchFunction", "Throttles").is_none() {
        complaints.push("DispatchFunction: no alarm on Throttles".to_owned());
    }
    // Without a dimension it is the sum of all functions, which share what the account may run at once.
    let mut alarms = of_type(repo, ALARM);
    if !alarms.any(|(_, alarm)| alarm["MetricName"] == "Throttles" && alarm["Dimensions"].is_null()) {
        complaints.push("the account: no alarm on Throttles".to_owned());
    }
    complaints
}

/// Whether the dimensions are those of the version of the function that the stack deploys.
fn are_of_deployed(dimensions: &Value, function: &str, names: &[&str]) -> bool {
    let version = json!({ "Fn::GetAtt": [function, "Version.Version"] });
    let value = |name: &str| match name {
        "Resource" => json!({ "Fn::Sub": format!("${{{function}}}:live") }),
        "ExecutedVersion" => version.clone(),
        _ => json!({ "Ref": function }),
    };
    let wanted: Vec<Value> = names.iter().map(|name| json!({ "Name": name, "Value": value(name) })).collect();
    *dimensions == Value::from(wanted)
}

/// An alarm on the share of failures of a function's deployed version.
fn is_on_failures(alarm: &Value, function: &str) -> bool {
    let metrics = alarm["Metrics"].as_array().into_iter().flatten();
    let (sums, shares): (Vec<&Value>, Vec<&Value>) =
        metrics.partition(|metric| metric["ReturnData"] == false);
    let watches = |id: &str, name: &str| {
        sums.iter().any(|sum| {
            let metric = &sum["MetricStat"]["Metric"];
            sum["Id"] == id
                && sum["MetricStat"]["Stat"] == "Sum"
                && (metric["Namespace"] == OURS && metric["MetricName"] == name)
                && are_of_deployed(&metric["Dimensions"], function, &DIMENSIONS)
        })
    };
    let is_share = shares.len() == 1 && shares[0]["Expression"] == "failed / handled";
    is_share && watches("failed", FAILED) && watches("handled", HANDLED)
}

/// An alarm on calls of a function's deployed version that end without an answer.
fn is_on_errors(alarm: &Value, function: &str) -> bool {
    let dimensions = ["FunctionName", "Resource", "ExecutedVersion"];
    alarm["MetricName"] == "Errors" && are_of_deployed(&alarm["Dimensions"], function, &dimensions)
}

/// The functions whose releases are tried on a part of their calls. A migration runs once.
fn tried(repo: &Repository) -> impl Iterator<Item = Function<'_>> {
    functions(repo).into_iter().filter(|function| function.name != "migrate")
}

/// A new version that fails is rolled back by the alarms on it, and by no alarm that the version before can raise.
fn canaries(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    let enabled = &repo.template["Globals"]["Function"]["DeploymentPreference"]["Enabled"];
    if *enabled != json!({ "Fn::FindInMap": ["Canaries", { "Ref": "Environment" }, { "Ref": "Canary" }] }) {
        complaints.push("a canary is not decided by the environment and the parameter".to_owned());
    }
    let of_prod = &repo.template["Mappings"]["Canaries"]["prod"];
    if *of_prod != json!({ "yes": "true", "no": "false" })
        || repo.template["Parameters"]["Canary"]["Default"] != "yes"
    {
        complaints.push("prod: no canaries, or none that can be turned off".to_owned());
    }
    for function in tried(repo) {
        let listed = &function.resource["Properties"]["DeploymentPreference"]["Alarms"];
        let listed = listed.as_array().into_iter().flatten().filter_map(target);
        let alarms: Vec<&Value> = listed.map(|id| &repo.resources()[id]["Properties"]).collect();
        let (failures, errors) = (
            alarms.iter().filter(|alarm| is_on_failures(alarm, function.id)).count(),
            alarms.iter().filter(|alarm| is_on_errors(alarm, function.id)).count(),
        );
        if failures != 1 {
            complaints.push(format!("{}: no share of failures rolls a bad version back", function.id));
        }
        if errors != 1 || alarms.len() != 2 {
            complaints.push(format!("{}: not its version's errors alone roll it back", function.id));
        }
    }
    complaints
}

fn of_queues(repo: &Repository) -> Vec<String> {
    let queues = of_type(repo, "AWS::SQS::Queue").map(|(id, _)| id);
    let wanted = queues.map(|id| {
        let is_dead = id.ends_with("Dlq");
        (id, if is_dead { "ApproximateNumberOfMessagesVisible" } else { "ApproximateAgeOfOldestMessage" })
    });
    let missing = wanted.filter(|(id, metric)| alarm(repo, id, metric).is_none());
    missing.map(|(id, metric)| format!("{id}: no alarm on {metric}")).collect()
}

fn of_the_rest(repo: &Repository) -> Vec<String> {
    let of_functions = [HANDLED, FAILED];
    let ours: BTreeSet<(&str, &str)> = metrics().chain(of_functions).map(|metric| (OURS, metric)).collect();
    let alarmed: BTreeSet<(&str, &str)> =
        of_type(repo, ALARM).flat_map(|(_, alarm)| watched(alarm)).collect();
    let wanted = ours.iter().copied().chain(OTHERS).filter(|metric| !alarmed.contains(metric));
    let missing = wanted.map(|(namespace, metric)| format!("{namespace} {metric}: no alarm"));
    let unmeasured = alarmed.iter().filter(|metric| metric.0 == OURS && !ours.contains(metric));
    missing.chain(unmeasured.map(|(_, metric)| format!("{metric}: not measured"))).collect()
}

fn alarm_actions(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for (id, alarm) in of_type(repo, ALARM) {
        if alarm["AlarmActions"] != json!([{ "Ref": "AlarmTopic" }]) {
            complaints.push(format!("{id}: no action on the alarm topic"));
        }
        let treats = alarm["TreatMissingData"].as_str();
        if treats != Some(if id == "SweepStopped" { "breaching" } else { "notBreaching" }) {
            complaints.push(format!("{id}: missing data is treated wrongly"));
        }
    }
    complaints
}

/// The alarms that the runbook has a row for: whole names, and ends of names after `…`.
fn in_the_runbook(repo: &Repository) -> BTreeSet<&str> {
    let (_, section) = repo.runbook.split_once("## Alarms").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let names =
        rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    // In brackets a cell names what is no alarm.
    let alarms = names.filter(|name| !matches!(*name, "migrate" | "HealthCheck"));
    alarms.collect()
}

/// Every alarm asks somebody for something.
fn runbook_has_every_alarm(repo: &Repository) -> Vec<String> {
    let named = in_the_runbook(repo);
    let is_of = |id: &str, name: &str| match name.strip_prefix('…') {
        Some(end) => id.ends_with(end),
        None => id == name,
    };
    let alarms: Vec<&str> = of_type(repo, ALARM).map(|(id, _)| id).collect();
    let unknown = alarms.iter().filter(|id| !named.iter().any(|name| is_of(id, name)));
    let gone = named.iter().filter(|name| !alarms.iter().any(|id| is_of(id, name)));
    unknown
        .map(|id| format!("{id}: the runbook does not say what to do"))
        .chain(gone.map(|name| format!("{name}: in the runbook, and no alarm")))
        .collect()
}

#[test]
fn every_alarm_is_in_the_runbook_and_every_other_is_not() {
    holds(
        runbook_has_every_alarm,
        &[
            ("Reports: the runbook", |repo| {
                *repo.resource("Reports") = json!({ "Type": ALARM, "Properties": {} });
            }),
            ("LedgerDrifts: in the runbook", |repo| *repo.resource("LedgerDrifts") = json!({})),
            ("…Failures: in the runbook", |repo| {
                let resources = repo.template["Resources"].as_object_mut().unwrap();
                resources.retain(|id, _| !id.ends_with("Failures"));
            }),
        ],
    );
}

#[test]
fn every_function_has_alarms_on_its_errors_and_where_it_matters_on_throttles_and_duration() {
    holds(
        of_functions,
        &[
            ("AuthFunction: no alarm on Errors", |repo| *repo.resource("AuthErrors") = json!({})),
            ("DispatchFunction: no alarm on Throttles", |repo| {
                *repo.resource("DispatchThrottles") = json!({});
            }),
            ("the account: no alarm on Throttles", |repo| {
                repo.resource("AccountThrottles")["Properties"]["Dimensions"] =
                    json!([{ "Name": "FunctionName", "Value": { "Ref": "AuthFunction" } }]);
            }),
            ("WebhookFunction: its alarm on Duration", |repo| {
                repo.resource("WebhookFunction")["Properties"]["Timeout"] = json!(5);
            }),
            ("DispatchFunction: its alarm on Duration", |repo| {
                *repo.resource("DispatchDuration") = json!({});
            }),
        ],
    );
}

#[test]
fn every_canary_is_rolled_back_by_the_failures_and_the_errors_of_its_own_version() {
    holds(
        canaries,
        &[
            ("AuthFunction: no share of failures", |repo| {
                repo.resource("AuthFunction")["Properties"]["DeploymentPreference"]["Alarms"] =
                    json!([{ "Ref": "AdminFailures" }, { "Ref": "AuthErrors" }]);
            }),
            ("SweepFunction: no share of failures", |repo| {
                repo.resource("SweepFailures")["Properties"]["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"]
                    [1]["Value"] = json!({ "Fn::GetAtt": ["AuthFunction", "Version.Version"] });
            }),
            ("MailerFunction: no share of failures", |repo| {
                repo.resource("MailerFailures")["Properties"]["Metrics"][0]["Expression"] = json!("failed");
            }),
            ("WebhookFunction: not its version's errors", |repo| {
                repo.resource("WebhookErrors")["Properties"]["Dimensions"] =
                    json!([{ "Name": "FunctionName", "Value": { "Ref": "WebhookFunction" } }]);
            }),
            ("RefundsFunction: not its version's errors", |repo| {
                let preference = &mut repo.resource("RefundsFunction")["Properties"]["DeploymentPreference"];
                preference["Alarms"].as_array_mut().unwrap().push(json!({ "Ref": "ApiErrors" }));
            }),
            ("prod: no canaries", |repo| {
                repo.template["Mappings"]["Canaries"]["prod"]["yes"] = json!("false");
            }),
            ("a canary is not decided", |repo| {
                repo.template["Globals"]["Function"]["DeploymentPreference"]["Enabled"] = json!(true);
            }),
        ],
    );
}

#[test]
fn every_queue_has_an_alarm_on_its_age_or_its_dead_letters() {
    holds(
        of_queues,
        &[
            ("EventsDlq: no alarm", |repo| *repo.resource("EventsDlqAlarm") = json!({})),
            ("RefundsQueue: no alarm", |repo| *repo.resource("RefundsQueueAge") = json!({})),
        ],
    );
}

#[test]
fn the_business_the_database_and_the_scheduler_have_their_alarms() {
    holds(
        of_the_rest,
        &[
            ("Tidings LedgerDrift", |repo| *repo.resource("LedgerDrifts") = json!({})),
            ("Tidings MetaRefused", |repo| *repo.resource("MetaRefuses") = json!({})),
            ("LedgerDrifts: not measured", |repo| {
                repo.resource("LedgerDrifts")["Properties"]["MetricName"] = json!("LedgerDrifts");
            }),
            ("AWS/RDS DatabaseConnectionsCurrentlySessionPinned", |repo| {
                *repo.resource("DatabaseProxyPinned") = json!({});
            }),
        ],
    );
}

#[test]
fn every_alarm_has_an_action_and_treats_missing_data_correctly() {
    holds(
        alarm_actions,
        &[
            ("ApiErrors: no action", |repo| {
                repo.resource("ApiErrors")["Properties"]["AlarmActions"] = json!([]);
            }),
            ("SweepStopped: missing data", |repo| {
                repo.resource("SweepStopped")["Properties"]["TreatMissingData"] = json!("notBreaching");
            }),
        ],
    );
}

#[test]
fn the_head_of_the_template_charges_for_the_alarms_and_metrics_that_there_are() {
    let repo = Repository::read();
    let alarms = repo.resources().values().filter(|resource| resource["Type"] == ALARM);
    // AWS charges an alarm for each metric that it watches. One that is counted from a log has a name with the stack in it.
    let looks: Vec<(Option<&str>, usize)> = alarms
        .map(|alarm| (alarm["Condition"].as_str(), watched(&alarm["Properties"]).len().max(1)))
        .collect();
    let in_small = looks.iter().filter(|(condition, _)| matches!(condition, None | Some("MakesDatabase")));
    let small: usize = in_small.map(|(_, metrics)| metrics).sum();
    // A parameter asks for the alarm from outside, at its own price.
    let by_shape = looks.iter().filter(|(condition, _)| *condition != Some("AlarmsFromOutside"));
    let all: usize = by_shape.map(|(_, metrics)| metrics).sum();
    let text = std::fs::read_to_string(testkit::workspace().join("template.yaml")).unwrap();
    // Ten are free.
    for charged in [small - 10, all - 10] {
        assert!(
            text.contains(&format!("{charged} × 0.10")),
            "{charged} alarms, and the table has another number"
        );
    }
    let filters = of_type(&repo, "AWS::Logs::MetricFilter").count();
    let ours = format!("{} metrics of ours", metrics().count() + filters);
    let of_functions = format!("{} metrics of functions", tried(&repo).count() * [HANDLED, FAILED].len());
    for metrics in [ours, of_functions] {
        assert_eq!(text.matches(&metrics).count(), 2, "the table does not say {metrics}");
    }
}
