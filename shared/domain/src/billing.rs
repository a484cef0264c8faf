//! What a message costs, in which market, and what a ledger entry books.

mod entry;
mod ledger;
pub mod market;
mod market_prefixes;
mod price;
mod refund;

pub use entry::{EntryKind, UnknownEntryKind};
pub use ledger::LedgerSeq;
pub use market::Market;
pub use price::{Rate, price, rate};
pub use refund::{RefundReason, UnknownRefundReason};
