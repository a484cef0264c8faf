//! What Meta makes of templates by itself: reviews, pauses, scores, categories.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, OrderError, check_copies, check_delay, choose, read, updates};
use crate::account::Quality;
use crate::clock;
use crate::graph::components_news;
use crate::record::{FieldNews, News, Record};
use crate::sandbox::Sandbox;
use crate::template::{Review, Template, TemplateStatus};
use crate::world::World;

/// How long before a change of category Meta announces it.
const NOTICE_MS: u64 = 86_400_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TemplateOrder {
    id: Option<String>,
    /// Together with `language`, in place of `id`.
    name: Option<String>,
    language: Option<String>,
    waba_id: Option<String>,
    status: Option<TemplateStatus>,
    reason: Option<String>,
    /// `other_info.title`, such as `SECOND_PAUSE`.
    title: Option<String>,
    quality: Option<Quality>,
    /// It has this category now.
    category: Option<String>,
    /// It will have this category tomorrow.
    correct_category: Option<String>,
    components: Option<Vec<Value>>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// `POST /sandbox/templates`: Meta changes its mind about a template, and tells the receiver.
pub(super) async fn change(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: TemplateOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    check_asked(&order)?;
    let copies = check_copies(order.copies)?;
    let now = clock::now_ms();
    let shown = sandbox
        .commit(|world| {
            let before = find(world, &order)?;
            let account = world.account(&before.waba_id);
            let account = account.ok_or_else(|| OrderError::unknown("the template has no account"))?;
            let (template, news) = changed(&before, &order, now);
            let updates = updates(&sandbox, world, &account, (news, copies, now + order.delay_ms));
            let shown = json!({ "id": template.id, "status": template.status, "told": !updates.is_empty() });
            Ok::<_, OrderError>((Some(Record::Template { template, updates }), shown))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(shown))
}

fn check_asked(order: &TemplateOrder) -> Result<(), OrderError> {
    for category in [&order.category, &order.correct_category].into_iter().flatten() {
        if !matches!(category.as_str(), "MARKETING" | "UTILITY" | "AUTHENTICATION") {
            return Err(OrderError::bad("a category is `MARKETING`, `UTILITY` or `AUTHENTICATION`"));
        }
    }
    let nothing = order.status.is_none()
        && order.quality.is_none()
        && order.category.is_none()
        && order.correct_category.is_none()
        && order.components.is_none();
    if nothing {
        return Err(OrderError::bad(
            "`status` is missing, or one of `quality`, `category`, `correctCategory`, `components`",
        ));
    }
    Ok(())
}

fn find(world: &World, order: &TemplateOrder) -> Result<Template, OrderError> {
    let found = match (&order.id, &order.name, &order.language) {
        (Some(id), _, _) => world.template(id),
        (None, Some(name), Some(language)) => {
            let account = choose(world, order.waba_id.as_deref(), None)?;
            world.template_named(&account.waba_id, name, language)
        }
        (None, _, _) => return Err(OrderError::bad("`id` is missing, or `name` and `language`")),
    };
    let found = found.ok_or_else(|| OrderError::unknown("`id` belongs to no template"))?;
    Ok(found.0.clone())
}

/// The template as it is from now on, and what is told about it.
fn changed(before: &Template, order: &TemplateOrder, now: u64) -> (Template, Vec<News>) {
    let mut template = Template { updated_ms: now, ..before.clone() };
    let mut news = Vec::new();
    if let Some(quality) = order.quality {
        template.quality = Some(quality);
        let previous = before.quality.unwrap_or(Quality::Unknown);
        let told = json!({ "previous_quality_score": previous, "new_quality_score": quality });
        news.push(field(before, "message_template_quality_update", told));
    }
    if let Some(correct) = &order.correct_category {
        template.correct_category = Some(correct.clone());
        let told = json!({
            "new_category": before.category,
            "correct_category": correct,
            "category_update_timestamp": (now + NOTICE_MS) / 1_000,
        });
        news.push(field(before, "template_category_update", told));
    }
    if let Some(category) = &order.category {
        let told = json!({ "previous_category": before.category, "new_category": category });
        news.push(field(before, "template_category_update", told));
        template.previous_category = Some(before.category.clone());
        template.category.clone_from(category);
        template.correct_category = None;
    }
    if let Some(components) = &order.components {
        template.components.clone_from(components);
        news.push(components_news(&template));
    }
    if let Some(status) = order.status {
        let ended = before.status == TemplateStatus::Paused && status == TemplateStatus::Approved;
        template.status = status;
        template.reason = order.reason.clone().unwrap_or_else(|| "NONE".to_owned());
        news.push(template.news_titled(order.title.clone().or_else(|| ended.then(|| "UNPAUSE".to_owned()))));
    }
    (template, news)
}

fn field(template: &Template, field: &str, told: Value) -> News {
    let mut value = template.named_in_webhooks();
    if let Value::Object(told) = told {
        value.extend(told);
    }
    News::Field(FieldNews {
        waba_id: template.waba_id.clone(),
        field: field.to_owned(),
        value: Value::Object(value),
    })
}

/// `POST /sandbox/reviews`: what becomes of templates that are created or edited from now on.
pub(super) async fn review(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let review: Review = read(&body)?;
    sandbox.world().review = review.clone();
    Ok(Json(json!(review)))
}
