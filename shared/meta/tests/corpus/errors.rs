//! Replays Meta's errors: what is read, the class, and what it proves about a send.

use domain::messages::Outcome;
use domain::{AttemptId, PhoneNumber, PhoneNumberId};
use meta::error::Failure;
use meta::send::TemplateSend;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::events::{alike, difference};
use crate::server::{Reply, Server};
use crate::{Verdict, events, listed};

/// The response of an exchange, `times` times.
pub(crate) fn replies(exchange: &Value, times: usize) -> Vec<Reply> {
    let response = &exchange["response"];
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let mut reply = match (listed(response, "body"), response["body_text"].as_str()) {
        (Some(body), _) => Reply::json(status, body),
        (None, text) => Reply::new(status, text.unwrap_or_default()),
    };
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        reply = reply.with(name, value.as_str().unwrap_or_default());
    }
    vec![reply; times]
}

pub(crate) async fn judge(case: &Value, exchange: &Value) -> Verdict {
    let failure = failure(&exchange["response"]);
    let mut verdicts: Vec<Verdict> = Vec::new();
    for event in case["expect"].as_array().into_iter().flatten() {
        verdicts.push(match (event["event"].as_str(), &failure) {
            (Some("graph_error"), Some(failure)) => compare(failure, event),
            (Some("send_unknown"), Some(failure)) => compare_members(failure, event, &["class"]),
            (Some("send_unknown"), None) => Verdict::Outside,
            (Some("graph_error"), None) => Verdict::Wrong("no failure was read".to_owned()),
            (other, _) => Verdict::Wrong(format!("an event that is not known: {other:?}")),
        });
    }
    // The client reads the same error, whatever it requested.
    let server = Server::answering(replies(exchange, 2)).await;
    let refused = server.client().subscribe_app(&"token".into(), "1").await.err();
    let read = refused.as_ref().and_then(meta::CallError::graph);
    let expected = failure.as_ref().and_then(|failure| failure.error.as_ref());
    verdicts.push(Verdict::equal("what the client reads", &read, &expected));
    if is_send(&exchange["request"]) {
        verdicts.extend(judge_send(case, exchange, &server).await);
    }
    Verdict::all(verdicts)
}

/// The failure in the answer itself.
fn failure(response: &Value) -> Option<Failure> {
    let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let pairs = response["headers"].as_object().into_iter().flatten();
    let headers = pairs.filter_map(|(name, value)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value.as_str()?).ok()?))
    });
    let body = match (listed(response, "body"), response["body_text"].as_str()) {
        (Some(body), _) => body.to_string(),
        (None, text) => text.unwrap_or_default().to_owned(),
    };
    Failure::read(status, &headers.collect(), body.as_bytes())
}

fn is_send(request: &Value) -> bool {
    request["method"] == "POST" && request["path"].as_str().is_some_and(|path| path.ends_with("/messages"))
}

/// What the answer proves about a message that was paid for.
async fn judge_send(case: &Value, exchange: &Value, server: &Server) -> Vec<Verdict> {
    let send = TemplateSend {
        to: PhoneNumber::from_stored("+15551234567".to_owned()),
        template: "t".to_owned(),
        language: "en".to_owned(),
        parameters: Vec::new(),
        attempt: AttemptId::random(),
    };
    let number = PhoneNumberId("1".to_owned());
    let outcome = server.client().send_template(&"token".into(), &number, &send).await;
    let status = exchange["response"]["status"].as_u64().unwrap_or_default();
    let proven = word(&outcome);
    let never = || json!({"retry": "never_blindly"});
    let unknown = events(case, "send_unknown").map(|event| {
        let advice = if event.get("retry").is_some() {
            difference(&never(), &json!({"retry": event["retry"]}))
        } else {
            None
        };
        match advice {
            Some(how) => Verdict::Wrong(how),
            None => Verdict::equal("outcome", &proven, &"unknown"),
        }
    });
    let errors = events(case, "graph_error").map(|event| {
        let stated = event["send_outcome"].as_str().map(|word| word.replace('_', " "));
        Verdict::equal("outcome", &proven, &stated.as_deref().unwrap_or(due(status, event, &outcome)))
    });
    unknown.chain(errors).collect()
}

/// Compares each listed member, in the corpus' words.
fn compare(failure: &Failure, event: &Value) -> Verdict {
    let all = [
        "http",
        "code",
        "subcode",
        "type",
        "message",
        "details",
        "user_title",
        "user_msg",
        "fbtrace_id",
        "transient",
        "class",
        "retry",
        "retry_after_s",
        "blame",
        "partial",
        "body_text",
    ];
    compare_members(failure, event, &all)
}

fn compare_members(failure: &Failure, event: &Value, keys: &[&str]) -> Verdict {
    let error = failure.error.as_ref();
    let blame = error.map_or(&[][..], |error| &error.blamed);
    let read = json!({
        "http": failure.status,
        "code": error.map(|error| error.code),
        "subcode": error.and_then(|error| error.subcode),
        "type": error.and_then(|error| error.kind.as_deref()),
        "message": error.map(|error| &error.message).or(failure.message.as_ref()),
        "details": error.and_then(|error| error.details.as_deref()),
        "user_title": error.and_then(|error| error.user_title.as_deref()),
        "user_msg": error.and_then(|error| error.user_message.as_deref()),
        "fbtrace_id": error.and_then(|error| error.trace_id.as_deref()),
        "transient": error.and_then(|error| error.is_transient),
        "class": failure.class(),
        "retry": failure.advice(),
        "retry_after_s": failure.wait().map(|wait| wait.as_secs()),
        "partial": failure.is_partial,
        "body_text": failure.body_text,
    });
    for (key, wanted) in
        event.as_object().into_iter().flatten().filter(|(key, _)| keys.contains(&key.as_str()))
    {
        if key == "blame" {
            // One field, a list of fields, or Meta's list of paths.
            let paths: Vec<Vec<&str>> = blame.iter().map(|path| path.split('.').collect()).collect();
            if ![json!(blame), json!(paths), json!(blame.join(", "))].contains(wanted) {
                return Verdict::Wrong(format!("blame is read as {blame:?}, not {wanted}"));
            }
        } else if !alike(&read[key.as_str()], wanted) {
            return Verdict::Wrong(format!("{key} is read as {}, not {wanted}", read[key.as_str()]));
        }
    }
    Verdict::AsExpected
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted(_) => "accepted",
        Outcome::Rejected(_) => "rejected",
        Outcome::KnownUnsent { .. } => "known unsent",
        Outcome::Unknown => "unknown",
    }
}

/// What the corpus' advice means for a message that was paid for.
fn due(status: u64, event: &Value, outcome: &Outcome) -> &'static str {
    match event["retry"].as_str() {
        _ if !(400..500).contains(&status) => "unknown",
        Some("retry_backoff" | "retry_backoff_pair" | "retry_after_10min") => "known unsent",
        Some("retry_limited" | "never_blindly") => "unknown",
        Some(_) => "rejected",
        None => word(outcome),
    }
}
