//! `POST /sandbox/numbers`: Meta changes what Graph shows of a number.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::order::{Answer, OrderError, check_copies, check_delay, choose_account, read, updates};
use crate::account::{Account, NameState, NumberStatus, Quality, Throughput};
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::update::Notice;

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

pub(super) async fn change(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: NumberOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = check_copies(order.copies)?;
    let at_ms = sandbox.now_ms() + order.delay_ms;
    let shown = sandbox
        .commit(|state| {
            let before = choose_account(state, order.waba_id.as_deref(), order.phone_number_id.as_deref())?;
            let (account, notices) = apply(&before, &order);
            let updates = updates(&sandbox, state, &account, (notices, copies, at_ms));
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
    Ok(Json(shown))
}

/// The changed account and the notices about the changes.
fn apply(before: &Account, order: &NumberOrder) -> (Account, Vec<Notice>) {
    let mut account = before.clone();
    let state = &mut account.number_state;
    let mut notices = Vec::new();
    let notice = |field: &str, value: Value| Notice::field(&before.waba_id, field, value);
    if let Some(quality) = order.quality {
        state.quality = quality;
        let event = if quality == Quality::Red { "FLAGGED" } else { "UNFLAGGED" };
        notices.push(quality_notice(before, event, &state.messaging_limit));
    }
    if let Some(throughput) = order.throughput {
        state.throughput = throughput;
        match throughput {
            Throughput::High => notices.push(quality_notice(before, "THROUGHPUT_UPGRADE", "TIER_UNLIMITED")),
            // Meta has no event for a downgrade.
            Throughput::Standard => {}
        }
    }
    if let Some(limit) = &order.messaging_limit {
        state.messaging_limit.clone_from(limit);
        let value =
            json!({ "max_daily_conversations_per_business": limit, "max_phone_numbers_per_business": 20 });
        notices.push(notice("business_capability_update", value));
    }
    if let Some(status) = order.status {
        // Meta reports a ban at the account, not here.
        state.status = Some(status).filter(|status| *status != NumberStatus::Connected);
    }
    state.on_business_app = order.on_business_app.unwrap_or(state.on_business_app);
    if let Some(name) = &order.name {
        rename(&mut account, name);
        notices.push(notice(
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
        notices.push(notice("security", Value::Object(value)));
    }
    (account, notices)
}

fn rename(account: &mut Account, order: &NameOrder) {
    let state = &mut account.number_state;
    let new_name = |name_state| Some((order.requested.clone(), name_state));
    match order.decision {
        Decision::Approved => {
            state.verified_name = Some(order.requested.clone());
            state.new_name = None;
        }
        Decision::Rejected => state.new_name = new_name(NameState::Declined),
        Decision::Pending | Decision::Deferred => state.new_name = new_name(NameState::PendingReview),
    }
}

fn quality_notice(account: &Account, event: &str, limit: &str) -> Notice {
    let value = json!({
        "display_phone_number": account.digits(),
        "event": event,
        "current_limit": limit,
        "max_daily_conversations_per_business": limit,
    });
    Notice::field(&account.waba_id, "phone_number_quality_update", value)
}
