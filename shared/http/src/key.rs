//! The `Idempotency-Key` header, and its twin in the body where the route has one.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::TenantId;
use ops::once::{self, Key};
use serde::Serialize;

use crate::problem::{Kind, Problem};

/// The header's name.
pub const HEADER: &str = "idempotency-key";

/// The caller's key, if it sent one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdempotencyKey(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(HEADER) else { return Ok(Self(None)) };
        let text = value
            .to_str()
            .map_err(|_bytes| Problem::new(Kind::Malformed).with_detail("Idempotency-Key is no text"))?;
        Ok(Self(Some(text.trim_matches('"').to_owned())))
    }
}

impl IdempotencyKey {
    /// The key of a route whose body has none.
    pub fn of(
        self,
        tenant: TenantId,
        route: &'static str,
        request: &impl Serialize,
    ) -> Result<Option<Key>, Problem> {
        self.with_body(None, tenant, route, request)
    }

    /// The key of a route whose body may carry it as well: both must say the same.
    pub fn with_body(
        self,
        in_body: Option<&str>,
        tenant: TenantId,
        route: &'static str,
        request: &impl Serialize,
    ) -> Result<Option<Key>, Problem> {
        let text = match (self.0.as_deref(), in_body) {
            (Some(header), Some(body)) if header != body => {
                return Err(Problem::field("idempotencyKey", "differs from the Idempotency-Key header"));
            }
            (Some(text), _) | (None, Some(text)) => text,
            (None, None) => return Ok(None),
        };
        Ok(Some(once::key(tenant, route, text, request)?))
    }
}
