//! Bodies of messages and templates.

use serde_json::{Value, json};

/// A message of any type; the member named like the type is its content.
pub(crate) fn message(to: &str, kind: &str, content: &Value) -> Value {
    json!({ "messaging_product": "whatsapp", "to": to, "type": kind, kind: content })
}

/// A template message in English.
pub(crate) fn template_message(to: &str, name: &str, components: &Value) -> Value {
    let template = json!({ "name": name, "language": { "code": "en" }, "components": components });
    message(to, "template", &template)
}

/// A template in English.
pub(crate) fn template(name: &str, category: &str, components: &Value) -> Value {
    json!({ "name": name, "language": "en", "category": category, "components": components })
}

/// A template with only a body.
pub(crate) fn plain(name: &str, category: &str) -> Value {
    template(name, category, &json!([{ "type": "BODY", "text": "Your order is on its way." }]))
}

/// An authentication template with one button.
pub(crate) fn code_template(name: &str, button: &Value) -> Value {
    template(
        name,
        "AUTHENTICATION",
        &json!([
            { "type": "BODY", "add_security_recommendation": true },
            { "type": "FOOTER", "code_expiration_minutes": 10 },
            { "type": "BUTTONS", "buttons": [button] },
        ]),
    )
}

/// A message component with text parameters.
pub(crate) fn texts(part: &str, values: &[&str]) -> Value {
    let parameters: Vec<Value> =
        values.iter().map(|value| json!({ "type": "text", "text": value })).collect();
    json!({ "type": part, "parameters": parameters })
}

/// A message component for a button.
pub(crate) fn button(kind: &str, index: u64, parameter: &Value) -> Value {
    json!({ "type": "button", "sub_type": kind, "index": index, "parameters": [parameter] })
}
