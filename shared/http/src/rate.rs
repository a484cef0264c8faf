//! The headers that say how many requests a caller may still make (draft-ietf-httpapi-ratelimit-headers-10).

use std::sync::{Arc, OnceLock};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use domain::access::{RATE_SPAN, RequestRate};
use jiff::Timestamp;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Among a request's extensions: the limits that it was counted against, and when. Who counts it sets them, and the outermost
/// layer writes the headers.
#[derive(Clone, Debug, Default)]
pub struct Rates(Arc<OnceLock<(Vec<RequestRate>, Timestamp)>>);

impl Rates {
    /// Keeps the limits for the answer.
    pub fn note(&self, rates: Vec<RequestRate>, now: Timestamp) {
        // A request has one caller: a second extractor finds the same.
        drop(self.0.set((rates, now)));
    }

    /// Writes the headers, if the request was counted.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Some((rates, now)) = self.0.get() else { return };
        if rates.is_empty() {
            return;
        }
        let policy = |rate: &RequestRate| {
            format!("\"{}\";q={};w={}", rate.of.as_str(), rate.per_minute, RATE_SPAN.as_secs())
        };
        let left = |rate: &RequestRate| {
            let full = rate.full_after(*now).as_millis().saturating_add(999) / 1_000;
            format!("\"{}\";r={};t={full}", rate.of.as_str(), rate.left(*now))
        };
        for (name, words) in
            [(POLICY, rates.iter().map(policy).collect::<Vec<_>>()), (LEFT, rates.iter().map(left).collect())]
        {
            if let Ok(value) = HeaderValue::from_str(&words.join(", ")) {
                headers.insert(name, value);
            }
        }
    }
}

/// The headers, where a description lists what an answer has.
pub fn described() -> [(&'static str, Header); 2] {
    let header = |words: &str| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        HeaderBuilder::new().schema(Some(text.build())).description(Some(words)).build()
    };
    [
        (
            "RateLimit-Policy",
            header("How many requests (q) are allowed in a span of seconds (w), for the tenant and the key."),
        ),
        (
            "RateLimit",
            header("How many requests are left (r), and in how many seconds all of them are again (t)."),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use domain::access::RateOf;
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn an_answer_says_each_limit_and_what_is_left_of_it() {
        let now = Timestamp::UNIX_EPOCH;
        let rates = Rates::default();
        let mut headers = HeaderMap::new();
        rates.write(&mut headers);
        assert!(headers.is_empty(), "a request that was not counted");
        let half = Some(now + SignedDuration::from_millis(30_500));
        rates.note(
            vec![
                RequestRate { of: RateOf::Key, per_minute: 60, done_at: half },
                RequestRate { of: RateOf::Tenant, per_minute: 600, done_at: None },
            ],
            now,
        );
        rates.write(&mut headers);
        assert_eq!(headers[POLICY], "\"key\";q=60;w=60, \"tenant\";q=600;w=60");
        assert_eq!(headers[LEFT], "\"key\";r=29;t=31, \"tenant\";r=0;t=60");
    }
}
