//! Rate cards as the platform's owner sends and sees them.

pub(crate) mod apply;
mod csv_file;
pub(crate) mod list;
pub(crate) mod preview;

use api::{CsvBody, KeyedBody, schema};
use axum::extract::Query;
use axum::http::Uri;
use domain::billing::rate_card::{Cell, WrittenRow};
use domain::problem::Kind;
use domain::{Category, Problem};
use ops::billing::rate_cards::NewCard;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// A rate card to be tried or applied.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewRateCard {
    #[schema(value_type = schema::RateCardTitle)]
    name: String,
    #[schema(value_type = schema::RateCardSource)]
    source: String,
    /// From when the prices hold.
    #[schema(value_type = schema::StartTime)]
    effective_from: String,
    #[schema(value_type = Option<schema::CardCurrency>)]
    #[serde(default)]
    currency: Option<String>,
    /// One for each market. A price that is left out stays what it is.
    #[schema(min_items = 1, max_items = 100)]
    prices: Vec<MarketPrices>,
    /// The same as the header `Idempotency-Key`.
    #[schema(value_type = Option<schema::KeyInBody>)]
    #[serde(default)]
    idempotency_key: Option<String>,
    #[schema(ignore)]
    #[serde(skip)]
    rows: Option<Vec<WrittenRow>>,
}

/// Meta's prices in one market.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MarketPrices {
    /// `Other` is also the price of every market without one of its own.
    #[schema(value_type = schema::MarketName)]
    market: String,
    #[schema(value_type = Option<schema::RatePrice>)]
    #[serde(default)]
    marketing: Option<Box<RawValue>>,
    #[schema(value_type = Option<schema::RatePrice>)]
    #[serde(default)]
    utility: Option<Box<RawValue>>,
    #[schema(value_type = Option<schema::RatePrice>)]
    #[serde(default)]
    authentication: Option<Box<RawValue>>,
}

/// Of a card as CSV: what its columns do not hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct CardQuery {
    /// The card's name, which no other has.
    #[serde(default)]
    name: Option<String>,
    /// Where the prices come from.
    #[serde(default)]
    source: Option<String>,
    /// From when the prices hold; without it the day that the file names before its table, at midnight in UTC.
    #[param(schema_with = schema::time_in_query)]
    #[serde(default)]
    effective_from: Option<String>,
}

impl KeyedBody for NewRateCard {
    fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }
}

impl CsvBody for NewRateCard {
    fn from_csv(text: &str, uri: &Uri) -> Result<Self, Problem> {
        let Query(query) = Query::<CardQuery>::try_from_uri(uri)
            .map_err(|rejection| Problem::new(Kind::Malformed).with_detail(rejection.body_text()))?;
        let file = csv_file::read(text).map_err(Problem::invalid)?;
        Ok(Self {
            name: query.name.unwrap_or_default(),
            source: query.source.unwrap_or_default(),
            effective_from: query.effective_from.or(file.effective_from).unwrap_or_default(),
            currency: None,
            prices: Vec::new(),
            idempotency_key: None,
            rows: Some(file.rows),
        })
    }
}

impl From<NewRateCard> for NewCard {
    fn from(card: NewRateCard) -> Self {
        let NewRateCard { name, source, effective_from, currency, prices, rows, .. } = card;
        let rows = rows.unwrap_or_else(|| {
            let mut rows: Vec<WrittenRow> = prices.into_iter().enumerate().map(row).collect();
            if let (Some(first), Some(text)) = (rows.first_mut(), currency) {
                first.currency = Some(Cell { field: "currency".to_owned(), text });
            }
            rows
        });
        Self { name, source, effective_from, rows }
    }
}

fn row((index, prices): (usize, MarketPrices)) -> WrittenRow {
    let cell = |name: &str, text: String| Cell { field: format!("prices[{index}].{name}"), text };
    let given = [
        ("marketing", Category::Marketing, prices.marketing),
        ("utility", Category::Utility, prices.utility),
        ("authentication", Category::Authentication, prices.authentication),
    ];
    let price = |(name, category, json): (&str, Category, Option<Box<RawValue>>)| {
        let json = json?;
        let text = json.get();
        let digits = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        Some((Some(category), cell(name, digits.to_owned())))
    };
    WrittenRow {
        market: cell("market", prices.market),
        currency: None,
        prices: given.into_iter().filter_map(price).collect(),
    }
}
