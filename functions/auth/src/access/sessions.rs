//! `GET /auth/sessions` and `DELETE /auth/sessions/{id}`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::SessionId;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::Member;
use ops::access::sessions::Session;
use serde::Serialize;
use utoipa::ToSchema;

/// A login that goes on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionOut {
    #[schema(value_type = Uuid)]
    id: SessionId,
    /// Where it was used last: an IPv4 address, or the network of an IPv6 address.
    #[schema(example = "192.0.2.7")]
    source: String,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
    #[schema(value_type = schema::Time)]
    used_at: Timestamp,
    /// When it ends if it is not used.
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsOut {
    /// Newest first, a hundred at most.
    data: Vec<SessionOut>,
}

impl From<Session> for SessionOut {
    fn from(session: Session) -> Self {
        let Session { session_id, source, created_at, used_at, expires_at } = session;
        Self { id: session_id, source, created_at, used_at, expires_at }
    }
}

/// The caller's own sessions.
///
/// Those that go on, with where each was used last. One that the caller does not recognise can be ended.
#[utoipa::path(get, path = "/auth/sessions", operation_id = "listSessions", tag = "auth", security(("bearer" = [])), responses(
    (status = 200, body = SessionsOut),
    (status = 401, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<Member>,
) -> Result<Json<SessionsOut>, ProblemResponse> {
    let sessions = ops::access::sessions::list(&app.platform, &permit).await?;
    Ok(Json(SessionsOut { data: sessions.into_iter().map(SessionOut::from).collect() }))
}

/// Ends one of the caller's own sessions.
///
/// Its access tokens are refused from the next request on.
#[utoipa::path(delete, path = "/auth/sessions/{id}", operation_id = "endSession", tag = "auth", security(("bearer" = [])),
    params(("id" = Uuid, Path)), responses(
        (status = 204),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn end(
    State(app): State<App>,
    Allowed(permit): Allowed<Member>,
    IdInPath(id): IdInPath<SessionId>,
) -> Result<StatusCode, ProblemResponse> {
    ops::access::sessions::end(&app.platform, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
