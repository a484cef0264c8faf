//! Secrets in Secrets Manager, by their ARNs.

use std::sync::OnceLock;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_types::SdkConfig;
use secrecy::{ExposeSecret, SecretString};

use super::Names;
use super::refused::refused;
use crate::{CloudError, Secret, Secrets};

pub(super) struct SecretsManager {
    sdk: SdkConfig,
    names: Names,
    client: OnceLock<Client>,
}

impl SecretsManager {
    pub(super) const fn new(sdk: SdkConfig, names: Names) -> Self {
        Self { sdk, names, client: OnceLock::new() }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.sdk))
    }

    fn arn(&self, secret: Secret) -> Result<String, CloudError> {
        self.names.get(match secret {
            Secret::Meta => "META_SECRET_ARN",
            Secret::Jwt => "JWT_SECRET_ARN",
            Secret::DataKeys => "DATA_KEYS_SECRET_ARN",
            Secret::Smtp => "SMTP_SECRET_ARN",
            Secret::Database => "DATABASE_PASSWORD",
        })
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn read(&self, secret: Secret) -> Result<SecretString, CloudError> {
        let read = self.client().get_secret_value().secret_id(self.arn(secret)?).send().await;
        let value = read.map_err(|error| refused("GetSecretValue", &error))?.secret_string;
        let missing = || CloudError::new(format!("the secret {} is not text", secret.name()));
        value.map(SecretString::from).ok_or_else(missing)
    }

    async fn write(&self, secret: Secret, value: &SecretString) -> Result<(), CloudError> {
        let put = self.client().put_secret_value().secret_id(self.arn(secret)?);
        let written = put.secret_string(value.expose_secret()).send().await;
        written.map(drop).map_err(|error| refused("PutSecretValue", &error))
    }
}
