//! The platform, with its database.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use cloud::{Cloud, Reloadable, Secret};
use domain::access::email::{EmailProof, UnknownEmailProof};
use domain::limits::ADJUSTMENT_APPROVAL_OVER_DEFAULT;
use domain::{Money, RegistrationMode, with_causes};
use ops::kernel::cipher::{KeyRing, TokenCipher};
use ops::kernel::passwords::Passwords;
use ops::{Platform, Timings};
use secrecy::SecretString;
use store::{Access, Config, Store};

use super::environment::{self, optional};
use super::{Boot, BootError, database};

/// How long an operation waits for the connection of the process.
const CONNECTION_WAIT: Duration = Duration::from_secs(5);
/// Time-out of one call to Meta.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
const REGISTRATION: &str = "TIDINGS_REGISTRATION";
const META_URL: &str = "https://graph.facebook.com";
const META_VERSION: &str = "v26.0";

impl Boot {
    pub fn access(&self) -> Result<Access, BootError> {
        database::access(&self.aws, self.clock())
    }

    /// What operations run on, for a function that may send through `cloud` and read these secrets. Without
    /// [`Secret::Meta`] it cannot sign calls to Meta, without [`Secret::DataKeys`] it cannot decrypt a tenant's token.
    pub async fn platform(&self, cloud: Cloud, uses: &[Secret]) -> Result<Platform, BootError> {
        let email_proof = email_proof()?;
        let access = self.access()?;
        let store = Store::new(&Config {
            access,
            connections_max: environment::concurrency(),
            wait: CONNECTION_WAIT,
        })?;
        let base_url = optional("META_BASE_URL").unwrap_or_else(|| META_URL.to_owned());
        let (meta, token_cipher, ()) = futures_util::try_join!(
            self.meta(base_url, uses.contains(&Secret::Meta)),
            self.token_cipher(uses.contains(&Secret::DataKeys)),
            warm_up(&store),
        )?;
        Ok(Platform {
            store,
            cloud,
            meta,
            clock: self.clock().clone(),
            token_cipher: Arc::new(token_cipher),
            passwords: Passwords::default(),
            timings: Timings::default(),
            adjustment_approval_over: amount("ADJUSTMENT_APPROVAL_OVER", ADJUSTMENT_APPROVAL_OVER_DEFAULT)?,
            email_proof,
            registration: registration()?,
            on_new_tenant: None,
            is_closing: Arc::new(AtomicBool::new(false)),
        })
    }

    async fn meta(&self, base_url: String, is_used: bool) -> Result<meta::Client, BootError> {
        let client = meta::Client::new(meta::Config {
            base_url,
            version: optional("META_API_VERSION").unwrap_or_else(|| META_VERSION.to_owned()),
            app_id: String::new(),
            app_secret: SecretString::default(),
            call_timeout: CALL_TIMEOUT,
        })?;
        if !is_used {
            return Ok(client);
        }
        let app = self.meta_app().await?;
        Ok(client.with_app(move || app.get()))
    }

    async fn token_cipher(&self, is_used: bool) -> Result<TokenCipher, BootError> {
        let keys = if is_used {
            self.reloadable(Secret::DataKeys, KeyRing::from_json).await?
        } else {
            Reloadable::fixed(KeyRing::empty())
        };
        Ok(TokenCipher::new(keys))
    }
}

/// An amount that a variable holds, which is not negative.
fn amount(name: &'static str, default: Money) -> Result<Money, BootError> {
    let Some(text) = optional(name) else { return Ok(default) };
    let amount = text.trim().parse().ok().filter(|amount| *amount >= Money::ZERO);
    let why = || format!("is {text:?}; it must be an amount such as 100.00");
    amount.ok_or_else(|| BootError::Setting { name, why: why() })
}

/// Owners prove their addresses unless it is set otherwise.
fn email_proof() -> Result<EmailProof, BootError> {
    let name = "TIDINGS_EMAIL_PROOF";
    let Some(word) = optional(name) else { return Ok(EmailProof::Required) };
    word.parse().map_err(|error: UnknownEmailProof| BootError::Setting { name, why: error.to_string() })
}

/// Who may register. No one where it is not said: a deployed platform is reached by everyone.
fn registration() -> Result<RegistrationMode, BootError> {
    let Some(mode) = optional(REGISTRATION) else { return Ok(RegistrationMode::Closed) };
    let wrong = |error| BootError::Setting { name: REGISTRATION, why: format!("is {mode:?}; it {error}") };
    mode.trim().parse().map_err(wrong)
}

/// Opens the connection before the first event. A database that is down now may be back by then: the event fails if it is
/// not, and not the whole function.
async fn warm_up(store: &Store) -> Result<(), BootError> {
    if let Err(error) = store.warm_up().await {
        tracing::error!(
            error = with_causes(&error),
            "The database could not be reached before the first event."
        );
    }
    Ok(())
}
