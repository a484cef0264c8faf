//! Orders under `/sandbox`: what Meta does not have and a test cannot do without.
//!
//! The oracle of acceptances, faults, statuses and template states by hand, and the switches of the automatic
//! statuses. They take no token; the sandbox listens where its caller says. An order that cannot be read is answered with 400 and
//! `{"error":{"message":…}}`, and the message names the field.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::clock;
use crate::faults::{Fault, FaultKind};
use crate::graph;
use crate::journal::JournalGone;
use crate::message::e164;
use crate::recipients::StatusWord;
use crate::record::{Acceptance, News, Record, Status, Update};
use crate::sandbox::Sandbox;
use crate::template::{Template, TemplateStatus};
use crate::world::Auto;

/// Acceptances of one answer.
const ACCEPTANCES_MAX: usize = 10_000;
/// Copies of one ordered status.
const COPIES_MAX: u64 = 100;
/// Longest wait that an order may ask for: a day.
const DELAY_MS_MAX: u64 = 86_400_000;
/// Error code of an ordered failure that names none.
const FAILURE_DEFAULT: i64 = 131_026;

/// All orders.
pub(crate) fn router(sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .route("/sandbox", axum::routing::delete(reset))
        .route("/sandbox/acceptances", get(acceptances))
        .route("/sandbox/accounts", get(accounts))
        .route("/sandbox/auto", post(auto))
        .route("/sandbox/faults", post(faults))
        .route("/sandbox/statuses", post(statuses))
        .route("/sandbox/templates", post(templates))
        .route("/sandbox/webhooks", get(webhooks))
        .with_state(sandbox)
}

/// A refused order.
#[derive(Debug)]
struct OrderError {
    status: StatusCode,
    message: String,
}

impl OrderError {
    fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }
}

impl From<JournalGone> for OrderError {
    fn from(gone: JournalGone) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: gone.to_string() }
    }
}

impl IntoResponse for OrderError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": { "message": self.message } }))).into_response()
    }
}

type Answer = Result<Json<Value>, OrderError>;

/// An order's body; an unknown field is refused by its name.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, OrderError> {
    serde_json::from_slice(body).map_err(|error| OrderError::bad(error.to_string()))
}

fn check_delay(delay_ms: u64) -> Result<(), OrderError> {
    if delay_ms <= DELAY_MS_MAX {
        return Ok(());
    }
    Err(OrderError::bad(format!("`delayMs` must be at most {DELAY_MS_MAX}, a day")))
}

/// `GET /sandbox/acceptances?after=N&limit=M`.
async fn acceptances(State(sandbox): State<Arc<Sandbox>>, uri: Uri) -> Answer {
    let query = graph::query(&uri);
    if let Some(unknown) = query.keys().find(|key| !matches!(key.as_str(), "after" | "limit")) {
        return Err(OrderError::bad(format!("unknown field `{unknown}`, expected `after` or `limit`")));
    }
    let number = |key: &str, default: u64| match query.get(key) {
        None => Ok(default),
        Some(text) => {
            text.parse::<u64>().map_err(|_word| OrderError::bad(format!("`{key}` must be a number")))
        }
    };
    let (after, limit) = (number("after", 0)?, number("limit", u64::MAX)?);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(ACCEPTANCES_MAX);
    // What the oracle tells must outlive a kill.
    sandbox.journal.barrier().kept().await?;
    let world = sandbox.world();
    let page = world.acceptances_after(after, limit);
    let next = page.last().map_or(after, |last| last.index);
    let more = !page.is_empty() && next < world.last_index();
    let total = world.acceptance_count();
    drop(world);
    let shown: Vec<Value> = page.iter().map(|one| show(one)).collect();
    Ok(Json(json!({ "acceptances": shown, "next": next, "more": more, "total": total })))
}

fn show(acceptance: &Acceptance) -> Value {
    json!({
        "index": acceptance.index,
        "attemptId": acceptance.attempt_id,
        "wamid": acceptance.wamid,
        "to": acceptance.to,
        "phoneNumberId": acceptance.phone_number_id,
        "template": acceptance.template,
        "time": clock::rfc3339(acceptance.time_ms),
    })
}

/// `GET /sandbox/accounts`.
async fn accounts(State(sandbox): State<Arc<Sandbox>>) -> Answer {
    let world = sandbox.world();
    let shown: Vec<Value> = world
        .accounts()
        .map(|account| {
            json!({
                "wabaId": account.waba_id,
                "phoneNumberId": account.phone_number_id,
                "displayPhoneNumber": account.display_number(),
                "phone": account.number,
                "businessId": account.business_id,
                "name": account.name,
                "accessToken": account.access_token,
                "registered": account.registered,
                "subscribed": account.subscribed,
            })
        })
        .collect();
    Ok(Json(json!({ "accounts": shown })))
}

/// `GET /sandbox/webhooks`.
async fn webhooks(State(sandbox): State<Arc<Sandbox>>) -> Answer {
    let world = sandbox.world();
    Ok(Json(json!({
        "pending": world.pending(),
        "delivered": world.delivered,
        "lastError": world.last_error,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AutoOrder {
    on: Option<bool>,
    delay_ms: Option<u64>,
    shuffle: Option<bool>,
    duplicate: Option<bool>,
}

/// `POST /sandbox/auto`: what is absent stays as it is.
async fn auto(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
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
async fn faults(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let mut fault: Fault = read(&body)?;
    check_delay(fault.delay_ms)?;
    fault.matches.to = fault.matches.to.map(|to| if to.contains('.') { to } else { e164(&to) });
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
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// `POST /sandbox/statuses`: one status by hand, as often as asked.
async fn statuses(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: StatusOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = order.copies.unwrap_or(1);
    if !(1..=COPIES_MAX).contains(&copies) {
        return Err(OrderError::bad(format!("`copies` must be from 1 to {COPIES_MAX}")));
    }
    let told_ms = clock::now_ms() + order.delay_ms;
    let error_code =
        (order.status == StatusWord::Failed).then(|| order.error_code.unwrap_or(FAILURE_DEFAULT));
    sandbox
        .commit(|world| {
            let acceptance = world.by_wamid(&order.wamid).ok_or_else(|| OrderError {
                status: StatusCode::NOT_FOUND,
                message: "`wamid` belongs to no acceptance".to_owned(),
            })?;
            let heard = world.account(&acceptance.waba_id).is_some_and(|account| sandbox.is_heard(&account));
            if !heard {
                let message = "the account is not subscribed, or the sandbox has no webhook URL".to_owned();
                return Err(OrderError { status: StatusCode::CONFLICT, message });
            }
            let status = Status {
                index: acceptance.index,
                word: order.status,
                error_code,
                omit_opaque: order.omit_opaque,
            };
            let one = |place| Update {
                id: world.next_update() + place,
                due_ms: told_ms,
                event_ms: told_ms,
                news: News::Status(status.clone()),
            };
            Ok((Some(Record::Ordered { updates: (0..copies).map(one).collect() }), ()))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(json!({ "queued": copies })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TemplateOrder {
    id: String,
    status: TemplateStatus,
    reason: Option<String>,
}

/// `POST /sandbox/templates`: Meta changes its mind about a template, and tells the receiver.
async fn templates(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: TemplateOrder = read(&body)?;
    let now = clock::now_ms();
    let shown = sandbox
        .commit(|world| {
            let entry = world.template(&order.id).ok_or_else(|| OrderError {
                status: StatusCode::NOT_FOUND,
                message: "`id` belongs to no template".to_owned(),
            })?;
            let reason = order.reason.unwrap_or_else(|| "NONE".to_owned());
            let template = Template { status: order.status, reason, ..entry.0.clone() };
            let heard = world.account(&template.waba_id).is_some_and(|account| sandbox.is_heard(&account));
            let update = heard.then(|| Update {
                id: world.next_update(),
                due_ms: now,
                event_ms: now,
                news: template.news(),
            });
            let shown = json!({ "id": template.id, "status": template.status, "told": heard });
            let record = Record::Template { template, updates: update.into_iter().collect() };
            Ok::<_, OrderError>((Some(record), shown))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(shown))
}

/// `DELETE /sandbox`: forgets everything but accounts and templates.
async fn reset(State(sandbox): State<Arc<Sandbox>>) -> Answer {
    sandbox.commit(|_world| Ok::<_, OrderError>((Some(Record::Reset), ()))).await?;
    Ok(Json(json!({ "reset": true })))
}
