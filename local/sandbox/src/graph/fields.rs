//! The parameter `fields`: the members that an answer contains.
//!
//! A field may have arguments (`pricing_analytics.start(1).end(2)`) or a selection of its members
//! (`health_status{can_send_message}`), which are separated from its name here. Unknown fields are ignored.

use serde_json::Value;

/// Splits at commas outside brackets.
fn split(fields: &str) -> Vec<&str> {
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

fn name(field: &str) -> &str {
    field.split(['.', '(', '{']).next().unwrap_or(field)
}

pub(super) fn contains(fields: Option<&str>, wanted: &str) -> bool {
    fields.is_some_and(|fields| split(fields).into_iter().any(|field| name(field) == wanted))
}

/// The argument of a field: `start` of `pricing_analytics.start(1).end(2)` is `1`.
pub(super) fn argument<'a>(fields: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = fields.split_once(&format!(".{key}("))?;
    after.split_once(')').map(|(argument, _)| argument)
}

/// The id and the requested members of an object; all members without `fields`.
pub(super) fn select(object: Value, fields: Option<&str>) -> Value {
    match (object, fields) {
        (Value::Object(mut members), Some(_)) => {
            members.retain(|member, _value| member == "id" || contains(fields, member));
            Value::Object(members)
        }
        (object, _) => object,
    }
}
