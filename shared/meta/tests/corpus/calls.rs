//! Replays the client's calls through real HTTP: the request that it builds from our types, and what it reads from the
//! answer.
//!
//! The corpus' request is translated into our types ([`message`], [`interactive`], [`new_template`]), the call is made,
//! and the request that arrived is compared with the corpus' ([`request`]): whatever our types cannot express is
//! missing there. What the client read is translated into the corpus' words ([`answers`]) and compared with the
//! expectation.

#[path = "calls/answers.rs"]
mod answers;
#[path = "calls/edges.rs"]
mod edges;
#[path = "calls/graph.rs"]
mod graph;
#[path = "calls/interactive.rs"]
mod interactive;
#[path = "calls/message.rs"]
mod message;
#[path = "calls/new_template.rs"]
mod new_template;
#[path = "calls/request.rs"]
mod request;

use serde_json::Value;

use crate::Verdict;
use graph::Replay;

pub(crate) async fn judge(case: &Value, exchange: &Value) -> Verdict {
    let replay = Replay::start(case, exchange).await;
    let answer = match replay.perform().await {
        Some(Ok(events)) => events,
        Some(Err(why)) => return Verdict::Wrong(why),
        None => return Verdict::Outside,
    };
    let Some(sent) = replay.sent() else { return Verdict::Wrong("nothing was sent".to_owned()) };
    let same = request::compare(&exchange["request"], &sent, replay.app());
    let read: Vec<Value> = request::events(&sent).into_iter().chain(answer).collect();
    Verdict::all([same, compare(&read, case, !exchange["response"].is_null())])
}

/// Every expected event was read, in the corpus' order of each kind.
fn compare(read: &[Value], case: &Value, has_response: bool) -> Verdict {
    const OF_REQUEST: [&str; 3] = ["request", "outbound_request", "template_create_request"];
    let expected = case["expect"].as_array().cloned().unwrap_or_default();
    let mut verdicts = Vec::new();
    let mut taken = vec![false; read.len()];
    for event in &expected {
        let kind = &event["event"];
        if !has_response && !OF_REQUEST.iter().any(|of_request| kind == of_request) {
            continue;
        }
        let next = (0..read.len()).find(|index| !taken[*index] && &read[*index]["event"] == kind);
        let Some(index) = next else {
            verdicts.push(Verdict::Wrong(format!("nothing was read for {event}")));
            continue;
        };
        taken[index] = true;
        verdicts.push(listed_alike(&kind.to_string(), &read[index], event));
    }
    let unexpected = |(event, taken): (&Value, &bool)| {
        let is_answer = !OF_REQUEST.iter().any(|of_request| event["event"] == *of_request);
        (is_answer && !taken).then(|| Verdict::Wrong(format!("{event} was read, and need not be there")))
    };
    verdicts.extend(read.iter().zip(&taken).filter_map(unexpected));
    Verdict::all(verdicts)
}

/// Compares each listed member, at any depth; lists must have the listed length.
fn listed_alike(place: &str, read: &Value, expected: &Value) -> Verdict {
    match (read, expected) {
        (Value::Object(_), Value::Object(members)) => {
            let alike = |(key, expected): (&String, &Value)| {
                listed_alike(&format!("{place}.{key}"), &read[key.as_str()], expected)
            };
            // An empty object lists nothing, so it matches.
            Verdict::all(members.iter().map(alike).chain([Verdict::AsExpected]))
        }
        (Value::Array(read), Value::Array(expected)) if read.len() == expected.len() => {
            let pairs = read.iter().zip(expected);
            let alike = pairs.map(|(read, expected)| listed_alike(place, read, expected));
            Verdict::all(alike.chain([Verdict::AsExpected]))
        }
        (Value::Number(read), Value::Number(expected)) => {
            Verdict::equal(place, &read.as_f64(), &expected.as_f64())
        }
        (_, _) => Verdict::equal(place, read, expected),
    }
}

/// A text, or a number as text; empty otherwise.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, str::to_owned)
}

/// The same, unless the value is null.
fn maybe(value: &Value) -> Option<String> {
    (!value.is_null()).then(|| text(value))
}

/// The elements of a list; none if it is not a list.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn number<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    T::try_from(number).ok()
}

/// Meta's word in lower case.
fn word(value: &Value) -> String {
    text(value).to_lowercase()
}

fn inexpressible<T>(what: &Value) -> Result<T, String> {
    Err(format!("our types cannot express {what}"))
}
