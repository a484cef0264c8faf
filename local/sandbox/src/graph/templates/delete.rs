//! Deletions of templates.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::updates::automatic_updates;
use crate::graph::caller::{Business, ObjectPath};
use crate::graph_error::GraphError;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::template::{Template, TemplateStatus};
use crate::update::Notice;

/// Ids in one call (Meta: changelog of December 2025).
const IDS_MAX: usize = 100;

/// `DELETE /{waba}/message_templates`: `name` deletes every language, with `hsm_id` one of them; `hsm_ids` is a list.
pub(in crate::graph) async fn delete(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
) -> Result<Json<Value>, GraphError> {
    caller.check_waba(&id, "delete")?;
    let given = |key: &str| caller.query.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let selection = match (given("hsm_ids"), given("name")) {
        (Some(ids), _) => Selection::Ids(read_ids(ids)?),
        (None, Some(name)) => Selection::Name(name, given("hsm_id")),
        (None, None) => return Err(GraphError::parameter("The parameter name is required.")),
    };
    let now_ms = sandbox.now_ms();
    sandbox
        .commit(|state| {
            let selected: Vec<&Template> =
                state.templates.of_waba(&id).filter(|template| selection.includes(template)).collect();
            check_selected(&selection, &selected)?;
            let notices = selected.iter().map(|&template| {
                let deleted = Template { status: TemplateStatus::Deleted, ..template.clone() };
                Notice::template_status(&deleted, None)
            });
            let updates = automatic_updates(&sandbox, state, &id, notices.collect());
            let ids = selected.iter().map(|template| template.id.clone()).collect();
            Ok::<_, GraphError>((Some(Record::TemplatesDeleted { ids, at_ms: now_ms, updates }), ()))
        })
        .await?;
    Ok(Json(json!({ "success": true })))
}

fn check_selected(selection: &Selection<'_>, selected: &[&Template]) -> Result<(), GraphError> {
    let is_complete = match selection {
        Selection::Ids(ids) => selected.len() == ids.len(),
        Selection::Name(..) => !selected.is_empty(),
    };
    if !is_complete {
        let text = "No message template was found with this name or id.";
        return Err(GraphError::template(2_593_002, "Message template not found", text));
    }
    if selected.iter().any(|template| template.status == TemplateStatus::Disabled) {
        // Meta's subcode for this is not known; 2388094 is for its own sample templates.
        let refused = GraphError::new(400, 100).with_message("Invalid parameter");
        let text = "A disabled template cannot be deleted.";
        return Err(refused.with_user_message("Message template cannot be deleted", text));
    }
    Ok(())
}

enum Selection<'a> {
    Ids(Vec<String>),
    /// With the id of one language.
    Name(&'a str, Option<&'a str>),
}

impl Selection<'_> {
    fn includes(&self, template: &Template) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(&template.id),
            Self::Name(name, id) => template.name == *name && id.is_none_or(|id| id == template.id),
        }
    }
}

/// A JSON list of ids, as numbers or as texts.
fn read_ids(given: &str) -> Result<Vec<String>, GraphError> {
    let list: Vec<Value> = serde_json::from_str(given)
        .map_err(|error| GraphError::parameter(&format!("Param hsm_ids must be an array: {error}")))?;
    let id = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut ids: Vec<String> = list.into_iter().map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    if (1..=IDS_MAX).contains(&ids.len()) {
        return Ok(ids);
    }
    Err(GraphError::parameter("Param hsm_ids must hold 1 to 100 ids."))
}
