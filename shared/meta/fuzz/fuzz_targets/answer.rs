//! Reading any answer yields either no failure or one with a class, advice and an explanation.
#![no_main]

use http::HeaderMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, Option<String>, &[u8])| {
    let (status, retry_after, body) = input;
    let mut headers = HeaderMap::new();
    if let Some(value) = retry_after.and_then(|text| text.parse().ok()) {
        headers.insert("retry-after", value);
    }
    if let Some(failure) = meta::error::Failure::read(status, &headers, body) {
        let (class, _) = (failure.class(), failure.advice());
        assert!(!class.explanation().problem.is_empty());
        if let Some(error) = failure.error {
            let text = error.as_meta_error().text;
            let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
            assert!(digits.unwrap_or_default() < 7, "what may be a phone number is in a stored text");
        }
    }
});
