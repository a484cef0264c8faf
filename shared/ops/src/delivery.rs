//! From a due message to its delivery status: claim, mark the intent, send, record, take in statuses.

pub mod call_stats;
mod calls;
pub mod claim;
pub mod dispatch;
mod hand_back;
mod mark_intent;
mod number_lease;
pub mod rate_limiter;
pub mod record;
mod recorder;
mod retry;
mod send;
mod session;
pub mod statuses;
pub mod why;
