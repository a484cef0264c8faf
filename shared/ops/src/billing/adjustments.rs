//! The platform's owner corrects a ledger: a small amount at once, a larger one when a second person approves it.
//!
//! What is corrected stays, and the entry that corrects it names it. Two people are needed above a limit because an adjustment
//! is the one entry that no payment and no message stands behind (I32).

mod decide;

use domain::billing::AdjustmentState;
use domain::limits::{ADJUSTMENT_DAYS, ADJUSTMENT_MAX, ADJUSTMENT_REASON_CHARS_MAX, BALANCE_MAX};
use domain::problem::{FieldError, Kind};
use domain::{Actor, AdjustmentId, Money, Problem, TenantId, UserId, text};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::audit_log::{self, NewEntry};
pub use store::billing::adjustments::Adjustment;
use store::billing::wallet::Funds;
use store::billing::{adjustments, ledger, low_balance, wallet};
use store::{StoreError, SystemOperation, SystemTx, TenantTx};
use thiserror::Error;

pub use self::decide::{approve, reject};
use crate::kernel::idempotent::{Key, KeyError, once_in_system};
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    pub tenant: TenantId,
    /// Negative when it takes money from the tenant.
    pub amount: Money,
    pub reason: String,
    /// The number of the entry that it corrects.
    pub corrects_seq: Option<i64>,
}

#[derive(Debug, Error)]
pub enum AdjustError {
    /// Fields that are not valid.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error("there is no such tenant")]
    NoTenant,
    /// It would take more than there is, or what is reserved.
    #[error(
        "the adjustment takes {needed}, and of the tenant's balance of {balance} it can take at most {available}"
    )]
    NotCovered { needed: Money, balance: Money, available: Money },
    #[error("there is no such adjustment")]
    NotFound,
    /// Who asked for it cannot approve it.
    #[error("you asked for this adjustment yourself: another super admin has to approve it")]
    SamePerson,
    /// It was decided otherwise, or too late.
    #[error("{0}")]
    TooLate(String),
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AdjustError> for Problem {
    fn from(error: AdjustError) -> Self {
        match error {
            AdjustError::Invalid(fields) => Self::invalid(fields),
            AdjustError::NoTenant | AdjustError::NotFound => Self::new(Kind::NotFound).with_detail(error),
            AdjustError::NotCovered { .. } => Self::new(Kind::InsufficientFunds).with_detail(error),
            AdjustError::SamePerson => Self::new(Kind::ApprovalRequired).with_detail(error),
            AdjustError::TooLate(_) => Self::new(Kind::Conflict).with_detail(error),
            AdjustError::Key(error) => error.into(),
            AdjustError::Store(error) => error.into(),
        }
    }
}

/// Books a correction, or has it wait for a second person, once per key.
pub async fn adjust(
    platform: &Platform,
    permit: &SuperAdmin,
    correction: Correction,
    key: Key,
) -> Result<Adjustment, AdjustError> {
    check(&correction).map_err(AdjustError::Invalid)?;
    let adjust = Adjust { correction, key, approval_over: platform.adjustment_approval_over };
    platform.store.perform_system(&platform.system_act(permit), &adjust).await
}

fn check(correction: &Correction) -> Result<(), Vec<FieldError>> {
    let mut wrong = Vec::new();
    let Correction { amount, reason, corrects_seq, .. } = correction;
    if *amount == Money::ZERO || amount.micros().unsigned_abs() > ADJUSTMENT_MAX.micros().unsigned_abs() {
        let why = format!("must be from -{ADJUSTMENT_MAX} to {ADJUSTMENT_MAX} and not 0");
        wrong.push(FieldError::new("amount", why));
    }
    if !text::is_visible(reason, ADJUSTMENT_REASON_CHARS_MAX) {
        let why = format!("must say why, in 1 to {ADJUSTMENT_REASON_CHARS_MAX} visible characters");
        wrong.push(FieldError::new("reason", why));
    }
    if corrects_seq.is_some_and(|seq| seq < 1) {
        wrong.push(FieldError::new("correctsSeq", "must be the number of a ledger entry: 1 or more"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

struct Adjust {
    correction: Correction,
    key: Key,
    approval_over: Money,
}

impl SystemOperation for Adjust {
    const NAME: &'static str = "adjust";
    type Done = Adjustment;
    type Error = AdjustError;

    async fn run(&self, tx: &SystemTx) -> Result<Adjustment, AdjustError> {
        once_in_system(tx, Some(&self.key), self.book_or_request(tx)).await
    }
}

impl Adjust {
    async fn book_or_request(&self, tx: &SystemTx) -> Result<Adjustment, AdjustError> {
        let Correction { tenant, amount, reason, corrects_seq } = &self.correction;
        let tx = &tx.as_tenant(*tenant);
        let funds = wallet::funds(tx).await?.ok_or(AdjustError::NoTenant)?;
        if let Some(seq) = *corrects_seq
            && !ledger::exists(tx, seq).await?
        {
            let why = "is not the number of an entry of this tenant's ledger";
            return Err(AdjustError::Invalid(vec![FieldError::new("correctsSeq", why)]));
        }
        check_room(funds, *amount)?;
        let mut adjustment = Adjustment {
            adjustment_id: AdjustmentId::at(tx.now()),
            tenant_id: *tenant,
            amount: *amount,
            reason: reason.clone(),
            corrects_seq: *corrects_seq,
            approval_over: self.approval_over,
            state: AdjustmentState::Pending,
            requested_by: person(tx.actor())?,
            requested_at: tx.now(),
            expires_at: expiry(tx.now()),
            decided_by: None,
            decided_at: None,
            entry_seq: None,
        };
        let needs_approval = amount.micros().unsigned_abs() > self.approval_over.micros().unsigned_abs();
        if !needs_approval {
            book(tx, &mut adjustment).await?;
        }
        adjustments::insert(tx, &adjustment).await?;
        let action = if needs_approval { "adjustment.request" } else { "adjustment.book" };
        record(tx, action, &adjustment).await?;
        Ok(adjustment)
    }
}

fn expiry(now: Timestamp) -> Timestamp {
    now + SignedDuration::from_hours(24 * ADJUSTMENT_DAYS)
}

/// An adjustment is asked for and decided by people alone.
fn person(actor: Actor) -> Result<UserId, StoreError> {
    match actor {
        Actor::User(user) => Ok(user),
        Actor::ApiKey(_) | Actor::System | Actor::Meta => {
            Err(StoreError::Inconsistent { table: "adjustments", what: format!("{actor} is no person") })
        }
    }
}

/// Whether the balance takes it: not below zero, not into what is reserved, and not above the largest balance.
fn check_room(funds: Funds, amount: Money) -> Result<(), AdjustError> {
    let (balance, available) = (funds.balance, funds.available);
    let after = |of: Money| of.checked_add(amount).unwrap_or(Money::from_micros(i64::MAX));
    if after(available) < Money::ZERO && !amount.is_positive() {
        let needed = Money::from_micros(amount.micros().saturating_neg());
        return Err(AdjustError::NotCovered { needed, balance, available });
    }
    if amount.is_positive() && after(balance) > BALANCE_MAX {
        let why = format!("would raise the balance above {BALANCE_MAX}");
        return Err(AdjustError::Invalid(vec![FieldError::new("amount", why)]));
    }
    Ok(())
}

/// Books the entry, under the wallet's lock, and warns of a threshold that it passes.
async fn book(tx: &TenantTx, adjustment: &mut Adjustment) -> Result<(), StoreError> {
    let Adjustment { amount, reason, corrects_seq, .. } = &*adjustment;
    let (seq, _balance) = ledger::adjust(tx, *amount, reason, *corrects_seq).await?;
    low_balance::announce(tx).await?;
    adjustment.state = AdjustmentState::Booked;
    adjustment.entry_seq = Some(seq);
    Ok(())
}

/// The reason stays out of the audit log: it is free text, and stands with the request.
async fn record(tx: &TenantTx, action: &'static str, adjustment: &Adjustment) -> Result<(), StoreError> {
    let Adjustment { adjustment_id, amount, corrects_seq, entry_seq, requested_by, .. } = adjustment;
    let detail = json!({
        "amount": amount, "correctsSeq": corrects_seq, "seq": entry_seq, "requestedBy": requested_by,
    });
    let entry = NewEntry::new(action, format!("adjustment:{adjustment_id}"), detail);
    audit_log::append(tx, &entry).await.map(drop)
}

/// Every tenant's adjustments older than `before`, newest first.
pub async fn list(
    platform: &Platform,
    permit: &SuperAdmin,
    before: AdjustmentId,
    limit: i64,
) -> Result<Vec<Adjustment>, StoreError> {
    platform.store.perform_system(&platform.system_act(permit), &ListAdjustments { before, limit }).await
}

one_statement! {
    const NAME: &'static str = "list_adjustments";
    system struct ListAdjustments { before: AdjustmentId, limit: i64 }
    fn run(&self, tx) -> Vec<Adjustment> { adjustments::list(tx, self.before, self.limit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = r#"{"adjustment_id":"0190163d-8694-7001-8000-000000000002","tenant_id":"0190163d-8694-7001-8000-000000000003",
            "amount":"-12.50","reason":"utility price of May","corrects_seq":4,"approval_over":"100.00","state":"BOOKED",
            "requested_by":"0190163d-8694-7001-8000-000000000004","requested_at":"2026-11-01T12:00:00Z",
            "expires_at":"2026-11-08T12:00:00Z","decided_by":null,"decided_at":null,"entry_seq":9}"#;
        let read: Adjustment = serde_json::from_str(stored).unwrap();
        assert_eq!((read.amount, read.entry_seq), (Money::from_micros(-12_500_000), Some(9)));
    }

    #[test]
    fn an_adjustment_takes_what_is_available_and_nothing_that_is_reserved() {
        let micros = Money::from_micros;
        let funds = Funds { balance: micros(100), available: micros(60) };
        assert!(check_room(funds, micros(-60)).is_ok());
        let refused = check_room(funds, micros(-61)).unwrap_err();
        assert!(matches!(refused, AdjustError::NotCovered { available, .. } if available == micros(60)));
        assert!(check_room(funds, micros(BALANCE_MAX.micros() - 100)).is_ok());
        assert!(matches!(check_room(funds, BALANCE_MAX), Err(AdjustError::Invalid(_))));
    }
}
