//! Everything that is not a success, as RFC 9457 `application/problem+json` with a stable `type`.

mod of_operations;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use ops::kernel::fields::FieldError;
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, as a closed list: the last part of a problem's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The body is no JSON, or the request is not what HTTP or the route's query take.
    Malformed,
    /// No valid token.
    Unauthenticated,
    /// The role does not carry the permit.
    Forbidden,
    /// Not there, or another tenant's.
    NotFound,
    /// The route has no such method.
    MethodNotAllowed,
    /// It clashes with what is there.
    Conflict,
    /// The same call is still running.
    StillRunning,
    /// The body is larger than the route takes.
    TooLarge,
    /// The body is not `application/json`.
    UnsupportedMediaType,
    /// Valid JSON, invalid meaning; each field is named.
    Invalid,
    /// The idempotency key was used with another request.
    KeyReused,
    /// Everything is well-formed, but the thing cannot be done now.
    NotPossible,
    /// Too many calls.
    TooMany,
    /// Meta refused.
    MetaRefused,
    /// Meta could not be reached.
    MetaUnreachable,
    /// A bug.
    Internal,
    /// The database is away.
    Unavailable,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Malformed,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::StillRunning,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::KeyReused,
        Self::NotPossible,
        Self::TooMany,
        Self::MetaRefused,
        Self::MetaUnreachable,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Name, status and title.
    const fn parts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request could not be read"),
            Self::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED, "A valid token is needed"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "Your role does not allow this"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "There is no such thing here"),
            Self::MethodNotAllowed => {
                ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "Not with this method")
            }
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "It clashes with what is there"),
            Self::StillRunning => {
                ("still-running", StatusCode::CONFLICT, "The same request is still running")
            }
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be application/json",
            ),
            Self::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY, "Some fields are not valid"),
            Self::KeyReused => (
                "idempotency-key-reused",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The idempotency key was used before",
            ),
            Self::NotPossible => {
                ("not-possible", StatusCode::UNPROCESSABLE_ENTITY, "This cannot be done now")
            }
            Self::TooMany => ("too-many-requests", StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Self::MetaRefused => ("meta-refused", StatusCode::UNPROCESSABLE_ENTITY, "Meta refused"),
            Self::MetaUnreachable => {
                ("meta-unreachable", StatusCode::BAD_GATEWAY, "Meta could not be reached")
            }
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here"),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "Come back in a moment"),
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        self.parts().1
    }

    /// The kind in words.
    pub const fn title(self) -> &'static str {
        self.parts().2
    }

    /// The stable `type`, a URN: it identifies and need not be fetched.
    pub fn uri(self) -> String {
        format!("urn:tidings:problem:{}", self.parts().0)
    }
}

/// A problem on its way to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    kind: Kind,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after: Option<SignedDuration>,
}

/// A problem as it is answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    /// Stable; switch on this.
    #[schema(example = "urn:tidings:problem:invalid")]
    pub r#type: String,
    /// The type in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// This case in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Every field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// To be told to support.
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

impl Problem {
    /// A problem without more to say.
    pub const fn new(kind: Kind) -> Self {
        Self { kind, detail: None, errors: Vec::new(), retry_after: None }
    }

    /// Says more. Never called with anything that is not the caller's to know.
    #[must_use]
    pub fn with_detail(mut self, detail: impl std::fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Fields that are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Kind::Invalid) }
    }

    /// One field that is wrong.
    pub fn field(field: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::invalid(vec![FieldError::new(field, why)])
    }

    /// Come back after a while.
    #[must_use]
    pub const fn after(mut self, wait: SignedDuration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What kind it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its body, with the request's id.
    pub fn body(&self, request_id: Option<String>) -> ProblemBody {
        let (_, status, title) = self.kind.parts();
        let errors = self
            .errors
            .iter()
            .map(|error| ProblemField { field: error.field.clone(), message: error.why.clone() });
        ProblemBody {
            r#type: self.kind.uri(),
            title,
            status: status.as_u16(),
            detail: self.detail.clone(),
            errors: errors.collect(),
            request_id,
        }
    }

    /// The answer, with the request's id in it.
    pub fn answer(&self, request_id: Option<String>) -> Response {
        let mut response = (self.kind.status(), Json(self.body(request_id))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry_after {
            // Whole seconds, and never one too early.
            let seconds = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if self.kind == Kind::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The request's id is not known here: the outermost layer finds the problem among the extensions and answers it again.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.answer(None);
        response.extensions_mut().insert(self);
        response
    }
}
