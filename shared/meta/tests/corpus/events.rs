//! Compares events as read with events as expected.

use serde_json::{Value, json};

use meta::webhook::{Event, EventData};

use crate::Verdict;

/// An event in the corpus' words.
pub(crate) fn in_corpus_words(event: &Event<'_>) -> Value {
    let mut json = serde_json::to_value(event).expect("an event is JSON");
    let derived = match &event.data {
        EventData::MessageStatus(status) => {
            let error = status.errors.first();
            json!({
                "known_status": status.delivery_status().is_some(),
                "error_code": error.and_then(|error| error.code),
                "retry": error.map(meta::webhook::ErrorNote::advice),
            })
        }
        EventData::OtherField => json!({"action": "store raw, acknowledge"}),
        _ => json!({}),
    };
    let members = json.as_object_mut().expect("an event is an object");
    members
        .extend(derived.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    json
}

/// Whether an event is only stored and changes nothing.
pub(crate) fn is_aside(event: &Value) -> bool {
    matches!(event["event"].as_str(), Some("other_field" | "malformed_change" | "ignored_object"))
}

/// Every expected event must have been read, and no other, except those that `may_be_more` accepts. Order does not
/// matter.
pub(crate) fn compare(read: &[Value], expected: &[Value], may_be_more: impl Fn(&Value) -> bool) -> Verdict {
    let mut left: Vec<&Value> = read.iter().collect();
    for event in expected {
        if event.get("count").is_some() {
            match sum(&mut left, event) {
                Verdict::Wrong(how) => return Verdict::Wrong(how),
                Verdict::AsExpected | Verdict::Outside => continue,
            }
        }
        if event["event"] == "ignored" {
            if let Some(moving) = read.iter().find(|event| !is_aside(event)) {
                return Verdict::Wrong(format!("{} is not ignored", moving["event"]));
            }
            continue;
        }
        let found = left.iter().position(|read| difference(read, event).is_none());
        let Some(found) = found else {
            let alike = left.iter().find(|read| read["event"] == event["event"]);
            let how = alike.and_then(|read| difference(read, event));
            return Verdict::Wrong(how.unwrap_or_else(|| format!("no {} is read", event["event"])));
        };
        left.remove(found);
    }
    match left.into_iter().find(|event| !may_be_more(event)) {
        Some(more) => Verdict::Wrong(format!("{} is read beside what is expected", more["event"])),
        None => Verdict::AsExpected,
    }
}

/// One expectation for many events: how many, how many of each status, the code of the failed ones. Its other members
/// hold for each event.
fn sum(left: &mut Vec<&Value>, expected: &Value) -> Verdict {
    const SUMS: [&str; 4] = ["count", "by_status", "error_code_of_failed", "retry"];
    let each: Value = expected
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !SUMS.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let (of_it, others): (Vec<&Value>, Vec<&Value>) =
        left.drain(..).partition(|read| difference(read, &each).is_none());
    *left = others;
    let mut verdicts = vec![Verdict::equal("count", &Some(of_it.len()), &number(&expected["count"]))];
    for (status, count) in expected["by_status"].as_object().into_iter().flatten() {
        let read = of_it.iter().filter(|read| read["status"] == *status).count();
        verdicts.push(Verdict::equal(status, &Some(read), &number(count)));
    }
    for (key, name) in [("error_code", "error_code_of_failed"), ("retry", "retry")] {
        let Some(wanted) = expected.get(name) else { continue };
        let failed = of_it.iter().filter(|read| read["status"] == "failed");
        verdicts.extend(failed.map(|read| Verdict::equal(name, &alike(&read[key], wanted), &true)));
    }
    Verdict::all(verdicts)
}

fn number(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

/// The first listed member that differs.
pub(crate) fn difference(read: &Value, expected: &Value) -> Option<String> {
    let differs = |key: &str, wanted: &Value| match key {
        "language" => hyphened(&read[key]) != hyphened(wanted),
        _ => !alike(&read[key], wanted),
    };
    let (key, wanted) = expected.as_object()?.iter().find(|(key, wanted)| differs(key, wanted))?;
    Some(format!("{}: {key} is read as {}, not {wanted}", expected["event"], read[key]))
}

fn hyphened(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('_', "-")
}

/// Equal as far as the corpus lists members: absent is null, and an id may be a number.
pub(crate) fn alike(read: &Value, expected: &Value) -> bool {
    match (read, expected) {
        (Value::Object(_), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| alike(&read[key.as_str()], wanted))
        }
        (Value::Array(read), Value::Array(wanted)) => {
            read.len() == wanted.len() && read.iter().zip(wanted).all(|(read, wanted)| alike(read, wanted))
        }
        (Value::String(text), Value::Number(number)) | (Value::Number(number), Value::String(text)) => {
            *text == number.to_string()
        }
        (Value::Number(read), Value::Number(wanted)) => read.as_f64() == wanted.as_f64(),
        _ => read == expected,
    }
}
