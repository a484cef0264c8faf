//! The HTTP client for Meta's Graph API: bounded in time and size, and never led to another host.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::MetaId;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Certificate, Method, RequestBuilder, StatusCode, Url, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::app::MetaApp;
use crate::error::{CallError, GraphError};
use crate::signature;
use crate::wire::{Success, bounded};

/// The oldest version that Meta serves: v19.0 ended on 2026-05-21 and v20.0 on 2026-09-24 (Meta: Graph API changelog,
/// versions). Meta answers a dead version with the oldest live one, so a call alone would not reveal it.
const VERSION_MIN: u32 = 21;
/// The newest version when this was written (2026-07-29). Later ones are accepted.
const VERSION_NEWEST: u32 = 26;
/// The host of the Graph API, and the host of a few newer calls.
const GRAPH_HOST: &str = "graph.facebook.com";
const API_HOST: &str = "api.facebook.com";
/// Meta's answers have a few kilobytes; a page of templates has some hundred.
const ANSWER_BYTES_MAX: usize = 1_048_576;
/// Time for making a connection; until then the message is known to be unsent. Never more than half of a call's time,
/// so that this limit is reached first.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Idle connections that are kept open: as many as one dispatcher has calls in flight.
const IDLE_CONNECTIONS_MAX: usize = 1_024;
/// Shorter than Meta keeps idle connections. A request written to a connection that Meta has just closed has an unknown
/// outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub struct Config {
    /// `https://graph.facebook.com`, or a sandbox.
    pub base_url: String,
    /// Such as `v26.0`.
    pub version: String,
    pub app_id: String,
    pub app_secret: SecretString,
    /// Limit for one call, from connecting to the last byte.
    pub call_timeout: Duration,
}

/// Why the client cannot be built.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("Meta's address is {0:?}; it must look like https://graph.facebook.com")]
    MalformedUrl(String),
    /// Not `v`, a number and `.0`.
    #[error("Meta's API version is {0:?}; it must look like v26.0")]
    MalformedVersion(String),
    /// A version that Meta has shut down.
    #[error(
        "Meta's API version is {0}, which Meta has shut down; the oldest that works is v{VERSION_MIN}.0, the newest \
         known is v{VERSION_NEWEST}.0"
    )]
    DeadVersion(String),
    /// For example, the system's certificates cannot be read.
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

/// Returns our app. Its secrets may change while the client lives.
type AppSource = Arc<dyn Fn() -> Arc<MetaApp> + Send + Sync>;

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("root", &self.root.as_str()).finish_non_exhaustive()
    }
}

/// A part of a call's path: a word of Meta's API, or an id, which is digits and so cannot lead to another path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    Word(&'static str),
    Id(MetaId<'a>),
}

impl<'a> Part<'a> {
    fn as_str(&self) -> &'a str {
        match self {
            Self::Word(word) => word,
            Self::Id(id) => id.as_str(),
        }
    }
}

/// A word of Meta's API in a path.
pub(crate) const fn word(word: &'static str) -> Part<'static> {
    Part::Word(word)
}

/// The id of one of Meta's objects in a path. Ids come from outside: from Meta's answers, webhooks and requests.
pub(crate) fn object(text: &str) -> Result<Part<'_>, CallError> {
    Ok(Part::Id(MetaId::read(text)?))
}

/// An answer with its whole body.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Client {
    /// Checks the settings and builds the client. It makes no call.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let Config { base_url, version, app_id, app_secret, call_timeout } = config;
        let root = root(&base_url, &version)?;
        // Meta's certificates come from public authorities, which are compiled in: the system's store is hundreds of
        // files. A stand-in may have its own authority, so for it the system's store is read.
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

    /// The same client for the app that `source` returns at each call.
    #[must_use]
    pub fn with_app(mut self, source: impl Fn() -> Arc<MetaApp> + Send + Sync + 'static) -> Self {
        self.app = Arc::new(source);
        self
    }

    /// Whether this is not Meta: the real one is only called over TLS.
    pub fn is_sandbox(&self) -> bool {
        self.root.scheme() != "https"
    }

    pub const fn call_timeout(&self) -> Duration {
        self.call_timeout
    }

    /// The id of our app.
    pub fn app_id(&self) -> String {
        self.app().id.clone()
    }

    pub(crate) fn app(&self) -> Arc<MetaApp> {
        (self.app)()
    }

    /// A request without a token.
    pub(crate) fn unauthenticated(&self, method: Method, path: &[Part<'_>]) -> RequestBuilder {
        self.http.request(method, extended(self.root.clone(), path.iter().map(Part::as_str)))
    }

    /// A request with a token and its proof: without the app's secret a stolen token is useless (Meta: securing Graph
    /// API requests).
    pub(crate) fn authorized(
        &self,
        method: Method,
        path: &[Part<'_>],
        token: &SecretString,
    ) -> RequestBuilder {
        self.with_proof(self.unauthenticated(method, path), token)
    }

    /// A request that Meta answers only at `api.facebook.com`. A stand-in for the Graph API answers it itself.
    pub(crate) fn authorized_at_api_host(
        &self,
        method: Method,
        path: &[Part<'_>],
        token: &SecretString,
    ) -> RequestBuilder {
        let mut url = self.root.clone();
        if url.host_str() == Some(GRAPH_HOST) {
            // Replacing one host name by another cannot fail.
            url.set_host(Some(API_HOST)).unwrap_or_default();
        }
        self.with_proof(self.http.request(method, extended(url, path.iter().map(Part::as_str))), token)
    }

    /// A request with the app's own token, which is its id and secret.
    pub(crate) fn authorized_as_app(&self, method: Method, path: &[Part<'_>]) -> RequestBuilder {
        let app = self.app();
        let token = SecretString::from(format!("{}|{}", app.id, app.secret.expose_secret()));
        self.authorized(method, path, &token)
    }

    /// A request for an upload's bytes. The upload's id, `upload:…?sig=…`, is a path and a query.
    pub(crate) fn upload(&self, id: &str, token: &SecretString) -> RequestBuilder {
        let (path, query) = id.split_once('?').unwrap_or((id, ""));
        let mut url = extended(self.root.clone(), [path]);
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        // Only this call takes the token under the older name of its scheme.
        let authorization = format!("OAuth {}", token.expose_secret());
        self.http.request(Method::POST, url).header(AUTHORIZATION, authorization)
    }

    fn with_proof(&self, request: RequestBuilder, token: &SecretString) -> RequestBuilder {
        let token = token.expose_secret();
        let proof = signature::digest(&self.app().secret, token.as_bytes());
        request.bearer_auth(token).query(&[("appsecret_proof", proof)])
    }

    /// Sends a request and reads the whole answer, within the limits of time and size.
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

    /// Sends a request and reads an answer of type `T`. An error of Meta's counts in any status, also in a 200.
    pub(crate) async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, CallError> {
        let answer = self.exchange(request).await?;
        if let Some(error) = GraphError::read(&answer.bytes) {
            return Err(CallError::Graph(Box::new(error)));
        }
        if !answer.status.is_success() {
            return Err(CallError::Status(answer.status.as_u16()));
        }
        let json: Value =
            serde_json::from_slice(&answer.bytes).map_err(|_quotes| CallError::Unreadable(".".to_owned()))?;
        serde_path_to_error::deserialize(bounded(json))
            .map_err(|unreadable| CallError::Unreadable(unreadable.path().to_string()))
    }

    /// Sends a request whose answer is `{"success": true}`.
    pub(crate) async fn succeed(&self, request: RequestBuilder) -> Result<(), CallError> {
        let answer: Success = self.call(request).await?;
        if answer.success { Ok(()) } else { Err(CallError::NotDone) }
    }
}

/// Appends parts to the address' path.
fn extended<'a>(mut url: Url, path: impl IntoIterator<Item = &'a str>) -> Url {
    // Only an address without a host has no path; `root` refuses those.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(path);
    }
    url
}

/// Whether calls go through TLS to a host that is not Meta's.
fn is_stand_in(root: &Url) -> bool {
    root.scheme() == "https" && root.host_str() != Some(GRAPH_HOST)
}

fn public_authorities() -> impl Iterator<Item = Certificate> {
    let all = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    all.filter_map(|certificate| Certificate::from_der(certificate).ok())
}

/// Whether a client can be made for this address and version of Meta.
pub fn check_address(base_url: &str, version: &str) -> Result<(), ConfigError> {
    root(base_url, version).map(drop)
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
