//! New templates.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::edit::replace;
use super::updates::automatic_updates;
use crate::digest;
use crate::graph::body::json_body;
use crate::graph::caller::{Business, ObjectPath};
use crate::graph_error::GraphError;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::state;
use crate::template::check::NewTemplate;
use crate::template::{Template, TemplateStatus};
use crate::update::Notice;

/// `POST /{waba}/message_templates`.
pub(in crate::graph) async fn create(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.check_waba(&id, "post")?;
    let new = NewTemplate::read(&json_body(&body)?)?;
    let template = add(&sandbox, &id, new).await?;
    Ok(Json(json!({ "id": template.id, "status": template.status, "category": template.category })))
}

/// `POST /{waba}/upsert_message_templates`: creates or replaces one authentication template in several languages.
pub(in crate::graph) async fn upsert(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.check_waba(&id, "post")?;
    let mut data = Vec::new();
    for new in NewTemplate::read_many(&json_body(&body)?)? {
        let existing = sandbox.state().templates.by_name(&id, &new.name, &new.language);
        let template = match existing {
            Some(existing) => replace(&sandbox, &existing.template.id, new.content).await?,
            None => add(&sandbox, &id, new).await?,
        };
        data.push(json!({ "id": template.id, "status": template.status, "language": template.language }));
    }
    Ok(Json(json!({ "data": data })))
}

async fn add(sandbox: &Sandbox, waba_id: &str, new: NewTemplate) -> Result<Template, GraphError> {
    let now_ms = sandbox.now_ms();
    sandbox
        .commit(|state| {
            check_name_and_limit(state, waba_id, &new, now_ms)?;
            let serial = state.templates.next_serial();
            let content = new.content;
            let review = &state.settings.review;
            let template = Template {
                id: digest::object_id(&["template", waba_id, &serial.to_string()]),
                serial,
                waba_id: waba_id.to_owned(),
                name: new.name,
                language: new.language,
                category: content.category,
                named: content.named,
                components: content.components,
                status: review.status,
                reason: review.reason.clone(),
                quality: None,
                previous_category: None,
                correct_category: None,
                message_send_ttl_seconds: content.message_send_ttl_seconds,
                updated_ms: now_ms,
                edits_ms: Vec::new(),
            };
            // Meta sends no update about a template that is in review.
            let is_reviewed = template.status != TemplateStatus::Pending;
            let notice = is_reviewed.then(|| Notice::template_status(&template, None));
            let updates = automatic_updates(sandbox, state, waba_id, notice.into_iter().collect());
            Ok((Some(Record::Template { template: template.clone(), updates }), template))
        })
        .await
}

fn check_name_and_limit(
    state: &state::State,
    waba_id: &str,
    new: &NewTemplate,
    now_ms: u64,
) -> Result<(), GraphError> {
    let (name, language) = (&new.name, &new.language);
    if state.templates.by_name(waba_id, name, language).is_some() {
        let text = format!("There is already {language} content for this template.");
        return Err(GraphError::template(2_388_024, "Content in this language already exists", text));
    }
    if state.templates.is_locked(waba_id, name, language, now_ms) {
        let text = format!("New {language} content cannot be added while the deleted one is being removed.");
        return Err(GraphError::template(2_388_023, "Message template language is being deleted", text));
    }
    if state.templates.of_waba(waba_id).count() >= state.settings.limits.templates {
        let text = "The account has the maximum number of templates.";
        return Err(GraphError::template(2_388_019, "Message template limit exceeded", text));
    }
    Ok(())
}
