//! Only the right header is accepted, and no header makes the check panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

fuzz_target!(|input: (Option<String>, &[u8])| {
    let (header, body) = input;
    let secrets = [SecretString::from("one"), SecretString::from("two")];
    let right = secrets.iter().map(|secret| meta::signature::sign(secret, body));
    let is_right = header.as_deref().is_some_and(|header| {
        right.clone().any(|right| right.eq_ignore_ascii_case(header) && header.starts_with("sha256="))
    });
    assert_eq!(meta::signature::verify(&secrets, header.as_deref(), body).is_ok(), is_right);
    for right in right {
        assert!(meta::signature::verify(&secrets, Some(&right), body).is_ok());
    }
});
