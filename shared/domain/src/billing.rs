//! What a message costs, in which market, and what a ledger entry books.

mod adjustment;
mod block;
mod entry;
mod ledger;
pub mod market;
mod market_prefixes;
mod price;
pub mod rate_card;
mod reconciliation;
mod refund;

pub use adjustment::{AdjustmentState, UnknownAdjustmentState};
pub use block::{BLOCK_ENTRIES_MAX, BlockEntry, SealHash, block_text};
pub use entry::{EntryGroup, EntryKind, UnknownEntryGroup, UnknownEntryKind};
pub use ledger::{LedgerSeq, SealNumber, StatementLine};
pub use market::Market;
pub use price::{Rate, margin, price, rate};
pub use rate_card::PriceChange;
pub use reconciliation::{Finding, Reconciled, UnknownFinding};
pub use refund::{RefundReason, UnknownRefundReason};
