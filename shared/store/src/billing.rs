//! Wallets, the append-only ledger, and refunds.

pub mod adjustments;
pub mod ledger;
pub mod low_balance;
pub mod rate_cards;
pub mod reconciliation;
pub mod refunds;
pub mod seals;
pub mod statements;
pub mod wallet;

pub(crate) const STATEMENTS: &[&[&str]] = &[
    adjustments::STATEMENTS,
    ledger::STATEMENTS,
    low_balance::STATEMENTS,
    rate_cards::STATEMENTS,
    reconciliation::STATEMENTS,
    refunds::STATEMENTS,
    seals::STATEMENTS,
    statements::STATEMENTS,
    wallet::STATEMENTS,
];
