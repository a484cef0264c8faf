//! `GET /messages/{id}`

use api::rate_card::CardOfPrice;
use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::holds::Hold;
use domain::messages::DeliveryStatus;
use domain::problem::Kind;
use domain::{MessageId, Money, Problem, billing};
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::MessageReader;
use ops::messages::read::{Pricing, StatusEntry};
use serde::Serialize;
use utoipa::ToSchema;

use crate::messages::{ErrorOut, MessageOut};

/// A message with every status that Meta sent for it.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageHistory {
    #[serde(flatten)]
    message: MessageOut,
    /// In the order in which they were received.
    history: Vec<StatusOut>,
    /// Why it does not go, while it waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<HoldOut>,
    /// How its cost came about; absent before it was debited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pricing: Option<PricingOut>,
}

/// How the price of a message came about, when it was debited.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PricingOut {
    /// By Meta's name of it.
    #[schema(example = "North America")]
    market: String,
    /// Of its template at that time.
    #[schema(value_type = schema::PricedCategory)]
    category: String,
    card: CardOfPrice,
    #[schema(value_type = schema::Amount)]
    meta_price: Money,
    #[schema(value_type = schema::MarginBps)]
    margin_bps: i32,
    #[schema(value_type = schema::Amount)]
    margin: Money,
    #[schema(value_type = schema::Amount)]
    total: Money,
}

impl From<Pricing> for PricingOut {
    fn from(pricing: Pricing) -> Self {
        let Pricing { market, category, rate, margin_bps, total, .. } = pricing;
        let card = CardOfPrice {
            name: pricing.card_name,
            source: pricing.card_source,
            effective_from: pricing.card_effective_from,
        };
        let margin = billing::margin(rate, margin_bps).unwrap_or_default();
        Self { market, category, card, meta_price: rate, margin_bps, margin, total }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusOut {
    #[schema(value_type = schema::DeliveryState)]
    status: DeliveryStatus,
    /// By Meta's clock.
    #[schema(value_type = Option<schema::Time>)]
    occurred_at: Option<Timestamp>,
    #[schema(value_type = schema::Time)]
    received_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorOut>,
}

impl From<&StatusEntry> for StatusOut {
    fn from(entry: &StatusEntry) -> Self {
        Self {
            status: entry.status,
            occurred_at: entry.occurred_at,
            received_at: entry.received_at,
            error: ErrorOut::new(entry.error_code, entry.error_text.as_ref()),
        }
    }
}

/// Something stops the message for now. Nothing is debited, and it goes when the last hold is lifted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HoldOut {
    #[schema(value_type = schema::HoldKind)]
    kind: String,
    #[schema(value_type = schema::HoldWord)]
    reason: &'static str,
    #[schema(example = "PAUSED")]
    detail: String,
    #[schema(value_type = schema::Time)]
    since: Timestamp,
    /// When it ends by itself, if it does.
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    resumes_at: Option<Timestamp>,
}

impl From<Hold> for HoldOut {
    fn from(hold: Hold) -> Self {
        let Hold { kind, reason, detail, since, resumes_at } = hold;
        Self { kind, reason: reason.as_str(), detail, since, resumes_at }
    }
}

/// A message with its history, cost and refund.
///
/// `history` holds every status that Meta sent for it, `holds` why it waits, if it does, and `pricing` how its cost came about.
#[utoipa::path(get, path = "/messages/{id}", operation_id = "getMessage", tag = "messages", security(("bearer" = ["messages:read"])), params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = MessageHistory),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn get(
    State(app): State<App>,
    Allowed(permit): Allowed<MessageReader>,
    IdInPath(id): IdInPath<MessageId>,
) -> Result<Json<MessageHistory>, ProblemResponse> {
    let found = ops::messages::read::find_message(&app.platform, &permit, id).await?;
    let found = found.ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(Json(MessageHistory {
        message: MessageOut::from(&found.message),
        history: found.history.iter().map(StatusOut::from).collect(),
        holds: found.holds.into_iter().map(HoldOut::from).collect(),
        pricing: found.pricing.map(PricingOut::from),
    }))
}
