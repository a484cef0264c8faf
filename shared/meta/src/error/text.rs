//! Meta's texts about an error, from wherever Meta puts them.

use domain::foreign::is_id;
use serde_json::Value;

/// Fields that one error blames at most.
const BLAMED_MAX: usize = 16;
/// The shortest run of digits that may be a phone number with a country code.
const NUMBER_DIGITS_MIN: usize = 7;

/// `error_data` is an object, or a string that holds one.
fn data(error_data: &Value) -> Value {
    match error_data {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    }
}

/// The details of an error: in `error_data`, or all of it where it is plain text, or beside it in `details`.
pub(crate) fn details(error: &Value) -> Option<String> {
    let error_data = error.get("error_data").unwrap_or(&Value::Null);
    let data = data(error_data);
    let within = match (&data, error_data) {
        (Value::Object(members), _) => members.get("details").and_then(Value::as_str),
        (_, Value::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let beside = error.get("details").and_then(Value::as_str);
    [within, beside].into_iter().flatten().find(|text| !text.is_empty()).map(str::to_owned)
}

/// The fields that `error_data` blames: `[["components","0","text"],["name"]]` gives `components.0.text` and `name`.
pub(crate) fn blamed(error_data: &Value) -> Vec<String> {
    let data = data(error_data);
    let specs = data.get("blame_field_specs").and_then(Value::as_array);
    let path = |spec: &Value| {
        let parts =
            spec.as_array()?.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned));
        Some(parts.collect::<Vec<_>>().join("."))
    };
    let paths = specs.into_iter().flatten().filter_map(path).filter(|path| is_id(path));
    paths.take(BLAMED_MAX).collect()
}

/// Joins texts with colons and leaves out what an earlier text already says, ignoring case and a final full stop.
pub(crate) fn join_texts<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        if joined.to_lowercase().contains(part.to_lowercase().trim_end_matches('.')) {
            continue;
        }
        if !joined.is_empty() {
            joined.push_str(": ");
        }
        joined.push_str(part);
    }
    joined
}

/// The text without any run of digits that may be a phone number.
pub(crate) fn redact_phone_numbers(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from_digits) = rest.split_at(start);
        let end = from_digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(from_digits.len());
        let (digits, after) = from_digits.split_at(end);
        if digits.len() < NUMBER_DIGITS_MIN {
            redacted.push_str(before);
            redacted.push_str(digits);
        } else {
            redacted.push_str(before.strip_suffix('+').unwrap_or(before));
            redacted.push('…');
        }
        rest = after;
    }
    redacted.push_str(rest);
    redacted
}

/// Meta writes codes and ids as numbers, and sometimes as text.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn details_and_blamed_fields_are_found_in_every_format() {
        for (error_data, found, fields) in [
            (json!({"messaging_product": "whatsapp", "details": "why"}), Some("why"), ""),
            (json!("{\"details\":\"why\"}"), Some("why"), ""),
            (json!("{\"blame_field_specs\":[[\"name\"]]}"), None, "name"),
            (
                json!({"blame_field_specs": [["components", 0, "text"], ["name"]]}),
                None,
                "components.0.text, name",
            ),
            (json!({"details": "why", "blame_field_specs": [["name"], []]}), Some("why"), "name"),
            (json!("why"), Some("why"), ""),
            (json!("[1]"), Some("[1]"), ""),
            (json!({"details": 5}), None, ""),
            (json!({"blame_field_specs": ["name"]}), None, ""),
            (json!([1]), None, ""),
            (json!(""), None, ""),
            (json!(null), None, ""),
        ] {
            let error = json!({"code": 1, "error_data": error_data.clone()});
            assert_eq!(details(&error).as_deref(), found, "{error}");
            let error = json!({"code": 1, "error_data": error_data.clone(), "details": "beside"});
            assert_eq!(details(&error).as_deref(), found.or(Some("beside")), "{error}");
            assert_eq!(blamed(&error_data).join(", "), fields, "{error_data}");
        }
    }

    #[test]
    fn a_repeated_text_is_left_out() {
        assert_eq!(join_texts(["(#1) no", "no", "because", " ", "because"].into_iter()), "(#1) no: because");
        assert_eq!(join_texts(["Not sent", "Not Sent."].into_iter()), "Not sent");
        assert_eq!(join_texts([""].into_iter()), "");
    }

    #[test]
    fn phone_numbers_are_redacted_and_short_numbers_stay() {
        for (text, expected) in [
            ("Recipient +15551234567 is unknown", "Recipient … is unknown"),
            ("15551234567", "…"),
            ("1+4915112345678+1", "1…+1"),
            ("body: 2 of 3 (code 131026), 24 hours", "body: 2 of 3 (code 131026), 24 hours"),
            ("número +5511999998888…", "número ……"),
            ("", ""),
        ] {
            assert_eq!(redact_phone_numbers(text), expected);
        }
    }
}
