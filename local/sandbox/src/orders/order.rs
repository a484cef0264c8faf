//! What orders have in common: their body, their errors, their account, their updates.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::account::Account;
use crate::journal::JournalUnavailable;
use crate::sandbox::Sandbox;
use crate::state::{AccountKey, State};
use crate::update::{Notice, Update};

/// Copies of one ordered update.
const COPIES_MAX: u64 = 100;
/// Longest delay of an order: a day.
const DELAY_MS_MAX: u64 = 86_400_000;

pub(super) type Answer = Result<Json<Value>, OrderError>;

#[derive(Debug)]
pub(super) struct OrderError {
    status: StatusCode,
    message: String,
}

impl OrderError {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.to_owned() }
    }

    pub(super) fn conflict(message: &str) -> Self {
        Self { status: StatusCode::CONFLICT, message: message.to_owned() }
    }

    /// No receiver would get the ordered update.
    pub(super) fn no_receiver() -> Self {
        Self::conflict("the account is not subscribed, or the sandbox has no webhook URL")
    }
}

impl From<JournalUnavailable> for OrderError {
    fn from(error: JournalUnavailable) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, message: error.to_string() }
    }
}

impl IntoResponse for OrderError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": { "message": self.message } }))).into_response()
    }
}

pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, OrderError> {
    serde_json::from_slice(body).map_err(|error| OrderError::invalid(error.to_string()))
}

pub(super) fn check_delay(delay_ms: u64) -> Result<(), OrderError> {
    if delay_ms <= DELAY_MS_MAX {
        return Ok(());
    }
    Err(OrderError::invalid(format!("`delayMs` must be at most {DELAY_MS_MAX}, a day")))
}

/// Returns 1 by default.
pub(super) fn check_copies(copies: Option<u64>) -> Result<u64, OrderError> {
    let copies = copies.unwrap_or(1);
    if (1..=COPIES_MAX).contains(&copies) {
        return Ok(copies);
    }
    Err(OrderError::invalid(format!("`copies` must be from 1 to {COPIES_MAX}")))
}

/// The account of an order: by its WABA, by its phone number id, or the only one that exists.
pub(super) fn choose_account(
    state: &State,
    waba_id: Option<&str>,
    phone_number_id: Option<&str>,
) -> Result<Arc<Account>, OrderError> {
    let accounts = &state.accounts;
    match (waba_id, phone_number_id) {
        (Some(id), _) => {
            accounts.get(id).ok_or_else(|| OrderError::not_found("`wabaId` belongs to no account"))
        }
        (None, Some(id)) => accounts
            .find(&AccountKey::PhoneNumberId(id.to_owned()))
            .ok_or_else(|| OrderError::not_found("`phoneNumberId` belongs to no account")),
        (None, None) => {
            let mut accounts = accounts.iter();
            match (accounts.next(), accounts.next()) {
                (Some(only), None) => Ok(Arc::clone(only)),
                (None, _) => Err(OrderError::not_found("there is no account yet")),
                (Some(_), Some(_)) => {
                    Err(OrderError::invalid("`wabaId` is missing: there are several accounts"))
                }
            }
        }
    }
}

/// The ordered updates, each `copies` times; none when the account gets no webhooks.
pub(super) fn updates(
    sandbox: &Sandbox,
    state: &State,
    account: &Account,
    (notices, copies, at_ms): (Vec<Notice>, u64, u64),
) -> Vec<Update> {
    if !sandbox.sends_webhooks(account) {
        return Vec::new();
    }
    let repeated = notices.into_iter().flat_map(|notice| (0..copies).map(move |_copy| notice.clone()));
    state.updates.create(repeated, at_ms)
}
