//! Meta's words about an error, from wherever it put them.

use serde_json::Value;

/// Digits in a row that may be a phone number: the shortest with a country code have seven.
const NUMBER_DIGITS_MIN: usize = 7;

/// What `error_data` says: an object, or a string that holds one.
fn data(error_data: &Value) -> Value {
    match error_data {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    }
}

/// The details in `error_data`, or the whole of it where it is plain text.
pub(crate) fn details(error_data: &Value) -> Option<String> {
    let data = data(error_data);
    let stated = match (&data, error_data) {
        (Value::Object(members), _) => members.get("details").and_then(Value::as_str),
        (_, Value::String(text)) => Some(text.as_str()),
        _ => None,
    };
    stated.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The fields that `error_data` blames: `[["components","0","text"],["name"]]` as `components.0.text` and `name`.
pub(crate) fn blamed(error_data: &Value) -> Vec<String> {
    let data = data(error_data);
    let specs = data.get("blame_field_specs").and_then(Value::as_array);
    let path = |spec: &Value| {
        let parts =
            spec.as_array()?.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned));
        Some(parts.collect::<Vec<_>>().join("."))
    };
    specs.into_iter().flatten().filter_map(path).filter(|path| !path.is_empty()).collect()
}

/// Parts joined by colons; what an earlier part already says is left out, in whatever case and with whatever full stop.
pub(crate) fn join_texts<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut said = String::new();
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        if said.to_lowercase().contains(part.to_lowercase().trim_end_matches('.')) {
            continue;
        }
        if !said.is_empty() {
            said.push_str(": ");
        }
        said.push_str(part);
    }
    said
}

/// The text with every run of digits that may be somebody's phone number taken out.
pub(crate) fn redact_phone_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from_digits) = rest.split_at(start);
        let end = from_digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(from_digits.len());
        let (digits, after) = from_digits.split_at(end);
        if digits.len() < NUMBER_DIGITS_MIN {
            kept.push_str(before);
            kept.push_str(digits);
        } else {
            kept.push_str(before.strip_suffix('+').unwrap_or(before));
            kept.push('…');
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
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
    fn details_and_blame_are_found_wherever_meta_puts_them() {
        for (error_data, found, blame) in [
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
            assert_eq!(details(&error_data).as_deref(), found, "{error_data}");
            assert_eq!(blamed(&error_data).join(", "), blame, "{error_data}");
        }
    }

    #[test]
    fn nothing_is_said_twice() {
        assert_eq!(join_texts(["(#1) no", "no", "because", " ", "because"].into_iter()), "(#1) no: because");
        assert_eq!(join_texts(["Not sent", "Not Sent."].into_iter()), "Not sent");
        assert_eq!(join_texts([""].into_iter()), "");
    }

    #[test]
    fn phone_numbers_are_taken_out_and_short_numbers_stay() {
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
