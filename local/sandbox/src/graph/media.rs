//! Media: an upload is described and discarded. A send may name any id of digits.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use super::caller::{Business, ObjectPath};
use crate::account::Scope;
use crate::digest;
use crate::graph_error::GraphError;
use crate::sandbox::Sandbox;
use crate::state::Media;

/// `POST /{phone}/media`: a multipart form with `messaging_product`, `type` and `file`.
pub(super) async fn upload(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.check_phone(&id, Scope::Messaging)?;
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = content_type.split_once("boundary=").map(|(_, boundary)| boundary.trim_matches('"'));
    let boundary = boundary.filter(|_boundary| content_type.starts_with("multipart/form-data"));
    let boundary = boundary.ok_or_else(|| GraphError::parameter("The parameter file is required."))?;
    // Bytes that are not UTF-8 are replaced; length and hash are those of the result.
    let form = String::from_utf8_lossy(&body);
    let part = |name: &str| {
        let mark = format!("name=\"{name}\"");
        let part = form.split(&format!("--{boundary}")).find(|part| part.contains(&mark))?;
        part.split_once("\r\n\r\n").map(|(_, content)| content.trim_end_matches("\r\n"))
    };
    if part("messaging_product") != Some("whatsapp") {
        return Err(GraphError::parameter("The parameter messaging_product is required."));
    }
    let file = part("file").ok_or_else(|| GraphError::parameter("The parameter file is required."))?;
    let mime_type = part("type").ok_or_else(|| GraphError::parameter("The parameter type is required."))?;
    let media = Media {
        waba_id: caller.account.waba_id.clone(),
        mime_type: mime_type.to_owned(),
        sha256: hex::encode(digest::sha256(&[file])),
        bytes: file.len(),
    };
    let new_id = |stored: usize| digest::object_id(&["media", sandbox.nonce(), &stored.to_string()]);
    let id = sandbox.state().media.add(media, new_id);
    Ok(Json(json!({ "id": id })))
}

/// None when the caller's account has no media of that id.
pub(super) fn show(sandbox: &Sandbox, caller: &Business, id: &str) -> Result<Option<Value>, GraphError> {
    let media = sandbox.state().media.get(&caller.account.waba_id, id).cloned();
    let Some(media) = media else { return Ok(None) };
    caller.check_scope(Scope::Messaging)?;
    Ok(Some(json!({
        "messaging_product": "whatsapp",
        "url": format!("{}/media/{id}", sandbox.app.base_url),
        "mime_type": media.mime_type,
        "sha256": media.sha256,
        "file_size": media.bytes,
        "id": id,
    })))
}

pub(super) fn remove(sandbox: &Sandbox, caller: &Business, id: &str) -> Result<Json<Value>, GraphError> {
    caller.check_scope(Scope::Messaging)?;
    if sandbox.state().media.remove(&caller.account.waba_id, id) {
        return Ok(Json(json!({ "success": true })));
    }
    Err(GraphError::not_found(id, "delete"))
}
