//! Edits of a template, and the end of a pause.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::updates::automatic_updates;
use crate::account::Scope;
use crate::graph::caller::{Business, ObjectPath};
use crate::graph_error::GraphError;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::template::check::{TemplateContent, category, time_to_live};
use crate::template::{Template, TemplateStatus};
use crate::update::Notice;

/// Edits of an approved template (Meta: template management): one in 24 hours, ten in 30 days.
const EDIT_PAUSE_MS: u64 = 86_400_000;
const EDITS_MAX: usize = 10;
const EDITS_MS: u64 = 30 * EDIT_PAUSE_MS;

fn not_editable(text: &str) -> GraphError {
    GraphError::template(2_388_039, "Message template cannot be edited", text)
}

/// Refuses a template of another account.
fn own_template(sandbox: &Sandbox, caller: &Business, id: &str) -> Result<Template, GraphError> {
    let stored = sandbox.state().templates.get(id);
    let own = stored.filter(|stored| stored.template.waba_id == caller.account.waba_id);
    own.map(|stored| stored.template.clone()).ok_or_else(|| GraphError::not_found(id, "post"))
}

/// `POST /{template_id}`: changes components, category or time to live, after which the template is reviewed again.
pub(in crate::graph) async fn edit(
    sandbox: &Sandbox,
    caller: &Business,
    id: &str,
    body: &Value,
) -> Result<Json<Value>, GraphError> {
    let before = own_template(sandbox, caller, id)?;
    check_editable(&before, sandbox.now_ms())?;
    let new_category = body.get("category").map(|_category| category(body)).transpose()?;
    let is_moved = new_category.as_ref().is_some_and(|category| *category != before.category);
    if is_moved && before.status == TemplateStatus::Approved {
        return Err(not_editable("The category of an approved template cannot be changed."));
    }
    let ttl = time_to_live(body)?;
    let components = body.get("components").and_then(Value::as_array);
    if new_category.is_none() && ttl.is_none() && components.is_none() {
        return Err(GraphError::parameter(
            "One of category, components and message_send_ttl_seconds is required.",
        ));
    }
    let content = TemplateContent::new(
        new_category.unwrap_or_else(|| before.category.clone()),
        before.named,
        components.unwrap_or(&before.components),
        ttl.or(before.message_send_ttl_seconds),
    )?;
    replace(sandbox, id, content).await?;
    Ok(Json(json!({ "success": true })))
}

fn check_editable(template: &Template, now_ms: u64) -> Result<(), GraphError> {
    if !template.status.is_editable() {
        return Err(not_editable("Only approved, rejected and paused templates can be edited."));
    }
    if template.status != TemplateStatus::Approved {
        return Ok(());
    }
    let edits_within =
        |span_ms: u64| template.edits_ms.iter().filter(|edit_ms| now_ms < **edit_ms + span_ms).count();
    if edits_within(EDIT_PAUSE_MS) > 0 {
        return Err(not_editable("An approved template can be edited once in 24 hours."));
    }
    if edits_within(EDITS_MS) >= EDITS_MAX {
        return Err(not_editable("An approved template can be edited 10 times in 30 days."));
    }
    Ok(())
}

/// Replaces the content of a template, reviews it and queues the updates about both.
pub(super) async fn replace(
    sandbox: &Sandbox,
    id: &str,
    content: TemplateContent,
) -> Result<Template, GraphError> {
    let now_ms = sandbox.now_ms();
    sandbox
        .commit(|state| {
            let stored = state.templates.get(id).ok_or_else(|| GraphError::not_found(id, "post"))?;
            let before = &stored.template;
            let mut edits_ms = before.edits_ms.clone();
            if before.status == TemplateStatus::Approved {
                edits_ms.push(now_ms);
            }
            let is_moved = before.category != content.category;
            let previous_category =
                if is_moved { Some(before.category.clone()) } else { before.previous_category.clone() };
            let review = &state.settings.review;
            let template = Template {
                category: content.category,
                components: content.components,
                message_send_ttl_seconds: content.message_send_ttl_seconds,
                status: review.status,
                reason: review.reason.clone(),
                previous_category,
                updated_ms: now_ms,
                edits_ms,
                ..before.clone()
            };
            let mut notices = Vec::new();
            if before.components != template.components {
                notices.push(Notice::template_components(&template));
            }
            if template.status != TemplateStatus::Pending {
                notices.push(Notice::template_status(&template, None));
            }
            let updates = automatic_updates(sandbox, state, &template.waba_id, notices);
            Ok((Some(Record::Template { template: template.clone(), updates }), template))
        })
        .await
}

/// `POST /{template_id}/unpause`: ends a pause.
pub(in crate::graph) async fn unpause(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
) -> Result<Json<Value>, GraphError> {
    caller.check_scope(Scope::Management)?;
    let before = own_template(&sandbox, &caller, &id)?;
    if before.status != TemplateStatus::Paused {
        return Err(GraphError::parameter("Only a paused template can be unpaused."));
    }
    sandbox
        .commit(|state| {
            let template = Template { status: TemplateStatus::Approved, reason: "NONE".to_owned(), ..before };
            let notice = Notice::template_status(&template, Some("UNPAUSE"));
            let updates = automatic_updates(&sandbox, state, &template.waba_id, vec![notice]);
            Ok::<_, GraphError>((Some(Record::Template { template, updates }), ()))
        })
        .await?;
    Ok(Json(json!({ "success": true })))
}
