//! The `Idempotency-Key` header, and its twin in the body where the route has one.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::TenantId;
use domain::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use ops::kernel::idempotent::{self, Key};
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::problem::{Kind, Problem};

/// The header's name.
pub const NAME: &str = "Idempotency-Key";

/// The caller's key, if it sent one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdempotencyKey(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let refused = |why: &str| Problem::new(Kind::Malformed).with_detail(why);
        let mut values = parts.headers.get_all(NAME).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        if values.next().is_some() {
            return Err(refused("there is more than one Idempotency-Key"));
        }
        let text = value.to_str().map_err(|_bytes| refused("Idempotency-Key is no text"))?;
        Ok(Self(Some(text.trim_matches('"').to_owned())))
    }
}

/// The header, where a route's description lists what it takes.
impl IntoParams for IdempotencyKey {
    fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(IDEMPOTENCY_KEY_CHARS_MAX));
        let header = ParameterBuilder::new()
            .name(NAME)
            .parameter_in(ParameterIn::Header)
            .description(Some(
                "The same call again with the same key gets the same answer and has no second effect.",
            ))
            .schema(Some(text.build()));
        vec![header.build()]
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

    /// The key of a route whose body may carry it as well: both must say the same. `request` is the body without it, so
    /// that it does not matter where the key stood.
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
        Ok(Some(idempotent::key(tenant, route, text, request)?))
    }
}
