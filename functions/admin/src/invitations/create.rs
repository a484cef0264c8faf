//! `POST /admin/invitations`

use api::{Allowed, App, Keyed, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Problem;
use domain::time::parse_instant;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::SuperAdmin;
use ops::tenants::invitations::{Invite, Invited};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewInvitation {
    /// The only address that may register with it; any when absent.
    #[schema(value_type = Option<schema::Email>)]
    #[serde(default)]
    email: Option<String>,
    /// The plan that the business begins on; `Starter` when absent.
    #[schema(value_type = Option<schema::PlanName>)]
    #[serde(default)]
    plan: Option<String>,
    /// At most 90 days ahead; in a week when absent.
    #[schema(value_type = Option<schema::ExpiryTime>)]
    #[serde(default)]
    expires_at: Option<String>,
}

impl KeyedBody for NewInvitation {}

impl TryFrom<NewInvitation> for Invite {
    type Error = Problem;

    fn try_from(request: NewInvitation) -> Result<Self, Problem> {
        let NewInvitation { email, plan, expires_at } = request;
        let expires_at = expires_at.as_deref().map(parse_instant).transpose();
        let expires_at = expires_at.map_err(|error| Problem::field("expiresAt", error))?;
        Ok(Self { email, plan, expires_at })
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewInvitationOut {
    id: Uuid,
    /// Shown once, because only its hash is stored: the answer to a repeated call does not have it. Then delete the invitation
    /// and create another.
    #[schema(value_type = Option<schema::InvitationCode>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[schema(value_type = Option<schema::Email>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
}

impl From<Invited> for NewInvitationOut {
    fn from(invited: Invited) -> Self {
        let Invited { invitation_id, code, email, plan, expires_at } = invited;
        Self { id: invitation_id.0, code, email, plan, expires_at }
    }
}

/// Invites a business to register.
///
/// Needs the role `SUPER_ADMIN`. The code goes into the member `invitation` of `POST /auth/register-tenant`, once.
#[utoipa::path(post, path = "/admin/invitations", operation_id = "createInvitation", tag = "admin", security(("bearer" = [])),
    request_body = NewInvitation, params(IdempotencyKey), responses(
    (status = 201, body = NewInvitationOut),
    (status = 403, body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn create(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    Keyed(request, key): Keyed<NewInvitation>,
) -> Result<(StatusCode, Json<NewInvitationOut>), ProblemResponse> {
    let invite = request.try_into()?;
    let invited = ops::tenants::invitations::invite(&app.platform, &permit, invite, key).await?;
    Ok((StatusCode::CREATED, Json(invited.into())))
}
