//! A string is not an amount, or it is one that survives writing and reading, also as a JSON number.
#![no_main]

use domain::Money;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|spelling: &str| {
    if let Ok(amount) = spelling.parse::<Money>() {
        assert_eq!(amount.to_string().parse::<Money>(), Ok(amount));
        let json = serde_json::to_string(&amount).expect("JSON");
        assert_eq!(serde_json::from_str::<Money>(&json).expect("an amount"), amount);
    }
    // Any JSON either is an amount or is refused.
    drop(serde_json::from_str::<Money>(spelling));
});
