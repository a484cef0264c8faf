//! JSON bodies.

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::graph_error::GraphError;
use crate::json::text;

/// An empty body counts as an object without members.
pub(super) fn json_body(body: &Bytes) -> Result<Value, GraphError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => Ok(value),
        _ => Err(GraphError::parameter("The body is not a JSON object.")),
    }
}

/// `messaging_product` must be WhatsApp.
pub(super) fn check_product(body: &Value) -> Result<(), GraphError> {
    match text(body, "messaging_product") {
        "whatsapp" => Ok(()),
        _ => Err(GraphError::parameter("The parameter messaging_product is required.")),
    }
}
