//! A spelling is no amount, or one that is written and read the same, and as a number in JSON too.
#![no_main]

use domain::Money;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|spelling: &str| {
    if let Ok(amount) = spelling.parse::<Money>() {
        assert_eq!(amount.to_string().parse::<Money>(), Ok(amount));
        let json = serde_json::to_string(&amount).expect("JSON");
        assert_eq!(serde_json::from_str::<Money>(&json).expect("an amount"), amount);
    }
    // Whatever JSON it is, it is an amount or none.
    drop(serde_json::from_str::<Money>(spelling));
});
