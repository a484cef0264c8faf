//! What a message costs, and in which market.

mod ledger;
pub mod market;
mod market_prefixes;
mod refund;

pub use ledger::LedgerSeq;
pub use market::Market;
pub use refund::RefundReason;
