//! Credit, ledger and refunds.

pub mod add_credits;
pub mod read;
pub mod refund;
pub mod statement;
