//! `pricing_analytics`: what a WABA's messages cost, told from the oracle.
//!
//! Every acceptance counts as delivered. The prices are the sandbox's own and the same for every country; they are
//! there so that sums can be compared, not to foretell Meta's bill.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{GraphError, fields};
use crate::account::Account;
use crate::clock;
use crate::record::Acceptance;
use crate::sandbox::Sandbox;

/// Seconds of the granularities.
const HALF_HOUR: u64 = 1_800;
const DAY: u64 = 86_400;
/// What the sandbox asks for one message, in thousandths of a dollar.
const PRICES: [(&str, u32); 5] =
    [("marketing", 25), ("marketing_lite", 25), ("utility", 4), ("authentication", 4), ("service", 4)];
/// Calling codes whose country is told; all others are `ZZ`.
const COUNTRIES: [(&str, &str); 10] = [
    ("+1", "US"),
    ("+33", "FR"),
    ("+34", "ES"),
    ("+39", "IT"),
    ("+44", "GB"),
    ("+49", "DE"),
    ("+52", "MX"),
    ("+55", "BR"),
    ("+62", "ID"),
    ("+91", "IN"),
];

/// The dimensions that tell one data point from another; an absent one is not split by.
type Key = (u64, Option<&'static str>, Option<String>, Option<String>, Option<bool>);

/// Volume and cost, the latter in thousandths of a dollar.
type Sum = (u32, u32);

/// Answers `pricing_analytics.start(…).end(…).granularity(…).dimensions(…)`.
pub(crate) fn pricing(sandbox: &Sandbox, account: &Account, asked: &str) -> Result<Value, GraphError> {
    let second = |key: &str| {
        let given = fields::argument(asked, key).and_then(|second| second.parse::<u64>().ok());
        given.ok_or_else(|| GraphError::parameter(&format!("Param {key} must be a UNIX timestamp.")))
    };
    let (start, end) = (second("start")?, second("end")?);
    let granularity = fields::argument(asked, "granularity").unwrap_or("DAILY");
    if !matches!(granularity, "HALF_HOUR" | "DAILY" | "MONTHLY") {
        return Err(GraphError::parameter("Param granularity must be one of {DAILY, HALF_HOUR, MONTHLY}."));
    }
    let dimensions: Vec<&str> =
        fields::argument(asked, "dimensions").unwrap_or_default().split(',').map(str::trim).collect();
    let by = |dimension: &str| dimensions.contains(&dimension);
    let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
    let world = sandbox.world();
    let within = |one: &&std::sync::Arc<Acceptance>| (start..end).contains(&(one.time_ms / 1_000));
    for one in world.acceptances_of(&account.waba_id).filter(within) {
        let key = (
            period(one.time_ms, granularity),
            by("COUNTRY").then(|| country(&one.to)),
            by("PRICING_CATEGORY").then(|| one.category.to_ascii_uppercase()),
            by("PHONE").then(|| account.digits().to_owned()),
            (by("PRICING_TYPE") || by("TIER")).then_some(one.free),
        );
        let sum = sums.entry(key).or_default();
        sum.0 = sum.0.saturating_add(1);
        sum.1 = sum.1.saturating_add(if one.free { 0 } else { price(&one.category) });
    }
    drop(world);
    let split = (by("PRICING_TYPE"), by("TIER"));
    let points: Vec<Value> = sums.into_iter().map(|(key, sum)| point(key, sum, granularity, split)).collect();
    Ok(json!({ "data": [{ "data_points": points }] }))
}

/// When the period of a moment begins, in seconds.
fn period(time_ms: u64, granularity: &str) -> u64 {
    let second = time_ms / 1_000;
    match granularity {
        "HALF_HOUR" => second - second % HALF_HOUR,
        "MONTHLY" => {
            let day = clock::rfc3339(time_ms).get(8..10).and_then(|day| day.parse::<u64>().ok()).unwrap_or(1);
            second - second % DAY - (day - 1) * DAY
        }
        _ => second - second % DAY,
    }
}

/// The country of a recipient: of the calling code, or of the business-scoped user id.
fn country(to: &str) -> &'static str {
    let by_code = |(code, _): &&(&str, &str)| to.starts_with(code);
    let by_id = |(_, country): &&(&str, &str)| to.split('.').next() == Some(country);
    let found = COUNTRIES.iter().find(by_code).or_else(|| COUNTRIES.iter().find(by_id));
    found.map_or("ZZ", |(_, country)| country)
}

fn point(key: Key, sum: Sum, granularity: &str, (by_type, by_tier): (bool, bool)) -> Value {
    let (start, country, category, phone, free) = key;
    let end = match granularity {
        "HALF_HOUR" => start + HALF_HOUR,
        // The month after begins within 31 days of this one's first.
        "MONTHLY" => period((start + 31 * DAY) * 1_000, granularity),
        _ => start + DAY,
    };
    let mut members = Map::new();
    members.insert("start".into(), json!(start));
    members.insert("end".into(), json!(end));
    if let Some(country) = country {
        members.insert("country".into(), json!(country));
    }
    if let Some(phone) = phone {
        members.insert("phone_number".into(), json!(phone));
    }
    if by_tier && free == Some(false) {
        members.insert("tier".into(), json!("0:MAX"));
    }
    if let Some(free) = free.filter(|_free| by_type) {
        let kind = if free { "FREE_CUSTOMER_SERVICE" } else { "REGULAR" };
        members.insert("pricing_type".into(), json!(kind));
    }
    if let Some(category) = category {
        members.insert("pricing_category".into(), json!(category));
    }
    members.insert("volume".into(), json!(sum.0));
    members.insert("cost".into(), json!(f64::from(sum.1) / 1_000.0));
    Value::Object(members)
}

fn price(category: &str) -> u32 {
    PRICES.iter().find(|(name, _)| *name == category).map_or(0, |(_, price)| *price)
}
