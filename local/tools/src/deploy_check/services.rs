//! What the functions need besides AWS: a private Postgres, and Meta's sandbox.

use std::net::{Ipv4Addr, SocketAddr};

use cluster::Cluster;
use sandbox::Running;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::databases;

use crate::deploy_check::aws::free_port;
use crate::deploy_check::site::Site;
use tidings::error::LocalError;
use tidings::home::Secrets;

const META_APP_ID: &str = "1000000000000001";
const APP_USER: &str = "tidings_app";

pub(crate) struct Services {
    cluster: Cluster,
    pub sandbox: Running,
    pub meta: MetaApp,
    secrets: Secrets,
}

/// The secret of the Meta app.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetaApp {
    /// Its id.
    pub app_id: String,
    /// Signs webhooks.
    pub app_secret: String,
    /// Of the handshake.
    pub verify_token: String,
}

impl MetaApp {
    /// With new secrets.
    pub fn fresh(site: &Site) -> Result<Self, LocalError> {
        let secrets = site.home.secrets()?;
        Ok(Self {
            app_id: META_APP_ID.to_owned(),
            app_secret: secrets.sandbox_app_secret,
            verify_token: secrets.sandbox_verify_token,
        })
    }
}

/// One database under two users.
#[derive(Clone, Debug)]
pub(crate) struct Urls {
    pub app: String,
    /// As its owner.
    pub admin: String,
}

impl Services {
    /// Starts both; the sandbox sends its webhooks to `webhook_url` and signs them as the app `meta`.
    pub async fn start(
        site: &Site,
        (meta, webhook_url): (MetaApp, Option<String>),
    ) -> Result<Self, LocalError> {
        let secrets = site.home.secrets()?;
        let options = site.postgres.clone();
        let started = tokio::task::spawn_blocking(move || cluster::start(&options)).await;
        let cluster =
            started.map_err(|error| LocalError::Call(format!("starting Postgres panicked: {error}")))??;
        let sandbox = sandbox::start(sandbox::Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)),
            app_id: meta.app_id.clone(),
            app_secret: meta.app_secret.clone(),
            webhook_url,
            verify_token: meta.verify_token.clone(),
            journal: None,
        })
        .await?;
        Ok(Self { cluster, sandbox, meta, secrets })
    }

    /// A fresh, empty database.
    pub async fn database(&self, name: &str) -> Result<Urls, LocalError> {
        databases::create(&self.cluster.url("postgres"), name, None).await?;
        let admin = self.cluster.url(name);
        Ok(Urls { app: admin.replacen("postgres@", &format!("{APP_USER}@"), 1), admin })
    }

    /// The secret with the keys of access tokens.
    pub fn jwt_secret(&self) -> Value {
        json!({ "signing": self.secrets.jwt_key, "older": [] })
    }

    /// The secret with the keys of tenants' Meta tokens.
    pub fn data_keys_secret(&self) -> Value {
        json!({ "current": "k1", "pins": "k1", "keys": { "k1": self.secrets.data_key } })
    }

    pub async fn stop(self) {
        self.sandbox.stop().await;
        // Stopping Postgres blocks.
        if tokio::task::spawn_blocking(move || drop(self.cluster)).await.is_err() {
            tracing::warn!("Postgres was left running");
        }
    }
}
