//! Orders about sends: automatic updates, faults and single statuses.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::order::{Answer, OrderError, check_copies, check_delay, read};
use crate::faults::{Fault, FaultKind};
use crate::person::person;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::state::Auto;
use crate::status::DeliveryStatus;
use crate::update::{Notice, StatusNotice};

/// Error code of an ordered failure without one.
const FAILURE_DEFAULT: i64 = 131_026;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AutoOrder {
    on: Option<bool>,
    delay_ms: Option<u64>,
    shuffle: Option<bool>,
    duplicate: Option<bool>,
}

/// `POST /sandbox/auto`: absent members stay.
pub(super) async fn auto(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: AutoOrder = read(&body)?;
    check_delay(order.delay_ms.unwrap_or_default())?;
    let mut state = sandbox.state();
    let before = state.settings.auto;
    state.settings.auto = Auto {
        on: order.on.unwrap_or(before.on),
        delay_ms: order.delay_ms.unwrap_or(before.delay_ms),
        shuffle: order.shuffle.unwrap_or(before.shuffle),
        duplicate: order.duplicate.unwrap_or(before.duplicate),
    };
    Ok(Json(json!(state.settings.auto)))
}

/// `POST /sandbox/faults`.
pub(super) async fn faults(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let mut fault: Fault = read(&body)?;
    check_delay(fault.delay_ms)?;
    fault.matches.to = fault.matches.to.map(|to| person(&to));
    if fault.kind == FaultKind::Refuse && fault.code.is_none() {
        return Err(OrderError::invalid("`code` is missing: `refuse` needs a Graph error code"));
    }
    if fault.http_status.is_some_and(|status| !(200..=599).contains(&status)) {
        return Err(OrderError::invalid("`httpStatus` must be from 200 to 599"));
    }
    let faults = &mut sandbox.state().settings.faults;
    if faults.add(fault) {
        return Ok(Json(json!({ "waiting": faults.waiting() })));
    }
    Err(OrderError::conflict(
        "too many faults are waiting; send requests that use them, or reset the sandbox",
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatusOrder {
    wamid: String,
    status: DeliveryStatus,
    error_code: Option<i64>,
    #[serde(default)]
    omit_opaque: bool,
    /// `pricing` of the status, instead of the one that follows from the message.
    pricing: Option<Value>,
    /// `conversation` of the status, which Meta sends for free entry points only.
    conversation: Option<Value>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// `POST /sandbox/statuses`: one status of an accepted message.
pub(super) async fn statuses(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: StatusOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = check_copies(order.copies)?;
    let at_ms = sandbox.now_ms() + order.delay_ms;
    let error_code =
        (order.status == DeliveryStatus::Failed).then(|| order.error_code.unwrap_or(FAILURE_DEFAULT));
    sandbox
        .commit(|state| {
            let acceptance = state.messages.by_wamid(&order.wamid);
            let acceptance =
                acceptance.ok_or_else(|| OrderError::not_found("`wamid` belongs to no acceptance"))?;
            let account = state.accounts.get(&acceptance.waba_id);
            if !account.is_some_and(|account| sandbox.sends_webhooks(&account)) {
                return Err(OrderError::no_receiver());
            }
            let notice = Notice::Status(StatusNotice {
                index: acceptance.index,
                status: order.status,
                error_code,
                omit_opaque: order.omit_opaque,
                pricing: order.pricing.clone(),
                conversation: order.conversation.clone(),
            });
            let repeated = (0..copies).map(|_copy| notice.clone());
            let updates = state.updates.create(repeated, at_ms);
            Ok((Some(Record::Ordered { updates }), ()))
        })
        .await?;
    Ok(Json(json!({ "queued": copies })))
}
