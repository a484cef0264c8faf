//! The keys of this machine: as functions read them, and how one is replaced.
//!
//! A process that serves reads `secrets.json` again every minute, and at once when something fails to authenticate. So a
//! replaced key needs no restart, and several processes may use one home.

use std::time::Duration;

use api::tokens::{GOOD_FOR, Keys, new_key};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use cloud::reloadable::RENEW_PAUSE;
use cloud::{CloudError, Reloadable, Secret};
use domain::Clock;
use jiff::{SignedDuration, Timestamp};
use meta::MetaApp;
use ops::Platform;
use ops::access::second_factor::rotate;
use ops::kernel::cipher::{KEY_BYTES, KeyRing, Reencrypted};
use ops::kernel::hash::sha256;
use ops::whatsapp::token;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::watch;

use crate::error::LocalError;
use crate::home::{DATA_KEY_ID, Home, OlderKey, Secrets, word};
use crate::settings::{GivenKeys, MetaAppSettings, Settings};

/// How often a serving process reads the keys again.
const READ_EVERY: Duration = Duration::from_mins(1);
/// How long the tokens of a replaced key are accepted: those that were signed until every process knew the new one.
const OLDER_KEPT: SignedDuration = SignedDuration::from_mins(5);

/// What can be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeyKind {
    /// The key that signs access tokens. Tokens of the one before are accepted until they expire.
    Jwt,
    /// The key that encrypts tenants' tokens for Meta. All of them are encrypted again.
    Data,
    /// The token of the webhook's handshake, unless `META_WEBHOOK_VERIFY_TOKEN` is set.
    VerifyToken,
}

/// What functions are given; a clone reads the same.
#[derive(Clone, Debug)]
pub struct MachineKeys {
    pub jwt: Reloadable<Keys>,
    pub data: Reloadable<KeyRing>,
    pub app: Reloadable<MetaApp>,
}

impl MachineKeys {
    /// Reads all of them; an error quotes no part of a key.
    pub fn read(settings: &Settings, home: &Home, clock: &Clock) -> Result<Self, LocalError> {
        let source =
            Arc::new(HomeSecrets { home: home.clone(), app: settings.app.clone(), clock: clock.clone() });
        Ok(Self {
            jwt: reloadable(&source, Secret::Jwt, Keys::from_json)?,
            data: reloadable(&source, Secret::DataKeys, KeyRing::from_json)?,
            app: reloadable(&source, Secret::Meta, MetaApp::from_json)?,
        })
    }

    async fn read_again(&self) {
        let age = SignedDuration::ZERO;
        self.jwt.refresh_if_older(age).await;
        self.data.refresh_if_older(age).await;
        self.app.refresh_if_older(age).await;
    }
}

fn reloadable<T: Send + Sync + 'static>(
    source: &Arc<HomeSecrets>,
    secret: Secret,
    parse: fn(&str) -> Result<T, &'static str>,
) -> Result<Reloadable<T>, LocalError> {
    let text = source.text(secret)?;
    let value =
        parse(&text).map_err(|why| LocalError::Setting { name: secret.name(), why: why.to_owned() })?;
    Ok(Reloadable::from_value(value, source.clone(), secret, source.clock.clone(), parse))
}

/// Reads the keys again every minute until the process stops.
pub async fn keep_reading(keys: MachineKeys, mut stopping: watch::Receiver<bool>) {
    // An error means that the sender is gone.
    while tokio::time::timeout(READ_EVERY, stopping.wait_for(|stop| *stop)).await.is_err() {
        keys.read_again().await;
    }
}

/// Gives functions the secrets of this machine in the form in which they are stored on AWS.
#[derive(Debug)]
struct HomeSecrets {
    home: Home,
    app: MetaAppSettings,
    clock: Clock,
}

impl HomeSecrets {
    fn text(&self, secret: Secret) -> Result<String, LocalError> {
        let stored = self.home.secrets()?;
        let text = match secret {
            Secret::Jwt => {
                let now = self.clock.now();
                let older = stored.older_jwt_keys.iter().filter(|older| older.until > now);
                let older: Vec<&str> = older.map(|older| older.key.as_str()).collect();
                json!({ "signing": stored.jwt_key, "older": older })
            }
            Secret::DataKeys => {
                let mut keys = stored.newer_data_keys.clone();
                keys.insert(DATA_KEY_ID.to_owned(), stored.data_key.clone());
                // Numbers keep the PIN that they were registered with.
                json!({ "current": stored.current_data_key(), "pins": DATA_KEY_ID, "keys": keys })
            }
            Secret::Meta => {
                let app = &self.app;
                json!({
                    "appId": app.id,
                    "appSecret": stored.app_secret(app),
                    "previousAppSecret": app.previous_secret.as_ref().map(ExposeSecret::expose_secret),
                    "verifyToken": stored.verify_token(app),
                })
            }
            Secret::Smtp | Secret::Database => {
                let why = "is a setting on one machine".to_owned();
                return Err(LocalError::Setting { name: secret.name(), why });
            }
        };
        Ok(text.to_string())
    }
}

#[async_trait]
impl cloud::Secrets for HomeSecrets {
    async fn read(&self, secret: Secret) -> Result<SecretString, CloudError> {
        self.text(secret).map(SecretString::from).map_err(|error| CloudError::of(&error))
    }

    async fn write(&self, secret: Secret, _value: &SecretString) -> Result<(), CloudError> {
        Err(CloudError::new(format!("{} is written by `keys rotate` only", secret.name())))
    }
}

/// Uses keys that the settings bring along from now on. Each is stored in the home when it is first seen: it may be unset
/// after that, and a rotation replaces it.
pub fn take_over(home: &Home, given: &GivenKeys, now: Timestamp) -> Result<(), LocalError> {
    let fingerprint = |key: &SecretString| STANDARD.encode(sha256(key.expose_secret().as_bytes()));
    let known = home.secrets()?.taken_over;
    let is_new = |key: &&SecretString| !known.contains(&fingerprint(key));
    if let Some(key) = given.jwt.as_ref().filter(is_new) {
        home.change(|secrets| {
            if secrets.taken_over.insert(fingerprint(key)) {
                replace_jwt_key(secrets, key.expose_secret().to_owned(), now);
            }
        })?;
    }
    if let Some(key) = given.data.as_ref().filter(is_new) {
        home.change(|secrets| {
            if secrets.taken_over.insert(fingerprint(key)) {
                push_data_key(secrets, key.expose_secret().to_owned());
            }
        })?;
    }
    Ok(())
}

fn replace_jwt_key(secrets: &mut Secrets, new: String, now: Timestamp) {
    let key = std::mem::replace(&mut secrets.jwt_key, new);
    secrets.older_jwt_keys.retain(|older| older.until > now);
    secrets.older_jwt_keys.push(OlderKey { key, until: now + GOOD_FOR + OLDER_KEPT });
}

fn push_data_key(secrets: &mut Secrets, key: String) {
    let id = format!("k{}", secrets.newer_data_keys.len() + 2);
    secrets.newer_data_keys.insert(id.clone(), key);
    secrets.current_data_key = Some(id);
}

/// Replaces the key that signs access tokens. When it leaked, tokens of the one before are refused from now on.
pub fn rotate_jwt(home: &Home, now: Timestamp, has_leaked: bool) -> Result<(), LocalError> {
    let new = STANDARD.encode(new_key()?);
    home.change(|secrets| {
        replace_jwt_key(secrets, new, now);
        if has_leaked {
            secrets.older_jwt_keys.clear();
        }
    })
}

/// Replaces the token of the webhook's handshake, and returns the new one.
pub fn rotate_verify_token(home: &Home) -> Result<String, LocalError> {
    let new = word::<16>()?;
    home.change(|secrets| secrets.sandbox_verify_token.clone_from(&new))?;
    Ok(new)
}

/// What [`rotate_data`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// A new key encrypts, and so many tokens were encrypted again.
    New(Reencrypted),
    /// An earlier rotation had been interrupted; it is complete now, and no new key was made.
    Completed(Reencrypted),
}

/// Replaces the key that encrypts tenants' tokens. The new key is stored before anything is encrypted with it and no key is
/// ever deleted, so this may be stopped anywhere: the next call completes it. `platform` reads the keys anew.
pub async fn rotate_data(
    home: &Home,
    platform: impl Fn() -> Result<Platform, LocalError>,
) -> Result<Rotated, LocalError> {
    let completed = reencrypt_all(&platform()?).await?;
    if completed != Reencrypted::default() {
        return Ok(Rotated::Completed(completed));
    }
    add_data_key(home)?;
    // A serving process that meets a key that it does not know reads them again, but not twice within this time.
    tokio::time::sleep(RENEW_PAUSE.unsigned_abs()).await;
    Ok(Rotated::New(reencrypt_all(&platform()?).await?))
}

/// Encrypts again what another key than the current one encrypted: tenants' tokens, and second factors of users.
async fn reencrypt_all(platform: &Platform) -> Result<Reencrypted, LocalError> {
    let tokens = token::reencrypt_all(platform).await?;
    Ok(tokens.and(rotate::reencrypt_all(platform).await?))
}

/// Stores a new data key, which encrypts from now on.
pub fn add_data_key(home: &Home) -> Result<(), LocalError> {
    let key = STANDARD.encode(api::tokens::random_bytes::<KEY_BYTES>()?);
    home.change(|secrets| push_data_key(secrets, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_settings_is_taken_over_once_and_a_rotation_after_that_holds() {
        let path = std::env::temp_dir().join(format!("tidings-given-{}", std::process::id()));
        let home = Home::open(&path).unwrap();
        let (now, own) = (Timestamp::UNIX_EPOCH, home.secrets().unwrap());
        let text = |key: &[u8]| STANDARD.encode(key);
        let (jwt, data) = (text(&new_key().unwrap()), text(&[7; KEY_BYTES]));
        let given = GivenKeys { jwt: Some(jwt.clone().into()), data: Some(data.clone().into()) };
        for _ in 0..2 {
            take_over(&home, &given, now).unwrap();
            let secrets = home.secrets().unwrap();
            assert_eq!(secrets.jwt_key, jwt);
            assert_eq!(secrets.newer_data_keys[secrets.current_data_key()], data);
            assert_eq!(
                (secrets.older_jwt_keys[0].key.as_str(), secrets.data_key.as_str()),
                (&*own.jwt_key, &*own.data_key)
            );
        }
        rotate_jwt(&home, now, false).unwrap();
        add_data_key(&home).unwrap();
        take_over(&home, &given, now).unwrap();
        let secrets = home.secrets().unwrap();
        assert_ne!(secrets.jwt_key, jwt);
        assert_ne!(secrets.newer_data_keys[secrets.current_data_key()], data);
        assert!(
            secrets.newer_data_keys.values().any(|key| *key == data),
            "rows that it encrypted can be read"
        );
        std::fs::remove_dir_all(&path).unwrap();
    }
}
