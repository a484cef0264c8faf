//! Wallets, the append-only ledger, and refunds.

pub mod ledger;
pub mod rate_cards;
pub mod refunds;
pub mod seals;
pub mod statements;
pub mod wallet;

pub(crate) const STATEMENTS: &[&[&str]] = &[
    ledger::STATEMENTS,
    rate_cards::STATEMENTS,
    refunds::STATEMENTS,
    seals::STATEMENTS,
    statements::STATEMENTS,
    wallet::STATEMENTS,
];
