//! How much of Meta's quotas is used, according to its headers (Meta: Graph API, rate limits, headers).
//!
//! Headers are read within limits of size. Unknown or malformed parts are ignored. Fractions of a percent are cut off.

use jiff::SignedDuration;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::text::integer;

/// Meta's headers are shorter; longer ones are ignored.
const HEADER_BYTES_MAX: usize = 16_384;
/// Rows of one header that are read.
const ROWS_MAX: usize = 64;
/// Longer than anything Meta measures. Longer waits are cut to this.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Percent of what Meta allows. Above 100 Meta refuses calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Number of calls.
    pub call_count: u32,
    /// Duration of calls.
    pub total_time: u32,
    /// Processor time of calls.
    pub total_cputime: u32,
}

impl Load {
    fn read(value: &Value) -> Self {
        let percent = |name: &str| value.get(name).and_then(percent).unwrap_or_default();
        Self {
            call_count: percent("call_count"),
            total_time: percent("total_time"),
            total_cputime: percent("total_cputime"),
        }
    }
}

/// The load of one kind of call on one object, such as an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessUsage {
    pub object: String,
    /// Meta's word for the kind of call.
    pub kind: String,
    pub load: Load,
    /// How long until Meta accepts calls again, when it refuses them now.
    pub regain: Option<SignedDuration>,
}

/// Everything that an answer's headers say about quotas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// `X-App-Usage`.
    pub app: Option<Load>,
    /// `X-Business-Use-Case-Usage`.
    pub business: Vec<BusinessUsage>,
    /// `X-Ad-Account-Usage`, in percent.
    pub ad_account: Option<u32>,
    /// How long until calls for the advertising account are accepted again.
    pub ad_account_regain: Option<SignedDuration>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<SignedDuration>,
}

impl Usage {
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let business = text("x-business-use-case-usage");
        let retry_after = text(RETRY_AFTER.as_str());
        Self::read(text("x-app-usage"), business, text("x-ad-account-usage"), retry_after)
    }

    /// Reads the headers' texts, in the order of the fields.
    pub fn read(
        app: Option<&str>,
        business: Option<&str>,
        ad_account: Option<&str>,
        retry_after: Option<&str>,
    ) -> Self {
        let ad_account = ad_account.map(json).unwrap_or_default();
        Self {
            app: app.map(json).filter(Value::is_object).as_ref().map(Load::read),
            business: business.map(json).as_ref().map(rows).unwrap_or_default(),
            ad_account: ad_account.get("acc_id_util_pct").and_then(percent),
            ad_account_regain: ad_account.get("reset_time_duration").and_then(integer).and_then(wait),
            retry_after: retry_after.and_then(|text| text.trim().parse().ok()).and_then(wait),
        }
    }

    /// The longest of all requested waits.
    pub fn requested_wait(&self) -> Option<SignedDuration> {
        let regains = self.business.iter().filter_map(|usage| usage.regain);
        regains.chain(self.ad_account_regain).chain(self.retry_after).max()
    }
}

fn json(text: &str) -> Value {
    Some(text)
        .filter(|text| text.len() <= HEADER_BYTES_MAX)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// `{"<object>": [{"type", "call_count", …, "estimated_time_to_regain_access": minutes}]}`.
fn rows(header: &Value) -> Vec<BusinessUsage> {
    let objects = header.as_object().into_iter().flatten();
    let rows = objects.flat_map(|(object, uses)| {
        uses.as_array().into_iter().flatten().filter(|row| row.is_object()).map(move |row| (object, row))
    });
    let read = |(object, row): (&String, &Value)| BusinessUsage {
        object: object.clone(),
        kind: row.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
        load: Load::read(row),
        regain: row
            .get("estimated_time_to_regain_access")
            .and_then(integer)
            .and_then(|minutes| wait(minutes.saturating_mul(60))),
    };
    rows.take(ROWS_MAX).map(read).collect()
}

fn wait(seconds: i64) -> Option<SignedDuration> {
    (seconds > 0).then(|| SignedDuration::from_secs(seconds).min(WAIT_MAX))
}

/// `9`, `9.67` and `"9"` are nine.
fn percent(value: &Value) -> Option<u32> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    text.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn minutes(minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(minutes)
    }

    #[test]
    fn the_headers_are_read_as_meta_documents_them() {
        let usage = Usage::read(
            Some(r#"{"call_count":35,"total_time":12,"total_cputime":9}"#),
            Some(
                r#"{"102":[{"type":"whatsapp","call_count":100,"total_cputime":12,"total_time":20,"estimated_time_to_regain_access":17},
                {"type":"ads"}],"103":[]}"#,
            ),
            Some(
                r#"{"acc_id_util_pct":9.67,"reset_time_duration":100,"ads_api_access_tier":"standard_access"}"#,
            ),
            None,
        );
        let whatsapp = BusinessUsage {
            object: "102".to_owned(),
            kind: "whatsapp".to_owned(),
            load: Load { call_count: 100, total_time: 20, total_cputime: 12 },
            regain: Some(minutes(17)),
        };
        let ads = BusinessUsage {
            object: "102".to_owned(),
            kind: "ads".to_owned(),
            load: Load::default(),
            regain: None,
        };
        assert_eq!(usage.app.map(|load| load.call_count), Some(35));
        assert_eq!(usage.business, [whatsapp, ads]);
        assert_eq!(
            (usage.ad_account, usage.ad_account_regain),
            (Some(9), Some(SignedDuration::from_secs(100)))
        );
        assert_eq!(usage.requested_wait(), Some(minutes(17)));
    }

    #[test]
    fn invalid_values_are_ignored_and_long_waits_are_cut() {
        let wait = |text: &str| Usage::read(None, Some(text), None, None).requested_wait();
        for (text, longest) in [
            (r#"{"1":[{"estimated_time_to_regain_access":0}]}"#, None),
            (r#"{"1":[{"estimated_time_to_regain_access":-3}]}"#, None),
            (r#"{"1":[{"estimated_time_to_regain_access":"5"}]}"#, Some(minutes(5))),
            (r#"{"1":[{"estimated_time_to_regain_access":9223372036854775807}]}"#, Some(WAIT_MAX)),
            (
                r#"{"1":[{"estimated_time_to_regain_access":2}],"2":7,"3":[null,{"estimated_time_to_regain_access":3}]}"#,
                Some(minutes(3)),
            ),
            ("[]", None),
            ("not JSON", None),
        ] {
            assert_eq!(wait(text), longest, "{text}");
        }
        let many = format!("{{\"1\":[{}{{}}]}}", "{\"call_count\":1},".repeat(500));
        assert_eq!(Usage::read(None, Some(&many), None, None).business.len(), ROWS_MAX);
        let long = format!("{{\"{}\":[{{}}]}}", "1".repeat(HEADER_BYTES_MAX));
        assert_eq!(Usage::read(None, Some(&long), None, None), Usage::default());
        assert_eq!(Usage::read(Some("7"), None, Some("7"), Some("x")), Usage::default());
    }

    #[test]
    fn retry_after_is_read_in_seconds_only() {
        let wait = |value: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            Usage::of(&headers).requested_wait()
        };
        assert_eq!(wait("30"), Some(SignedDuration::from_secs(30)));
        assert_eq!(wait("999999999"), Some(WAIT_MAX));
        assert_eq!(wait("-30"), None);
        assert_eq!(wait("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }

    proptest! {
        #[test]
        fn no_header_asks_for_more_than_a_day(app in ".{0,200}", business in r#"(\{"1":\[\{"estimated_time_to_regain_access":-?[0-9]{1,30}\}\]\}|.{0,200})"#) {
            let usage = Usage::read(Some(&app), Some(&business), Some(&app), Some(&app));
            prop_assert!(usage.requested_wait().is_none_or(|wait| wait.is_positive() && wait <= WAIT_MAX));
        }
    }
}
