//! No header asks for a wait of more than a day or for more than a few rows of memory.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Option<&str>, Option<&str>, Option<&str>, Option<&str>)| {
    let (app, business, ad_account, retry_after) = input;
    let usage = meta::error::Usage::read(app, business, ad_account, retry_after);
    assert!(usage.business.len() <= 64);
    if let Some(wait) = usage.requested_wait() {
        assert!((1..=86_400).contains(&wait.as_secs()));
    }
});
