//! Two templates side by side (Meta: template comparison).

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;
use crate::error::CallError;
use crate::wire::Listed;

/// How two templates did in the same days. A part that Meta does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Ids, the one that fewer people blocked the business for first.
    pub by_block_rate: Vec<String>,
    /// Messages sent of each.
    pub sends: Vec<(String, i64)>,
    /// Why most people blocked the business, of each.
    pub top_block_reason: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Metric {
    #[serde(default, rename = "order_by_relative_metric")]
    order: Vec<String>,
    #[serde(default)]
    number_values: Vec<Pair>,
    #[serde(default)]
    string_values: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    key: String,
    value: Value,
}

impl Client {
    /// Compares two templates of one account over 7, 30, 60 or 90 days (`GET /{template_id}/compare`), each sent a
    /// thousand times at least.
    pub async fn compare_templates(
        &self,
        token: &str,
        (id, other): (&str, &str),
        (start, end): (Timestamp, Timestamp),
    ) -> Result<Comparison, CallError> {
        let query = [
            ("template_ids", format!("[{other}]")),
            ("start", start.as_second().to_string()),
            ("end", end.as_second().to_string()),
        ];
        let request = self.authorized(Method::GET, &[id, "compare"], token).query(&query);
        let metrics = self.call::<Listed<Metric>>(request).await?.items(|metric| metric);
        let mut comparison = Comparison::default();
        for metric in metrics {
            comparison.by_block_rate.extend(metric.order);
            let number = |pair: Pair| Some((pair.key, pair.value.as_i64()?));
            comparison.sends.extend(metric.number_values.into_iter().filter_map(number));
            let words = |pair: Pair| Some((pair.key, pair.value.as_str()?.to_owned()));
            comparison.top_block_reason.extend(metric.string_values.into_iter().filter_map(words));
        }
        Ok(comparison)
    }
}
