//! Orders about templates: Meta reviews and changes them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::order::{Answer, OrderError, check_copies, check_delay, choose_account, read, updates};
use crate::account::Quality;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::state;
use crate::template::{Review, Template, TemplateStatus};
use crate::update::Notice;

/// Time between the announcement of a change of category and the change.
const CATEGORY_CHANGE_MS: u64 = 86_400_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TemplateOrder {
    id: Option<String>,
    /// With `language`, instead of `id`.
    name: Option<String>,
    language: Option<String>,
    waba_id: Option<String>,
    status: Option<TemplateStatus>,
    reason: Option<String>,
    /// `other_info.title`, such as `SECOND_PAUSE`.
    title: Option<String>,
    quality: Option<Quality>,
    /// The new category.
    category: Option<String>,
    /// The category that it will have tomorrow.
    correct_category: Option<String>,
    components: Option<Vec<Value>>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// `POST /sandbox/templates`: Meta changes a template.
pub(super) async fn change(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: TemplateOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    check(&order)?;
    let copies = check_copies(order.copies)?;
    let now_ms = sandbox.now_ms();
    let shown = sandbox
        .commit(|state| {
            let before = find(state, &order)?;
            let account = state.accounts.get(&before.waba_id);
            let account = account.ok_or_else(|| OrderError::not_found("the template has no account"))?;
            let (template, notices) = apply(&before, &order, now_ms);
            let updates = updates(&sandbox, state, &account, (notices, copies, now_ms + order.delay_ms));
            let shown = json!({ "id": template.id, "status": template.status, "told": !updates.is_empty() });
            Ok::<_, OrderError>((Some(Record::Template { template, updates }), shown))
        })
        .await?;
    Ok(Json(shown))
}

fn check(order: &TemplateOrder) -> Result<(), OrderError> {
    for category in [&order.category, &order.correct_category].into_iter().flatten() {
        if !matches!(category.as_str(), "MARKETING" | "UTILITY" | "AUTHENTICATION") {
            return Err(OrderError::invalid("a category must be `MARKETING`, `UTILITY` or `AUTHENTICATION`"));
        }
    }
    let is_empty = order.status.is_none()
        && order.quality.is_none()
        && order.category.is_none()
        && order.correct_category.is_none()
        && order.components.is_none();
    if is_empty {
        return Err(OrderError::invalid(
            "`status` is missing, or one of `quality`, `category`, `correctCategory`, `components`",
        ));
    }
    Ok(())
}

fn find(state: &state::State, order: &TemplateOrder) -> Result<Template, OrderError> {
    let stored = match (&order.id, &order.name, &order.language) {
        (Some(id), _, _) => state.templates.get(id),
        (None, Some(name), Some(language)) => {
            let account = choose_account(state, order.waba_id.as_deref(), None)?;
            state.templates.by_name(&account.waba_id, name, language)
        }
        (None, _, _) => return Err(OrderError::invalid("`id` is missing, or `name` and `language`")),
    };
    let stored = stored.ok_or_else(|| OrderError::not_found("`id` belongs to no template"))?;
    Ok(stored.template.clone())
}

/// The changed template and the notices about the changes.
fn apply(before: &Template, order: &TemplateOrder, now_ms: u64) -> (Template, Vec<Notice>) {
    let mut template = Template { updated_ms: now_ms, ..before.clone() };
    let mut notices = Vec::new();
    if let Some(quality) = order.quality {
        template.quality = Some(quality);
        let previous = before.quality.unwrap_or(Quality::Unknown);
        let members = json!({ "previous_quality_score": previous, "new_quality_score": quality });
        notices.push(notice(before, "message_template_quality_update", members));
    }
    if let Some(correct) = &order.correct_category {
        template.correct_category = Some(correct.clone());
        let members = json!({
            "new_category": before.category,
            "correct_category": correct,
            "category_update_timestamp": (now_ms + CATEGORY_CHANGE_MS) / 1_000,
        });
        notices.push(notice(before, "template_category_update", members));
    }
    if let Some(category) = &order.category {
        let members = json!({ "previous_category": before.category, "new_category": category });
        notices.push(notice(before, "template_category_update", members));
        template.previous_category = Some(before.category.clone());
        template.category.clone_from(category);
        template.correct_category = None;
    }
    if let Some(components) = &order.components {
        template.components.clone_from(components);
        notices.push(Notice::template_components(&template));
    }
    if let Some(status) = order.status {
        let is_unpaused = before.status == TemplateStatus::Paused && status == TemplateStatus::Approved;
        template.status = status;
        template.reason = order.reason.clone().unwrap_or_else(|| "NONE".to_owned());
        let title = order.title.as_deref().or_else(|| is_unpaused.then_some("UNPAUSE"));
        notices.push(Notice::template_status(&template, title));
    }
    (template, notices)
}

fn notice(template: &Template, field: &str, members: Value) -> Notice {
    let members = if let Value::Object(members) = members { members } else { Map::new() };
    Notice::template_field(template, field, members)
}

/// `POST /sandbox/reviews`: the result of all reviews from now on.
pub(super) async fn review(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let review: Review = read(&body)?;
    sandbox.state().settings.review = review.clone();
    Ok(Json(json!(review)))
}
