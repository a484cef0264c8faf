//! Updates on the updates queue. They are encrypted there and among the dead letters, because they hold names, phone numbers
//! and the texts of people (I29).
//!
//! The key of a webhook's updates is derived from the app's secret, which the sender and the reader have anyway, and a
//! random salt (HKDF-SHA256); each of its updates has a nonce of its own (AES-256-GCM). A reader tries the app's present
//! secret and the one before. What is encrypted with neither stays on the queue, and then among the dead letters, until one
//! of them is back.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::updates::Update;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the key is for: a key derived from the same secret for something else is another one.
const PURPOSE: &[u8] = b"tidings updates queue";
const SALT_BYTES: usize = 16;

/// The body of one queue message: several updates of one account. Its JSON is a contract between two deployments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueuedBatch {
    /// In Meta's order, which has no meaning (I18).
    pub updates: Vec<QueuedUpdate>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum QueuedUpdate {
    Encrypted {
        /// Salt, nonce and ciphertext, in base64.
        encrypted: String,
    },
    /// From an earlier version.
    Clear(Update),
}

/// An update could not be encrypted, or not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QueuedError {
    #[error("an update could not be encrypted")]
    NotEncrypted,
    #[error("an update is not encrypted with the app's present or previous secret")]
    OtherSecret,
    #[error("an update is of a kind that this version does not know")]
    UnknownKind,
}

/// Encrypts the updates of one webhook.
pub struct UpdateEncryptor {
    salt: [u8; SALT_BYTES],
    key: LessSafeKey,
    count: u64,
}

impl UpdateEncryptor {
    pub fn new(secret: &SecretString) -> Result<Self, QueuedError> {
        let mut salt = [0; SALT_BYTES];
        aws_lc_rs::rand::fill(&mut salt).map_err(|_no_randomness| QueuedError::NotEncrypted)?;
        let key = key(secret, &salt).ok_or(QueuedError::NotEncrypted)?;
        Ok(Self { salt, key, count: 0 })
    }

    pub fn encrypt(&mut self, update: &Update) -> Result<QueuedUpdate, QueuedError> {
        let mut text = serde_json::to_vec(update).map_err(|_quotes| QueuedError::NotEncrypted)?;
        // The key encrypts the updates of this webhook alone, so counting them makes every nonce a new one.
        self.count += 1;
        let mut nonce = [0; NONCE_LEN];
        nonce.iter_mut().zip(self.count.to_le_bytes()).for_each(|(byte, count)| *byte = count);
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
            .map_err(|_unspecified| QueuedError::NotEncrypted)?;
        let bytes = [&self.salt[..], &nonce, &text].concat();
        Ok(QueuedUpdate::Encrypted { encrypted: STANDARD_NO_PAD.encode(bytes) })
    }
}

impl QueuedBatch {
    /// The updates, which were encrypted with any of `secrets`.
    pub fn decrypt(self, secrets: &[SecretString]) -> Result<Vec<Update>, QueuedError> {
        let mut decryptor = Decryptor { secrets, last: None };
        self.updates.into_iter().map(|update| decryptor.decrypt(update)).collect()
    }
}

/// Decrypts updates, most of which are of one webhook and so have one key.
struct Decryptor<'a> {
    secrets: &'a [SecretString],
    last: Option<(Vec<u8>, LessSafeKey)>,
}

impl Decryptor<'_> {
    fn decrypt(&mut self, update: QueuedUpdate) -> Result<Update, QueuedError> {
        let encrypted = match update {
            QueuedUpdate::Clear(update) => return Ok(update),
            QueuedUpdate::Encrypted { encrypted } => encrypted,
        };
        let bytes = STANDARD_NO_PAD.decode(encrypted).map_err(|_no_base64| QueuedError::OtherSecret)?;
        let (salt, rest) = bytes.split_at_checked(SALT_BYTES).ok_or(QueuedError::OtherSecret)?;
        if let Some((last, key)) = &self.last
            && last == salt
        {
            return parse(&open(key, rest).ok_or(QueuedError::OtherSecret)?);
        }
        for secret in self.secrets {
            let Some(key) = key(secret, salt) else { continue };
            if let Some(text) = open(&key, rest) {
                self.last = Some((salt.to_vec(), key));
                return parse(&text);
            }
        }
        Err(QueuedError::OtherSecret)
    }
}

fn parse(text: &[u8]) -> Result<Update, QueuedError> {
    serde_json::from_slice(text).map_err(|_quotes| QueuedError::UnknownKind)
}

fn key(secret: &SecretString, salt: &[u8]) -> Option<LessSafeKey> {
    let derived = Salt::new(HKDF_SHA256, salt).extract(secret.expose_secret().as_bytes());
    let key = derived.expand(&[PURPOSE], &AES_256_GCM).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(key)))
}

fn open(key: &LessSafeKey, bytes: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = bytes.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = text.to_vec();
    let length = key.open_in_place(nonce, Aad::empty(), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use domain::updates::UnhandledUpdate;
    use serde_json::json;

    use super::*;

    fn update(text: &str) -> Update {
        Update::Unhandled(UnhandledUpdate { reason: "inbound_message".to_owned(), raw: json!(text) })
    }

    fn queued(secret: &str, texts: &[&str]) -> QueuedBatch {
        let mut encryptor = UpdateEncryptor::new(&secret.into()).unwrap();
        QueuedBatch { updates: texts.iter().map(|text| encryptor.encrypt(&update(text)).unwrap()).collect() }
    }

    fn decrypted(batch: &QueuedBatch, secrets: &[&str]) -> Result<Vec<Update>, QueuedError> {
        let body = serde_json::to_string(batch).unwrap();
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
        serde_json::from_str::<QueuedBatch>(&body).unwrap().decrypt(&secrets)
    }

    #[test]
    fn a_queue_body_shows_nothing_of_what_meta_sent_and_its_reader_has_all_of_it() {
        let texts = ["+15551234567 writes: see you at 8", "see you at 8", "see you at 8"];
        let batch = queued("secret", &texts);
        let body = serde_json::to_string(&batch).unwrap();
        assert!(!body.contains("1234567") && !body.contains("inbound") && !body.contains("see"), "{body}");
        assert_ne!(batch.updates[1], batch.updates[2], "equal updates look different");
        assert_eq!(decrypted(&batch, &["secret"]).unwrap(), texts.map(update));
    }

    #[test]
    fn an_update_is_read_with_the_previous_secret_and_with_no_other() {
        let batch = queued("before", &["a"]);
        assert_eq!(decrypted(&batch, &["after", "before"]).unwrap(), [update("a")]);
        assert_eq!(decrypted(&batch, &["after"]), Err(QueuedError::OtherSecret));
        let QueuedUpdate::Encrypted { encrypted } = &batch.updates[0] else { panic!() };
        for damaged in ["", "AAAA", &encrypted[4..], &encrypted.replacen(&encrypted[40..44], "////", 1)] {
            let updates = vec![QueuedUpdate::Encrypted { encrypted: damaged.to_owned() }];
            assert_eq!(decrypted(&QueuedBatch { updates }, &["before"]), Err(QueuedError::OtherSecret));
        }
    }

    #[test]
    fn updates_that_an_earlier_version_sent_are_read() {
        let body = json!({ "updates": [update("a")] }).to_string();
        let batch: QueuedBatch = serde_json::from_str(&body).unwrap();
        assert_eq!(batch.decrypt(&[]).unwrap(), [update("a")]);
    }
}
