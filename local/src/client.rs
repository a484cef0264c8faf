//! A client of the API, for the demo, the tests and local/tools.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::error::LocalError;

/// Longer than any request may take.
const TIMEOUT: Duration = Duration::from_secs(35);
/// How often a request is sent again that was one too many for the plan.
const RETRIES_MAX: u32 = 60;

/// One caller at one address.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    token: Option<String>,
}

/// An answer: its status and its body, `null` when it has none.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Answer {
    /// The body of a success; anything else is an error that shows the problem.
    pub fn success(self) -> Result<Value, LocalError> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        Err(LocalError::Call(format!("the API answered {}: {}", self.status, self.body)))
    }
}

impl Client {
    /// Without a token.
    pub fn new(base_url: &str) -> Result<Self, LocalError> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, base_url: base_url.trim_end_matches('/').to_owned(), token: None })
    }

    /// The same with a token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The bearer token that it sends, once it is logged in.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The same caller, at another address.
    #[must_use]
    pub fn at(&self, base_url: &str) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned(), ..self.clone() }
    }

    pub async fn login(&self, email: &str, password: &str) -> Result<Self, LocalError> {
        let body = serde_json::json!({ "email": email, "password": password });
        let session = self.post("/auth/login", &body).await?.success()?;
        Ok(self.with_token(text(&session, "token")?))
    }

    pub async fn get(&self, path: &str) -> Result<Answer, LocalError> {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, LocalError> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer, LocalError> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Answer, LocalError> {
        self.call(Method::DELETE, path, None).await
    }

    /// Waits and asks again when the answer says that the plan allows no more requests now: none of them was begun.
    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, LocalError> {
        let mut answered = self.once(&method, path, body).await?;
        for _ in 0..RETRIES_MAX {
            let (Answer { status: StatusCode::TOO_MANY_REQUESTS, .. }, Some(wait)) = &answered else { break };
            tokio::time::sleep(*wait).await;
            answered = self.once(&method, path, body).await?;
        }
        Ok(answered.0)
    }

    /// The answer, and how long to wait if the plan's limit of requests is reached.
    async fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(Answer, Option<Duration>), LocalError> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base_url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let wait = wait_of(response.headers());
        let bytes = response.bytes().await?;
        Ok((Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }, wait))
    }
}

/// How long an answer asks to wait, if it was counted against a limit of requests.
fn wait_of(headers: &HeaderMap) -> Option<Duration> {
    headers.get("ratelimit")?;
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// A member of an answer that must be a text.
pub fn text<'a>(body: &'a Value, member: &str) -> Result<&'a str, LocalError> {
    body.get(member)
        .and_then(Value::as_str)
        .ok_or_else(|| LocalError::Call(format!("the answer has no {member}: {body}")))
}
