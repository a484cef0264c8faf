//! What a message costs, and in which market.

pub mod market;
mod market_prefixes;
mod refund;

pub use market::Market;
pub use refund::RefundReason;
