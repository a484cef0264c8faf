//! Everything that is not a success, as RFC 9457 `application/problem+json` with a stable `type`.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Problem;
use domain::problem::Kind;
use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The last part of a kind's `type`, its status and its title.
const fn parts(kind: Kind) -> (&'static str, StatusCode, &'static str) {
    match kind {
        Kind::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request could not be read"),
        Kind::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED, "A valid token is needed"),
        Kind::WrongCredentials => {
            ("wrong-credentials", StatusCode::UNAUTHORIZED, "The e-mail or the password is wrong")
        }
        Kind::SecondFactorRequired => {
            ("second-factor-required", StatusCode::UNAUTHORIZED, "A code of the second factor is needed")
        }
        Kind::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "Your role does not allow this"),
        Kind::HandshakeRefused => {
            ("handshake-refused", StatusCode::FORBIDDEN, "The webhook handshake was refused")
        }
        Kind::NotFound => ("not-found", StatusCode::NOT_FOUND, "Not found"),
        Kind::MethodNotAllowed => {
            ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "This address does not support the method")
        }
        Kind::Conflict => ("conflict", StatusCode::CONFLICT, "Conflicts with an existing resource"),
        Kind::StillRunning => ("still-running", StatusCode::CONFLICT, "The same request is still running"),
        Kind::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
        Kind::UnsupportedMediaType => (
            "unsupported-media-type",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The body must be application/json",
        ),
        Kind::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY, "Some fields are not valid"),
        Kind::KeyReused => (
            "idempotency-key-reused",
            StatusCode::UNPROCESSABLE_ENTITY,
            "The idempotency key was used for a different request",
        ),
        Kind::TenantSuspended => ("tenant-suspended", StatusCode::FORBIDDEN, "Your account is suspended"),
        Kind::RegistrationClosed => {
            ("registration-closed", StatusCode::FORBIDDEN, "Businesses cannot register by themselves")
        }
        Kind::StateConflict => {
            ("state-conflict", StatusCode::CONFLICT, "The tenant's state does not allow this")
        }
        Kind::NotPossible => ("not-possible", StatusCode::UNPROCESSABLE_ENTITY, "This cannot be done now"),
        Kind::PlanLimit => ("plan-limit", StatusCode::FORBIDDEN, "Your plan does not allow more"),
        Kind::InsufficientFunds => {
            ("insufficient-funds", StatusCode::PAYMENT_REQUIRED, "The balance does not cover this")
        }
        Kind::ApprovalRequired => {
            ("approval-required", StatusCode::FORBIDDEN, "A second person has to approve this")
        }
        Kind::EmailNotProven => {
            ("email-not-proven", StatusCode::FORBIDDEN, "The e-mail address is not proven")
        }
        Kind::TooMany => ("too-many-requests", StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Kind::MetaRefused => ("meta-refused", StatusCode::UNPROCESSABLE_ENTITY, "Meta refused the request"),
        Kind::MetaUnreachable => ("meta-unreachable", StatusCode::BAD_GATEWAY, "Meta could not be reached"),
        Kind::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
        Kind::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable"),
    }
}

/// The HTTP status of a kind.
pub const fn status(kind: Kind) -> StatusCode {
    parts(kind).1
}

/// The kind in words.
pub const fn title(kind: Kind) -> &'static str {
    parts(kind).2
}

/// The stable `type` of a kind, a URN: it identifies and need not be fetched.
pub fn type_uri(kind: Kind) -> String {
    format!("urn:tidings:problem:{}", parts(kind).0)
}

/// The types of problems, as the description lists them: no closed list, because a later version may have more.
#[derive(Clone, Copy, Debug)]
pub struct ProblemType;

impl PartialSchema for ProblemType {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).examples(Kind::ALL.map(type_uri));
        let text = text.description(Some("What kind of problem it is. Stable: decide by this."));
        RefOr::T(Schema::from(text.build()))
    }
}

impl ToSchema for ProblemType {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ProblemType")
    }
}

/// A problem as it is answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    #[schema(value_type = ProblemType)]
    pub r#type: String,
    /// The type in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// This case in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// Of `plan-limit`: the limit that is reached, such as `contacts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<&'static str>,
    /// Of `plan-limit`: the name of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Of `plan-limit`: how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<i64>,
    /// Of `plan-limit`: how many the plan allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// The number of the ledger entry that the request would repeat.
    #[schema(minimum = 1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats_entry: Option<i64>,
    /// Of `state-conflict`: the state that the tenant is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<&'static str>,
    /// Of `state-conflict`: the states that it may be put into now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<&'static str>>,
    /// Quote it when you ask for support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// One field of a request that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// Where, such as `contacts[3].phone`.
    pub field: String,
    /// What is wrong with it, as words that follow the field's name.
    pub message: String,
}

/// The body of a problem, with the request's id.
pub fn body(problem: &Problem, request_id: Option<String>) -> ProblemBody {
    let fields = problem.fields.iter();
    let errors = fields.map(|error| ProblemField { field: error.field.clone(), message: error.why.clone() });
    let limit = problem.limit.as_deref();
    let conflict = problem.state.as_deref();
    ProblemBody {
        r#type: type_uri(problem.kind),
        title: title(problem.kind),
        status: status(problem.kind).as_u16(),
        detail: problem.detail.clone(),
        errors: errors.collect(),
        limit: limit.map(|reached| reached.quantity.limit()),
        plan: limit.map(|reached| reached.plan.clone()),
        used: limit.map(|reached| reached.used),
        max: limit.map(|reached| reached.max),
        repeats_entry: problem.repeats_entry,
        is: conflict.map(|conflict| conflict.is.as_str()),
        allowed: conflict.map(|conflict| conflict.allowed.iter().map(|state| state.as_str()).collect()),
        request_id,
    }
}

/// The answer, with the request's id in it.
pub fn answer(problem: &Problem, request_id: Option<String>) -> Response {
    let mut response = (status(problem.kind), Json(body(problem, request_id))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(wait) = problem.retry_after {
        // Whole seconds, rounded up.
        let seconds = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    // Every 401 has it (RFC 9110, 15.5.2).
    if status(problem.kind) == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// What a handler fails with: a problem, or any error that is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemResponse(pub Problem);

impl<E: Into<Problem>> From<E> for ProblemResponse {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The request's id is not known here: the outermost layer finds the problem among the extensions and answers it again.
impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let mut response = answer(&self.0, None);
        response.extensions_mut().insert(self);
        response
    }
}
