//! Proof that Meta sent a webhook: `X-Hub-Signature-256`, the HMAC-SHA256 of the raw body with the app's secret.
//!
//! Meta's header carries no time, so anyone who has seen an old webhook can send it again. That is harmless only
//! because applying a status twice changes nothing (I19).

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

const PREFIX: &str = "sha256=";

/// Why a webhook is not accepted as Meta's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// No header.
    #[error("the header X-Hub-Signature-256 is missing")]
    Missing,
    /// Not `sha256=` and 64 hexadecimal digits.
    #[error("the header X-Hub-Signature-256 is malformed")]
    Malformed,
    /// Signed with another secret, or another body.
    #[error("the signature is wrong")]
    Wrong,
}

/// Whether a header can be a signature, which is known before there is a body.
pub fn check_form(header: Option<&str>) -> Result<(), SignatureError> {
    claimed(header).map(drop)
}

/// The digest that a header claims.
fn claimed(header: Option<&str>) -> Result<Vec<u8>, SignatureError> {
    let header = header.ok_or(SignatureError::Missing)?;
    let digits = header.strip_prefix(PREFIX).ok_or(SignatureError::Malformed)?;
    let claimed = hex::decode(digits).map_err(|_digits| SignatureError::Malformed)?;
    let is_whole = claimed.len() == hmac::HMAC_SHA256.digest_algorithm().output_len();
    if is_whole { Ok(claimed) } else { Err(SignatureError::Malformed) }
}

/// Checks a body, byte for byte as received, against its header with any of the app's secrets (two during a rotation),
/// in constant time (I20).
pub fn verify(secrets: &[SecretString], header: Option<&str>, body: &[u8]) -> Result<(), SignatureError> {
    let claimed = claimed(header)?;
    let fits = |secret: &SecretString| hmac::verify(&key(secret), body, &claimed).is_ok();
    if secrets.iter().any(fits) { Ok(()) } else { Err(SignatureError::Wrong) }
}

/// The header for a body: `sha256=` and 64 lower-case hexadecimal digits.
pub fn sign(secret: &SecretString, body: &[u8]) -> String {
    format!("{PREFIX}{}", digest(secret, body))
}

/// Only the digest, as in `appsecret_proof`.
pub(crate) fn digest(secret: &SecretString, message: &[u8]) -> String {
    hex::encode(hmac::sign(&key(secret), message))
}

fn key(secret: &SecretString) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
}

#[cfg(test)]
mod tests;
