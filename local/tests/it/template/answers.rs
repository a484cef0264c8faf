//! Every event of a function is answered on one machine as `events/expected.json` says.
//!
//! The functions without Lambda: the deploy check sends the same files to AWS' own emulator.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud::Reloadable;
use serde_json::Value;
use tidings::api;
use tidings::machine::Machine;
use tower::ServiceExt;
use webhook::Webhook;

use super::Repository;
use crate::test_system::TestSystem;

/// An HTTP event's body, as its sender wrote it.
pub fn body(event: &Value) -> Vec<u8> {
    let body = event["body"].as_str().unwrap_or_default();
    if event["isBase64Encoded"] == true { STANDARD.decode(body).unwrap() } else { body.as_bytes().to_vec() }
}

/// The same machine, which accepts the signatures of `events/`.
fn with_event_secrets(machine: &Machine) -> Machine {
    let text = std::fs::read_to_string(testkit::workspace().join("events/secrets.json")).unwrap();
    let secrets: Value = serde_json::from_str(&text).unwrap();
    let app = meta::MetaApp::from_json(&secrets["META_SECRET_ARN"].to_string()).unwrap();
    let webhook = Webhook { app: Reloadable::fixed(app), ..machine.webhook.clone() };
    Machine { webhook, ..machine.clone() }
}

/// The function's answer as API Gateway would return it.
async fn ask(machine: &Machine, event: &Value) -> (u64, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let uri = format!("{}?{}", text(&event["rawPath"]), text(&event["rawQueryString"]));
    let mut request =
        Request::builder().method(text(&event["requestContext"]["http"]["method"]).as_str()).uri(uri);
    for (name, value) in event["headers"].as_object().unwrap() {
        request = request.header(name, text(value));
    }
    let request = request.body(Body::from(body(event))).unwrap();
    let answer = api::router(machine).oneshot(request).await.unwrap();
    let status = answer.status().as_u16().into();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// How many records the queue's function reports as failed.
async fn failures(machine: &Machine, function: &str, event: &Value) -> usize {
    let event = serde_json::from_value(event.clone()).unwrap();
    let (platform, until) =
        (&machine.platform, machine.platform.clock.now() + machine.platform.timings.shift);
    let answer = match function {
        "dispatch" => dispatch::on_queue(event, platform, until).await,
        "updates" => updates::on_queue(event, platform, &machine.webhook.app, until).await,
        "refunds" => refunds::on_queue(event, platform, until).await,
        "mailer" => mailer::on_queue(event, &machine.mailer, until).await,
        other => panic!("{other} reads no queue"),
    };
    answer.batch_item_failures.len()
}

#[tokio::test]
async fn every_event_of_a_route_or_a_queue_is_answered_as_expected() {
    let system = TestSystem::start().await;
    let machine = with_event_secrets(&system.machine);
    let repo = Repository::read();
    for (name, event) in &repo.events {
        let expected = &repo.expected[name];
        if event.get("routeKey").is_some() {
            let (status, body) = ask(&machine, event).await;
            assert_eq!(Some(status), expected["status"].as_u64(), "{name}: {body}");
            let holds = expected["bodyHolds"].as_str().unwrap_or_default();
            assert!(body.contains(holds), "{name}: no {holds} in {body}");
        } else if event.get("Records").is_some() {
            let failures = failures(&machine, name.split('/').next().unwrap(), event).await;
            assert_eq!(
                Some(failures),
                expected["failures"].as_u64().map(|count| count.try_into().unwrap()),
                "{name}"
            );
        }
    }
}
