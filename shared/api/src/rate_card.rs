//! The rate card of a price, as every route shows it.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::schema;

/// The rate card that a price is from.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CardOfPrice {
    #[schema(value_type = schema::RateCardTitle)]
    pub name: String,
    #[schema(value_type = schema::RateCardSource)]
    pub source: String,
    #[schema(value_type = schema::Time)]
    pub effective_from: Timestamp,
}
