//! Edits of a template, and the end of a pause.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::super::numbers::Ids;
use super::super::{Business, GraphError};
use super::tell;
use crate::clock;
use crate::json::{list, text};
use crate::record::{FieldNews, News, Record};
use crate::sandbox::Sandbox;
use crate::template::check::{Content, category, time_to_live};
use crate::template::{Template, TemplateStatus};

/// Edits of an approved template (Meta: template management): one in 24 hours, ten in 30 days.
const EDIT_PAUSE_MS: u64 = 86_400_000;
const EDITS_MAX: usize = 10;
const EDITS_MS: u64 = 30 * EDIT_PAUSE_MS;

fn not_editable(words: &str) -> GraphError {
    GraphError::template(2_388_039, "Message template cannot be edited", words)
}

/// A template of the caller's.
fn own(sandbox: &Sandbox, caller: &Business, id: &str) -> Result<Template, GraphError> {
    let template = sandbox.world().template(id).filter(|entry| entry.0.waba_id == caller.account.waba_id);
    template.map(|entry| entry.0.clone()).ok_or_else(|| GraphError::not_found(id, "post"))
}

/// `POST /{template_id}`: other components, category or time to live; then it is reviewed again.
pub(crate) async fn edit(
    sandbox: &Sandbox,
    caller: &Business,
    id: &str,
    body: &Value,
) -> Result<Json<Value>, GraphError> {
    let before = own(sandbox, caller, id)?;
    check_time(&before, clock::now_ms())?;
    let asked = body.get("category").map(|_asked| category(body)).transpose()?;
    let moved = asked.as_ref().is_some_and(|asked| *asked != before.category);
    if moved && before.status == TemplateStatus::Approved {
        return Err(not_editable("The category of an approved template cannot be changed."));
    }
    let ttl = time_to_live(body)?;
    let components = body.get("components").and_then(Value::as_array);
    if asked.is_none() && ttl.is_none() && components.is_none() {
        return Err(GraphError::parameter(
            "One of category, components and message_send_ttl_seconds is required.",
        ));
    }
    let content = Content::new(
        asked.unwrap_or_else(|| before.category.clone()),
        before.named,
        components.unwrap_or(&before.components),
        ttl.or(before.message_send_ttl_seconds),
    )?;
    replace(sandbox, id, content).await?;
    Ok(Json(json!({ "success": true })))
}

/// Whether a template may be edited in its state and by now.
fn check_time(template: &Template, now: u64) -> Result<(), GraphError> {
    if !template.status.is_editable() {
        return Err(not_editable("Only approved, rejected and paused templates can be edited."));
    }
    if template.status != TemplateStatus::Approved {
        return Ok(());
    }
    let within = |span: u64| template.edits_ms.iter().filter(|at| now < **at + span).count();
    if within(EDIT_PAUSE_MS) > 0 {
        return Err(not_editable("An approved template can be edited once in 24 hours."));
    }
    if within(EDITS_MS) >= EDITS_MAX {
        return Err(not_editable("An approved template can be edited 10 times in 30 days."));
    }
    Ok(())
}

/// Puts new content into a template, reviews it and tells both.
pub(super) async fn replace(sandbox: &Sandbox, id: &str, content: Content) -> Result<Template, GraphError> {
    let now = clock::now_ms();
    let replaced = sandbox
        .commit(|world| {
            let entry = world.template(id).ok_or_else(|| GraphError::not_found(id, "post"))?;
            let before = &entry.0;
            let mut edits_ms = before.edits_ms.clone();
            if before.status == TemplateStatus::Approved {
                edits_ms.push(now);
            }
            let moved = before.category != content.category;
            let previous =
                if moved { Some(before.category.clone()) } else { before.previous_category.clone() };
            let template = Template {
                category: content.category,
                components: content.components,
                message_send_ttl_seconds: content.message_send_ttl_seconds,
                status: world.review.status,
                reason: world.review.reason.clone(),
                previous_category: previous,
                updated_ms: now,
                edits_ms,
                ..before.clone()
            };
            let mut news = Vec::new();
            if before.components != template.components {
                news.push(components_news(&template));
            }
            if template.status != TemplateStatus::Pending {
                news.push(template.news());
            }
            let updates = tell(sandbox, world, &template.waba_id, news);
            Ok::<_, GraphError>((Some(Record::Template { template: template.clone(), updates }), template))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(replaced)
}

/// What `message_template_components_update` tells: the texts and the buttons as they are now.
pub(crate) fn components_news(template: &Template) -> News {
    let mut value = template.named_in_webhooks();
    for component in &template.components {
        let key = match text(component, "type") {
            "HEADER" if text(component, "format") == "TEXT" => "message_template_title",
            "BODY" => "message_template_element",
            "FOOTER" => "message_template_footer",
            "BUTTONS" => {
                let buttons: Vec<Value> = list(component, "buttons").iter().map(button_news).collect();
                value.insert("message_template_buttons".into(), json!(buttons));
                continue;
            }
            _ => continue,
        };
        value.insert(key.into(), json!(text(component, "text")));
    }
    News::Field(FieldNews {
        waba_id: template.waba_id.clone(),
        field: "message_template_components_update".to_owned(),
        value: Value::Object(value),
    })
}

fn button_news(button: &Value) -> Value {
    let mut members = serde_json::Map::new();
    members.insert("message_template_button_type".into(), json!(text(button, "type")));
    members.insert("message_template_button_text".into(), json!(text(button, "text")));
    for key in ["url", "phone_number"] {
        if !text(button, key).is_empty() {
            members.insert(format!("message_template_button_{key}"), json!(text(button, key)));
        }
    }
    Value::Object(members)
}

/// `POST /{template_id}/unpause`: a pause that does not end by itself ends now.
pub(crate) async fn unpause(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
) -> Result<Json<Value>, GraphError> {
    caller.may(crate::account::Scope::Management)?;
    let before = own(&sandbox, &caller, &id)?;
    if before.status != TemplateStatus::Paused {
        return Err(GraphError::parameter("Only a paused template can be unpaused."));
    }
    sandbox
        .commit(|world| {
            let template = Template { status: TemplateStatus::Approved, reason: "NONE".to_owned(), ..before };
            let news = template.news_titled(Some("UNPAUSE".to_owned()));
            let updates = tell(&sandbox, world, &template.waba_id, vec![news]);
            Ok::<_, GraphError>((Some(Record::Template { template, updates }), ()))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(json!({ "success": true })))
}
