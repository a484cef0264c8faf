//! Templates: created and approved at once, listed in pages, deleted.
//!
//! The answer to a creation says `APPROVED` already; the webhook about it follows all the same. Another status is
//! ordered at `/sandbox/templates`. Deliberately not done: edits, and the four weeks in which a deleted name is not
//! free.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Value, json};

use super::numbers::Ids;
use super::oauth::json_body;
use super::{Business, GraphError};
use crate::clock;
use crate::digest;
use crate::record::{Record, Update};
use crate::sandbox::Sandbox;
use crate::template::check::Proposal;
use crate::template::{Template, TemplateStatus};

/// Templates of one page when the caller does not say.
const PAGE_DEFAULT: usize = 25;
/// Templates of one page at most.
const PAGE_MAX: usize = 1_000;

/// `POST /{waba}/message_templates`.
pub(crate) async fn create(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "post")?;
    let proposal = Proposal::read(&json_body(&body)?)?;
    let answer = sandbox
        .commit(|world| {
            if world.template_named(&id, &proposal.name, &proposal.language).is_some() {
                let words = format!("There is already {} content for this template.", proposal.language);
                let heading = "Content in this language already exists";
                return Err(GraphError::template(2_388_024, heading, words));
            }
            let serial = world.next_template();
            let heard = world.account(&id).is_some_and(|account| sandbox.is_heard(&account));
            let template = Template {
                id: digest::object_id(&["template", &id, &serial.to_string()]),
                serial,
                waba_id: id.clone(),
                name: proposal.name,
                language: proposal.language,
                category: proposal.category,
                named: proposal.named,
                components: proposal.components,
                status: TemplateStatus::Approved,
                reason: "NONE".to_owned(),
            };
            let answer =
                json!({ "id": template.id, "status": template.status, "category": template.category });
            let auto = world.auto;
            let told_ms = clock::now_ms() + auto.delay_ms;
            let update = (auto.on && heard).then(|| Update {
                id: world.next_update(),
                due_ms: told_ms,
                event_ms: told_ms,
                news: template.news(),
            });
            Ok((Some(Record::Template { template, updates: update.into_iter().collect() }), answer))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(answer))
}

/// `GET /{waba}/message_templates`: newest first, with cursors, and `next` while there is more.
pub(crate) async fn list(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    uri: Uri,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "get")?;
    let query = &caller.query;
    let limit = match query.get("limit").map(|limit| limit.parse::<usize>()) {
        None => PAGE_DEFAULT,
        Some(Ok(limit)) if limit > 0 => limit.min(PAGE_MAX),
        Some(_) => return Err(GraphError::parameter("Param limit must be a positive number")),
    };
    let (after, before) = (cursor(query, "after")?, cursor(query, "before")?);
    let fits = |template: &&Template| {
        let same =
            |key: &str, value: &str| query.get(key).is_none_or(|asked| asked.eq_ignore_ascii_case(value));
        same("name", &template.name)
            && same("language", &template.language)
            && same("category", &template.category)
            && same("status", template.status.as_str())
    };
    let fields = query.get("fields").map(String::as_str);
    let world = sandbox.world();
    let all: Vec<&Template> = world.templates_of(&id).rev().filter(fits).collect();
    // Newest first: what comes after a cursor has a lower serial.
    let page: Vec<&Template> = match (after, before) {
        (None, Some(before)) => {
            let newer: Vec<&Template> = all.iter().copied().filter(|one| one.serial > before).collect();
            newer.get(newer.len().saturating_sub(limit)..).unwrap_or_default().to_vec()
        }
        (after, _) => {
            let older = all.iter().copied().filter(|one| after.is_none_or(|after| one.serial < after));
            older.take(limit).collect()
        }
    };
    let mut answer = json!({ "data": page.iter().map(|one| one.view(fields)).collect::<Vec<_>>() });
    if let (Some(first), Some(last)) = (page.first(), page.last()) {
        let mut paging =
            json!({ "cursors": { "before": encode(first.serial), "after": encode(last.serial) } });
        if all.last().is_some_and(|oldest| oldest.serial < last.serial)
            && let Some(members) = paging.as_object_mut()
        {
            let next = next_page(&sandbox.app.base_url, &uri, &encode(last.serial));
            members.insert("next".into(), json!(next));
        }
        if let Some(members) = answer.as_object_mut() {
            members.insert("paging".into(), paging);
        }
    }
    Ok(Json(answer))
}

fn encode(serial: u64) -> String {
    digest::base64_url(format!("serial:{serial}").as_bytes())
}

fn cursor(query: &HashMap<String, String>, key: &str) -> Result<Option<u64>, GraphError> {
    let Some(cursor) = query.get(key).filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
    let bytes = digest::from_base64_url(cursor);
    let serial = bytes.and_then(|bytes| String::from_utf8(bytes).ok()?.strip_prefix("serial:")?.parse().ok());
    serial.map(Some).ok_or_else(|| GraphError::of(400, 131_059).saying("(#131059) Invalid cursor"))
}

/// The same request after another cursor; the token stays out, as a caller brings it in its header.
fn next_page(base_url: &str, uri: &Uri, after: &str) -> String {
    let pairs = uri.query().unwrap_or_default().split('&');
    let kept = pairs.filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !matches!(name, "" | "after" | "before" | "access_token" | "appsecret_proof")
    });
    let mut query: Vec<String> = kept.map(str::to_owned).collect();
    query.push(format!("after={after}"));
    format!("{base_url}{}?{}", uri.path(), query.join("&"))
}

/// `DELETE /{waba}/message_templates`: `name` alone takes every language, with `hsm_id` the one.
pub(crate) async fn delete(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "delete")?;
    let asked = |key: &str| caller.query.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let name = asked("name").ok_or_else(|| GraphError::parameter("The parameter name is required."))?;
    let one = asked("hsm_id");
    sandbox
        .commit(|world| {
            let named = world.templates_of(&id).filter(|template| template.name == name);
            let meant = named.filter(|template| one.is_none_or(|one| one == template.id));
            let ids: Vec<String> = meant.map(|template| template.id.clone()).collect();
            if ids.is_empty() {
                let words = "No message template was found under this name.";
                return Err(GraphError::template(2_593_002, "Message template not found", words));
            }
            Ok((Some(Record::TemplatesDeleted { ids }), ()))
        })
        .await?;
    Ok(Json(json!({ "success": true })))
}
