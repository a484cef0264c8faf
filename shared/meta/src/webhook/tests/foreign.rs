//! Foreign text of any size in any place: every id can be stored, everything is bounded, and the neighbors are read.

use domain::foreign::{KEPT_BYTES_MAX, TEXT_CHARS_MAX};
use proptest::prelude::*;

use super::properties::seeds;
use super::*;

const SIZES: [usize; 6] = [0, 1, 512, 513, 3_000, 300_000];
/// Units of text as JSON writes them: plain, astral, escaped astral, U+0000, a lone surrogate, one that needs an escape.
const UNITS: [&str; 6] = ["x", "\u{1F600}", "\\ud83d\\ude00", "\\u0000", "\\ud800", "\\\""];
/// Stands in a body for the text that is put there.
const PLACE: &str = "the place";

/// A place in a JSON value: the value at a path, or a new member of the object there with that name.
#[derive(Clone, Debug)]
enum Place {
    Value(String),
    Name(String),
}

/// Every place of a value.
fn places(value: &Value, path: &str, found: &mut Vec<Place>) {
    found.push(Place::Value(path.to_owned()));
    match value {
        Value::Object(members) => {
            found.push(Place::Name(path.to_owned()));
            members.iter().for_each(|(key, value)| places(value, &format!("{path}/{key}"), found));
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(i, value)| places(value, &format!("{path}/{i}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Every place within the entries of every example of Meta's webhooks.
fn all_places() -> Vec<(usize, Place)> {
    let mut all = Vec::new();
    for (seed, body) in seeds().iter().enumerate() {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let mut found = Vec::new();
        places(&body["entry"][0], "/entry/0", &mut found);
        all.extend(found.into_iter().map(|place| (seed, place)));
    }
    assert!(all.len() > 200, "{} places", all.len());
    all
}

/// An example with a text in one place, and behind it an entry with one status.
fn body_with(seed: &[u8], place: &Place, text: &str) -> String {
    let mut body: Value = serde_json::from_slice(seed).expect("JSON");
    match place {
        Place::Value(path) => *body.pointer_mut(path).expect("a place") = json!(PLACE),
        Place::Name(path) => body.pointer_mut(path).expect("an object")[PLACE] = json!("a value"),
    }
    let neighbor = statuses(&json!([{"id": "wamid.neighbor", "status": "read"}]));
    body["entry"].as_array_mut().expect("entries").push(neighbor["entry"][0].clone());
    body.to_string().replacen(&format!("\"{PLACE}\""), &format!("\"{text}\""), 1)
}

fn assert_bounded(update: &Update) {
    let json = serde_json::to_string(update).expect("JSON");
    assert!(update.has_valid_ids(), "{json}");
    assert!(json.len() <= 2 * KEPT_BYTES_MAX + 1_000, "{} bytes", json.len());
    // A NUL is an escape in JSON; what is written as text has its own backslash escaped.
    assert!(!json.replace("\\\\", "").contains("\\u0000"), "{json}");
    match update {
        Update::Status(status) => {
            let text = status.error.as_ref().map_or("", |error| error.text.as_str());
            assert!(text.chars().count() <= TEXT_CHARS_MAX);
        }
        Update::Unhandled(unhandled) => assert!(unhandled.reason.len() <= 512, "{}", unhandled.reason),
        Update::Template(_) | Update::Preference(_) | Update::Account(_) => {}
    }
}

/// What must be read whatever the text is: the entry beside it, and the other statuses of its list.
fn assert_neighbors(seed: &[u8], place: &Place, updates: &[Update]) {
    let has = |wamid: &str| {
        updates.iter().any(|update| matches!(update, Update::Status(status) if status.wamid.0 == wamid))
    };
    assert!(has("wamid.neighbor"), "{place:?}");
    let (Place::Value(path) | Place::Name(path)) = place;
    let Some((list, rest)) = path.split_once("/statuses/") else { return };
    let index: usize = rest.split('/').next().and_then(|index| index.parse().ok()).expect("an index");
    let body: Value = serde_json::from_slice(seed).expect("JSON");
    let all = body.pointer(&format!("{list}/statuses")).and_then(Value::as_array).expect("statuses");
    let others = all.iter().enumerate().filter(|(other, status)| {
        *other != index && DeliveryStatus::from_word(status["status"].as_str().unwrap_or_default()).is_some()
    });
    for (_, status) in others {
        assert!(has(status["id"].as_str().expect("an id")), "{place:?} {status}");
    }
}

fn check(seed: &[u8], place: &Place, text: &str) {
    let body = body_with(seed, place, text);
    let updates = parse(body.as_bytes()).unwrap_or_else(|error| panic!("{place:?}: {error}"));
    updates.iter().for_each(assert_bounded);
    assert_neighbors(seed, place, &updates);
}

#[test]
fn a_text_of_any_size_in_any_place_of_a_webhook_leaves_the_updates_beside_it_readable() {
    let seeds = seeds();
    for (seed, place) in all_places() {
        for size in SIZES.into_iter().filter(|size| *size <= 3_000) {
            for unit in UNITS {
                check(&seeds[seed], &place, &unit.repeat(size));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn a_text_of_three_hundred_thousand_characters_leaves_the_updates_beside_it_readable(
        (seed, place) in prop::sample::select(all_places()), unit in prop::sample::select(&UNITS[..]),
    ) {
        check(&seeds()[seed], &place, &unit.repeat(300_000));
    }
}

#[test]
fn what_stands_beside_many_elements_is_not_stored_with_each_of_them() {
    let long = "x".repeat(200);
    let many: Value = (0..1_000).map(|i| (format!("member{i}"), json!(long))).collect();
    let mut body = statuses(&json!([]));
    let value = &mut body["entry"][0]["changes"][0]["value"];
    value["contacts"] = json!([{"wa_id": "1", "profile": {"name": "x".repeat(100_000)}}]);
    value["messages"] =
        (0..1_000).map(|id| json!({"id": format!("m{id}"), "from": "1", "type": "text"})).collect();
    body["entry"][0].as_object_mut().expect("an entry").extend(many.as_object().expect("members").clone());
    let updates = parsed(&body);
    let bytes: usize = updates.iter().map(|update| raw(update).to_string().len()).sum();
    assert_eq!(updates.len(), 1_001, "each message, and the contact");
    assert!(bytes < 1_000_000, "{bytes} bytes are stored");
}

#[test]
fn the_text_of_an_error_is_read_from_wherever_meta_puts_it() {
    for (errors, code, text) in [
        (json!([{"code": 131_026, "title": "t", "error_data": {"details": "why"}}]), 131_026, "t: why"),
        (json!([{"code": 131_026, "title": "t", "details": "why"}]), 131_026, "t: why"),
        (json!([{"code": 131_026, "title": "t", "error_data": "why"}]), 131_026, "t: why"),
        (json!([{"code": 131_026, "title": "t", "error_data": "{\"details\":\"why\"}"}]), 131_026, "t: why"),
        (json!([{"code": 131_026, "error_data": {"details": ""}, "details": "why"}]), 131_026, "why"),
        (json!(["why"]), 131_000, "why"),
        (json!("why"), 131_000, "why"),
        (json!(["first", {"code": 131_049, "message": "why"}]), 131_049, "why"),
        (json!({"code": 131_049, "message": "why"}), 131_049, "why"),
    ] {
        let updates = parsed(&statuses(&json!([{"id": "a", "status": "failed", "errors": errors}])));
        let Update::Status(status) = &updates[0] else { panic!("not handled: {errors}") };
        assert_eq!(status.error, Some(MetaError { code, text: text.to_owned() }), "{errors}");
    }
}
