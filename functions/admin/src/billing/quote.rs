//! `POST /billing/quote`

use api::rate_card::CardOfPrice;
use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::problem::FieldError;
use domain::time::parse_start_time;
use domain::{Category, ContactId, Money, Problem, TemplateId};
use http_kit::body::Body;
use http_kit::{ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::BillingReader;
use ops::billing::quote::{NewQuote, Quote, QuoteLine, QuoteTo};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Messages that a price is asked for: to phone numbers or to contacts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct QuoteAsked {
    #[schema(value_type = Uuid)]
    template_id: TemplateId,
    /// Phone numbers; one that is named twice counts twice.
    #[schema(value_type = Option<Vec<schema::Phone>>, min_items = 1, max_items = 10_000)]
    #[serde(default)]
    recipients: Option<Vec<String>>,
    /// Contacts; one that is named twice counts twice.
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 1, max_items = 10_000)]
    #[serde(default)]
    contact_ids: Option<Vec<ContactId>>,
    /// When the messages would be debited; now when absent.
    #[schema(value_type = Option<schema::StartTime>)]
    #[serde(default)]
    at: Option<String>,
}

impl QuoteAsked {
    fn read(self, now: Timestamp) -> Result<NewQuote, Problem> {
        let mut wrong = Vec::new();
        let at = self.at.as_deref().map(|text| parse_start_time(text, now)).transpose();
        let at = at.unwrap_or_else(|why| {
            wrong.push(FieldError::new("at", why));
            None
        });
        let to = match (self.recipients, self.contact_ids) {
            (Some(phones), None) => QuoteTo::Phones(phones),
            (None, Some(contacts)) => QuoteTo::Contacts(contacts),
            (Some(_), Some(_)) | (None, None) => {
                wrong.push(FieldError::new("recipients", "or contactIds must be given, and not both"));
                QuoteTo::Phones(Vec::new())
            }
        };
        if wrong.is_empty() {
            Ok(NewQuote { template: self.template_id, to, at })
        } else {
            Err(Problem::invalid(wrong))
        }
    }
}

/// What messages would cost.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QuoteOut {
    /// The time that the prices are of.
    #[schema(value_type = schema::Time)]
    at: Timestamp,
    #[schema(value_type = schema::TemplateCategory)]
    category: Category,
    /// By market.
    lines: Vec<QuoteLineOut>,
    /// Recipients that have opted out: they get no message, and nothing is debited.
    opted_out: usize,
    #[schema(value_type = schema::Amount)]
    total: Money,
    /// What of the balance nothing has reserved.
    #[schema(value_type = schema::Amount)]
    available: Money,
    /// What the balance has left then; absent when it is too small.
    #[schema(value_type = Option<schema::Amount>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Money>,
    /// What the balance is too small by.
    #[schema(value_type = Option<schema::Amount>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    short_by: Option<Money>,
}

/// What the messages to one market would cost.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QuoteLineOut {
    #[schema(value_type = schema::MarketName)]
    market: &'static str,
    #[schema(value_type = schema::TemplateCategory)]
    category: Category,
    count: usize,
    card: CardOfPrice,
    /// Of one message.
    #[schema(value_type = schema::Amount)]
    meta_price: Money,
    #[schema(value_type = schema::MarginBps)]
    margin_bps: i32,
    /// Of one message, rounded up to a millionth.
    #[schema(value_type = schema::Amount)]
    margin: Money,
    /// Of one message, with the margin.
    #[schema(value_type = schema::Amount)]
    unit_price: Money,
    #[schema(value_type = schema::Amount)]
    total: Money,
}

impl QuoteLineOut {
    fn of(line: QuoteLine, category: Category) -> Self {
        let QuoteLine { market, count, rate, margin_bps, margin, unit_price, total, card } = line;
        let card = CardOfPrice { name: card.name, source: card.source, effective_from: card.effective_from };
        Self {
            market: market.name(),
            category,
            count,
            card,
            meta_price: rate,
            margin_bps,
            margin,
            unit_price,
            total,
        }
    }
}

impl From<Quote> for QuoteOut {
    fn from(quote: Quote) -> Self {
        let Quote { at, category, lines, opted_out, total, available } = quote;
        let left = available.micros().saturating_sub(total.micros());
        Self {
            at,
            category,
            lines: lines.into_iter().map(|line| QuoteLineOut::of(line, category)).collect(),
            opted_out,
            total,
            available,
            left: (left >= 0).then_some(Money::from_micros(left)),
            short_by: (left < 0).then_some(Money::from_micros(-left)),
        }
    }
}

/// What messages of a template would cost, by market.
///
/// Priced as the debit is, with the rate card and the margin at that time. Nothing is debited or reserved, and no price is
/// promised: what is debited is the price at the time of the debit.
#[utoipa::path(post, path = "/billing/quote", operation_id = "quoteMessages", tag = "billing", security(("bearer" = ["billing:read"])), request_body = QuoteAsked,
    responses(
        (status = 200, body = QuoteOut),
        (status = 403, body = ProblemBody),
        (status = 422, description = "A field or a recipient is not valid, or a market has no price at that time", body = ProblemBody),
    ))]
pub(crate) async fn quote(
    State(app): State<App>,
    Allowed(permit): Allowed<BillingReader>,
    Body(request): Body<QuoteAsked>,
) -> Result<Json<QuoteOut>, ProblemResponse> {
    let asked = request.read(app.platform.clock.now())?;
    Ok(Json(ops::billing::quote::quote(&app.platform, &permit, asked).await?.into()))
}
