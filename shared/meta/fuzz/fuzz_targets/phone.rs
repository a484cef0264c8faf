//! A string is not a phone number, or it normalizes to one that parses to itself.
#![no_main]

use domain::PhoneNumber;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|spelling: &str| {
    if let Ok(number) = PhoneNumber::parse(spelling) {
        assert_eq!(PhoneNumber::parse(number.as_str()).as_ref(), Ok(&number));
        assert!(number.digits().bytes().all(|byte| byte.is_ascii_digit()) && number.as_str().starts_with('+'));
    }
});
