//! The one HTTP client that speaks to Meta: bounded in time and size, and led nowhere else.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::{Bytes, BytesMut};
use reqwest::{Method, RequestBuilder, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::error::{CallError, GraphError};

/// The oldest version that is not dead when this was written (Meta: Graph API changelog; v19.0 ended on 2026-05-21).
const VERSION_MIN: u32 = 22;
/// An answer of Meta's is a few kilobytes; a page of templates some hundred.
const ANSWER_BYTES_MAX: usize = 1_048_576;
/// How long a connection may take to be made, which is when a message is known not to have left.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How to reach Meta.
#[derive(Clone, Debug)]
pub struct Config {
    /// `https://graph.facebook.com`, or a sandbox.
    pub base_url: String,
    /// Such as `v26.0`.
    pub version: String,
    /// The Meta app's id.
    pub app_id: String,
    /// Its secret.
    pub app_secret: SecretString,
    /// How long one call may take.
    pub call_timeout: Duration,
}

/// Why there can be no client.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Not `v` and a number.
    #[error("META_API_VERSION is {0:?}; it must look like v26.0")]
    MalformedVersion(String),
    /// Meta no longer answers it.
    #[error("META_API_VERSION is {0}, which Meta has shut down; the oldest that works is v{VERSION_MIN}.0")]
    DeadVersion(String),
    /// TLS or the address.
    #[error("the HTTP client cannot be built")]
    Http(#[from] reqwest::Error),
}

/// A client for Meta's Graph API. Clones share its connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    root: String,
    app_id: String,
    app_secret: SecretString,
    call_timeout: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("root", &self.root)
            .field("app_id", &self.app_id)
            .finish_non_exhaustive()
    }
}

/// An answer as it came.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub bytes: Bytes,
}

impl Client {
    /// Checks the settings and prepares the client; nothing is called yet.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let number = config.version.strip_prefix('v').and_then(|rest| rest.split_once('.'));
        let major =
            number.and_then(|(major, minor)| minor.parse::<u32>().ok().and(major.parse::<u32>().ok()));
        match major {
            None => return Err(ConfigError::MalformedVersion(config.version)),
            Some(major) if major < VERSION_MIN => return Err(ConfigError::DeadVersion(config.version)),
            Some(_) => {}
        }
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(config.call_timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(config.call_timeout))
            .pool_max_idle_per_host(128)
            .tcp_nodelay(true)
            .build()?;
        let root = format!("{}/{}", config.base_url.trim_end_matches('/'), config.version);
        let Config { app_id, app_secret, call_timeout, .. } = config;
        Ok(Self { http, root, app_id, app_secret, call_timeout })
    }

    /// How long one call may take.
    pub const fn call_timeout(&self) -> Duration {
        self.call_timeout
    }

    pub(crate) fn app_id(&self) -> &str {
        &self.app_id
    }

    pub(crate) fn app_secret(&self) -> &str {
        self.app_secret.expose_secret()
    }

    /// A call without a token.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/{path}", self.root))
    }

    /// A call with a token and its proof: without the app's secret a stolen token is worth nothing
    /// (Meta: securing Graph API requests).
    pub(crate) fn authorized(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.app_secret().as_bytes());
        let proof = hex::encode(hmac::sign(&key, token.as_bytes()));
        self.bare(method, path).bearer_auth(token).query(&[("appsecret_proof", proof)])
    }

    /// Sends and reads the whole answer, within bounds.
    pub(crate) async fn exchange(&self, request: RequestBuilder) -> Result<Answer, CallError> {
        let mut response = request.send().await.map_err(CallError::from_send)?;
        let status = response.status();
        let mut bytes = BytesMut::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| CallError::Broken(error.without_url()))?
        {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(CallError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer { status, bytes: bytes.freeze() })
    }

    /// Sends and reads an answer of type `T`. Meta's error counts wherever it stands, in a 200 as well.
    pub(crate) async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, CallError> {
        let answer = self.exchange(request).await?;
        if let Some(error) = GraphError::read(&answer.bytes) {
            return Err(CallError::Graph(error));
        }
        if !answer.status.is_success() {
            return Err(CallError::Status(answer.status.as_u16()));
        }
        serde_json::from_slice(&answer.bytes).map_err(CallError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(version: &str) -> Result<Client, ConfigError> {
        Client::new(Config {
            base_url: "http://127.0.0.1:9/".to_owned(),
            version: version.to_owned(),
            app_id: "1".to_owned(),
            app_secret: "s".into(),
            call_timeout: Duration::from_secs(1),
        })
    }

    #[test]
    fn a_version_that_meta_shut_down_is_refused_at_the_start() {
        assert!(matches!(client("v19.0"), Err(ConfigError::DeadVersion(_))));
        for malformed in ["", "26.0", "v26", "vx.0", "v26.x"] {
            assert!(matches!(client(malformed), Err(ConfigError::MalformedVersion(_))), "{malformed}");
        }
        assert_eq!(client("v26.0").unwrap().root, "http://127.0.0.1:9/v26.0");
    }
}
