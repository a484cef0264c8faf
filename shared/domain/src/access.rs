//! Who acts, which role allows what, how long a login has to wait after wrong passwords, and the e-mails to those who log in.

mod act;
pub mod email;
mod request_rate;
mod role;
mod scope;
pub mod throttle;

use uuid::Uuid;

use crate::kernel::id::{AuditEntryId, EmailId};
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
