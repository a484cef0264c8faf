//! Every queue has dead letters, enough visibility time, one reader, and encryption.

use std::collections::{BTreeMap, BTreeSet};

use cloud::MAIL_RECEIVES_MAX;
use domain::events::DomainEvent;
use serde_json::{Value, json};

use super::query::{functions, having, of_type, property, target};
use super::{Repository, holds};

const QUEUE: &str = "AWS::SQS::Queue";
const READER: &str = "AWS::Lambda::EventSourceMapping";
/// The name of a dead-letter queue ends with this.
const DEAD: &str = "Dlq";
/// The longest that SQS keeps a message: 14 days.
const SECONDS_MAX: i64 = 14 * 24 * 3_600;
/// With fewer, a message becomes a dead letter while Lambda still scales or a database restarts.
const RECEIVES_MIN: i64 = 5;
/// How often a function's time-out must fit into the time that its message is hidden.
const TIMES: i64 = 6;

fn dead_letters(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut of = BTreeMap::<&str, &str>::new();
    for (id, queue) in of_type(repo, QUEUE) {
        if id.ends_with(DEAD) {
            if queue["MessageRetentionPeriod"].as_i64() != Some(SECONDS_MAX) {
                complaints.push(format!("{id}: dead letters are kept for 14 days"));
            }
            continue;
        }
        let redrive = &queue["RedrivePolicy"];
        let dead = target(&redrive["deadLetterTargetArn"]).filter(|dead| dead.ends_with(DEAD));
        let Some(dead) = dead.filter(|dead| repo.resources().contains_key(*dead)) else {
            complaints.push(format!("{id}: no dead-letter queue"));
            continue;
        };
        if let Some(other) = of.insert(dead, id) {
            complaints.push(format!("{id}: shares its dead letters with {other}"));
        }
        if redrive["maxReceiveCount"].as_i64().is_none_or(|receives| receives < RECEIVES_MIN) {
            complaints.push(format!("{id}: gives up before {RECEIVES_MIN} receives"));
        }
    }
    complaints
}

fn hidden_for_long_enough(repo: &Repository) -> Vec<String> {
    let functions = functions(repo);
    let queues: BTreeMap<&str, &Value> = of_type(repo, QUEUE).collect();
    let mut complaints = Vec::new();
    for (id, reader) in of_type(repo, READER) {
        let queue = target(&reader["EventSourceArn"]).unwrap_or_default();
        let function = target(&reader["FunctionName"]).unwrap_or_default();
        let visible = queues.get(queue).and_then(|queue| queue["VisibilityTimeout"].as_i64());
        let function = functions.iter().find(|of| of.id == function);
        let timeout = function.and_then(|function| property(repo, function, "Timeout")?.as_i64());
        match visible.zip(timeout) {
            Some((visible, timeout)) if visible >= TIMES * timeout => {}
            Some((visible, timeout)) => {
                complaints.push(format!("{queue}: hidden for {visible} s, and its function has {timeout} s"));
            }
            None => complaints.push(format!("{id}: of no queue or for no function of the template")),
        }
    }
    complaints
}

/// Each has one reader, which reports the messages that failed and has limited concurrency.
fn readers(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut read = BTreeMap::<&str, usize>::new();
    for (id, reader) in of_type(repo, READER) {
        *read.entry(target(&reader["EventSourceArn"]).unwrap_or_default()).or_default() += 1;
        if reader["FunctionResponseTypes"] != json!(["ReportBatchItemFailures"]) {
            complaints.push(format!("{id}: what failed would be deleted"));
        }
        if reader["ScalingConfig"]["MaximumConcurrency"].is_null() {
            complaints.push(format!("{id}: no limit of concurrency"));
        }
        let is_alias = reader["FunctionName"]["Ref"].as_str().is_some_and(|name| name.ends_with(".Alias"));
        if !is_alias {
            complaints.push(format!("{id}: bypasses the alias, so there is no canary"));
        }
    }
    for (id, _) in of_type(repo, QUEUE).filter(|(id, _)| !id.ends_with(DEAD)) {
        if read.get(id) != Some(&1) {
            complaints.push(format!("{id}: not read by one reader"));
        }
    }
    for function in functions(repo) {
        let events = function.resource["Properties"]["Events"].as_object();
        let events = events.into_iter().flat_map(|events| events.iter());
        let of_queues = events.filter(|(_, event)| event["Type"] == "SQS");
        complaints.extend(
            of_queues.map(|(id, _)| format!("{}.{id}: SAM would let it read every queue", function.id)),
        );
    }
    complaints
}

fn locked(repo: &Repository) -> Vec<String> {
    let policies: Vec<&Value> = of_type(repo, "AWS::SQS::QueuePolicy").map(|(_, policy)| policy).collect();
    let refuses_plain = |id: &str| {
        policies.iter().any(|policy| {
            let is_of = policy["Queues"][0]["Ref"] == id;
            is_of
                && having(policy, "Effect").iter().any(|statement| {
                    statement["Effect"] == "Deny"
                        && statement["Condition"]["Bool"]["aws:SecureTransport"] == false
                        && target(&statement["Resource"]) == Some(id)
                })
        })
    };
    let queues: Vec<(&str, &Value)> = of_type(repo, QUEUE).collect();
    let plain = queues.iter().filter(|(_, queue)| target(&queue["KmsMasterKeyId"]) != Some("Key"));
    let open = queues.iter().filter(|(id, _)| !refuses_plain(id));
    plain
        .map(|(id, _)| format!("{id}: not encrypted with our key"))
        .chain(open.map(|(id, _)| format!("{id}: may be reached without TLS")))
        .collect()
}

/// An e-mail is given up after as many receives as its waits are made for, and not for its age.
fn mail_is_tried_for_a_day(repo: &Repository) -> Vec<String> {
    let queue = &repo.resources()["MailQueue"]["Properties"];
    let receives = queue["RedrivePolicy"]["maxReceiveCount"].as_i64();
    let mut complaints = Vec::new();
    if receives != Some(MAIL_RECEIVES_MAX.into()) {
        complaints.push(format!("MailQueue: {receives:?} receives and not {MAIL_RECEIVES_MAX}"));
    }
    let is_kept = queue["MessageRetentionPeriod"].as_i64().is_some_and(|seconds| seconds >= 2 * 24 * 3_600);
    if !is_kept {
        complaints.push("MailQueue: an e-mail is gone before its last receive".to_owned());
    }
    complaints
}

#[test]
fn an_e_mail_is_tried_for_a_day_before_it_is_a_dead_letter() {
    holds(
        mail_is_tried_for_a_day,
        &[
            ("MailQueue: Some(5)", |repo| {
                repo.resource("MailQueue")["Properties"]["RedrivePolicy"]["maxReceiveCount"] = json!(5);
            }),
            ("MailQueue: an e-mail is gone", |repo| {
                repo.resource("MailQueue")["Properties"]["MessageRetentionPeriod"] = json!(86_400);
            }),
        ],
    );
}

/// An event that causes an e-mail comes by its rule, alone, as our code wrote it.
fn mail_is_routed(repo: &Repository) -> Vec<String> {
    let rule = &repo.resources()["MailRule"]["Properties"];
    let events = repo.events.iter().filter(|(name, _)| name.starts_with("mailer/"));
    let bodies = events.flat_map(|(_, event)| having(event, "body"));
    let written = bodies.filter_map(|record| serde_json::from_str(record["body"].as_str()?).ok());
    let names: BTreeSet<&str> = written.map(|event: DomainEvent| event.name()).collect();
    let mut complaints = Vec::new();
    if rule["EventPattern"]["detail-type"] != json!(names) {
        complaints.push(format!("MailRule: not {names:?}"));
    }
    let target_of = &rule["Targets"][0];
    if target(&target_of["Arn"]) != Some("MailQueue") || target_of["InputPath"] != "$.detail" {
        complaints.push("MailRule: the mailer could not read it".to_owned());
    }
    if target(&target_of["DeadLetterConfig"]["Arn"]) != Some("EventsDlq") {
        complaints.push("MailRule: an event may be lost".to_owned());
    }
    complaints
}

#[test]
fn every_event_that_causes_an_e_mail_reaches_the_mailer_unchanged() {
    holds(
        mail_is_routed,
        &[
            ("MailRule: not", |repo| {
                repo.resource("MailRule")["Properties"]["EventPattern"]["detail-type"] = json!(["Else"]);
            }),
            ("MailRule: the mailer", |repo| {
                repo.resource("MailRule")["Properties"]["Targets"][0]["InputPath"] = Value::Null;
            }),
            ("MailRule: an event", |repo| {
                repo.resource("MailRule")["Properties"]["Targets"][0]["DeadLetterConfig"] = Value::Null;
            }),
        ],
    );
}

#[test]
fn every_queue_has_its_own_dead_letters_with_the_longest_retention() {
    holds(
        dead_letters,
        &[
            ("ReportsQueue: no dead-letter queue", |repo| {
                *repo.resource("ReportsQueue") = json!({ "Type": QUEUE, "Properties": {} });
            }),
            ("shares its dead letters", |repo| {
                repo.resource("MailQueue")["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] =
                    json!({ "Fn::GetAtt": ["UpdatesDlq", "Arn"] });
            }),
            ("RefundsQueue: gives up", |repo| {
                repo.resource("RefundsQueue")["Properties"]["RedrivePolicy"]["maxReceiveCount"] = json!(1);
            }),
            ("MailDlq: dead letters", |repo| {
                repo.resource("MailDlq")["Properties"]["MessageRetentionPeriod"] = json!(345_600);
            }),
        ],
    );
}

#[test]
fn every_message_is_hidden_six_times_as_long_as_its_function_may_run() {
    holds(
        hidden_for_long_enough,
        &[
            ("UpdatesQueue: hidden for 359 s", |repo| {
                repo.resource("UpdatesQueue")["Properties"]["VisibilityTimeout"] = json!(359);
            }),
            ("WakeUpsQueue: hidden for 1800 s", |repo| {
                repo.resource("DispatchFunction")["Properties"]["Timeout"] = json!(600);
            }),
            ("MailReader: of no queue", |repo| {
                repo.resource("MailReader")["Properties"]["EventSourceArn"] = json!("arn:aws:sqs:::mail");
            }),
        ],
    );
}

#[test]
fn every_queue_has_one_reader_that_reports_what_failed() {
    holds(
        readers,
        &[
            ("RefundsReader: what failed", |repo| {
                repo.resource("RefundsReader")["Properties"]["FunctionResponseTypes"] = json!([]);
            }),
            ("RefundsReader: no limit", |repo| {
                repo.resource("RefundsReader")["Properties"]["ScalingConfig"] = Value::Null;
            }),
            ("RefundsReader: bypasses the alias", |repo| {
                repo.resource("RefundsReader")["Properties"]["FunctionName"] =
                    json!({ "Ref": "RefundsFunction" });
            }),
            ("MailQueue: not read", |repo| {
                repo.resource("MailReader")["Properties"]["EventSourceArn"] =
                    json!({ "Fn::GetAtt": ["UpdatesQueue", "Arn"] });
            }),
            ("SweepFunction.Queue", |repo| {
                repo.resource("SweepFunction")["Properties"]["Events"]["Queue"] = json!({ "Type": "SQS" });
            }),
        ],
    );
}

#[test]
fn every_queue_is_encrypted_and_refuses_requests_without_tls() {
    holds(
        locked,
        &[
            ("MailDlq: not encrypted", |repo| {
                repo.resource("MailDlq")["Properties"]["KmsMasterKeyId"] = json!("alias/aws/sqs");
            }),
            ("MailDlq: may be reached", |repo| {
                let policy = &mut repo.resource("MailDlqPolicy")["Properties"]["PolicyDocument"];
                policy["Statement"][0]["Effect"] = json!("Allow");
            }),
        ],
    );
}
