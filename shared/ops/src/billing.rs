//! Credit, ledger, refunds and corrections.

pub mod add_credits;
pub mod adjustments;
pub mod low_balance;
pub mod proof;
pub mod quote;
pub mod rate_cards;
pub mod read;
pub mod reconciliation;
pub mod refund;
pub mod seal;
pub mod statement;
