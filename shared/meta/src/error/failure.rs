//! An answer that is not a success, read as far as possible, with or without Meta's error.

use domain::foreign;
use jiff::SignedDuration;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{Advice, ErrorClass, GraphError, Usage};

/// Bytes to return of a body that is not JSON.
const BODY_TEXT_BYTES_MAX: usize = 4_096;

/// The answer to a failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status. It decides nothing when Meta's error has a code.
    pub status: u16,
    /// Meta's error, if it has a code.
    pub error: Option<GraphError>,
    /// Meta's text, when the error has no code.
    pub message: Option<String>,
    /// Whether Meta did part of what was requested: the answer holds both results and an error.
    pub is_partial: bool,
    /// The start of a body that is not JSON, such as a page of HTML.
    pub body_text: Option<String>,
    /// How much of Meta's quotas is used.
    pub usage: Usage,
}

impl Failure {
    /// Reads an answer. A success without an error is not a failure.
    pub fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let json: Option<Value> = serde_json::from_slice(body).ok();
        let json_error = json.as_ref().and_then(|json| json.get("error")).filter(|error| !error.is_null());
        let is_success = (200..300).contains(&status);
        if is_success && json_error.is_none() {
            return None;
        }
        let error = GraphError::read(body);
        let message = json_error.and_then(|error| error.get("message").unwrap_or(error).as_str());
        Some(Self {
            status,
            message: message.filter(|_| error.is_none()).map(|text| foreign::text(text).into_owned()),
            error,
            is_partial: json.as_ref().is_some_and(has_results),
            body_text: if json.is_some() { None } else { Some(body_start(body)) },
            usage: Usage::of(headers),
        })
    }

    pub fn class(&self) -> ErrorClass {
        match (&self.error, self.status) {
            (Some(error), _) => error.class(),
            (None, 429) => ErrorClass::ThrottleApp,
            (None, 500..) => ErrorClass::TransientServer,
            (None, _) if self.body_text.is_some() => ErrorClass::Unparseable,
            (None, _) => ErrorClass::Unknown,
        }
    }

    pub fn advice(&self) -> Advice {
        self.error.as_ref().map_or_else(|| self.class().advice(), GraphError::advice)
    }

    /// How long Meta asks us to wait: by its headers, or else for this class.
    pub fn wait(&self) -> Option<SignedDuration> {
        self.usage.requested_wait().or_else(|| self.class().wait())
    }
}

/// Whether results stand beside the error.
fn has_results(json: &Value) -> bool {
    let is_filled = |value: &Value| match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    json.get("error").is_some()
        && json.as_object().into_iter().flatten().any(|(key, value)| key != "error" && is_filled(value))
}

fn body_start(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..BODY_TEXT_BYTES_MAX).unwrap_or(body)).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(status: u16, body: &str) -> Option<Failure> {
        Failure::read(status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn every_failure_has_a_class_and_advice() {
        use ErrorClass::{Flow, Pagination, ThrottleApp, TransientServer, Unknown, Unparseable};
        for (status, body, class, advice) in [
            (500, "<html>", TransientServer, Advice::RetryLimited),
            (503, "", TransientServer, Advice::RetryLimited),
            (429, "<html>", ThrottleApp, Advice::RetryBackoff),
            (403, "<html>", Unparseable, Advice::Permanent),
            (400, "{}", Unknown, Advice::Permanent),
            (400, r#"{"error":"busy"}"#, Unknown, Advice::Permanent),
            (500, r#"{"error":"busy","code":4}"#, ThrottleApp, Advice::RetryBackoff),
            (200, r#"{"success":false,"error":{"code":131059}}"#, Pagination, Advice::RetryWithoutCursor),
            (400, r#"{"error":{"code":132069}}"#, Flow, Advice::RetryBackoff),
        ] {
            let failure = read(status, body).expect("a failure");
            assert_eq!((failure.class(), failure.advice()), (class, advice), "{status} {body}");
        }
        assert_eq!(read(200, r#"{"success":true}"#), None);
        assert_eq!(read(200, r#"{"error":null}"#), None);
    }

    #[test]
    fn texts_without_a_code_and_bodies_that_are_not_json_are_returned() {
        assert_eq!(read(400, r#"{"error":"busy"}"#).unwrap().message.as_deref(), Some("busy"));
        assert_eq!(read(400, r#"{"error":{"message":"no"}}"#).unwrap().message.as_deref(), Some("no"));
        assert_eq!(read(502, "<html>").unwrap().body_text.as_deref(), Some("<html>"));
        let long = "é".repeat(5_000);
        assert!(read(502, &long).unwrap().body_text.unwrap().len() <= BODY_TEXT_BYTES_MAX + 3);
    }

    #[test]
    fn results_beside_an_error_are_noticed() {
        let is_partial = |body: &str| read(400, body).unwrap().is_partial;
        assert!(is_partial(r#"{"block_users":{"added_users":[{"input":"1"}]},"error":{"code":139100}}"#));
        assert!(!is_partial(r#"{"success":false,"error":{"code":1}}"#));
        assert!(!is_partial(r#"{"data":[],"error":{"code":1}}"#));
    }

    #[test]
    fn the_wait_comes_from_the_headers_or_else_from_the_class() {
        let mut headers = HeaderMap::new();
        let syncing = br#"{"error":{"code":134101}}"#;
        let wait = |headers: &HeaderMap| Failure::read(400, headers, syncing).unwrap().wait();
        assert_eq!(wait(&headers), Some(SignedDuration::from_mins(10)));
        headers.insert("retry-after", "30".parse().unwrap());
        assert_eq!(wait(&headers), Some(SignedDuration::from_secs(30)));
    }

    fn examples() -> Vec<Vec<u8>> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/graph");
        let files = std::fs::read_dir(folder).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn any_answer_is_read_and_no_phone_number_is_stored(
            status in any::<u16>(),
            example in prop::sample::select(examples()),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut changed = example;
            for (index, byte) in changes {
                let index = index.index(changed.len());
                changed[index] = byte;
            }
            for body in [changed, bytes] {
                let Some(failure) = Failure::read(status, &HeaderMap::new(), &body) else { continue };
                prop_assert!(!failure.class().explanation().problem.is_empty());
                prop_assert!(failure.wait().is_none_or(|wait| wait.is_positive()));
                let text = failure.error.map(|error| error.as_meta_error().text).unwrap_or_default();
                let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
                prop_assert!(digits.unwrap_or_default() < 7, "{text}");
            }
        }
    }
}
