//! `pricing_analytics`: what the messages of a WABA cost, computed from the accepted messages.
//!
//! Every accepted message counts as delivered. The prices are invented and the same for every country: they serve to
//! compare sums, not to predict Meta's bill.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::fields;
use crate::account::Account;
use crate::clock;
use crate::graph_error::GraphError;
use crate::record::Acceptance;
use crate::sandbox::Sandbox;

const HALF_HOUR_SECONDS: u64 = 1_800;
const DAY_SECONDS: u64 = 86_400;
/// Price of one message in thousandths of a dollar.
const PRICES: [(&str, u32); 5] =
    [("marketing", 25), ("marketing_lite", 25), ("utility", 4), ("authentication", 4), ("service", 4)];
/// Countries of calling codes; the country of all other codes is `ZZ`.
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

/// The dimensions of a data point; those that were not requested are `None`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    start: u64,
    country: Option<&'static str>,
    category: Option<String>,
    phone: Option<String>,
    free: Option<bool>,
}

#[derive(Default)]
struct Sum {
    volume: u32,
    /// In thousandths of a dollar.
    cost: u32,
}

/// Answers `pricing_analytics.start(…).end(…).granularity(…).dimensions(…)`.
pub(super) fn pricing(sandbox: &Sandbox, account: &Account, fields: &str) -> Result<Value, GraphError> {
    let second = |key: &str| {
        let given = fields::argument(fields, key).and_then(|second| second.parse::<u64>().ok());
        given.ok_or_else(|| GraphError::parameter(&format!("Param {key} must be a UNIX timestamp.")))
    };
    let (start, end) = (second("start")?, second("end")?);
    let granularity = fields::argument(fields, "granularity").unwrap_or("DAILY");
    if !matches!(granularity, "HALF_HOUR" | "DAILY" | "MONTHLY") {
        return Err(GraphError::parameter("Param granularity must be one of {DAILY, HALF_HOUR, MONTHLY}."));
    }
    let dimensions: Vec<&str> =
        fields::argument(fields, "dimensions").unwrap_or_default().split(',').map(str::trim).collect();
    let splits_by = |dimension: &str| dimensions.contains(&dimension);
    let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
    let state = sandbox.state();
    let is_within = |acceptance: &&Arc<Acceptance>| (start..end).contains(&(acceptance.time_ms / 1_000));
    for acceptance in state.messages.of_waba(&account.waba_id).filter(is_within) {
        let key = Key {
            start: period_start(acceptance.time_ms, granularity),
            country: splits_by("COUNTRY").then(|| country(&acceptance.to)),
            category: splits_by("PRICING_CATEGORY").then(|| acceptance.category.to_ascii_uppercase()),
            phone: splits_by("PHONE").then(|| account.digits().to_owned()),
            free: (splits_by("PRICING_TYPE") || splits_by("TIER")).then_some(acceptance.free),
        };
        let sum = sums.entry(key).or_default();
        sum.volume = sum.volume.saturating_add(1);
        sum.cost = sum.cost.saturating_add(if acceptance.free { 0 } else { price(&acceptance.category) });
    }
    drop(state);
    let split = (splits_by("PRICING_TYPE"), splits_by("TIER"));
    let points: Vec<Value> =
        sums.into_iter().map(|(key, sum)| point(key, &sum, granularity, split)).collect();
    Ok(json!({ "data": [{ "data_points": points }] }))
}

/// The first second of the period of a time.
fn period_start(time_ms: u64, granularity: &str) -> u64 {
    let second = time_ms / 1_000;
    match granularity {
        "HALF_HOUR" => second - second % HALF_HOUR_SECONDS,
        "MONTHLY" => {
            let day = clock::rfc3339(time_ms).get(8..10).and_then(|day| day.parse::<u64>().ok()).unwrap_or(1);
            second - second % DAY_SECONDS - (day - 1) * DAY_SECONDS
        }
        _ => second - second % DAY_SECONDS,
    }
}

/// The country of the calling code or of the business-scoped user id.
fn country(to: &str) -> &'static str {
    let by_code = |(code, _): &&(&str, &str)| to.starts_with(code);
    let by_id = |(_, country): &&(&str, &str)| to.split('.').next() == Some(country);
    let found = COUNTRIES.iter().find(by_code).or_else(|| COUNTRIES.iter().find(by_id));
    found.map_or("ZZ", |(_, country)| country)
}

fn point(key: Key, sum: &Sum, granularity: &str, (by_type, by_tier): (bool, bool)) -> Value {
    let Key { start, country, category, phone, free } = key;
    let end = match granularity {
        "HALF_HOUR" => start + HALF_HOUR_SECONDS,
        // The 31st day after the first of a month is in the next month.
        "MONTHLY" => period_start((start + 31 * DAY_SECONDS) * 1_000, granularity),
        _ => start + DAY_SECONDS,
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
    members.insert("volume".into(), json!(sum.volume));
    members.insert("cost".into(), json!(f64::from(sum.cost) / 1_000.0));
    Value::Object(members)
}

fn price(category: &str) -> u32 {
    PRICES.iter().find(|(name, _)| *name == category).map_or(0, |(_, price)| *price)
}
