//! The files beside the template: complete settings of three environments, and events that tests use.

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::query::{functions, having, of_type, strings, target};
use super::{Repository, holds};

/// Environments and the tables of samconfig.toml that describe them. SAM reads `default` when it is told no other.
const ENVIRONMENTS: [(&str, &str); 3] = [("dev", "default"), ("staging", "staging"), ("prod", "prod")];
/// Tables of each environment, because none inherits from another.
const TABLES: [&str; 4] = ["build", "deploy", "global", "validate"];
/// Names that a secret would have.
const SECRET: [&str; 4] = ["password", "secret", "token", "://"];

fn environments(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    let parameters = repo.template["Parameters"].as_object().unwrap();
    for (name, tables) in ENVIRONMENTS {
        let environment = &repo.samconfig[tables];
        let missing = TABLES.iter().filter(|table| environment[**table]["parameters"].is_null());
        complaints.extend(missing.map(|table| format!("{name}: says nothing about {table}")));
        if environment["build"]["parameters"]["cached"] != false {
            complaints.push(format!("{name}: cached, so yesterday's binary may be deployed"));
        }
        let deploy = &environment["deploy"]["parameters"];
        let given = strings(&deploy["parameter_overrides"]);
        if !given.contains(&format!("Environment={name}").as_str()) {
            complaints.push(format!("{name}: deploys another environment"));
        }
        let known =
            |given: &&&str| given.split_once('=').is_some_and(|(name, _)| parameters.contains_key(name));
        let unknown = given.iter().filter(|given| !known(given));
        complaints.extend(unknown.map(|given| format!("{name}: {given} is not a parameter of the template")));
        let secrets = strings(environment).into_iter().filter(|text| {
            let text = text.to_lowercase();
            SECRET.iter().any(|word| text.contains(word))
        });
        complaints.extend(secrets.map(|text| format!("{name}: {text} belongs in Secrets Manager")));
    }
    if repo.samconfig["prod"]["deploy"]["parameters"]["confirm_changeset"] != true {
        complaints.push("prod: deploys without confirmation".to_owned());
    }
    complaints
}

fn events_are_expected(repo: &Repository) -> Vec<String> {
    let files: BTreeSet<&str> = repo.events.iter().map(|(name, _)| name.as_str()).collect();
    let expected: BTreeSet<&str> = repo.expected.as_object().unwrap().keys().map(String::as_str).collect();
    let mut complaints: Vec<String> = Vec::new();
    complaints.extend(files.difference(&expected).map(|name| format!("events/{name}: not used")));
    complaints
        .extend(expected.difference(&files).map(|name| format!("events/{name}: expected, and not there")));
    for folder in &repo.folders {
        if !files.iter().any(|name| name.starts_with(&format!("{folder}/"))) {
            complaints.push(format!("events/{folder}: no event of that function"));
        }
    }
    let strange = files.iter().filter(|name| !repo.folders.contains(name.split('/').next().unwrap()));
    complaints.extend(strange.map(|name| format!("events/{name}: of no function")));
    complaints
}

/// The queue that a function reads.
fn queue_of<'a>(repo: &'a Repository, function: &str) -> Option<&'a str> {
    let id = functions(repo).into_iter().find(|of| of.name == function)?.id;
    let mut readers = of_type(repo, "AWS::Lambda::EventSourceMapping");
    let (_, reader) = readers.find(|(_, reader)| target(&reader["FunctionName"]) == Some(id))?;
    target(&reader["EventSourceArn"])
}

/// AWS could send the event to that function, through one of its routes or queues.
fn events_are_of_their_functions(repo: &Repository) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, event) in &repo.events {
        let function = name.split('/').next().unwrap();
        if let Some(route) = event["routeKey"].as_str()
            && !repo.routes.contains(&format!("{route} of {function}"))
        {
            complaints.push(format!("events/{name}: {route} is not a route of {function}"));
        }
        for record in event["Records"].as_array().into_iter().flatten() {
            let from = record["eventSourceARN"].as_str().unwrap_or_default();
            if queue_of(repo, function).is_none_or(|queue| !from.contains(&format!("-{queue}-"))) {
                complaints.push(format!("events/{name}: {from} is not read by {function}"));
            }
        }
    }
    complaints
}

/// No file contains a number that a person may have; +1 555 is reserved.
fn reserved_numbers(repo: &Repository) -> Vec<String> {
    let is_a_persons = |text: &str| {
        text.split('+').skip(1).any(|after| {
            let digits = after.chars().take_while(char::is_ascii_digit).count();
            digits >= 8 && !after.starts_with("1555")
        })
    };
    let events = repo.events.iter().filter(|(_, event)| strings(event).into_iter().any(is_a_persons));
    events.map(|(name, _)| format!("events/{name}: the number of a person")).collect()
}

#[test]
fn every_environment_is_complete_and_contains_no_secret() {
    holds(
        environments,
        &[
            ("staging: cached", |repo| {
                repo.samconfig["staging"]["build"]["parameters"]["cached"] = json!(true);
            }),
            ("dev: says nothing about validate", |repo| {
                repo.samconfig["default"]["validate"] = Value::Null;
            }),
            ("prod: deploys without confirmation", |repo| {
                repo.samconfig["prod"]["deploy"]["parameters"]["confirm_changeset"] = json!(false);
            }),
            ("staging: deploys another", |repo| {
                repo.samconfig["staging"]["deploy"]["parameters"]["parameter_overrides"] =
                    json!(["Environment=prod"]);
            }),
            ("dev: Enviroment=dev is not a parameter", |repo| {
                repo.samconfig["default"]["deploy"]["parameters"]["parameter_overrides"][0] =
                    json!("Enviroment=dev");
            }),
            ("dev: DatabaseUrl=postgres://", |repo| {
                repo.samconfig["default"]["deploy"]["parameters"]["parameter_overrides"][1] =
                    json!("DatabaseUrl=postgres://me:word@host/db");
            }),
        ],
    );
}

#[test]
fn every_event_is_expected_and_every_function_has_some() {
    holds(
        events_are_expected,
        &[
            ("events/auth/unused.json: not used", |repo| {
                repo.events.push(("auth/unused.json".to_owned(), json!({})));
            }),
            ("events/auth/gone.json: expected, and not there", |repo| {
                repo.expected["auth/gone.json"] = json!({ "status": 200 });
            }),
            ("events/sweep: no event", |repo| {
                repo.events.retain(|(name, _)| !name.starts_with("sweep/"));
            }),
            ("events/reports/daily.json: of no function", |repo| {
                repo.events.push(("reports/daily.json".to_owned(), json!({})));
            }),
        ],
    );
}

#[test]
fn every_event_comes_by_a_route_or_a_queue_of_its_function() {
    holds(
        events_are_of_their_functions,
        &[
            ("GET /plans is not a route of auth", |repo| {
                repo.events.push(("auth/plans.json".to_owned(), json!({ "routeKey": "GET /plans" })));
            }),
            ("is not read by refunds", |repo| {
                let record = json!({ "eventSourceARN": "arn:aws:sqs:us-east-1:1:tidings-prod-MailQueue-X" });
                repo.events.push(("refunds/mail.json".to_owned(), json!({ "Records": [record] })));
            }),
        ],
    );
}

#[test]
fn no_event_has_a_number_that_a_person_may_have() {
    holds(
        reserved_numbers,
        &[("contacts/real.json", |repo| {
            let body = json!({ "body": "{\"phone\":\"+4915112345678\"}" });
            repo.events.push(("contacts/real.json".to_owned(), body));
        })],
    );
}

#[test]
fn the_secrets_of_events_are_what_they_are_signed_with() {
    let text = std::fs::read_to_string(testkit::workspace().join("events/secrets.json")).unwrap();
    let secrets: Value = serde_json::from_str(&text).unwrap();
    let secret = SecretString::from(secrets["META_SECRET_ARN"]["appSecret"].as_str().unwrap());
    let mut signed = 0;
    for (name, event) in Repository::read().events {
        for headers in having(&event, "x-hub-signature-256") {
            let body = super::answers::body(&event);
            let claimed = headers["x-hub-signature-256"].as_str();
            meta::signature::verify(std::slice::from_ref(&secret), claimed, &body).expect(&name);
            signed += 1;
        }
    }
    assert!(signed > 0);
}
