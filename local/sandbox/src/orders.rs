//! Orders under `/sandbox`: what tests need and Meta does not offer.
//!
//! They read the accepted messages, set faults, reviews and limits, and trigger everything that Meta does by itself.
//! They take no token, because the sandbox listens on the local machine. An invalid order is answered with 400 and
//! `{"error":{"message":…}}`, whose message names the field.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::record::Record;
use crate::sandbox::Sandbox;

mod accounts;
mod inbound;
mod limits;
mod numbers;
mod oracle;
mod order;
mod parts;
mod preferences;
mod sends;
mod templates;
mod webhooks;

use order::{Answer, OrderError};

pub(crate) fn router(sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .route("/sandbox", delete(reset))
        .route("/sandbox/acceptances", get(oracle::acceptances))
        .route("/sandbox/accounts", get(oracle::accounts).post(accounts::change))
        .route("/sandbox/auto", post(sends::auto))
        .route("/sandbox/faults", post(sends::faults))
        .route("/sandbox/inbound", post(inbound::send))
        .route("/sandbox/limits", get(limits::show).post(limits::change))
        .route("/sandbox/numbers", post(numbers::change))
        .route("/sandbox/preferences", post(preferences::change))
        .route("/sandbox/reviews", post(templates::review))
        .route("/sandbox/statuses", post(sends::statuses))
        .route("/sandbox/templates", post(templates::change))
        .route("/sandbox/webhooks", get(webhooks::show).post(webhooks::send))
        .with_state(sandbox)
}

/// `DELETE /sandbox`: deletes everything but accounts and templates.
async fn reset(State(sandbox): State<Arc<Sandbox>>) -> Answer {
    sandbox.commit(|_state| Ok::<_, OrderError>((Some(Record::Reset), ()))).await?;
    Ok(Json(json!({ "reset": true })))
}
