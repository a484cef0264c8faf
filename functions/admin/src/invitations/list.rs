//! `GET /admin/invitations`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::InvitationId;
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::SuperAdmin;
use ops::tenants::invitations::Invitation;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An invitation, without its code.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationOut {
    id: Uuid,
    /// The only address that may register with it; absent for any.
    #[schema(value_type = Option<schema::Email>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// `user:<id>`.
    created_by: String,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<Timestamp>,
    /// The tenant that registered with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<Uuid>,
}

impl From<&Invitation> for InvitationOut {
    fn from(invitation: &Invitation) -> Self {
        Self {
            id: invitation.invitation_id.0,
            email: invitation.email.clone(),
            plan: invitation.plan_name.clone(),
            created_by: invitation.created_by.clone(),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            used_at: invitation.used.map(|(at, _)| at),
            tenant_id: invitation.used.map(|(_, tenant)| tenant.0),
        }
    }
}

/// Invitations to register, newest first: used ones and expired ones too, until 90 days after they have expired.
///
/// Needs the role `SUPER_ADMIN`.
#[utoipa::path(get, path = "/admin/invitations", operation_id = "listInvitations", tag = "admin", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, body = Page<InvitationOut>),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    cursor: Cursor<InvitationId>,
) -> Result<Json<Page<InvitationOut>>, ProblemResponse> {
    let Cursor { before, limit } = cursor;
    let invitations =
        ops::tenants::invitations::list_invitations(&app.platform, &permit, before, limit).await?;
    Ok(Json(Page::of(&invitations, limit, |invitation| invitation.invitation_id)))
}
