//! Secrets: AWS, and the memory that other tests use. On one machine they are files, which do not change while it runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cloud::reloadable::RENEW_PAUSE;
use cloud::{CloudError, Reloadable, Secret, Secrets};
use domain::Clock;
use secrecy::{ExposeSecret, SecretString};

use crate::aws_place::AwsPlace;

/// Secrets in memory; counts its reads, and fails while `is_away`.
#[derive(Default)]
pub struct Memory {
    held: Mutex<HashMap<Secret, String>>,
    pub reads: AtomicUsize,
    pub is_away: AtomicBool,
}

#[async_trait]
impl Secrets for Memory {
    async fn read(&self, secret: Secret) -> Result<SecretString, CloudError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        // Another caller may read meanwhile.
        tokio::task::yield_now().await;
        if self.is_away.load(Ordering::SeqCst) {
            return Err(CloudError::new("away"));
        }
        let held = self.held.lock().unwrap().get(&secret).cloned();
        held.map(SecretString::from).ok_or_else(|| CloudError::new("no such secret"))
    }

    async fn write(&self, secret: Secret, value: &SecretString) -> Result<(), CloudError> {
        self.held.lock().unwrap().insert(secret, value.expose_secret().to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn secrets_are_read_as_they_were_written_last_each_by_itself_and_renewed() {
    let mut places: Vec<(&str, Arc<dyn Secrets>)> = vec![("memory", Arc::new(Memory::default()))];
    let aws = AwsPlace::new().await;
    places.extend(aws.iter().map(|place| ("AWS", place.aws.secrets())));
    for (place, secrets) in places {
        for value in ["{}", r#"{"a":"é \" 😀"}"#] {
            write_all(&*secrets, value).await;
            assert_eq!(read_all(&*secrets).await, Secret::ALL.map(|secret| of(secret, value)), "{place}");
        }
        let clock = Clock::shifted();
        let parse = |text: &str| Ok(text.len());
        let value = Reloadable::read(Arc::clone(&secrets), Secret::Jwt, clock.clone(), parse).await.unwrap();
        secrets.write(Secret::Jwt, &"four".into()).await.unwrap();
        assert_ne!(*value.renew().await, 4, "{place}: it was read a moment ago");
        clock.advance(RENEW_PAUSE);
        assert_eq!(*value.renew().await, 4, "{place}");
    }
}

/// A value that differs for each secret.
fn of(secret: Secret, value: &str) -> String {
    format!("{}{value}", secret.name())
}

async fn write_all(secrets: &dyn Secrets, value: &str) {
    for secret in Secret::ALL {
        secrets.write(secret, &of(secret, value).into()).await.unwrap();
    }
}

async fn read_all(secrets: &dyn Secrets) -> Vec<String> {
    let mut all = Vec::new();
    for secret in Secret::ALL {
        all.push(secrets.read(secret).await.unwrap().expose_secret().to_owned());
    }
    all
}
