//! What becomes of sends: the switches of automatic updates, faults, and statuses by hand.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, OrderError, check_copies, check_delay, read};
use crate::clock;
use crate::faults::{Fault, FaultKind};
use crate::person::person;
use crate::recipients::StatusWord;
use crate::record::{News, Record, Status};
use crate::sandbox::Sandbox;
use crate::world::Auto;

/// Error code of an ordered failure that names none.
const FAILURE_DEFAULT: i64 = 131_026;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AutoOrder {
    on: Option<bool>,
    delay_ms: Option<u64>,
    shuffle: Option<bool>,
    duplicate: Option<bool>,
}

/// `POST /sandbox/auto`: what is absent stays as it is.
pub(super) async fn auto(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: AutoOrder = read(&body)?;
    check_delay(order.delay_ms.unwrap_or_default())?;
    let mut world = sandbox.world();
    let before = world.auto;
    world.auto = Auto {
        on: order.on.unwrap_or(before.on),
        delay_ms: order.delay_ms.unwrap_or(before.delay_ms),
        shuffle: order.shuffle.unwrap_or(before.shuffle),
        duplicate: order.duplicate.unwrap_or(before.duplicate),
    };
    Ok(Json(json!(world.auto)))
}

/// `POST /sandbox/faults`.
pub(super) async fn faults(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let mut fault: Fault = read(&body)?;
    check_delay(fault.delay_ms)?;
    fault.matches.to = fault.matches.to.map(|to| person(&to));
    if fault.kind == FaultKind::Refuse && fault.code.is_none() {
        return Err(OrderError::bad("`code` is missing: `refuse` needs a Graph error code"));
    }
    if fault.http_status.is_some_and(|status| !(200..=599).contains(&status)) {
        return Err(OrderError::bad("`httpStatus` must be from 200 to 599"));
    }
    let mut world = sandbox.world();
    if world.faults.add(fault) {
        return Ok(Json(json!({ "waiting": world.faults.waiting() })));
    }
    Err(OrderError { status: StatusCode::CONFLICT, message: "too many faults wait already".to_owned() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatusOrder {
    wamid: String,
    status: StatusWord,
    error_code: Option<i64>,
    #[serde(default)]
    omit_opaque: bool,
    /// `pricing` in place of what the message is priced, on any status.
    pricing: Option<Value>,
    /// `conversation`, which only free entry points still have.
    conversation: Option<Value>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// `POST /sandbox/statuses`: one status by hand, as often as asked.
pub(super) async fn statuses(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: StatusOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = check_copies(order.copies)?;
    let told_ms = clock::now_ms() + order.delay_ms;
    let error_code =
        (order.status == StatusWord::Failed).then(|| order.error_code.unwrap_or(FAILURE_DEFAULT));
    sandbox
        .commit(|world| {
            let acceptance = world.by_wamid(&order.wamid);
            let acceptance =
                acceptance.ok_or_else(|| OrderError::unknown("`wamid` belongs to no acceptance"))?;
            let heard = world.account(&acceptance.waba_id).is_some_and(|account| sandbox.is_heard(&account));
            if !heard {
                return Err(OrderError::unheard());
            }
            let status = Status {
                index: acceptance.index,
                word: order.status,
                error_code,
                omit_opaque: order.omit_opaque,
                pricing: order.pricing.clone(),
                conversation: order.conversation.clone(),
            };
            let one = |place| world.update(place, told_ms, News::Status(status.clone()));
            Ok((Some(Record::Ordered { updates: (0..copies).map(one).collect() }), ()))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(json!({ "queued": copies })))
}
