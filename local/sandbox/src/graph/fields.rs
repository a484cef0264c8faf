//! The parameter `fields`: which members of an object an answer keeps.
//!
//! A field may carry arguments (`pricing_analytics.start(1).end(2)`) or a selection of its own
//! (`health_status{can_send_message}`); both are told apart from the name here. An unknown field is passed over.

use serde_json::Value;

/// The fields asked for, split at commas that stand outside brackets.
pub(crate) fn split(fields: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    let parts = fields.split(|letter: char| {
        match letter {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    parts.map(str::trim).filter(|field| !field.is_empty()).collect()
}

/// The name of a field without arguments and selection.
pub(crate) fn name(field: &str) -> &str {
    field.split(['.', '(', '{']).next().unwrap_or(field)
}

/// Whether a field is asked for by its name.
pub(crate) fn asked(fields: Option<&str>, wanted: &str) -> bool {
    fields.is_some_and(|fields| split(fields).into_iter().any(|field| name(field) == wanted))
}

/// The argument of a field: `start` of `pricing_analytics.start(1).end(2)` is `1`.
pub(crate) fn argument<'a>(fields: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = fields.split_once(&format!(".{key}("))?;
    after.split_once(')').map(|(argument, _)| argument)
}

/// An object with the asked members and its id; all of them when nothing is asked.
pub(crate) fn narrow(object: Value, fields: Option<&str>) -> Value {
    match (object, fields) {
        (Value::Object(mut members), Some(_)) => {
            members.retain(|member, _value| member == "id" || asked(fields, member));
            Value::Object(members)
        }
        (object, _) => object,
    }
}
