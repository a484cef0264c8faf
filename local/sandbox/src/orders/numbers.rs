//! What Meta makes of a number by itself: its quality, its limits, its name, its security.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, OrderError, check_copies, check_delay, choose, read, updates};
use crate::account::{Account, NameState, NumberStatus, Quality, Throughput};
use crate::clock;
use crate::record::{FieldNews, News, Record};
use crate::sandbox::Sandbox;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NumberOrder {
    phone_number_id: Option<String>,
    waba_id: Option<String>,
    quality: Option<Quality>,
    throughput: Option<Throughput>,
    /// `TIER_250`, `TIER_2K`, `TIER_10K`, `TIER_100K`, `TIER_UNLIMITED`.
    messaging_limit: Option<String>,
    status: Option<NumberStatus>,
    on_business_app: Option<bool>,
    name: Option<NameOrder>,
    security: Option<SecurityOrder>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NameOrder {
    requested: String,
    decision: Decision,
    reason: Option<String>,
}

/// `decision` of a name.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Decision {
    Approved,
    Rejected,
    Pending,
    Deferred,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SecurityOrder {
    /// `PIN_CHANGED`, `PIN_RESET_REQUEST` or `PIN_REQUEST_SUCCESS`.
    event: String,
    requester: Option<String>,
}

/// `POST /sandbox/numbers`: changes what Graph shows of a number, and tells the receiver.
pub(super) async fn change(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: NumberOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = check_copies(order.copies)?;
    let told_ms = clock::now_ms() + order.delay_ms;
    let shown = sandbox
        .commit(|world| {
            let chosen = choose(world, order.waba_id.as_deref(), order.phone_number_id.as_deref())?;
            let (account, news) = changed(&chosen, &order);
            let updates = updates(&sandbox, world, &account, (news, copies, told_ms));
            let shown = json!({
                "phoneNumberId": account.phone_number_id,
                "status": account.number_status(),
                "quality": account.number_state.quality,
                "throughput": account.number_state.throughput,
                "messagingLimit": account.number_state.messaging_limit,
                "verifiedName": account.verified_name(),
                "told": !updates.is_empty(),
            });
            Ok::<_, OrderError>((Some(Record::Account { account, updates }), shown))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(shown))
}

/// The account as it is from now on, and what is told about it.
fn changed(before: &Account, order: &NumberOrder) -> (Account, Vec<News>) {
    let mut account = before.clone();
    let state = &mut account.number_state;
    let mut news = Vec::new();
    if let Some(quality) = order.quality {
        state.quality = quality;
        let event = if quality == Quality::Red { "FLAGGED" } else { "UNFLAGGED" };
        news.push(quality_news(before, event, &state.messaging_limit));
    }
    if let Some(throughput) = order.throughput {
        state.throughput = throughput;
        match throughput {
            Throughput::High => news.push(quality_news(before, "THROUGHPUT_UPGRADE", "TIER_UNLIMITED")),
            // Meta has no word for the way back.
            Throughput::Standard => {}
        }
    }
    if let Some(limit) = &order.messaging_limit {
        state.messaging_limit.clone_from(limit);
        let value =
            json!({ "max_daily_conversations_per_business": limit, "max_phone_numbers_per_business": 20 });
        news.push(field(before, "business_capability_update", value));
    }
    if let Some(status) = order.status {
        // Meta tells of a ban at the account, not here.
        state.status = Some(status).filter(|status| *status != NumberStatus::Connected);
    }
    state.on_business_app = order.on_business_app.unwrap_or(state.on_business_app);
    if let Some(name) = &order.name {
        rename(&mut account, name);
        news.push(field(
            before,
            "phone_number_name_update",
            json!({
                "display_phone_number": before.digits(),
                "decision": name.decision,
                "requested_verified_name": name.requested,
                "rejection_reason": name.reason,
            }),
        ));
    }
    if let Some(security) = &order.security {
        let mut value = Map::new();
        value.insert("display_phone_number".into(), json!(before.digits()));
        value.insert("event".into(), json!(security.event));
        if let Some(requester) = &security.requester {
            value.insert("requester".into(), json!(requester));
        }
        news.push(field(before, "security", Value::Object(value)));
    }
    (account, news)
}

fn rename(account: &mut Account, order: &NameOrder) {
    let state = &mut account.number_state;
    let waiting = |name_state| Some((order.requested.clone(), name_state));
    match order.decision {
        Decision::Approved => {
            state.verified_name = Some(order.requested.clone());
            state.new_name = None;
        }
        Decision::Rejected => state.new_name = waiting(NameState::Declined),
        Decision::Pending | Decision::Deferred => state.new_name = waiting(NameState::PendingReview),
    }
}

fn quality_news(account: &Account, event: &str, limit: &str) -> News {
    let value = json!({
        "display_phone_number": account.digits(),
        "event": event,
        "current_limit": limit,
        "max_daily_conversations_per_business": limit,
    });
    field(account, "phone_number_quality_update", value)
}

fn field(account: &Account, field: &str, value: Value) -> News {
    News::Field(FieldNews { waba_id: account.waba_id.clone(), field: field.to_owned(), value })
}
