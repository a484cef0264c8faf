//! Any answer is a failure or none, with a class, an advice and words.
#![no_main]

use http::HeaderMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, Option<String>, &[u8])| {
    let (status, retry_after, body) = input;
    let mut headers = HeaderMap::new();
    if let Some(value) = retry_after.and_then(|text| text.parse().ok()) {
        headers.insert("retry-after", value);
    }
    if let Some(failure) = meta::Failure::read(status, &headers, body) {
        let (class, _) = (failure.class(), failure.advice());
        assert!(!class.explanation().problem.is_empty());
        if let Some(error) = failure.error {
            let text = error.as_meta_error().text;
            let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
            assert!(digits.unwrap_or_default() < 7, "what may be a phone number is stored");
        }
    }
});
