//! `GET /audit`

use api::{Allowed, App};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::AuditEntryId;
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse};
use ops::AuditReader;

use crate::audit_log::{AuditEntryOut, answer};

/// What was done to the tenant's data, newest first: by whom, when, from where.
///
/// Needs the role `ADMIN` or `OWNER`. Commands of the platform's operators are among the entries. With `Accept: text/csv` a page
/// is CSV, and its `Link` leads to the next.
#[utoipa::path(get, path = "/audit", operation_id = "listAuditLog", tag = "audit", security(("bearer" = ["audit:read"])), params(PageQuery), responses(
    (status = 200, content((Page<AuditEntryOut> = "application/json"), (String = "text/csv")), headers(("Link" = Option<String>, description = "Of CSV: the next page"))),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn own(
    State(app): State<App>,
    Allowed(permit): Allowed<AuditReader>,
    cursor: Cursor<AuditEntryId>,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    let Cursor { before, limit } = cursor;
    let entries = ops::tenants::audit_log::entries(&app.platform, &permit, before.0, limit).await?;
    Ok(answer(&headers, "/audit", &entries, limit))
}
