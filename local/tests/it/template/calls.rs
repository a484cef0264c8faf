//! Each role may make the calls that its code makes, and no other: every call that a caller could make is tried against the
//! policies. An emulator of AWS does not look at them.
//!
//! What a function calls follows from its variables, because [`cloud::aws`] finds everything by a variable. The logs and the
//! network interfaces of functions are in policies of AWS, and are not looked at.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::access::{Access, Call, Caller, queue_arn};
use super::query::{functions, target};
use super::stack::{ACCOUNT, REGION, Stack};
use super::{Repository, holds};

/// The calls that `shared/cloud/src/aws` makes with what a variable names.
const CALLS: [(&str, &[&str]); 19] = [
    ("WAKE_UPS_QUEUE_URL", &["sqs:SendMessage"]),
    ("UPDATES_QUEUE_URL", &["sqs:SendMessage"]),
    ("REFUNDS_QUEUE_URL", &["sqs:SendMessage"]),
    // Only the event bus sends to it; its reader lets an e-mail wait.
    ("MAIL_QUEUE_URL", &["sqs:ChangeMessageVisibility"]),
    ("WAKE_UPS_DLQ_URL", &["sqs:SendMessage"]),
    ("UPDATES_DLQ_URL", &["sqs:SendMessage"]),
    ("REFUNDS_DLQ_URL", &["sqs:SendMessage"]),
    ("MAIL_DLQ_URL", &["sqs:SendMessage"]),
    ("EVENT_BUS_NAME", &["events:PutEvents"]),
    ("SCHEDULE_GROUP", &["scheduler:CreateSchedule"]),
    ("SCHEDULER_ROLE_ARN", &["iam:PassRole"]),
    // What the schedule calls with its own role.
    ("WAKE_UPS_QUEUE_ARN", &[]),
    ("SCHEDULE_DLQ_ARN", &[]),
    ("META_SECRET_ARN", &["secretsmanager:GetSecretValue"]),
    ("JWT_SECRET_ARN", &["secretsmanager:GetSecretValue"]),
    ("DATA_KEYS_SECRET_ARN", &["secretsmanager:GetSecretValue"]),
    ("SMTP_SECRET_ARN", &["secretsmanager:GetSecretValue"]),
    // `iam`, or the ARN of a secret.
    ("DATABASE_PASSWORD", &["secretsmanager:GetSecretValue"]),
    ("DATABASE_URL", &["rds-db:connect"]),
];
/// `migrate` makes the keys that are missing.
const WRITES: (&str, [&str; 2]) = ("MigrateFunction", ["JWT_SECRET_ARN", "DATA_KEYS_SECRET_ARN"]);
/// Lambda reads a queue with the role of the reader's function:
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html#sqs-poller-policy>.
const READS: [&str; 4] =
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"];
/// What the roles of AWS's services call: (role, action, what it is called for).
const OF_SERVICES: [(&str, &str, &str); 5] = [
    ("SchedulerRole", "sqs:SendMessage", "WakeUpsQueue"),
    ("SchedulerRole", "sqs:SendMessage", "ScheduleDlq"),
    ("SweepRole", "sqs:SendMessage", "ScheduleDlq"),
    ("SweepRole", "lambda:InvokeFunction", "SweepFunction"),
    ("DatabaseProxyRole", "rds-db:connect", "Database"),
];
/// What the event bus fills.
const BY_EVENTS: [&str; 2] = ["MailQueue", "EventsDlq"];

type Parameters = &'static [(&'static str, &'static str)];
const SECRET_OF_ANOTHER: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:app-AbCdEf";
/// Ways to deploy that differ in what a function may call.
const DEPLOYS: [Parameters; 4] = [
    &[],
    &[("Shape", "production")],
    &[
        ("DatabaseUrl", "postgres://tidings_app@db.test/tidings"),
        ("DatabaseAdminUrl", "postgres://owner@db.test/tidings"),
        ("DatabaseSecretArn", SECRET_OF_ANOTHER),
        ("DatabaseAdminSecretArn", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:owner-AbCdEf"),
    ],
    &[
        ("DatabaseUrl", "postgres://a:b@db.test/tidings"),
        ("DatabaseAdminUrl", "postgres://c:d@db.test/tidings"),
    ],
];

fn connect(database: &str, user: &str) -> Call {
    Call::new("rds-db:connect", format!("arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:{database}/{user}"))
}

/// The login that a URL stands for, when its host is one that the template makes.
fn login(url: &str) -> Option<Call> {
    let (user, host) = url.strip_prefix("postgres://")?.split_once('@')?;
    match host.split(':').next()? {
        "Database.Endpoint.Address" => Some(connect("Database.DbiResourceId", user)),
        "DatabaseProxy.Endpoint" => Some(connect("prx-DatabaseProxy", user)),
        _ => None,
    }
}

fn schedule(group: &str) -> String {
    format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{group}/dispatch-1")
}

fn pass(role: &str, service: &'static str) -> Call {
    Call::new("iam:PassRole", role).with("iam:PassedToService", service)
}

/// The call for what a variable holds.
fn with(action: &'static str, value: &str) -> Option<Call> {
    match action {
        "iam:PassRole" => Some(pass(value, "scheduler.amazonaws.com")),
        "scheduler:CreateSchedule" => Some(Call::new(action, schedule(value))),
        "events:PutEvents" => {
            Some(Call::new(action, format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{value}")))
        }
        "secretsmanager:GetSecretValue" if !value.starts_with("arn:") => None,
        "rds-db:connect" => login(value),
        action if action.starts_with("sqs:") => Some(Call::new(action, queue_arn(value))),
        action => Some(Call::new(action, value)),
    }
}

fn via(action: &'static str, key: &str, service: &str) -> Call {
    Call::new(action, key).with("kms:ViaService", format!("{service}.{REGION}.amazonaws.com"))
}

/// With what is encrypted with our key, the key is used too, by the service and in the name of the caller:
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html>,
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html>.
fn with_key(stack: &Stack<'_>, calls: BTreeSet<Call>) -> BTreeSet<Call> {
    let key = stack.arn("Key");
    let names_key = |value: &Value| !value.is_null() && stack.text(value) == key;
    let queues = stack.made("AWS::SQS::Queue").into_iter();
    let secrets = stack.made("AWS::SecretsManager::Secret").into_iter();
    let databases = stack.made("AWS::RDS::DBInstance").into_iter();
    let encrypted: BTreeSet<String> = (queues.filter(|(_, queue)| names_key(&queue["KmsMasterKeyId"])))
        .chain(secrets.filter(|(_, secret)| names_key(&secret["KmsKeyId"])))
        .map(|(id, _)| stack.arn(id))
        .chain(
            databases
                .filter(|(_, of)| names_key(&of["MasterUserSecret"]["KmsKeyId"]))
                .map(|(id, _)| stack.text(&json!({ "Fn::GetAtt": [id, "MasterUserSecret.SecretArn"] }))),
        )
        .collect();
    let mut all = calls.clone();
    for call in calls.into_iter().filter(|call| encrypted.contains(&call.resource)) {
        match call.action {
            "sqs:SendMessage" => {
                all.extend([via("kms:Decrypt", &key, "sqs"), via("kms:GenerateDataKey", &key, "sqs")]);
            }
            "sqs:ReceiveMessage" => all.extend([via("kms:Decrypt", &key, "sqs")]),
            "secretsmanager:GetSecretValue" => all.extend([via("kms:Decrypt", &key, "secretsmanager")]),
            "secretsmanager:PutSecretValue" => {
                all.extend(
                    ["kms:Decrypt", "kms:GenerateDataKey"].map(|action| via(action, &key, "secretsmanager")),
                );
            }
            _ => {}
        }
    }
    all
}

/// What a function calls, and what Lambda calls with its role.
fn of_function(stack: &Stack<'_>, id: &str) -> BTreeSet<Call> {
    let properties = &stack.repo().resources()[id]["Properties"];
    let variables = stack.value(&properties["Environment"]["Variables"]);
    let value = |name: &str| variables[name].as_str();
    let mut calls = BTreeSet::new();
    for (variable, actions) in CALLS {
        let Some(value) = value(variable) else { continue };
        // A login needs a permission only where no password is in the URL.
        if variable != "DATABASE_URL" || variables.get("DATABASE_PASSWORD").is_some() {
            calls.extend(actions.iter().filter_map(|action| with(action, value)));
        }
    }
    if id == WRITES.0 {
        calls.extend(
            WRITES.1.into_iter().filter_map(|name| with("secretsmanager:PutSecretValue", value(name)?)),
        );
    }
    for (_, reader) in stack.made("AWS::Lambda::EventSourceMapping") {
        if target(&reader["FunctionName"]) == Some(id) {
            calls.extend(READS.map(|action| Call::new(action, stack.text(&reader["EventSourceArn"]))));
        }
    }
    let failed = &properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"];
    calls.extend((!failed.is_null()).then(|| Call::new("sqs:SendMessage", stack.text(failed))));
    with_key(stack, calls)
}

fn of_role(stack: &Stack<'_>, role: &str) -> BTreeSet<Call> {
    let own = OF_SERVICES.into_iter().filter(|(of, ..)| *of == role);
    let calls = own.map(|(_, action, id)| match action {
        "lambda:InvokeFunction" => Call::new(action, format!("{}:live", stack.arn(id))),
        "rds-db:connect" => connect("Database.DbiResourceId", "tidings_app"),
        action => Call::new(action, stack.arn(id)),
    });
    with_key(stack, calls.collect())
}

fn of_event_bus(stack: &Stack<'_>) -> BTreeSet<Call> {
    let rule = stack.arn("MailRule");
    let filled =
        BY_EVENTS.map(|id| Call::new("sqs:SendMessage", stack.arn(id)).with("aws:SourceArn", &*rule));
    let key = stack.arn("Key");
    let used = ["kms:Decrypt", "kms:GenerateDataKey"];
    let mut calls = BTreeSet::from(filled);
    // EventBridge uses the key itself, which is why the key's policy does not ask through what.
    calls.extend(used.map(|action| Call::new(action, &*key)));
    calls.extend(used.map(|action| via(action, &key, "sqs")));
    calls.extend(used.map(|action| via(action, &key, "secretsmanager")));
    calls
}

/// Calls that somebody with too many permissions could make.
fn conceivable(stack: &Stack<'_>) -> BTreeSet<Call> {
    let mut calls = BTreeSet::new();
    for (id, _) in stack.made("AWS::SQS::Queue") {
        let all = READS.into_iter().chain(["sqs:SendMessage", "sqs:PurgeQueue"]);
        calls.extend(all.map(|action| Call::new(action, stack.arn(id))));
        let of_another = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/EventBus/Another");
        calls.insert(Call::new("sqs:SendMessage", stack.arn(id)).with("aws:SourceArn", of_another));
        calls.insert(Call::new("sqs:SendMessage", stack.arn(id)).with("aws:SecureTransport", "false"));
    }
    let secrets = stack.made("AWS::SecretsManager::Secret").into_iter().map(|(id, _)| stack.arn(id));
    let of_owner = stack.text(&json!({ "Fn::GetAtt": ["Database", "MasterUserSecret.SecretArn"] }));
    for secret in secrets.chain([of_owner, SECRET_OF_ANOTHER.to_owned()]) {
        let actions =
            ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret"];
        calls.extend(actions.map(|action| Call::new(action, &*secret)));
    }
    for database in ["Database.DbiResourceId", "prx-DatabaseProxy"] {
        calls.extend(["tidings_app", "tidings_admin", "another"].map(|user| connect(database, user)));
    }
    for action in ["kms:Decrypt", "kms:GenerateDataKey", "kms:ScheduleKeyDeletion"] {
        let key = stack.arn("Key");
        calls.extend([via(action, &key, "sqs"), via(action, &key, "secretsmanager"), Call::new(action, key)]);
    }
    for (id, _) in stack.made("AWS::Serverless::Function") {
        calls.insert(Call::new("lambda:InvokeFunction", format!("{}:live", stack.arn(id))));
    }
    for group in ["ScheduleGroup", "default"] {
        calls.extend(
            ["scheduler:CreateSchedule", "scheduler:DeleteSchedule"]
                .map(|action| Call::new(action, schedule(group))),
        );
    }
    for (id, _) in stack.made("AWS::IAM::Role") {
        calls.extend(["scheduler.amazonaws.com", "lambda.amazonaws.com"].map(|to| pass(&stack.arn(id), to)));
    }
    let buses =
        ["EventBus", "default"].map(|bus| format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}"));
    calls.extend(buses.map(|bus| Call::new("events:PutEvents", bus)));
    calls
}

/// The calls that are refused and needed, or allowed and not needed.
fn wrong(access: &Access<'_>, needed: &BTreeSet<Call>, tried: &BTreeSet<Call>) -> Vec<String> {
    let possible = tried.union(needed).filter(|call| access.could_make(call));
    let differs = possible.filter(|call| access.is_allowed(call) != needed.contains(call));
    differs.map(|call| format!("{} {call}", if needed.contains(call) { "may not" } else { "may" })).collect()
}

/// Every caller, its name, and what it needs.
fn callers<'a>(stack: &'a Stack<'a>) -> Vec<(&'a str, Access<'a>, BTreeSet<Call>)> {
    let functions = functions(stack.repo()).into_iter().map(|function| {
        (function.id, Access::of(stack, Caller::Function(function.id)), of_function(stack, function.id))
    });
    // The role for canaries has a policy of AWS.
    let roles = stack.made("AWS::IAM::Role").into_iter().filter(|(id, _)| *id != "CanaryRole");
    let roles = roles.map(|(id, _)| (id, Access::of(stack, Caller::Role(id)), of_role(stack, id)));
    let events = Access::of(stack, Caller::Service("events.amazonaws.com"));
    functions.chain(roles).chain([("EventBridge", events, of_event_bus(stack))]).collect()
}

fn allowed_is_needed(repo: &Repository) -> Vec<String> {
    let mut complaints = BTreeSet::new();
    for parameters in DEPLOYS {
        let stack = Stack::new(repo, parameters);
        let tried = conceivable(&stack);
        for (id, access, needed) in callers(&stack) {
            complaints
                .extend(wrong(&access, &needed, &tried).into_iter().map(|what| format!("{id}: {what}")));
        }
    }
    complaints.into_iter().collect()
}

#[test]
fn every_role_may_make_the_calls_of_its_code_and_no_other() {
    holds(
        allowed_is_needed,
        &[
            (
                "WebhookFunction: may secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-central-1:123456789012:secret:JwtSecret",
                |repo| {
                    let policy = &mut repo.resource("WebhookFunction")["Properties"]["Policies"][0];
                    policy["Statement"][0]["Resource"] =
                        json!([{ "Ref": "MetaSecret" }, { "Ref": "JwtSecret" }]);
                },
            ),
            ("AuthFunction: may rds-db:connect", |repo| {
                let policies = &mut repo.resource("AuthFunction")["Properties"]["Policies"];
                policies[0]["Fn::If"][0] = json!("MakesDatabase");
                policies[0]["Fn::If"][1] = json!({ "Ref": "DatabaseOwnership" });
            }),
            (
                "RefundsFunction: may sqs:SendMessage on arn:aws:sqs:eu-central-1:123456789012:MailQueue",
                |repo| {
                    let policy = &mut repo.resource("MailQueuePolicy")["Properties"]["PolicyDocument"];
                    policy["Statement"][1]["Principal"] = json!("*");
                    policy["Statement"][1]["Condition"] = Value::Null;
                },
            ),
            ("EventBridge: may not sqs:SendMessage", |repo| {
                let policy = &mut repo.resource("EventsDlqPolicy")["Properties"]["PolicyDocument"];
                policy["Statement"][1]["Effect"] = json!("Deny");
            }),
            ("SweepFunction: may not kms:Decrypt", |repo| {
                repo.resource("Key")["Properties"]["KeyPolicy"]["Statement"][0]["Effect"] = json!("Deny");
            }),
            (
                "DispatchFunction: may sqs:SendMessage on arn:aws:sqs:eu-central-1:123456789012:WakeUpsQueue, aws:SecureTransport false",
                |repo| {
                    let policy = &mut repo.resource("WakeUpsQueuePolicy")["Properties"]["PolicyDocument"];
                    policy["Statement"][0]["Condition"] = json!({ "Bool": { "aws:SecureTransport": true } });
                },
            ),
            ("SweepFunction: may not events:PutEvents", |repo| {
                repo.resource("SweepFunction")["Properties"]["Environment"]["Variables"]["EVENT_BUS_NAME"] =
                    json!("default");
            }),
        ],
    );
}

/// Each permission, taken away alone, is missed by one call and by no other; each condition is needed. Returns how many
/// permissions the caller has.
fn needs_all(id: &str, access: &Access<'_>, needed: &BTreeSet<Call>, tried: &BTreeSet<Call>) -> usize {
    let granted = access.granted();
    for (index, statement) in granted.iter().enumerate() {
        let mut fewer = granted.clone();
        fewer.remove(index);
        let missed = wrong(&access.with(&fewer), needed, tried);
        assert_eq!(missed.len(), 1, "{id} without {statement}: {missed:?}");
        assert!(missed[0].starts_with("may not"), "{id} without {statement}: {missed:?}");
        if statement.get("Condition").is_some() {
            let mut wider = granted.clone();
            wider[index]["Condition"] = json!({});
            assert!(!wrong(&access.with(&wider), needed, tried).is_empty(), "{id}: {statement}");
        }
    }
    granted.len()
}

#[test]
fn no_role_can_do_without_any_of_its_permissions() {
    let repo = Repository::read();
    let mut permissions = 0;
    for parameters in DEPLOYS {
        let stack = Stack::new(&repo, parameters);
        let tried = conceivable(&stack);
        for (id, access, needed) in callers(&stack) {
            permissions += needs_all(id, &access, &needed, &tried);
        }
    }
    assert!(permissions > 200, "{permissions} permissions");
}

/// The code under `shared/cloud/src/aws`, without its tests.
fn code() -> String {
    let folder = testkit::workspace().join("shared/cloud/src/aws");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    files.map(|text| text.split("#[cfg(test)]").next().unwrap().to_owned()).collect()
}

#[test]
fn the_table_of_calls_has_every_call_of_the_code_and_every_variable_that_names_what_is_called() {
    let code = code();
    let quoted: BTreeSet<&str> = code.split('"').skip(1).step_by(2).collect();
    let is_name =
        |text: &&str| text.len() > 8 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let named: BTreeSet<&str> = quoted.into_iter().filter(is_name).collect();
    // The database's address is read by `runtime`, and a login is signed without a call.
    let table: BTreeSet<&str> =
        CALLS.iter().map(|(variable, _)| *variable).filter(|name| *name != "DATABASE_URL").collect();
    assert_eq!(named, table);

    // A call that fails is logged with its name.
    let made: BTreeSet<&str> =
        code.split("refused(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let made = made.into_iter().map(|call| call.strip_suffix("Batch").unwrap_or(call));
    let asked = CALLS
        .iter()
        .flat_map(|(_, actions)| actions.iter().copied())
        .chain(["secretsmanager:PutSecretValue"]);
    // These two have no call of their own: what a schedule may do is checked when it is created.
    let asked = asked.filter(|action| !["iam:PassRole", "rds-db:connect"].contains(action));
    let asked: BTreeSet<&str> = asked.filter_map(|action| action.split(':').nth(1)).collect();
    assert_eq!(made.collect::<BTreeSet<_>>(), asked);
}
