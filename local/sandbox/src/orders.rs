//! Orders under `/sandbox`: what Meta does not have and a test cannot do without.
//!
//! The oracle of acceptances; faults, statuses, reviews and limits; and whatever Meta would tell of an account by
//! itself. They take no token; the sandbox listens where its caller says. An order that cannot be read is answered
//! with 400 and `{"error":{"message":…}}`, and the message names the field.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::account::Account;
use crate::journal::JournalClosed;
use crate::record::{News, Record, Update};
use crate::sandbox::Sandbox;
use crate::world::{Handle, World};

mod accounts;
mod inbound;
mod limits;
mod numbers;
mod oracle;
mod preferences;
mod sends;
mod templates;
mod webhooks;

/// Copies of one ordered update.
const COPIES_MAX: u64 = 100;
/// Longest wait that an order may ask for: a day.
const DELAY_MS_MAX: u64 = 86_400_000;

/// All orders.
pub(crate) fn router(sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .route("/sandbox", axum::routing::delete(reset))
        .route("/sandbox/acceptances", get(oracle::acceptances))
        .route("/sandbox/accounts", get(oracle::accounts).post(accounts::change))
        .route("/sandbox/auto", post(sends::auto))
        .route("/sandbox/faults", post(sends::faults))
        .route("/sandbox/inbound", post(inbound::write))
        .route("/sandbox/limits", get(limits::show).post(limits::change))
        .route("/sandbox/numbers", post(numbers::change))
        .route("/sandbox/preferences", post(preferences::change))
        .route("/sandbox/reviews", post(templates::review))
        .route("/sandbox/statuses", post(sends::statuses))
        .route("/sandbox/templates", post(templates::change))
        .route("/sandbox/webhooks", get(webhooks::show).post(webhooks::tell))
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

    fn unknown(message: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.to_owned() }
    }

    /// Nobody would hear what is to be told.
    fn unheard() -> Self {
        let message = "the account is not subscribed, or the sandbox has no webhook URL".to_owned();
        Self { status: StatusCode::CONFLICT, message }
    }
}

impl From<JournalClosed> for OrderError {
    fn from(gone: JournalClosed) -> Self {
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

/// How often, 1 unless the order says.
fn check_copies(copies: Option<u64>) -> Result<u64, OrderError> {
    let copies = copies.unwrap_or(1);
    if (1..=COPIES_MAX).contains(&copies) {
        return Ok(copies);
    }
    Err(OrderError::bad(format!("`copies` must be from 1 to {COPIES_MAX}")))
}

/// The account of an order: by its WABA, by its number, or the only one there is.
fn choose(
    world: &World,
    waba_id: Option<&str>,
    phone_number_id: Option<&str>,
) -> Result<Arc<Account>, OrderError> {
    let of_number = |id: &str| world.account_by(&Handle::Phone(id.to_owned()));
    match (waba_id, phone_number_id) {
        (Some(id), _) => {
            world.account(id).ok_or_else(|| OrderError::unknown("`wabaId` belongs to no account"))
        }
        (None, Some(id)) => {
            of_number(id).ok_or_else(|| OrderError::unknown("`phoneNumberId` belongs to no account"))
        }
        (None, None) => {
            let mut accounts = world.accounts();
            match (accounts.next(), accounts.next()) {
                (Some(only), None) => Ok(Arc::clone(only)),
                (None, _) => Err(OrderError::unknown("there is no account yet")),
                (Some(_), Some(_)) => Err(OrderError::bad("`wabaId` is missing: there are several accounts")),
            }
        }
    }
}

/// The updates about several pieces of news, each as often as asked; none when nobody hears of the account.
fn updates(
    sandbox: &Sandbox,
    world: &World,
    account: &Account,
    (news, copies, told_ms): (Vec<News>, u64, u64),
) -> Vec<Update> {
    if !sandbox.is_heard(account) {
        return Vec::new();
    }
    let repeated = news.into_iter().flat_map(|one| (0..copies).map(move |_copy| one.clone()));
    (0..).zip(repeated).map(|(place, one)| world.update(place, told_ms, one)).collect()
}

/// `DELETE /sandbox`: forgets everything but accounts and templates.
async fn reset(State(sandbox): State<Arc<Sandbox>>) -> Answer {
    sandbox.commit(|_world| Ok::<_, OrderError>((Some(Record::Reset), ()))).await?;
    Ok(Json(json!({ "reset": true })))
}
