//! Bodies in order of arrival: the result, with repetitions and in the wrong order.

use meta::webhook;
use serde_json::Value;

use crate::Verdict;
use crate::events::{compare, in_corpus_words};

/// Each one supersedes those before it.
const VIEW: [&str; 5] = ["sent", "failed", "delivered", "read", "played"];

pub(crate) fn judge(case: &Value, bodies: &Value) -> Verdict {
    let mut read: Vec<Value> = Vec::new();
    for body in bodies.as_array().into_iter().flatten() {
        // The answer to our own send is still on its way.
        if body.get("http_response_pending").is_some() {
            continue;
        }
        let text = body.to_string();
        let Ok(events) = webhook::read(text.as_bytes()) else {
            return Verdict::Wrong(format!("refused {body}"));
        };
        read.extend(events.iter().map(in_corpus_words));
    }
    let once = without_repetition(&read);
    let expected = case["expect"].as_array().map_or(&[][..], Vec::as_slice);
    let afterwards = shown(&once);
    match compare(&afterwards, expected, |_| false) {
        Verdict::AsExpected => Verdict::AsExpected,
        // Some cases list the remaining events, others the status that is finally shown.
        other => match compare(&once, expected, |_| false) {
            Verdict::AsExpected => Verdict::AsExpected,
            Verdict::Wrong(_) | Verdict::Outside => other,
        },
    }
}

/// A status equals another of the same message, kind and participant; a received message equals another with the same
/// id.
pub(crate) fn without_repetition(read: &[Value]) -> Vec<Value> {
    let identity = |event: &Value| match event["event"].as_str() {
        Some("message_status") => Some((
            event["wamid"].clone(),
            event["status"].clone(),
            event["participant"].clone(),
            event["participant_user_id"].clone(),
        )),
        Some("inbound_message" | "system_message") => {
            Some((event["wamid"].clone(), Value::Null, Value::Null, Value::Null))
        }
        _ => None,
    };
    let mut seen = Vec::new();
    let mut once = Vec::new();
    for event in read {
        let identity = identity(event);
        if identity.is_some() && seen.contains(&identity) {
            continue;
        }
        seen.push(identity);
        once.push(event.clone());
    }
    once
}

/// The status that is finally shown of each message.
fn shown(once: &[Value]) -> Vec<Value> {
    let rank = |event: &Value| VIEW.iter().position(|word| event["status"] == **word);
    let mut shown: Vec<Value> = Vec::new();
    for event in once {
        let same = |other: &&mut Value| {
            event["event"] == "message_status"
                && other["event"] == "message_status"
                && other["wamid"] == event["wamid"]
                && other["participant"] == event["participant"]
        };
        match shown.iter_mut().find(same) {
            Some(other) if rank(event) > rank(other) => *other = event.clone(),
            Some(_) => {}
            None => shown.push(event.clone()),
        }
    }
    shown
}
