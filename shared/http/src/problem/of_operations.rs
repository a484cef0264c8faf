//! Every error of an operation as the problem that its caller is told.

use domain::with_causes;
use ops::access::invite::SetPasswordError;
use ops::access::login::LoginError;
use ops::billing::add_credits::AddCreditsError;
use ops::contacts::import::ImportError;
use ops::kernel::idempotent::{KeyError, NotAKey};
use ops::kernel::permit::Forbidden;
use ops::messages::accept::AcceptError;
use ops::messages::cancel::CancelError;
use ops::templates::create::CreateTemplateError;
use ops::tenants::create::CreateTenantError;
use ops::tenants::plans::CreatePlanError;
use ops::tenants::register::RegisterError;
use ops::whatsapp::connect::ConnectError;
use store::StoreError;

use super::{Kind, Problem};

/// A bug or an outage: logged with all it says, answered with nothing of it.
fn internal(error: &dyn std::error::Error) -> Problem {
    tracing::error!(causes = with_causes(error), "a request failed");
    Problem::new(Kind::Internal)
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            error @ StoreError::Unavailable(_) => {
                tracing::error!(causes = with_causes(&error), "a request was turned away");
                Self::new(Kind::Unavailable)
            }
            error @ (StoreError::Constraint(_)
            | StoreError::Statement { .. }
            | StoreError::Inconsistent { .. }
            | StoreError::Cut(_)) => internal(&error),
        }
    }
}

impl From<Forbidden> for Problem {
    fn from(error: Forbidden) -> Self {
        Self::new(Kind::Forbidden).with_detail(error)
    }
}

impl From<NotAKey> for Problem {
    fn from(error: NotAKey) -> Self {
        Self::field("idempotencyKey", error)
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let kind = match error {
            KeyError::Reused => Kind::KeyReused,
            KeyError::Running => Kind::StillRunning,
        };
        Self::new(kind).with_detail(error)
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Invalid(errors) => Self::invalid(errors),
            RegisterError::SlugTaken | RegisterError::EmailTaken => {
                Self::new(Kind::Conflict).with_detail(error)
            }
            RegisterError::Hash(error) => internal(&error),
            RegisterError::Store(error) => error.into(),
        }
    }
}

impl From<CreateTenantError> for Problem {
    fn from(error: CreateTenantError) -> Self {
        match error {
            CreateTenantError::Register(error) => error.into(),
            CreateTenantError::Key(error) => error.into(),
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Wrong => Self::new(Kind::Unauthenticated).with_detail(error),
            LoginError::Throttled { wait } => Self::new(Kind::TooMany).with_detail(error).after(wait),
            LoginError::Hash(error) => internal(&error),
            LoginError::Store(error) => error.into(),
        }
    }
}

impl From<SetPasswordError> for Problem {
    fn from(error: SetPasswordError) -> Self {
        match error {
            SetPasswordError::BadLink => Self::new(Kind::NotPossible).with_detail(error),
            SetPasswordError::Password(error) => Self::field("password", error),
            SetPasswordError::Hash(error) => internal(&error),
            SetPasswordError::Store(error) => error.into(),
        }
    }
}

impl From<CreatePlanError> for Problem {
    fn from(error: CreatePlanError) -> Self {
        match error {
            CreatePlanError::Invalid(errors) => Self::invalid(errors),
            CreatePlanError::NameTaken => Self::new(Kind::Conflict).with_detail(error),
            CreatePlanError::Key(error) => error.into(),
            CreatePlanError::Store(error) => error.into(),
        }
    }
}

impl From<AddCreditsError> for Problem {
    fn from(error: AddCreditsError) -> Self {
        match error {
            AddCreditsError::Invalid(error) => Self::invalid(vec![error]),
            AddCreditsError::NoTenant => Self::new(Kind::NotFound).with_detail(error),
            AddCreditsError::Key(error) => error.into(),
            AddCreditsError::Store(error) => error.into(),
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Invalid(errors) => Self::invalid(errors),
            ImportError::Key(error) => error.into(),
            ImportError::Store(error) => error.into(),
        }
    }
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Refused(cause) => Self::new(Kind::MetaRefused).with_detail(cause),
            ConnectError::Unreachable(cause) => unreachable_meta(&cause),
            ConnectError::NoAccount | ConnectError::NoNumber => {
                Self::new(Kind::NotPossible).with_detail(error)
            }
            ConnectError::Taken => Self::new(Kind::Conflict).with_detail(error),
            ConnectError::Seal(error) => internal(&error),
            ConnectError::Store(error) => error.into(),
        }
    }
}

impl From<CreateTemplateError> for Problem {
    fn from(error: CreateTemplateError) -> Self {
        match error {
            CreateTemplateError::Invalid(errors) => Self::invalid(errors),
            CreateTemplateError::NotConnected => Self::new(Kind::NotPossible).with_detail(error),
            CreateTemplateError::NameTaken => Self::new(Kind::Conflict).with_detail(error),
            CreateTemplateError::Refused(cause) => Self::new(Kind::MetaRefused).with_detail(cause),
            CreateTemplateError::Unreachable(cause) => unreachable_meta(&cause),
            CreateTemplateError::Key(error) => error.into(),
            CreateTemplateError::Seal(error) => internal(&error),
            CreateTemplateError::Store(error) => error.into(),
        }
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Invalid(error) => Self::invalid(vec![error]),
            AcceptError::NotConnected | AcceptError::OptedOut | AcceptError::NotApproved(_) => {
                Self::new(Kind::NotPossible).with_detail(error)
            }
            AcceptError::Key(error) => error.into(),
            AcceptError::Store(error) => error.into(),
        }
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::NotFound => Self::new(Kind::NotFound),
            CancelError::TooLate(_) => Self::new(Kind::Conflict).with_detail(error),
            CancelError::Store(error) => error.into(),
        }
    }
}

fn unreachable_meta(cause: &meta::CallError) -> Problem {
    tracing::warn!(%cause, "Meta could not be reached");
    Problem::new(Kind::MetaUnreachable)
}
