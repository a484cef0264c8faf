//! Templates as Graph shows them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Map, Value, json};

use crate::graph::caller::{Business, ObjectPath};
use crate::graph::fields;
use crate::graph::paging::{self, Element};
use crate::graph_error::GraphError;
use crate::json::text;
use crate::sandbox::Sandbox;
use crate::template::{Template, TemplateStatus};

/// `GET /{waba}/message_templates`: newest first, with cursors, and `next` while there is more.
pub(in crate::graph) async fn list(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    uri: Uri,
) -> Result<Json<Value>, GraphError> {
    caller.check_waba(&id, "get")?;
    let query = &caller.query;
    let fits = |template: &&Template| {
        let is_one_of = |key: &str, value: &str| {
            query
                .get(key)
                .is_none_or(|list| list.split(',').any(|wanted| wanted.trim().eq_ignore_ascii_case(value)))
        };
        let contains = |text: &str| json!(template.components).to_string().contains(text);
        let score = template.quality.map_or_else(|| json!("UNKNOWN"), |score| json!(score));
        is_one_of("name", &template.name)
            && is_one_of("language", &template.language)
            && is_one_of("category", &template.category)
            && is_one_of("status", template.status.as_str())
            && is_one_of("quality_score", score.as_str().unwrap_or_default())
            && query.get("content").is_none_or(|text| contains(text))
            && query.get("name_or_content").is_none_or(|text| template.name.contains(text) || contains(text))
    };
    let state = sandbox.state();
    let fitting = state.templates.of_waba(&id).rev().filter(fits);
    let elements: Vec<Element> = fitting
        .map(|template| Element { serial: template.serial, shown: show(template, caller.fields()) })
        .collect();
    drop(state);
    Ok(Json(paging::page(&sandbox.app.base_url, &uri, query, elements)?))
}

/// The id and the requested fields, or all usual fields when none are requested.
pub(in crate::graph) fn show(template: &Template, fields: Option<&str>) -> Value {
    let mut members = Map::new();
    members.insert("name".into(), json!(template.name));
    let format = if template.named { "NAMED" } else { "POSITIONAL" };
    members.insert("parameter_format".into(), json!(format));
    members.insert("components".into(), json!(components(template)));
    members.insert("language".into(), json!(template.language));
    members.insert("status".into(), json!(template.status));
    members.insert("category".into(), json!(template.category));
    if let Some(previous) = &template.previous_category {
        members.insert("previous_category".into(), json!(previous));
    }
    if let Some(correct) = &template.correct_category {
        members.insert("correct_category".into(), json!(correct));
    }
    if let Some(ttl) = template.message_send_ttl_seconds {
        members.insert("message_send_ttl_seconds".into(), json!(ttl));
    }
    if fields.is_some() {
        members.insert("rejected_reason".into(), json!(rejected_reason(template)));
        members.insert("quality_score".into(), quality_score(template));
        members.insert("last_updated_time".into(), json!(template.updated_ms / 1_000));
        members.insert("health_status".into(), health_status(template));
        members.retain(|field, _value| fields::contains(fields, field));
    }
    members.insert("id".into(), json!(template.id));
    Value::Object(members)
}

/// As submitted; an authentication template with Meta's words, which the sandbox knows in English only.
fn components(template: &Template) -> Vec<Value> {
    if template.category != "AUTHENTICATION" {
        return template.components.clone();
    }
    template.components.iter().map(worded).collect()
}

fn worded(component: &Value) -> Value {
    let mut component = component.clone();
    let set = |of: &mut Value, member: &str, text: String| {
        if let Some(members) = of.as_object_mut() {
            members.insert(member.to_owned(), json!(text));
        }
    };
    let flag = |key: &str| component.get(key).and_then(Value::as_bool).unwrap_or_default();
    let minutes = component.get("code_expiration_minutes").and_then(Value::as_u64);
    match text(&component, "type") {
        "BODY" => {
            let advice = if flag("add_security_recommendation") {
                " For your security, do not share this code."
            } else {
                ""
            };
            set(&mut component, "text", format!("*{{{{1}}}}* is your verification code.{advice}"));
        }
        "FOOTER" => {
            if let Some(minutes) = minutes {
                set(&mut component, "text", format!("This code expires in {minutes} minutes."));
            }
        }
        "BUTTONS" => {
            for button in component.get_mut("buttons").and_then(Value::as_array_mut).into_iter().flatten() {
                let kind = text(button, "otp_type");
                let url = format!("https://www.whatsapp.com/otp/code/?otp_type={kind}&code=otp{{{{1}}}}");
                set(button, "type", "URL".to_owned());
                set(button, "text", "Copy code".to_owned());
                set(button, "url", url);
            }
        }
        _ => {}
    }
    component
}

fn rejected_reason(template: &Template) -> &str {
    if template.status == TemplateStatus::Rejected { &template.reason } else { "NONE" }
}

fn quality_score(template: &Template) -> Value {
    match template.quality {
        None => json!({ "score": "UNKNOWN" }),
        Some(score) => json!({ "score": score, "date": template.updated_ms / 1_000 }),
    }
}

fn health_status(template: &Template) -> Value {
    if template.status == TemplateStatus::Approved {
        let entity = json!({
            "entity_type": "MESSAGE_TEMPLATE", "id": template.id, "can_send_message": "AVAILABLE",
        });
        return json!({ "can_send_message": "AVAILABLE", "entities": [entity] });
    }
    let error = json!({
        "error_code": 141_002,
        "error_description": "Message templates can only be sent out if they are approved.",
        "possible_solution": "Edit the template or appeal the decision about it.",
    });
    let entity = json!({
        "entity_type": "MESSAGE_TEMPLATE", "id": template.id, "can_send_message": "BLOCKED", "errors": [error],
    });
    json!({ "can_send_message": "BLOCKED", "entities": [entity] })
}
