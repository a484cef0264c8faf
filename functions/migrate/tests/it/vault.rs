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
    writes: Arc<Mutex<Vec<&'static str>>>,
}

impl Vault {
    pub fn empty() -> Self {
        Self::holding(PLACEHOLDER)
    }

    pub fn holding(text: &str) -> Self {
        Self { initial: text.to_owned(), written: Arc::default(), writes: Arc::default() }
    }

    pub fn shared(&self) -> Arc<dyn Secrets> {
        Arc::new(self.clone())
    }

    pub fn all(&self) -> BTreeMap<&'static str, String> {
        self.written.lock().unwrap().clone()
    }

    /// What was written, each time.
    pub fn writes(&self) -> Vec<&'static str> {
        self.writes.lock().unwrap().clone()
    }
}

#[async_trait]
impl Secrets for Vault {
    async fn read(&self, secret: Secret) -> Result<SecretString, CloudError> {
        let read = self.all().remove(secret.name()).unwrap_or_else(|| self.initial.clone());
        // A caller at the same time reads the same: the response takes a while.
        tokio::task::yield_now().await;
        Ok(read.into())
    }

    async fn write(&self, secret: Secret, value: &SecretString) -> Result<(), CloudError> {
        self.writes.lock().unwrap().push(secret.name());
        self.written.lock().unwrap().insert(secret.name(), value.expose_secret().to_owned());
        Ok(())
    }
}
