//! How long Meta asks to be left alone, where a header says so.

use std::collections::HashMap;

use jiff::SignedDuration;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;

/// Minutes per object and kind of call (Meta: rate limits, headers).
const USAGE: &str = "x-business-use-case-usage";
/// Nothing that Meta measures lasts longer; a header that says so is not believed.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(24);

#[derive(Deserialize)]
struct Usage {
    /// Minutes.
    #[serde(default)]
    estimated_time_to_regain_access: i64,
}

/// The longest wait that the headers name.
pub(super) fn asked(headers: &HeaderMap) -> Option<SignedDuration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let seconds = text(RETRY_AFTER.as_str()).and_then(|text| text.trim().parse::<i64>().ok());
    let usage = text(USAGE).and_then(|text| serde_json::from_str::<HashMap<String, Vec<Usage>>>(text).ok());
    let uses = usage.unwrap_or_default().into_values().flatten();
    let minutes = uses.map(|usage| usage.estimated_time_to_regain_access).max();
    let minutes = minutes.and_then(|minutes| minutes.checked_mul(60));
    let longest = seconds.max(minutes).filter(|seconds| *seconds > 0)?;
    Some(SignedDuration::from_secs(longest).min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_longest_wait_that_meta_names_counts() {
        let two = r#"{"1":[{"type":"whatsapp","call_count":100,"estimated_time_to_regain_access":17}],"2":[{"type":"x"}]}"#;
        for (name, value, seconds) in [
            (USAGE, two, Some(17 * 60)),
            (USAGE, r#"{"1":[{"estimated_time_to_regain_access":0}]}"#, None),
            (USAGE, r#"{"1":[{"estimated_time_to_regain_access":9223372036854775807}]}"#, None),
            (USAGE, r#"{"1":[{"estimated_time_to_regain_access":99999}]}"#, Some(24 * 3_600)),
            (USAGE, "rubbish", None),
            ("retry-after", "30", Some(30)),
            ("retry-after", "-30", None),
            ("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT", None),
            ("x-app-usage", "{}", None),
        ] {
            let headers = HeaderMap::from_iter([(
                name.parse().expect("a header's name"),
                HeaderValue::from_static(value),
            )]);
            assert_eq!(asked(&headers), seconds.map(SignedDuration::from_secs), "{value}");
        }
    }
}
