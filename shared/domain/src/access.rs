//! Who acts, which role allows what, who manages users, how long a login has to wait after wrong passwords, and the e-mails to
//! those who log in.

mod act;
pub mod email;
pub mod manage;
mod request_rate;
mod role;
mod scope;
pub mod throttle;

use uuid::Uuid;

use crate::kernel::id::{ApiKeyId, AuditEntryId, EmailId, UserId};
use crate::kernel::page::PagePosition;

pub use act::{Act, Actor, SystemAct};
pub use request_rate::{RateOf, RequestRate, SPAN as RATE_SPAN};
pub use role::{Role, UnknownRole};
pub use scope::{Scope, Scopes, UnknownScope};
pub use throttle::Source;

impl PagePosition for AuditEntryId {
    const LIST: &'static str = "audit";
    const START: Self = Self(Uuid::max());
}

impl PagePosition for EmailId {
    const LIST: &'static str = "mail";
    const START: Self = Self(Uuid::max());
}

impl PagePosition for UserId {
    const LIST: &'static str = "users";
    const START: Self = Self(Uuid::max());
}

impl PagePosition for ApiKeyId {
    const LIST: &'static str = "api-keys";
    const START: Self = Self(Uuid::max());
}
