//! Bodies in order of arrival: what they lead to, whatever comes twice or in the wrong order.

use meta::webhook;
use serde_json::Value;

use crate::Verdict;
use crate::events::{compare, told};

/// Each later one says more than those before it.
const VIEW: [&str; 5] = ["sent", "failed", "delivered", "read", "played"];

pub(crate) fn judge(case: &Value, bodies: &Value) -> Verdict {
    let mut read: Vec<Value> = Vec::new();
    for body in bodies.as_array().into_iter().flatten() {
        // Our own send's answer is still on its way.
        if body.get("http_response_pending").is_some() {
            continue;
        }
        let text = body.to_string();
        let Ok(events) = webhook::read(text.as_bytes()) else {
            return Verdict::Wrong(format!("refused {body}"));
        };
        read.extend(events.iter().map(told));
    }
    let once = without_repetition(&read);
    let expected = case["expect"].as_array().map_or(&[][..], Vec::as_slice);
    let afterwards = shown(&once);
    match compare(&afterwards, expected, |_| false) {
        Verdict::AsExpected => Verdict::AsExpected,
        // Some tell the events that are left, some what is shown of the message in the end.
        other => match compare(&once, expected, |_| false) {
            Verdict::AsExpected => Verdict::AsExpected,
            Verdict::Wrong(_) | Verdict::Outside => other,
        },
    }
}

/// A status is the same as another of its message, kind and participant; an inbound message as another of its id.
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

/// What is shown of each message: the status that says most.
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
