//! Media, as far as an id goes: what is uploaded is measured and forgotten, and any id of digits can be sent.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use super::numbers::Ids;
use super::{Business, GraphError};
use crate::account::Scope;
use crate::digest;
use crate::sandbox::Sandbox;

/// Uploads that are remembered until the next reset.
const MEDIA_MAX: usize = 10_000;

/// An uploaded medium: what Graph tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Media {
    pub(crate) waba_id: String,
    pub(crate) mime_type: String,
    pub(crate) sha256: String,
    pub(crate) bytes: usize,
}

/// `POST /{phone}/media`: a form in parts with `messaging_product`, `type` and `file`.
pub(crate) async fn upload(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.phone(&id, Scope::Messaging)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let boundary = kind.split_once("boundary=").map(|(_, boundary)| boundary.trim_matches('"'));
    let boundary = boundary.filter(|_boundary| kind.starts_with("multipart/form-data"));
    let boundary = boundary.ok_or_else(|| GraphError::parameter("The parameter file is required."))?;
    // Bytes that are no text are replaced: the file is only measured, and its hash is taken of this form of it.
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
    let medium = Media {
        waba_id: caller.account.waba_id.clone(),
        mime_type: mime_type.to_owned(),
        sha256: hex::encode(digest::sha256(&[file])),
        bytes: file.len(),
    };
    let mut world = sandbox.world();
    if world.media.len() >= MEDIA_MAX {
        world.media.clear();
    }
    let new_id = digest::object_id(&["media", &sandbox.nonce, &world.media.len().to_string()]);
    world.media.insert(new_id.clone(), medium);
    Ok(Json(json!({ "id": new_id })))
}

/// A medium of the caller's, if the id is one.
pub(crate) fn show(sandbox: &Sandbox, caller: &Business, id: &str) -> Result<Option<Value>, GraphError> {
    let medium = sandbox.world().media.get(id).filter(|one| one.waba_id == caller.account.waba_id).cloned();
    let Some(medium) = medium else { return Ok(None) };
    caller.may(Scope::Messaging)?;
    Ok(Some(json!({
        "messaging_product": "whatsapp",
        "url": format!("{}/media/{id}", sandbox.app.base_url),
        "mime_type": medium.mime_type,
        "sha256": medium.sha256,
        "file_size": medium.bytes,
        "id": id,
    })))
}

/// Forgets a medium of the caller's.
pub(crate) fn remove(sandbox: &Sandbox, caller: &Business, id: &str) -> Result<Json<Value>, GraphError> {
    caller.may(Scope::Messaging)?;
    let mut world = sandbox.world();
    let own = world.media.get(id).is_some_and(|one| one.waba_id == caller.account.waba_id);
    if !own {
        return Err(GraphError::not_found(id, "delete"));
    }
    world.media.remove(id);
    Ok(Json(json!({ "success": true })))
}
