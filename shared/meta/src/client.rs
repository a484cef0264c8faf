//! The one HTTP client that speaks to Meta: bounded in time and size, and led nowhere else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Certificate, Method, RequestBuilder, StatusCode, Url, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::app::MetaApp;
use crate::error::{CallError, GraphError};
use crate::signature;
use crate::wire::Success;

/// The oldest version that Meta serves; v19.0 ended on 2026-05-21 and v20.0 on 2026-09-24 (Meta: Graph API changelog,
/// versions). Meta answers a dead version with the oldest live one, so nobody would notice.
const VERSION_MIN: u32 = 21;
/// The newest version at the time of writing, of 2026-07-29; later ones are accepted.
const VERSION_NEWEST: u32 = 26;
/// The host of the Graph API, and the one that a few newer calls are at instead.
const GRAPH_HOST: &str = "graph.facebook.com";
const API_HOST: &str = "api.facebook.com";
/// An answer of Meta's is a few kilobytes; a page of templates some hundred.
const ANSWER_BYTES_MAX: usize = 1_048_576;
/// How long a connection may take to be made, which is when a message is known not to have left. Never more than half
/// of a call, so that it is this time that runs out first.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Connections kept for the next calls: as many as one dispatcher has calls in flight.
const IDLE_CONNECTIONS_MAX: usize = 1_024;
/// Shorter than what Meta's side keeps: a request written to a connection that the other side has just given up has an
/// unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

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
    /// How long one call may take, from the connection to the last byte.
    pub call_timeout: Duration,
}

/// Why there can be no client.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Not an HTTP address.
    #[error("Meta's address is {0:?}; it must look like https://graph.facebook.com")]
    MalformedUrl(String),
    /// Not `v`, a number and `.0`.
    #[error("Meta's API version is {0:?}; it must look like v26.0")]
    MalformedVersion(String),
    /// Meta serves it no longer.
    #[error(
        "Meta's API version is {0}, which Meta has shut down; the oldest that works is v{VERSION_MIN}.0, the newest \
         known is v{VERSION_NEWEST}.0"
    )]
    DeadVersion(String),
    /// The system's certificates, for example.
    #[error("the HTTP client cannot be built")]
    Http(#[from] reqwest::Error),
}

/// A client for Meta's Graph API. Clones share its connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    root: Url,
    app: AppSource,
    call_timeout: Duration,
}

/// Tells which app we are: its secret may be changed while the client lives.
type AppSource = Arc<dyn Fn() -> Arc<MetaApp> + Send + Sync>;

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("root", &self.root.as_str()).finish_non_exhaustive()
    }
}

/// An answer as it came.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Client {
    /// Checks the settings and prepares the client; nothing is called yet.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let Config { base_url, version, app_id, app_secret, call_timeout } = config;
        let root = root(&base_url, &version)?;
        // Meta proves itself with public authorities, which are in the program: the system's store is hundreds of files. It
        // is read for a stand-in, which may have an authority of its own.
        let builder = reqwest::Client::builder();
        let builder = if is_stand_in(&root) { builder } else { builder.tls_certs_only(public_authorities()) };
        let http = builder
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .http1_only()
            .timeout(call_timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(call_timeout / 2))
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .build()?;
        let app = Arc::new(MetaApp {
            id: app_id,
            secret: app_secret,
            previous_secret: None,
            verify_token: String::new().into(),
        });
        Ok(Self { http, root, app: Arc::new(move || Arc::clone(&app)), call_timeout })
    }

    /// The same client as whatever app `now` says at each call.
    #[must_use]
    pub fn with_app(mut self, now: impl Fn() -> Arc<MetaApp> + Send + Sync + 'static) -> Self {
        self.app = Arc::new(now);
        self
    }

    /// How long one call may take.
    pub const fn call_timeout(&self) -> Duration {
        self.call_timeout
    }

    pub(crate) fn app(&self) -> Arc<MetaApp> {
        (self.app)()
    }

    /// A call without a token. Each part of the path is escaped: an id can never lead to another path.
    pub(crate) fn unauthenticated(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.http.request(method, extended(self.root.clone(), path))
    }

    /// A call with a token and its proof: without the app's secret a stolen token is worth nothing
    /// (Meta: securing Graph API requests).
    pub(crate) fn authorized(&self, method: Method, path: &[&str], token: &SecretString) -> RequestBuilder {
        self.with_proof(self.unauthenticated(method, path), token)
    }

    /// A call that Meta answers at `api.facebook.com` alone. Where the Graph API is somewhere else, this is there too.
    pub(crate) fn authorized_at_api_host(
        &self,
        method: Method,
        path: &[&str],
        token: &SecretString,
    ) -> RequestBuilder {
        let mut url = self.root.clone();
        if url.host_str() == Some(GRAPH_HOST) {
            // A host that is a name can be put in the place of another.
            url.set_host(Some(API_HOST)).unwrap_or_default();
        }
        self.with_proof(self.http.request(method, extended(url, path)), token)
    }

    /// A call of the app itself, with the token that its id and secret are.
    pub(crate) fn authorized_as_app(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let app = self.app();
        let token = SecretString::from(format!("{}|{}", app.id, app.secret.expose_secret()));
        self.authorized(method, path, &token)
    }

    /// A part of an upload, whose id `upload:…?sig=…` is a path and a query.
    pub(crate) fn upload(&self, id: &str, token: &SecretString) -> RequestBuilder {
        let (path, query) = id.split_once('?').unwrap_or((id, ""));
        let mut url = extended(self.root.clone(), &[path]);
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        // This call alone takes the token under the older name of its scheme.
        let authorization = format!("OAuth {}", token.expose_secret());
        self.http.request(Method::POST, url).header(AUTHORIZATION, authorization)
    }

    fn with_proof(&self, request: RequestBuilder, token: &SecretString) -> RequestBuilder {
        let token = token.expose_secret();
        let proof = signature::digest(&self.app().secret, token.as_bytes());
        request.bearer_auth(token).query(&[("appsecret_proof", proof)])
    }

    /// Sends and reads the whole answer, within bounds.
    pub(crate) async fn exchange(&self, request: RequestBuilder) -> Result<Answer, CallError> {
        let mut response = request.send().await.map_err(CallError::from_http)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut bytes = BytesMut::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| CallError::Broken(error.without_url()))?
        {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(CallError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, bytes: bytes.freeze() })
    }

    /// Sends and reads an answer of type `T`. Meta's error counts wherever it stands, in a 200 as well.
    pub(crate) async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, CallError> {
        let answer = self.exchange(request).await?;
        if let Some(error) = GraphError::read(&answer.bytes) {
            return Err(CallError::Graph(Box::new(error)));
        }
        if !answer.status.is_success() {
            return Err(CallError::Status(answer.status.as_u16()));
        }
        let mut json = serde_json::Deserializer::from_slice(&answer.bytes);
        serde_path_to_error::deserialize(&mut json)
            .map_err(|unreadable| CallError::Unreadable(unreadable.path().to_string()))
    }

    /// Sends what is answered with `{"success": true}`.
    pub(crate) async fn succeed(&self, request: RequestBuilder) -> Result<(), CallError> {
        let answer: Success = self.call(request).await?;
        if answer.success { Ok(()) } else { Err(CallError::NotDone) }
    }
}

/// The address with more parts of a path.
fn extended(mut url: Url, path: &[&str]) -> Url {
    // Only an address without a host has no path, and `root` has refused those.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(path);
    }
    url
}

/// `https://graph.facebook.com/v26.0`, checked.
/// Something else than Meta that is spoken to through TLS.
fn is_stand_in(root: &Url) -> bool {
    root.scheme() == "https" && root.host_str() != Some(GRAPH_HOST)
}

fn public_authorities() -> impl Iterator<Item = Certificate> {
    let all = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    all.filter_map(|certificate| Certificate::from_der(certificate).ok())
}

fn root(base_url: &str, version: &str) -> Result<Url, ConfigError> {
    let number = version.strip_prefix('v').and_then(|rest| rest.strip_suffix(".0"));
    let digits =
        number.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0'));
    match digits.and_then(|digits| digits.parse::<u32>().ok()) {
        None => return Err(ConfigError::MalformedVersion(version.to_owned())),
        Some(number) if number < VERSION_MIN => return Err(ConfigError::DeadVersion(version.to_owned())),
        Some(_) => {}
    }
    let malformed = || ConfigError::MalformedUrl(base_url.to_owned());
    let mut root = Url::parse(base_url).map_err(|_text| malformed())?;
    let is_http =
        matches!(root.scheme(), "https" | "http") && root.query().is_none() && root.fragment().is_none();
    if !is_http || !root.username().is_empty() || root.password().is_some() {
        return Err(malformed());
    }
    root.path_segments_mut().map_err(|()| malformed())?.pop_if_empty().push(version);
    Ok(root)
}

#[cfg(test)]
mod tests;
