//! What delivered messages cost: Meta's own account of it, which bills follow (Meta: pricing analytics).

use std::fmt::Write as _;

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::error::CallError;
use crate::wire::decimal;

/// How long a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// Half an hour.
    HalfHour,
    /// A day of the account's time zone.
    Daily,
    /// A month of the account's time zone.
    Monthly,
}

/// What points are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PricingDimension {
    /// The recipient's country.
    Country,
    /// The business number.
    Phone,
    /// What the message was for.
    PricingCategory,
    /// Whether it was free.
    PricingType,
    /// The step of the price.
    Tier,
}

/// Which costs are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricingQuery<'a> {
    /// From then on.
    pub start: Timestamp,
    /// Until then.
    pub end: Timestamp,
    /// How long a point is.
    pub granularity: Granularity,
    /// What points are told apart by.
    pub dimensions: &'a [PricingDimension],
}

/// Messages of one kind in one stretch of time. What was not asked to be told apart is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricingPoint {
    /// In seconds since 1970.
    pub start: i64,
    /// In seconds since 1970.
    pub end: i64,
    /// The recipient's country (ISO 3166, two letters).
    pub country: Option<String>,
    /// The business number.
    pub phone_number: Option<String>,
    /// The step of the price, `from:to` in messages a month; `MAX` has no end.
    pub tier: Option<String>,
    /// Such as `REGULAR` or `FREE_CUSTOMER_SERVICE`.
    pub pricing_type: Option<String>,
    /// Such as `UTILITY` or `MARKETING_LITE`.
    pub pricing_category: Option<String>,
    /// Messages delivered.
    pub volume: i64,
    /// What they cost in the account's currency, digit for digit as Meta wrote it.
    pub cost: Option<String>,
}

#[derive(Deserialize)]
struct Told {
    pricing_analytics: Option<Analytics>,
}

#[derive(Deserialize)]
struct Analytics {
    #[serde(default)]
    data: Vec<Points>,
}

#[derive(Deserialize)]
struct Points {
    #[serde(default)]
    data_points: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    start: i64,
    end: i64,
    country: Option<String>,
    phone_number: Option<String>,
    tier: Option<String>,
    pricing_type: Option<String>,
    pricing_category: Option<String>,
    #[serde(default)]
    volume: i64,
    cost: Option<Box<RawValue>>,
}

impl Granularity {
    const fn as_str(self) -> &'static str {
        match self {
            Self::HalfHour => "HALF_HOUR",
            Self::Daily => "DAILY",
            Self::Monthly => "MONTHLY",
        }
    }
}

impl PricingDimension {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "COUNTRY",
            Self::Phone => "PHONE",
            Self::PricingCategory => "PRICING_CATEGORY",
            Self::PricingType => "PRICING_TYPE",
            Self::Tier => "TIER",
        }
    }
}

impl PricingQuery<'_> {
    /// The field with its arguments, as the Graph API chains them.
    fn field(&self) -> String {
        let mut field = format!(
            "pricing_analytics.start({}).end({}).granularity({})",
            self.start.as_second(),
            self.end.as_second(),
            self.granularity.as_str(),
        );
        if !self.dimensions.is_empty() {
            let names: Vec<&str> = self.dimensions.iter().map(|dimension| dimension.as_str()).collect();
            // Writing to a text cannot fail.
            write!(field, ".dimensions({})", names.join(",")).unwrap_or_default();
        }
        field
    }
}

impl Point {
    fn read(self) -> PricingPoint {
        PricingPoint {
            start: self.start,
            end: self.end,
            country: self.country,
            phone_number: self.phone_number,
            tier: self.tier,
            pricing_type: self.pricing_type,
            pricing_category: self.pricing_category,
            volume: self.volume,
            cost: self.cost.as_deref().and_then(decimal),
        }
    }
}

impl Client {
    /// What an account's messages cost (`GET /{waba}?fields=pricing_analytics…`). Points without a message are left out.
    pub async fn pricing_analytics(
        &self,
        token: &str,
        waba: &str,
        query: &PricingQuery<'_>,
    ) -> Result<Vec<PricingPoint>, CallError> {
        let request = self.authorized(Method::GET, &[waba], token).query(&[("fields", query.field())]);
        let told = self.call::<Told>(request).await?.pricing_analytics;
        let points = told.into_iter().flat_map(|analytics| analytics.data).flat_map(|data| data.data_points);
        Ok(points.map(Point::read).collect())
    }
}
