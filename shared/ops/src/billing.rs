//! Credit, ledger and refunds.

pub mod add_credits;
pub mod proof;
pub mod quote;
pub mod rate_cards;
pub mod read;
pub mod refund;
pub mod seal;
pub mod statement;
