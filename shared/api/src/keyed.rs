//! Bodies of requests that create or spend, with the idempotency key that came with them (I25 to I27).
//!
//! The key may stand in the `Idempotency-Key` header, or in the body where the route has a member for it. Beside the
//! caller's text a key holds a hash of the request, so that a key that is used for something else is noticed. The hash is
//! of the JSON that was sent (`api::canonical`) and not of the type that it is read into: a member that is
//! added to a type later does not change the hash of a request that a caller repeats.

use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use axum::http::Uri;
use axum::http::request::Parts;
use domain::Problem;
use domain::problem::Kind;
use http_kit::body::{is_csv, parse, read_csv, read_json};
use http_kit::{IdempotencyKey, ProblemResponse, Replayed};
use ops::kernel::hash::sha256;
use ops::kernel::idempotent::{self, Key};
use ops::kernel::permit::Caller;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::app::App;
use crate::canonical::canonical;
use crate::legacy_hash::legacy_hash;

/// Names under which keys of these routes are stored already. Any other route is stored as its path.
const STORED_ROUTES: [(&str, &str); 7] = [
    ("/messages", "send_message"),
    ("/messages/schedule", "schedule_message"),
    ("/billing/add-credits", "add_credits"),
    ("/plans", "create_plan"),
    ("/admin/create-tenant", "create_tenant"),
    ("/contacts/import", "import_contacts"),
    ("/templates", "create_template"),
];

/// The body of a request that may have an idempotency key.
pub trait KeyedBody: DeserializeOwned + ToSchema {
    /// The key in the body, where the route has a member for it.
    fn idempotency_key(&self) -> Option<&str> {
        None
    }
}

/// A body and its key, if it has one. Behind [`Allowed`](crate::Allowed) among the arguments: the key is the caller's
/// tenant's.
#[derive(Clone, Debug)]
pub struct Keyed<T>(pub T, pub Option<Key>);

impl<T: KeyedBody> FromRequest<App> for Keyed<T> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, app: &App) -> Result<Self, ProblemResponse> {
        let (mut parts, body) = request.into_parts();
        let header = IdempotencyKey::from_request_parts(&mut parts, app).await?;
        let owner = KeyOwner::of(&parts);
        let bytes = read_json(Request::from_parts(parts, body)).await?;
        let body: T = parse(&bytes)?;
        let Some(text) = header.or_in_body(body.idempotency_key().map(str::to_owned))? else {
            return Ok(Self(body, None));
        };
        let legacy_hash = owner.path.as_ref().and_then(|path| legacy_hash(path.as_str(), &bytes));
        let key = owner.key(&text, request_hash(&bytes)?, legacy_hash)?;
        Ok(Self(body, Some(key)))
    }
}

/// Whose key a request has, and for which route.
struct KeyOwner {
    caller: Option<Caller>,
    path: Option<MatchedPath>,
    replayed: Replayed,
}

impl KeyOwner {
    fn of(parts: &Parts) -> Self {
        Self {
            caller: parts.extensions.get().copied(),
            path: parts.extensions.get().cloned(),
            replayed: parts.extensions.get().cloned().unwrap_or_default(),
        }
    }

    fn key(self, text: &str, request_hash: Vec<u8>, legacy_hash: Option<Vec<u8>>) -> Result<Key, Problem> {
        let (Some(caller), Some(path)) = (self.caller, self.path) else {
            tracing::error!("a handler takes an idempotency key without a permit before it");
            return Err(Problem::new(Kind::Internal));
        };
        let route = stored_route(path.as_str()).to_owned();
        let key = idempotent::key(caller.tenant, route, text, request_hash, legacy_hash)?;
        let Replayed(is_replayed) = self.replayed;
        Ok(key.noting_replays_in(is_replayed))
    }
}

/// A body that may be CSV instead of JSON; what the columns do not hold stands in the query then.
pub trait CsvBody: KeyedBody {
    fn from_csv(text: &str, uri: &Uri) -> Result<Self, Problem>;
}

/// A body as JSON or CSV, and its key, if it has one. The key of CSV is in the header.
#[derive(Clone, Debug)]
pub struct KeyedOrCsv<T>(pub T, pub Option<Key>);

impl<T: CsvBody> FromRequest<App> for KeyedOrCsv<T> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, app: &App) -> Result<Self, ProblemResponse> {
        if !is_csv(&request) {
            if request.uri().query().is_some_and(|query| !query.is_empty()) {
                let why = "belongs to a body of CSV; the body has these members as JSON";
                return Err(Problem::field("query", why).into());
            }
            let Keyed(body, key) = Keyed::from_request(request, app).await?;
            return Ok(Self(body, key));
        }
        let (mut parts, body) = request.into_parts();
        let header = IdempotencyKey::from_request_parts(&mut parts, app).await?;
        let (owner, uri) = (KeyOwner::of(&parts), parts.uri.clone());
        let text = read_csv(Request::from_parts(parts, body)).await?;
        let body = T::from_csv(&text, &uri)?;
        let Some(key) = header.or_in_body(None)? else { return Ok(Self(body, None)) };
        let request = format!("{}\n{text}", uri.query().unwrap_or_default());
        Ok(Self(body, Some(owner.key(&key, sha256(request.as_bytes()), None)?)))
    }
}

/// A body and its key, on a route where a key is required.
#[derive(Clone, Debug)]
pub struct KeyRequired<T>(pub T, pub Key);

impl<T: KeyedBody> FromRequest<App> for KeyRequired<T> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, app: &App) -> Result<Self, ProblemResponse> {
        let Keyed(body, key) = Keyed::from_request(request, app).await?;
        let why = "is required: send it in the body or as the Idempotency-Key header";
        let key = key.ok_or_else(|| Problem::field("idempotencyKey", why))?;
        Ok(Self(body, key))
    }
}

fn stored_route(path: &str) -> &str {
    STORED_ROUTES.into_iter().find(|(known, _)| *known == path).map_or(path, |(_, name)| name)
}

/// SHA-256 of the request in its canonical spelling.
fn request_hash(json: &[u8]) -> Result<Vec<u8>, Problem> {
    let malformed = || Problem::new(Kind::Malformed);
    let text = std::str::from_utf8(json).map_err(|_not_utf8| malformed())?;
    Ok(sha256(&canonical(text).map_err(|_not_json| malformed())?))
}

#[cfg(test)]
mod tests;
