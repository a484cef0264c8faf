//! Encrypts tenants' secrets before they are stored: AES-256-GCM with a random nonce and associated data.
//!
//! What is encrypted for one tenant, account and column cannot be decrypted as another's (I24). A key's id is stored
//! beside the ciphertext, so that older keys still decrypt after a newer one encrypts.

use std::collections::BTreeMap;
use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud::Reloadable;
use domain::{PhoneNumberId, TenantId};
use serde::{Deserialize, Serialize};
use store::StoreError;
use thiserror::Error;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// What a ciphertext is bound to: it decrypts only together with the same associated data.
#[derive(Clone, Copy, Debug)]
pub struct AssociatedData<'a> {
    pub tenant: TenantId,
    /// Whose secret it is: the WhatsApp Business account that a token gives access to, or the user of a second factor.
    pub account: &'a str,
    /// The column that holds the ciphertext.
    pub column: &'static str,
}

impl AssociatedData<'_> {
    fn bytes(&self, key_id: &str) -> Vec<u8> {
        format!("{}\u{1f}{}\u{1f}{}\u{1f}{key_id}", self.tenant, self.account, self.column).into_bytes()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CipherError {
    #[error("the key that the secret was encrypted with is not known")]
    UnknownKey,
    /// Changed, or stored under other associated data than it was encrypted for.
    #[error("the secret cannot be decrypted")]
    NotAuthentic,
    #[error("the secret cannot be encrypted")]
    NotEncrypted,
}

/// The data keys: the current one encrypts, and each decrypts what it encrypted.
pub struct KeyRing {
    keys: BTreeMap<String, Aes256Gcm>,
    current: String,
    pins: hmac::Key,
}

/// The keys as they are stored: 32 bytes each, base64.
#[derive(Serialize, Deserialize)]
struct StoredKeys {
    /// The id of the key that encrypts.
    current: String,
    /// The id of the key that PINs and the hashes of suppressed addresses are derived from. A rotation does not change it: a
    /// number keeps its PIN, and an address stays suppressed.
    pins: String,
    keys: BTreeMap<String, String>,
}

impl KeyRing {
    /// One key, for encryption and for PINs.
    pub fn new(key_id: &str, key: [u8; KEY_BYTES]) -> Self {
        let pins = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let keys = BTreeMap::from([(key_id.to_owned(), Aes256Gcm::new(&key.into()))]);
        Self { keys, current: key_id.to_owned(), pins }
    }

    /// No key: nothing can be encrypted or decrypted.
    pub fn empty() -> Self {
        Self { keys: BTreeMap::new(), current: String::new(), pins: hmac::Key::new(hmac::HMAC_SHA256, &[]) }
    }

    /// Adds a newer key, which encrypts from now on.
    #[must_use]
    pub fn with_new(mut self, key_id: &str, key: [u8; KEY_BYTES]) -> Self {
        self.keys.insert(key_id.to_owned(), Aes256Gcm::new(&key.into()));
        key_id.clone_into(&mut self.current);
        self
    }

    /// From `{"current": "k2", "pins": "k1", "keys": {"k1": "…", "k2": "…"}}`. The error quotes no part of a key.
    pub fn from_json(text: &str) -> Result<Self, &'static str> {
        const WHY: &str = "must be JSON with current, pins and keys, 32 bytes each in base64";
        let stored: StoredKeys = serde_json::from_str(text).map_err(|_quotes| WHY)?;
        let read = |name: &String| {
            let key = stored.keys.get(name).and_then(|text| STANDARD.decode(text).ok());
            key.and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes).ok()).ok_or(WHY)
        };
        let mut ring = Self::new(&stored.pins, read(&stored.pins)?);
        for name in stored.keys.keys() {
            ring = ring.with_new(name, read(name)?);
        }
        read(&stored.current)?;
        Ok(Self { current: stored.current, ..ring })
    }

    /// One new key, as [`KeyRing::from_json`] reads it.
    pub fn new_json() -> Result<String, serde_json::Error> {
        const FIRST: &str = "k1";
        let key: [u8; KEY_BYTES] = rand::random();
        let keys = BTreeMap::from([(FIRST.to_owned(), STANDARD.encode(key))]);
        serde_json::to_string(&StoredKeys { current: FIRST.to_owned(), pins: FIRST.to_owned(), keys })
    }
}

/// Encrypts and decrypts tokens with the data keys of this process.
pub struct TokenCipher {
    keys: Reloadable<KeyRing>,
}

impl TokenCipher {
    pub const fn new(keys: Reloadable<KeyRing>) -> Self {
        Self { keys }
    }

    /// The two-step PIN that a number is registered with: six digits derived from the key, so that a later registration
    /// uses the same PIN and no table holds it.
    pub fn pin(&self, number: &PhoneNumberId) -> String {
        let tag = hmac::sign(&self.keys.get().pins, number.0.as_bytes());
        let digits = tag.as_ref().iter().take(6).map(|byte| char::from(b'0' + byte % 10));
        digits.collect()
    }

    /// What a suppressed address is stored as: it can be compared, and names no person without the key. A rotation does not
    /// change it, as it does not change a PIN.
    pub fn address_hash(&self, tenant: TenantId, address: &str) -> [u8; KEY_BYTES] {
        let text = format!("suppression\u{1f}{tenant}\u{1f}{address}");
        let tag = hmac::sign(&self.keys.get().pins, text.as_bytes());
        let mut hash = [0; KEY_BYTES];
        hash.copy_from_slice(tag.as_ref());
        hash
    }

    /// The id of the key that encrypts now.
    pub fn current_key(&self) -> String {
        self.keys.get().current.clone()
    }

    /// Returns the nonce followed by the ciphertext, and the key's id to store beside it.
    pub fn encrypt(&self, data: AssociatedData<'_>, secret: &str) -> Result<(Vec<u8>, String), CipherError> {
        let ring = self.keys.get();
        let cipher = ring.keys.get(&ring.current).ok_or(CipherError::UnknownKey)?;
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let aad = data.bytes(&ring.current);
        let ciphertext = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: secret.as_bytes(), aad: &aad })
            .map_err(|_opaque| CipherError::NotEncrypted)?;
        Ok(([nonce.as_slice(), &ciphertext].concat(), ring.current.clone()))
    }

    /// Decrypts what [`TokenCipher::encrypt`] returned for the same associated data. A key that is not known may be new,
    /// so the keys are read again before [`CipherError::UnknownKey`] is returned.
    pub async fn decrypt(
        &self,
        data: AssociatedData<'_>,
        encrypted: &[u8],
        key_id: &str,
    ) -> Result<String, CipherError> {
        let ring = self.keys.get();
        let ring = if ring.keys.contains_key(key_id) { ring } else { self.keys.renew().await };
        let cipher = ring.keys.get(key_id).ok_or(CipherError::UnknownKey)?;
        let (nonce, ciphertext) =
            encrypted.split_first_chunk::<NONCE_BYTES>().ok_or(CipherError::NotAuthentic)?;
        let aad = data.bytes(key_id);
        let secret = cipher
            .decrypt(&Nonce::from(*nonce), Payload { msg: ciphertext, aad: &aad })
            .map_err(|_opaque| CipherError::NotAuthentic)?;
        String::from_utf8(secret).map_err(|_bytes| CipherError::NotAuthentic)
    }
}

/// What became of the secrets that another key had encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reencrypted {
    /// Secrets that the current key encrypts now: tenants' tokens, or second factors of users.
    pub tokens: usize,
    /// Those that could not be decrypted: a tenant has to connect again, a user to set the second factor up again.
    pub failed: usize,
}

impl Reencrypted {
    /// Of both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { tokens: self.tokens + other.tokens, failed: self.failed + other.failed }
    }
}

impl fmt::Display for Reencrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} encrypted again, {} could not be decrypted", self.tokens, self.failed)
    }
}

#[derive(Debug, Error)]
pub enum ReencryptError {
    #[error(transparent)]
    Cipher(#[from] CipherError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher(keys: KeyRing) -> TokenCipher {
        TokenCipher::new(Reloadable::fixed(keys))
    }

    fn data(tenant: TenantId) -> AssociatedData<'static> {
        AssociatedData { tenant, account: "1001", column: "token" }
    }

    #[tokio::test]
    async fn a_ciphertext_decrypts_with_its_associated_data_and_no_other() {
        let (mine, theirs) = (TenantId(uuid::Uuid::from_u128(1)), TenantId(uuid::Uuid::from_u128(2)));
        let cipher = cipher(KeyRing::new("k1", [7; KEY_BYTES]));
        let (mut encrypted, key) = cipher.encrypt(data(mine), "secret").unwrap();
        assert_eq!(cipher.decrypt(data(mine), &encrypted, &key).await, Ok("secret".to_owned()));
        assert_eq!(cipher.decrypt(data(theirs), &encrypted, &key).await, Err(CipherError::NotAuthentic));
        let other_account = AssociatedData { account: "1002", ..data(mine) };
        assert_eq!(cipher.decrypt(other_account, &encrypted, &key).await, Err(CipherError::NotAuthentic));
        assert_eq!(cipher.decrypt(data(mine), &encrypted, "k2").await, Err(CipherError::UnknownKey));
        *encrypted.last_mut().unwrap() ^= 1;
        assert_eq!(cipher.decrypt(data(mine), &encrypted, &key).await, Err(CipherError::NotAuthentic));
        assert_eq!(cipher.decrypt(data(mine), &encrypted[..5], &key).await, Err(CipherError::NotAuthentic));
    }

    #[tokio::test]
    async fn an_old_key_still_decrypts_after_a_rotation() {
        let tenant = TenantId(uuid::Uuid::from_u128(1));
        let (encrypted, key) =
            cipher(KeyRing::new("k1", [7; KEY_BYTES])).encrypt(data(tenant), "secret").unwrap();
        let rotated = cipher(KeyRing::new("k1", [7; KEY_BYTES]).with_new("k2", [8; KEY_BYTES]));
        assert_eq!(rotated.decrypt(data(tenant), &encrypted, &key).await, Ok("secret".to_owned()));
        assert_eq!(rotated.encrypt(data(tenant), "x").unwrap().1, "k2");
    }

    #[test]
    fn a_number_keeps_its_pin_after_a_rotation() {
        let number = PhoneNumberId("1234".to_owned());
        let before = cipher(KeyRing::new("k1", [7; KEY_BYTES])).pin(&number);
        assert!(before.len() == 6 && before.bytes().all(|byte| byte.is_ascii_digit()), "{before}");
        let rotated = cipher(KeyRing::new("k1", [7; KEY_BYTES]).with_new("k2", [8; KEY_BYTES]));
        assert_eq!(rotated.pin(&number), before);
    }

    #[test]
    fn a_suppressed_address_has_one_hash_for_each_tenant_whatever_key_encrypts() {
        let (mine, theirs) = (TenantId(uuid::Uuid::from_u128(1)), TenantId(uuid::Uuid::from_u128(2)));
        let before = cipher(KeyRing::new("k1", [7; KEY_BYTES]));
        let after = cipher(KeyRing::new("k1", [7; KEY_BYTES]).with_new("k2", [8; KEY_BYTES]));
        let hash = before.address_hash(mine, "+15551234567");
        assert_eq!(after.address_hash(mine, "+15551234567"), hash);
        assert_ne!(before.address_hash(theirs, "+15551234567"), hash);
        assert_ne!(before.address_hash(mine, "+15551234568"), hash);
        let other = cipher(KeyRing::new("k1", [9; KEY_BYTES]));
        assert_ne!(other.address_hash(mine, "+15551234567"), hash, "it needs the key");
    }

    #[test]
    fn keys_are_read_as_they_are_written_and_a_broken_secret_is_refused_without_quoting_it() {
        let written = KeyRing::new_json().unwrap();
        assert_eq!(KeyRing::from_json(&written).unwrap().current, "k1");
        let (k1, k2) = (STANDARD.encode([7; KEY_BYTES]), STANDARD.encode([8; KEY_BYTES]));
        let text = format!(r#"{{"current":"k2","pins":"k1","keys":{{"k1":"{k1}","k2":"{k2}"}}}}"#);
        let ring = KeyRing::from_json(&text).unwrap();
        assert_eq!((ring.current.as_str(), ring.keys.len()), ("k2", 2));
        for broken in [
            text.replace(r#""current":"k2""#, r#""current":"k3""#),
            text.replace(r#""pins":"k1""#, r#""pins":"k0""#),
            text.replace(&k1, "c2hvcnQ="),
            k2.clone(),
        ] {
            assert!(!KeyRing::from_json(&broken).err().unwrap().contains(&k2), "{broken}");
        }
    }
}
