//! Seals secrets of tenants before they are stored: AES-256-GCM, a random nonce each, bound to their place.
//!
//! What is sealed for one tenant, account and column opens nowhere else (I24). A key has an id that is stored beside
//! what it sealed, so that an older key can still open while a newer one seals.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use aws_lc_rs::hmac;
use domain::{PhoneNumberId, TenantId};
use thiserror::Error;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// Where a secret belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Whose secret.
    pub tenant: TenantId,
    /// The WhatsApp Business account it opens.
    pub account: &'a str,
    /// The column it is stored in.
    pub column: &'static str,
}

impl Place<'_> {
    fn bytes(&self, key_id: &str) -> Vec<u8> {
        format!("{}\u{1f}{}\u{1f}{}\u{1f}{key_id}", self.tenant, self.account, self.column).into_bytes()
    }
}

/// Why something could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// No key of that id is known here.
    #[error("the key that sealed it is not known")]
    UnknownKey,
    /// Tampered with, or moved from its place.
    #[error("it does not open here")]
    DoesNotOpen,
}

/// The data keys of this process.
pub struct Sealer {
    keys: BTreeMap<String, Aes256Gcm>,
    current: String,
    pins: hmac::Key,
}

impl Sealer {
    /// With one key, which seals.
    pub fn new(key_id: &str, key: [u8; KEY_BYTES]) -> Self {
        let cipher = Aes256Gcm::new(&key.into());
        let pins = hmac::Key::new(hmac::HMAC_SHA256, &key);
        Self { keys: BTreeMap::from([(key_id.to_owned(), cipher)]), current: key_id.to_owned(), pins }
    }

    /// With an older key that still opens what it sealed.
    #[must_use]
    pub fn with_old(mut self, key_id: &str, key: [u8; KEY_BYTES]) -> Self {
        self.keys.insert(key_id.to_owned(), Aes256Gcm::new(&key.into()));
        self
    }

    /// The two-step PIN that a number is registered with: six digits that follow from the key, so that registering it
    /// again finds the same one and no table holds it.
    pub fn pin(&self, number: &PhoneNumberId) -> String {
        let tag = hmac::sign(&self.pins, number.0.as_bytes());
        let digits = tag.as_ref().iter().take(6).map(|byte| char::from(b'0' + byte % 10));
        digits.collect()
    }

    /// Seals; gives the nonce followed by the ciphertext, and the key's id to store beside it.
    pub fn seal(&self, place: Place<'_>, secret: &str) -> Result<(Vec<u8>, String), SealError> {
        let cipher = self.keys.get(&self.current).ok_or(SealError::UnknownKey)?;
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let aad = place.bytes(&self.current);
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: secret.as_bytes(), aad: &aad })
            .map_err(|_opaque| SealError::DoesNotOpen)?;
        Ok(([nonce.as_slice(), &sealed].concat(), self.current.clone()))
    }

    /// Opens what [`Sealer::seal`] gave, in the same place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8], key_id: &str) -> Result<String, SealError> {
        let cipher = self.keys.get(key_id).ok_or(SealError::UnknownKey)?;
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::DoesNotOpen)?;
        let aad = place.bytes(key_id);
        let opened = cipher
            .decrypt(&Nonce::from(*nonce), Payload { msg: ciphertext, aad: &aad })
            .map_err(|_opaque| SealError::DoesNotOpen)?;
        String::from_utf8(opened).map_err(|_bytes| SealError::DoesNotOpen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(tenant: TenantId) -> Place<'static> {
        Place { tenant, account: "1001", column: "token" }
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_and_nowhere_else() {
        let (mine, theirs) = (TenantId(uuid::Uuid::from_u128(1)), TenantId(uuid::Uuid::from_u128(2)));
        let sealer = Sealer::new("k1", [7; KEY_BYTES]);
        let (mut cipher, key) = sealer.seal(place(mine), "secret").unwrap();
        assert_eq!(sealer.open(place(mine), &cipher, &key), Ok("secret".to_owned()));
        assert_eq!(sealer.open(place(theirs), &cipher, &key), Err(SealError::DoesNotOpen));
        let other_account = Place { account: "1002", ..place(mine) };
        assert_eq!(sealer.open(other_account, &cipher, &key), Err(SealError::DoesNotOpen));
        assert_eq!(sealer.open(place(mine), &cipher, "k2"), Err(SealError::UnknownKey));
        *cipher.last_mut().unwrap() ^= 1;
        assert_eq!(sealer.open(place(mine), &cipher, &key), Err(SealError::DoesNotOpen));
        assert_eq!(sealer.open(place(mine), &cipher[..5], &key), Err(SealError::DoesNotOpen));
    }

    #[test]
    fn an_old_key_still_opens_after_a_rotation() {
        let tenant = TenantId(uuid::Uuid::from_u128(1));
        let (sealed, key) = Sealer::new("k1", [7; KEY_BYTES]).seal(place(tenant), "secret").unwrap();
        let rotated = Sealer::new("k2", [8; KEY_BYTES]).with_old("k1", [7; KEY_BYTES]);
        assert_eq!(rotated.open(place(tenant), &sealed, &key), Ok("secret".to_owned()));
        assert_eq!(rotated.seal(place(tenant), "x").unwrap().1, "k2");
    }
}
