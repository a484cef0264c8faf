//! Bodies of requests that create or spend, with the idempotency key that came with them (I25 to I27).
//!
//! The key may stand in the `Idempotency-Key` header, or in the body where the route has a member for it. Beside the
//! caller's text a key holds a hash of the request, so that a key that is used for something else is noticed. The hash is
//! of the JSON that was sent (`api::canonical`) and not of the type that it is read into: a member that is
//! added to a type later does not change the hash of a request that a caller repeats.

use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Request};
use domain::Problem;
use domain::problem::Kind;
use http_kit::body::{parse, read_json};
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
        let caller = parts.extensions.get::<Caller>().copied();
        let path = parts.extensions.get::<MatchedPath>().cloned();
        let Replayed(is_replayed) = parts.extensions.get().cloned().unwrap_or_default();
        let bytes = read_json(Request::from_parts(parts, body)).await?;
        let body: T = parse(&bytes)?;
        let Some(text) = header.or_in_body(body.idempotency_key().map(str::to_owned))? else {
            return Ok(Self(body, None));
        };
        let (Some(caller), Some(path)) = (caller, path) else {
            tracing::error!("a handler takes an idempotency key without a permit before it");
            return Err(Problem::new(Kind::Internal).into());
        };
        let request_hash = request_hash(&bytes)?;
        let legacy_hash = legacy_hash(path.as_str(), &bytes);
        let route = stored_route(path.as_str()).to_owned();
        let key = idempotent::key(caller.tenant, route, &text, request_hash, legacy_hash)?;
        Ok(Self(body, Some(key.noting_replays_in(is_replayed))))
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
