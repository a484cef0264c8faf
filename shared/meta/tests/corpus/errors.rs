//! Meta's errors, replayed: what is read of them, what they are about, and what they prove of a send.

use domain::message::Outcome;
use domain::{AttemptId, PhoneNumber, PhoneNumberId};
use meta::{GraphError, TemplateSend};
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::{Verdict, events, listed};

/// The response of an exchange, to be given `times` times.
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
    let server = Server::answering(replies(exchange, 2)).await;
    let client = server.client();
    // An error is read alike in every call.
    let refused = client.subscribe_app("token", "1").await.err();
    let read = refused.as_ref().and_then(meta::CallError::graph);
    let mut verdicts: Vec<Verdict> = events(case, "graph_error").map(|event| compare(read, event)).collect();
    let request = &exchange["request"];
    if request["method"] == "POST" && request["path"].as_str().is_some_and(|path| path.ends_with("/messages"))
    {
        let send = TemplateSend {
            to: PhoneNumber::from_stored("+15551234567".to_owned()),
            template: "t".to_owned(),
            language: "en".to_owned(),
            parameters: Vec::new(),
            attempt: AttemptId::random(),
        };
        let outcome = client.send_template("token", &PhoneNumberId("1".to_owned()), &send).await;
        let status = exchange["response"]["status"].as_u64().unwrap_or_default();
        let proven = word(&outcome);
        verdicts.extend(events(case, "send_unknown").map(|_| Verdict::equal("outcome", &proven, &"unknown")));
        verdicts.extend(
            events(case, "graph_error")
                .map(|event| Verdict::equal("outcome", &proven, &due(status, event, &outcome))),
        );
    }
    Verdict::all(verdicts)
}

fn compare(read: Option<&GraphError>, event: &Value) -> Verdict {
    let Some(code) = event["code"].as_i64() else {
        return Verdict::equal("an error without a code", &read.map(|error| error.code), &None);
    };
    let Some(read) = read else { return Verdict::Wrong("no error of Meta's was read".to_owned()) };
    let found = json!({
        "code": read.code,
        "subcode": read.subcode,
        "message": read.message,
        "details": read.details,
        "user_title": read.user_title,
        "user_msg": read.user_message,
        "fbtrace_id": read.trace_id,
        "class": snake_case(&format!("{:?}", read.class())),
    });
    let mut verdicts = vec![Verdict::equal("code", &i64::from(read.code), &code)];
    for (key, found) in found.as_object().into_iter().flatten() {
        verdicts.extend(listed(event, key).map(|expected| Verdict::equal(key, found, expected)));
    }
    Verdict::all(verdicts)
}

/// `ThrottlePhone` as `throttle_phone`; the initials of `OAuth` are one word.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.replace("OAuth", "Oauth").chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted(_) => "accepted",
        Outcome::Rejected(_) => "rejected",
        Outcome::KnownUnsent { .. } => "known unsent",
        Outcome::Unknown => "unknown",
    }
}

/// What the corpus' advice on trying again means for a message whose price was taken.
fn due(status: u64, event: &Value, outcome: &Outcome) -> &'static str {
    match event["retry"].as_str() {
        _ if !(400..500).contains(&status) => "unknown",
        Some("retry_backoff" | "retry_backoff_pair" | "retry_after_10min") => "known unsent",
        Some("retry_limited" | "never_blindly") => "unknown",
        Some(_) => "rejected",
        None => word(outcome),
    }
}
