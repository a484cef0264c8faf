//! What happens to logins, tokens and rights, as log lines that an alarm can count.
//!
//! Each is one line with the field `event`, whose words are stable, and with the user where one is known; the request's span
//! adds its tenant. No e-mail, no address, no secret.

use domain::UserId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityEvent {
    LoginSucceeded,
    /// Unknown e-mail, wrong password, or an erased tenant.
    LoginFailed,
    /// Too many wrong passwords before: this one was not checked.
    LoginThrottled,
    /// An access token that is not one of ours, or not for this, or whose user is no longer active.
    TokenRefused,
    TokenExpired,
    /// A refresh token was used again, later than a lost answer explains: its session was ended.
    RefreshTokenReused,
    /// The caller's role does not allow what it asked for.
    PermissionDenied,
    /// The password was right, and the code of the second factor was not.
    SecondFactorRefused,
    SecondFactorOn,
    /// By its user, or by an owner of the tenant.
    SecondFactorOff,
    RecoveryCodeUsed,
    UserAdded,
    /// A role or the right to approve.
    RightsChanged,
    UserRemoved,
    ApiKeyCreated,
    ApiKeyRevoked,
    /// A link to choose a password was created.
    LinkCreated,
    /// A link that was used, has expired, or was never made.
    LinkRefused,
    PasswordSet,
    /// A link to choose another password was asked for, for whatever address.
    ResetRequested,
    /// Too many such requests from one source: this one sends nothing.
    ResetThrottled,
    /// A link to an address was used.
    EmailProven,
    EmailChangeRequested,
    /// Both addresses have confirmed.
    EmailChanged,
    /// The present address stopped a change: its user did not ask for it.
    EmailChangeStopped,
    TenantCreated,
    /// A super admin was created, or its password set to the configured one.
    SuperAdminSet,
}

impl SecurityEvent {
    pub const ALL: [Self; 27] = [
        Self::LoginSucceeded,
        Self::LoginFailed,
        Self::LoginThrottled,
        Self::TokenRefused,
        Self::TokenExpired,
        Self::RefreshTokenReused,
        Self::PermissionDenied,
        Self::SecondFactorRefused,
        Self::SecondFactorOn,
        Self::SecondFactorOff,
        Self::RecoveryCodeUsed,
        Self::UserAdded,
        Self::RightsChanged,
        Self::UserRemoved,
        Self::ApiKeyCreated,
        Self::ApiKeyRevoked,
        Self::LinkCreated,
        Self::LinkRefused,
        Self::PasswordSet,
        Self::ResetRequested,
        Self::ResetThrottled,
        Self::EmailProven,
        Self::EmailChangeRequested,
        Self::EmailChanged,
        Self::EmailChangeStopped,
        Self::TenantCreated,
        Self::SuperAdminSet,
    ];

    /// The word in the log. Alarms count by it, so it never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LoginSucceeded => "login_succeeded",
            Self::LoginFailed => "login_failed",
            Self::LoginThrottled => "login_throttled",
            Self::TokenRefused => "token_refused",
            Self::TokenExpired => "token_expired",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::PermissionDenied => "permission_denied",
            Self::SecondFactorRefused => "second_factor_refused",
            Self::SecondFactorOn => "second_factor_on",
            Self::SecondFactorOff => "second_factor_off",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::UserAdded => "user_added",
            Self::RightsChanged => "rights_changed",
            Self::UserRemoved => "user_removed",
            Self::ApiKeyCreated => "api_key_created",
            Self::ApiKeyRevoked => "api_key_revoked",
            Self::LinkCreated => "link_created",
            Self::LinkRefused => "link_refused",
            Self::PasswordSet => "password_set",
            Self::ResetRequested => "reset_requested",
            Self::ResetThrottled => "reset_throttled",
            Self::EmailProven => "email_proven",
            Self::EmailChangeRequested => "email_change_requested",
            Self::EmailChanged => "email_changed",
            Self::EmailChangeStopped => "email_change_stopped",
            Self::TenantCreated => "tenant_created",
            Self::SuperAdminSet => "super_admin_set",
        }
    }

    /// Whether it is what an attack looks like.
    const fn is_refusal(self) -> bool {
        match self {
            Self::LoginFailed
            | Self::LoginThrottled
            | Self::TokenRefused
            | Self::RefreshTokenReused
            | Self::PermissionDenied
            | Self::SecondFactorRefused
            | Self::LinkRefused
            | Self::ResetThrottled
            | Self::EmailChangeStopped => true,
            // A client finds out that its token is too old by using it.
            Self::TokenExpired
            | Self::LoginSucceeded
            | Self::SecondFactorOn
            | Self::SecondFactorOff
            | Self::RecoveryCodeUsed
            | Self::UserAdded
            | Self::RightsChanged
            | Self::UserRemoved
            | Self::ApiKeyCreated
            | Self::ApiKeyRevoked
            | Self::LinkCreated
            | Self::PasswordSet
            | Self::ResetRequested
            | Self::EmailProven
            | Self::EmailChangeRequested
            | Self::EmailChanged
            | Self::TenantCreated
            | Self::SuperAdminSet => false,
        }
    }
}

/// Writes the line.
pub fn note(event: SecurityEvent, user: Option<UserId>) {
    let user = user.map(tracing::field::display);
    if event.is_refusal() {
        tracing::warn!(event = event.as_str(), user, "security event");
    } else {
        tracing::info!(event = event.as_str(), user, "security event");
    }
}
