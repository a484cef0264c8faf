//! How templates do: sent, delivered, read, and what that cost (Meta: template analytics).

use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::error::CallError;
use crate::wire::{Id, Listed, Page, decimal, text_of};

/// Which templates, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateStatsQuery<'a> {
    /// From then on; at most 90 days ago.
    pub start: Timestamp,
    /// Until then.
    pub end: Timestamp,
    /// Meta's ids of one to ten templates.
    pub template_ids: &'a [String],
    /// What is counted, such as `SENT`, `DELIVERED`, `READ`, `CLICKED`, `COST`; none are everything.
    pub metric_types: &'a [&'a str],
    /// `CLOUD_API` or `MARKETING_MESSAGES_LITE_API`; both when nothing is said.
    pub product_type: Option<&'a str>,
    /// Points at once.
    pub limit: Option<u16>,
    /// The cursor that the page before ended with.
    pub after: Option<&'a str>,
}

/// One template on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplatePoint {
    /// Meta's id of the template.
    pub template_id: Option<String>,
    /// In seconds since 1970.
    pub start: Option<i64>,
    /// In seconds since 1970.
    pub end: Option<i64>,
    /// Messages sent.
    pub sent: i64,
    /// Messages delivered.
    pub delivered: i64,
    /// Messages read.
    pub read: i64,
    /// Taps on all buttons.
    pub clicked: i64,
    /// What it cost.
    pub costs: Vec<TemplateCost>,
}

/// A figure of cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateCost {
    /// `amount_spent`, `cost_per_delivered` or `cost_per_url_button_click`.
    pub kind: String,
    /// In the account's currency, digit for digit as Meta wrote it.
    pub value: Option<String>,
}

#[derive(Deserialize)]
struct Points {
    #[serde(default)]
    data_points: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    template_id: Option<Id>,
    start: Option<i64>,
    end: Option<i64>,
    #[serde(default)]
    sent: i64,
    #[serde(default)]
    delivered: i64,
    #[serde(default)]
    read: i64,
    #[serde(default)]
    clicked: Vec<Value>,
    #[serde(default)]
    cost: Vec<Cost>,
}

#[derive(Deserialize)]
struct Cost {
    #[serde(default)]
    r#type: String,
    value: Option<Box<RawValue>>,
}

impl TemplateStatsQuery<'_> {
    fn members(&self) -> Vec<(&'static str, String)> {
        let mut members = vec![
            ("start", self.start.as_second().to_string()),
            ("end", self.end.as_second().to_string()),
            ("granularity", "DAILY".to_owned()),
            ("template_ids", format!("[{}]", self.template_ids.join(","))),
        ];
        if !self.metric_types.is_empty() {
            members.push(("metric_types", self.metric_types.join(",")));
        }
        members.extend(self.product_type.map(|product| ("product_type", product.to_owned())));
        members.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        members.extend(self.after.map(|after| ("after", after.to_owned())));
        members
    }
}

impl Point {
    fn read(self) -> TemplatePoint {
        let taps = self.clicked.iter().filter_map(|button| button.get("count").and_then(Value::as_i64));
        let cost = |cost: &Cost| TemplateCost {
            kind: cost.r#type.clone(),
            value: cost.value.as_deref().and_then(decimal),
        };
        TemplatePoint {
            clicked: taps.sum(),
            costs: self.cost.iter().map(cost).collect(),
            template_id: text_of(self.template_id),
            start: self.start,
            end: self.end,
            sent: self.sent,
            delivered: self.delivered,
            read: self.read,
        }
    }
}

#[derive(Deserialize)]
struct Confirmed {}

impl Client {
    /// Confirms that an account's templates are to be counted (`POST /{waba}?is_enabled_for_insights=true`). It cannot be
    /// taken back, and counting starts now.
    pub async fn enable_template_analytics(&self, token: &str, waba: &str) -> Result<(), CallError> {
        let request = self.authorized(Method::POST, &[waba], token);
        // Meta answers with the account's id.
        let Confirmed {} = self.call(request.query(&[("is_enabled_for_insights", "true")])).await?;
        Ok(())
    }

    /// A page of how templates did, day by day (`GET /{waba}/template_analytics`), after
    /// [`enable_template_analytics`](Self::enable_template_analytics).
    pub async fn template_analytics(
        &self,
        token: &str,
        waba: &str,
        query: &TemplateStatsQuery<'_>,
    ) -> Result<Page<TemplatePoint>, CallError> {
        let request =
            self.authorized(Method::GET, &[waba, "template_analytics"], token).query(&query.members());
        let page = self.call::<Listed<Points>>(request).await?.page(|points| points.data_points);
        let Page { items, last_cursor, has_next } = page;
        Ok(Page { items: items.into_iter().flatten().map(Point::read).collect(), last_cursor, has_next })
    }
}
