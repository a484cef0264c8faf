//! Requests without a client library's checks, and what holds for every answer.
//!
//! Each answer that passes through here is checked: it has a request id, a refusal is a problem that names it, nothing
//! answers 5xx unless the test allows it, and the description at `/openapi.json` declares its status and its body.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use tidings::api;

use super::schemas::Schemas;
use crate::test_system::TestSystem;

/// Sends raw requests to one API.
pub struct RawApi {
    http: reqwest::Client,
    url: String,
    routes: Vec<Route>,
    /// What the description says of bodies.
    pub schemas: Schemas,
}

/// One operation of the description.
#[derive(Clone, Debug)]
pub struct Route {
    pub method: Method,
    pub path: String,
    pub described: Value,
}

/// A request that is being put together.
pub struct Call<'a> {
    api: &'a RawApi,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
    may_fail: bool,
}

/// An answer: its status, its headers, its bytes, and those as JSON where they are.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl RawApi {
    pub fn of(system: &TestSystem) -> Self {
        Self::at(&system.url)
    }

    /// The same API at another address.
    pub fn at(url: &str) -> Self {
        Self::between(None, url)
    }

    /// Called from this address.
    pub fn from(address: IpAddr, system: &TestSystem) -> Self {
        Self::between(Some(address), &system.url)
    }

    fn between(from: Option<IpAddr>, url: &str) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .local_address(from)
            .build()
            .unwrap();
        let described = serde_json::to_value(api::description()).unwrap();
        let paths = described["paths"].as_object().unwrap();
        let routes = paths.iter().flat_map(|(path, item)| routes_of(path, item)).collect();
        Self { http, url: url.to_owned(), routes, schemas: Schemas::of(&described) }
    }

    /// Every operation of the description.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        let (headers, body) = (HeaderMap::new(), Vec::new());
        Call { api: self, method, path: path.to_owned(), headers, body, may_fail: false }
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    fn route_of(&self, method: &Method, path: &str) -> Option<&Route> {
        let path = path.split('?').next().unwrap_or(path);
        let fits = |template: &str| {
            let (mut asked, mut known) = (path.split('/'), template.split('/'));
            asked.clone().count() == known.clone().count()
                && asked.all(|part| {
                    known
                        .next()
                        .is_some_and(|name| name == part || (name.starts_with('{') && !part.is_empty()))
                })
        };
        // A literal path goes before one with a parameter, as in the router, whatever methods it has.
        let paths = self.routes.iter().map(|route| route.path.as_str()).filter(|path| fits(path));
        let path = paths.min_by_key(|path| path.contains('{'))?;
        self.routes.iter().find(|route| route.method == *method && route.path == path)
    }
}

impl Call<'_> {
    /// As the holder of a token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// One more header; the same name twice is sent twice.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.headers.append(HeaderName::try_from(name).unwrap(), value);
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.raw_json(body.to_string())
    }

    /// Bytes with the content type JSON.
    pub fn raw_json(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", "application/json").bytes(body)
    }

    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// A 5xx is what the test is about.
    pub fn may_fail(mut self) -> Self {
        self.may_fail = true;
        self
    }

    /// Sends it, and checks what holds for every answer.
    pub async fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path.chars().take(100).collect::<String>());
        let url = format!("{}{}", self.api.url, self.path);
        let request = self.api.http.request(self.method.clone(), url).headers(self.headers).body(self.body);
        let response = request.send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer { status, headers, text, body };
        assert!(status < 500 || self.may_fail, "{what} failed: {answer:?}");
        answer.check_form(&what);
        let declared = match self.api.route_of(&self.method, &self.path) {
            Some(route) => route.declares(status),
            None => matches!(status, 404 | 405) || self.path.starts_with("/docs"),
        };
        if let Some(route) = self.api.route_of(&self.method, &self.path) {
            self.api.schemas.check_answer(route, &answer);
        }
        assert!(
            declared || self.path == "/openapi.json",
            "{what} answered {status}, which /openapi.json does not declare for it: add it to `responses(…)` of its \
             handler, or to api::openapi when it is common to many. {}",
            answer.text
        );
        answer
    }
}

impl Route {
    fn declares(&self, status: u16) -> bool {
        self.described["responses"].get(status.to_string()).is_some()
    }
}

impl Answer {
    /// Every answer has a request id and is kept by nobody; every refusal is a problem with that id, the status and a stable type.
    fn check_form(&self, what: &str) {
        assert!(self.header("content-security-policy").is_some(), "{what}: {self:?}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(self.header(name), Some(value), "{what}: {name}");
        }
        let id = self.header("x-request-id").unwrap_or_else(|| panic!("{what}: no request id"));
        if self.status < 400 {
            return;
        }
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{what}: {self:?}");
        assert_eq!(self.body["requestId"], id, "{what}: {self:?}");
        assert_eq!(self.body["status"], self.status, "{what}: {self:?}");
        assert!(self.problem().is_some(), "{what}: {self:?}");
        if self.status == 401 {
            assert_eq!(self.header("www-authenticate"), Some("Bearer"), "{what}: {self:?}");
        }
        if self.status == 503 {
            assert!(self.header("retry-after").is_some(), "{what}: {self:?}");
        }
        if self.status >= 500 {
            let members: Vec<&str> = self.body.as_object().unwrap().keys().map(String::as_str).collect();
            assert!(
                members.iter().all(|member| ["type", "title", "status", "requestId"].contains(member)),
                "{self:?}"
            );
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The last part of the problem's type.
    pub fn problem(&self) -> Option<&str> {
        self.body["type"].as_str()?.strip_prefix("urn:tidings:problem:")
    }

    /// The fields that were reported as invalid.
    pub fn fields(&self) -> Vec<&str> {
        self.body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|error| error["field"].as_str())
            .collect()
    }

    /// Refused with this problem, and nothing else.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, problem: &str, what: &str) {
        assert_eq!((self.status, self.problem()), (status, Some(problem)), "{what}: {}", self.text);
    }

    /// Refused as invalid, with that field named.
    #[track_caller]
    pub fn assert_invalid(&self, field: &str, what: &str) {
        self.assert_refused(422, "invalid", what);
        assert!(self.fields().contains(&field), "{what}: {} is not named: {}", field, self.text);
    }

    /// A success with a body.
    #[track_caller]
    pub fn success(&self) -> &Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        &self.body
    }

    /// A member of the body that must be a text.
    #[track_caller]
    pub fn text_of(&self, member: &str) -> String {
        self.success()[member].as_str().unwrap_or_else(|| panic!("no {member}: {self:?}")).to_owned()
    }
}

fn routes_of(path: &str, item: &Value) -> Vec<Route> {
    let members = item.as_object().unwrap().iter();
    members
        .map(|(method, described)| Route {
            method: method.to_uppercase().parse().unwrap(),
            path: path.to_owned(),
            described: described.clone(),
        })
        .collect()
}

/// The text, padded with spaces to that many bytes.
pub fn padded(text: &str, bytes: usize) -> String {
    format!("{text}{}", " ".repeat(bytes - text.len()))
}
