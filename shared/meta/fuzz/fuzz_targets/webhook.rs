//! Any body is parsed or refused. Updates survive the queue's JSON, and an unhandled update is again a webhook.
#![no_main]

use domain::updates::{Update, UpdateBatch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(updates) = meta::webhook::parse(body) else { return };
    let batch = UpdateBatch { updates };
    let text = serde_json::to_string(&batch).expect("JSON");
    assert!(!text.contains("\\u0000") || text.contains("\\\\u0000"), "a database holds no NUL");
    assert!(text.len() < 40 * body.len() + 4_000, "{} bytes out of {}", text.len(), body.len());
    assert_eq!(serde_json::from_str::<UpdateBatch>(&text).expect("an update"), batch);
    for update in batch.updates {
        if let Update::Unhandled(unhandled) = update {
            let text = unhandled.raw.as_str().map_or_else(|| unhandled.raw.to_string(), str::to_owned);
            let parsed_again = meta::webhook::parse(text.as_bytes()).expect("a webhook");
            assert!(parsed_again.contains(&Update::Unhandled(unhandled)));
        }
    }
});
