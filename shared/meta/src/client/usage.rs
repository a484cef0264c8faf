//! How much of its quota Meta says is used, as it says it.

use std::fmt;
use std::sync::Arc;

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Percent of the app's quota (Meta: rate limits, headers).
const APP: &str = "x-app-usage";
/// Percent per object and kind of call, and minutes to wait.
const BUSINESS_USE_CASE: &str = "x-business-use-case-usage";
/// Percent of an advertising account's quota, and seconds to wait.
const AD_ACCOUNT: &str = "x-ad-account-usage";

/// What the headers of one answer say of quotas, unread. Empty where they say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageHeaders {
    /// `X-App-Usage`: `{"call_count":28,"total_time":25,"total_cputime":25}`, in percent.
    pub app: Option<String>,
    /// `X-Business-Use-Case-Usage`: a list of the same per object, with `type` and `estimated_time_to_regain_access` in
    /// minutes.
    pub business_use_case: Option<String>,
    /// `X-Ad-Account-Usage`: `{"acc_id_util_pct":9.67,"reset_time_duration":100}`, in percent and seconds.
    pub ad_account: Option<String>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<String>,
}

impl UsageHeaders {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            app: text(APP),
            business_use_case: text(BUSINESS_USE_CASE),
            ad_account: text(AD_ACCOUNT),
            retry_after: text(RETRY_AFTER.as_str()),
        }
    }

    /// Whether nothing is said.
    pub const fn is_empty(&self) -> bool {
        self.app.is_none()
            && self.business_use_case.is_none()
            && self.ad_account.is_none()
            && self.retry_after.is_none()
    }
}

/// Is told of every answer that says something of quotas.
#[derive(Clone)]
pub(super) struct Observer(pub(super) Arc<dyn Fn(UsageHeaders) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
