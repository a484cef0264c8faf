//! Any body is read or refused; what is read travels on the queue and comes back the same, and what is kept is again a
//! webhook.
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
        if let Update::Kept(kept) = update {
            let text = kept.raw.as_str().map_or_else(|| kept.raw.to_string(), str::to_owned);
            let again = meta::webhook::parse(text.as_bytes()).expect("a webhook");
            assert!(again.contains(&Update::Kept(kept)));
        }
    }
});
