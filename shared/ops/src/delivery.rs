//! From a due message to its delivery status: claim, mark the intent, send, record, take in statuses.

pub mod call_stats;
pub mod claim;
pub mod dispatch;
mod mark_intent;
pub mod rate_limiter;
pub mod record;
pub mod send;
pub(crate) mod session;
pub mod statuses;
