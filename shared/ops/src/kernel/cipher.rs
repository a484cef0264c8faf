//! Seals secrets of tenants before they are stored: AES-256-GCM, a random nonce each, bound to their place.
//!
//! What is sealed for one tenant, account and column opens nowhere else (I24). A key has an id that is stored beside
//! what it sealed, so that an older key can still open while a newer one seals.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud::Kept;
use domain::{PhoneNumberId, TenantId};
use serde::{Deserialize, Serialize};
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

/// The data keys: one seals, all of them open what they sealed.
pub struct Ring {
    keys: BTreeMap<String, Aes256Gcm>,
    current: String,
    pins: hmac::Key,
}

/// The keys as they are kept: 32 bytes each, base64.
#[derive(Serialize, Deserialize)]
struct WrittenRing {
    /// Which seals.
    current: String,
    /// Which one PINs follow from. It stays when another one seals: a number is registered with the same PIN for ever.
    pins: String,
    keys: BTreeMap<String, String>,
}

impl Ring {
    /// With one key, which seals, and which PINs follow from.
    pub fn new(key_id: &str, key: [u8; KEY_BYTES]) -> Self {
        let pins = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let keys = BTreeMap::from([(key_id.to_owned(), Aes256Gcm::new(&key.into()))]);
        Self { keys, current: key_id.to_owned(), pins }
    }

    /// With no key: nothing is sealed and nothing opens.
    pub fn empty() -> Self {
        Self { keys: BTreeMap::new(), current: String::new(), pins: hmac::Key::new(hmac::HMAC_SHA256, &[]) }
    }

    /// With a newer key, which seals from now on.
    #[must_use]
    pub fn with_new(mut self, key_id: &str, key: [u8; KEY_BYTES]) -> Self {
        self.keys.insert(key_id.to_owned(), Aes256Gcm::new(&key.into()));
        key_id.clone_into(&mut self.current);
        self
    }

    /// From `{"current": "k2", "pins": "k1", "keys": {"k1": "…", "k2": "…"}}`. The error quotes nothing of a key.
    pub fn from_json(text: &str) -> Result<Self, &'static str> {
        const WHY: &str = "must be JSON with current, pins and keys, 32 bytes each in base64";
        let written: WrittenRing = serde_json::from_str(text).map_err(|_quotes| WHY)?;
        let read = |name: &String| {
            let key = written.keys.get(name).and_then(|text| STANDARD.decode(text).ok());
            key.and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok()).ok_or(WHY)
        };
        let mut ring = Self::new(&written.pins, read(&written.pins)?);
        for name in written.keys.keys() {
            ring = ring.with_new(name, read(name)?);
        }
        read(&written.current)?;
        Ok(Self { current: written.current, ..ring })
    }

    /// One new key, as [`Ring::from_json`] reads it.
    pub fn new_json() -> Result<String, serde_json::Error> {
        const FIRST: &str = "k1";
        let key: [u8; KEY_BYTES] = rand::random();
        let keys = BTreeMap::from([(FIRST.to_owned(), STANDARD.encode(key))]);
        serde_json::to_string(&WrittenRing { current: FIRST.to_owned(), pins: FIRST.to_owned(), keys })
    }
}

/// Seals and opens with the data keys of this process.
pub struct Sealer {
    ring: Kept<Ring>,
}

impl Sealer {
    /// With these keys.
    pub const fn new(ring: Kept<Ring>) -> Self {
        Self { ring }
    }

    /// The two-step PIN that a number is registered with: six digits that follow from the key, so that registering it
    /// again finds the same one and no table holds it.
    pub fn pin(&self, number: &PhoneNumberId) -> String {
        let tag = hmac::sign(&self.ring.get().pins, number.0.as_bytes());
        let digits = tag.as_ref().iter().take(6).map(|byte| char::from(b'0' + byte % 10));
        digits.collect()
    }

    /// Seals; gives the nonce followed by the ciphertext, and the key's id to store beside it.
    pub fn seal(&self, place: Place<'_>, secret: &str) -> Result<(Vec<u8>, String), SealError> {
        let ring = self.ring.get();
        let cipher = ring.keys.get(&ring.current).ok_or(SealError::UnknownKey)?;
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let aad = place.bytes(&ring.current);
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: secret.as_bytes(), aad: &aad })
            .map_err(|_opaque| SealError::DoesNotOpen)?;
        Ok(([nonce.as_slice(), &sealed].concat(), ring.current.clone()))
    }

    /// Opens what [`Sealer::seal`] gave, in the same place. A key that is not known may be one that was made a moment
    /// ago, so the keys are read again before that is said.
    pub async fn open(&self, place: Place<'_>, sealed: &[u8], key_id: &str) -> Result<String, SealError> {
        let ring = self.ring.get();
        let ring = if ring.keys.contains_key(key_id) { ring } else { self.ring.renew().await };
        let cipher = ring.keys.get(key_id).ok_or(SealError::UnknownKey)?;
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

    fn sealer(ring: Ring) -> Sealer {
        Sealer::new(Kept::fixed(ring))
    }

    fn place(tenant: TenantId) -> Place<'static> {
        Place { tenant, account: "1001", column: "token" }
    }

    #[tokio::test]
    async fn what_was_sealed_opens_in_its_place_and_nowhere_else() {
        let (mine, theirs) = (TenantId(uuid::Uuid::from_u128(1)), TenantId(uuid::Uuid::from_u128(2)));
        let sealer = sealer(Ring::new("k1", [7; KEY_BYTES]));
        let (mut cipher, key) = sealer.seal(place(mine), "secret").unwrap();
        assert_eq!(sealer.open(place(mine), &cipher, &key).await, Ok("secret".to_owned()));
        assert_eq!(sealer.open(place(theirs), &cipher, &key).await, Err(SealError::DoesNotOpen));
        let other_account = Place { account: "1002", ..place(mine) };
        assert_eq!(sealer.open(other_account, &cipher, &key).await, Err(SealError::DoesNotOpen));
        assert_eq!(sealer.open(place(mine), &cipher, "k2").await, Err(SealError::UnknownKey));
        *cipher.last_mut().unwrap() ^= 1;
        assert_eq!(sealer.open(place(mine), &cipher, &key).await, Err(SealError::DoesNotOpen));
        assert_eq!(sealer.open(place(mine), &cipher[..5], &key).await, Err(SealError::DoesNotOpen));
    }

    #[tokio::test]
    async fn an_old_key_still_opens_after_a_rotation() {
        let tenant = TenantId(uuid::Uuid::from_u128(1));
        let (sealed, key) = sealer(Ring::new("k1", [7; KEY_BYTES])).seal(place(tenant), "secret").unwrap();
        let rotated = sealer(Ring::new("k1", [7; KEY_BYTES]).with_new("k2", [8; KEY_BYTES]));
        assert_eq!(rotated.open(place(tenant), &sealed, &key).await, Ok("secret".to_owned()));
        assert_eq!(rotated.seal(place(tenant), "x").unwrap().1, "k2");
    }

    #[test]
    fn a_number_keeps_its_pin_when_another_key_seals() {
        let number = PhoneNumberId("1234".to_owned());
        let before = sealer(Ring::new("k1", [7; KEY_BYTES])).pin(&number);
        assert!(before.len() == 6 && before.bytes().all(|byte| byte.is_ascii_digit()), "{before}");
        let rotated = sealer(Ring::new("k1", [7; KEY_BYTES]).with_new("k2", [8; KEY_BYTES]));
        assert_eq!(rotated.pin(&number), before);
    }

    #[test]
    fn keys_are_read_as_they_are_written_and_a_broken_secret_is_refused_without_quoting_it() {
        let written = Ring::new_json().unwrap();
        assert_eq!(Ring::from_json(&written).unwrap().current, "k1");
        let (k1, k2) = (STANDARD.encode([7; KEY_BYTES]), STANDARD.encode([8; KEY_BYTES]));
        let text = format!(r#"{{"current":"k2","pins":"k1","keys":{{"k1":"{k1}","k2":"{k2}"}}}}"#);
        let ring = Ring::from_json(&text).unwrap();
        assert_eq!((ring.current.as_str(), ring.keys.len()), ("k2", 2));
        for broken in [
            text.replace(r#""current":"k2""#, r#""current":"k3""#),
            text.replace(r#""pins":"k1""#, r#""pins":"k0""#),
            text.replace(&k1, "c2hvcnQ="),
            k2.clone(),
        ] {
            assert!(!Ring::from_json(&broken).err().unwrap().contains(&k2), "{broken}");
        }
    }
}
