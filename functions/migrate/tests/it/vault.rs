//! Secrets in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cloud::{CloudError, Secret, Secrets};
use secrecy::{ExposeSecret, SecretString};

/// What a stack's secrets look like before anybody filled them.
const PLACEHOLDER: &str = r#"{"empty":"0123"}"#;

#[derive(Clone)]
pub struct Vault {
    initial: String,
    written: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

impl Vault {
    pub fn empty() -> Self {
        Self::holding(PLACEHOLDER)
    }

    pub fn holding(text: &str) -> Self {
        Self { initial: text.to_owned(), written: Arc::default() }
    }

    pub fn shared(&self) -> Arc<dyn Secrets> {
        Arc::new(self.clone())
    }

    pub fn all(&self) -> BTreeMap<&'static str, String> {
        self.written.lock().unwrap().clone()
    }
}

#[async_trait]
impl Secrets for Vault {
    async fn read(&self, secret: Secret) -> Result<SecretString, CloudError> {
        let written = self.written.lock().unwrap();
        Ok(written.get(secret.name()).unwrap_or(&self.initial).clone().into())
    }

    async fn write(&self, secret: Secret, value: &SecretString) -> Result<(), CloudError> {
        self.written.lock().unwrap().insert(secret.name(), value.expose_secret().to_owned());
        Ok(())
    }
}
