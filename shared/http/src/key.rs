//! The `Idempotency-Key` header, the same key in the body where the route has one, and how an answer says that it was
//! given before.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::Problem;
use domain::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use domain::problem::Kind;
use utoipa::IntoParams;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::problem::ProblemResponse;

pub const NAME: &str = "Idempotency-Key";
/// The header of an answer that an earlier call with the same key got.
pub const REPLAYED: &str = "Idempotency-Replayed";
/// Its only value.
pub const IS_REPLAYED: &str = "true";

/// Among a request's extensions: whether it is answered with what was stored for an earlier call with its key. Who finds
/// the stored answer sets it, and the outermost layer marks the answer.
#[derive(Clone, Debug, Default)]
pub struct Replayed(pub Arc<AtomicBool>);

/// The header's text, if the caller sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdempotencyKey(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ProblemResponse> {
        let refused = |why: &str| Problem::new(Kind::Malformed).with_detail(why);
        let Some(value) = parts.headers.get(NAME) else { return Ok(Self(None)) };
        let text = value
            .to_str()
            .map_err(|_bytes| refused("the Idempotency-Key header must be plain ASCII text"))?;
        // The header's draft standard wants quotes around it.
        Ok(Self(Some(text.trim_matches('"').to_owned())))
    }
}

impl IdempotencyKey {
    /// The text of the header or of the body's `idempotencyKey`. When both are there they must be equal.
    pub fn or_in_body(self, in_body: Option<String>) -> Result<Option<String>, Problem> {
        match (self.0, in_body) {
            (Some(header), Some(body)) if header != body => {
                Err(Problem::field("idempotencyKey", "differs from the Idempotency-Key header"))
            }
            (header, body) => Ok(header.or(body)),
        }
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
                "The same request with the same key gets the same answer again, marked with the header \
                 Idempotency-Replayed, and has no second effect.",
            ))
            .schema(Some(text.build()));
        vec![header.build()]
    }
}

/// The header that marks an answer, where a description lists what an answer has.
pub fn replayed_header() -> Header {
    let value = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([IS_REPLAYED]));
    HeaderBuilder::new()
        .schema(Some(value.build()))
        .description(Some(
            "Only on the stored answer of an earlier call with the same key: nothing was done again.",
        ))
        .build()
}
