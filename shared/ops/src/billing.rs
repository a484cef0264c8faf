//! Credit, ledger and refunds.

pub mod add_credits;
pub mod proof;
pub mod read;
pub mod refund;
pub mod seal;
pub mod statement;
