//! Hashes and encodings: what must look random but be the same every time is derived here.

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// SHA-256 of several parts, each ended by a zero byte so that `ab`, `c` and `a`, `bc` differ.
pub(crate) fn sha256(parts: &[&str]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    context.finish().as_ref().to_vec()
}

/// The first eight bytes of [`sha256`] as a number.
pub(crate) fn number(parts: &[&str]) -> u64 {
    sha256(parts).iter().take(8).fold(0, |sum: u64, byte| (sum << 8) | u64::from(*byte))
}

/// Sixteen decimal digits, the first never zero, like Meta's object ids.
pub(crate) fn object_id(parts: &[&str]) -> String {
    let span = 9_000_000_000_000_000;
    (1_000_000_000_000_000 + number(parts) % span).to_string()
}

/// Padded base64, as inside a wamid.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 for URLs, without padding: cursors and trace ids.
pub(crate) fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn from_base64_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Lower-case hex of HMAC-SHA256, as in `X-Hub-Signature-256` and `appsecret_proof`.
pub(crate) fn hmac_hex(secret: &str, message: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex::encode(hmac::sign(&key, message).as_ref())
}

/// Compares two secrets in constant time.
pub(crate) fn same(left: &str, right: &str) -> bool {
    constant_time::verify_slices_are_equal(left.as_bytes(), right.as_bytes()).is_ok()
}
