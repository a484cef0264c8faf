use api::schema;
use domain::{Role, UserId};
use jiff::Timestamp;
use ops::access::users::ManagedUser;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) mod add;
pub(crate) mod change;
pub(crate) mod invite_again;
pub(crate) mod list;
pub(crate) mod remove;

/// A user of the tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserOut {
    #[schema(value_type = Uuid)]
    id: UserId,
    #[schema(value_type = schema::Email)]
    email: String,
    #[schema(value_type = schema::PersonName)]
    name: String,
    #[schema(value_type = schema::UserRole)]
    role: Role,
    /// Whether the user may approve what others want to spend.
    may_approve: bool,
    /// `false` until the user has chosen one with the link in the invitation.
    has_password: bool,
    /// Whether a login of the user asks for a code as well.
    has_second_factor: bool,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
}

impl From<&ManagedUser> for UserOut {
    fn from(user: &ManagedUser) -> Self {
        Self {
            id: user.user_id,
            email: user.email.clone(),
            name: user.name.clone(),
            role: user.role,
            may_approve: user.may_approve,
            has_password: user.has_password,
            has_second_factor: user.has_second_factor,
            created_at: user.created_at,
        }
    }
}
