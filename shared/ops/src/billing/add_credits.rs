//! The platform's owner books credit that a tenant paid for.

use domain::limits::{BALANCE_MAX, CREDIT_DESCRIPTION_CHARS_MAX, SAME_TOP_UP_MINUTES, TOP_UP_MAX};
use domain::problem::{FieldError, Kind};
use domain::tenants::StateConflict;
use domain::{Money, Problem, TenantId, TenantState, text};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::{StoreError, SystemOperation, SystemTx, TenantTx, billing::ledger, tenants};
use thiserror::Error;

use crate::kernel::idempotent::{Key, KeyError, once_in_system};
use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;
use crate::kernel::tenant_state;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    pub tenant: TenantId,
    pub amount: Money,
    pub description: Option<String>,
}

/// The ledger entry of the credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// Its number in the tenant's ledger.
    pub seq: i64,
    pub balance: Money,
}

#[derive(Debug, Error)]
pub enum AddCreditsError {
    /// Fields that are not valid.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error("there is no such tenant")]
    NoTenant,
    /// The same was booked a moment ago, and no key says that this is another one.
    #[error(
        "the same top-up was booked as entry {seq} at {recorded_at}; if this is another one, send it with an idempotencyKey"
    )]
    Repeated { seq: i64, recorded_at: Timestamp },
    /// The tenant is erased.
    #[error(transparent)]
    State(#[from] StateConflict),
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AddCreditsError> for Problem {
    fn from(error: AddCreditsError) -> Self {
        match error {
            AddCreditsError::Invalid(fields) => Self::invalid(fields),
            AddCreditsError::NoTenant => Self::new(Kind::NotFound).with_detail(error),
            AddCreditsError::Repeated { seq, .. } => {
                Self::new(Kind::Conflict).with_detail(error).repeating(seq)
            }
            AddCreditsError::State(conflict) => Self::state_conflict(conflict),
            AddCreditsError::Key(error) => error.into(),
            AddCreditsError::Store(error) => error.into(),
        }
    }
}

/// Books credit, once per key (I9). Without a key the same credit is booked once in [`SAME_TOP_UP_MINUTES`]: a caller whose
/// answer was lost, or who clicked twice, repeats the call and cannot say so.
pub async fn add_credits(
    platform: &Platform,
    permit: &SuperAdmin,
    credit: Credit,
    key: Option<Key>,
) -> Result<Booked, AddCreditsError> {
    check(&credit)?;
    let add = AddCredits { credit, key };
    platform.store.perform_system(&platform.system_act(permit), &add).await
}

fn check(credit: &Credit) -> Result<(), AddCreditsError> {
    let mut wrong = Vec::new();
    if !credit.amount.is_positive() || credit.amount > TOP_UP_MAX {
        let why = format!("must be more than 0 and at most {TOP_UP_MAX}");
        wrong.push(FieldError::new("amount", why));
    }
    let is_readable =
        |words: &String| words.is_empty() || text::is_visible(words, CREDIT_DESCRIPTION_CHARS_MAX);
    if !credit.description.as_ref().is_none_or(is_readable) {
        let why = format!("must be at most {CREDIT_DESCRIPTION_CHARS_MAX} visible characters");
        wrong.push(FieldError::new("description", why));
    }
    if wrong.is_empty() { Ok(()) } else { Err(AddCreditsError::Invalid(wrong)) }
}

struct AddCredits {
    credit: Credit,
    key: Option<Key>,
}

impl SystemOperation for AddCredits {
    const NAME: &'static str = "add_credits";
    type Done = Booked;
    type Error = AddCreditsError;

    async fn run(&self, tx: &SystemTx) -> Result<Booked, AddCreditsError> {
        once_in_system(tx, self.key.as_ref(), self.book(tx)).await
    }
}

impl AddCredits {
    async fn book(&self, tx: &SystemTx) -> Result<Booked, AddCreditsError> {
        let Credit { tenant, amount, description } = &self.credit;
        let tx = &tx.as_tenant(*tenant);
        let booked = ledger::top_up(tx, *amount, description.as_deref()).await?;
        let (seq, balance) = booked.ok_or(AddCreditsError::NoTenant)?;
        if balance > BALANCE_MAX {
            let why = format!("would raise the balance above {BALANCE_MAX}");
            return Err(AddCreditsError::Invalid(vec![FieldError::new("amount", why)]));
        }
        if self.key.is_none() {
            refuse_repetition(tx, seq).await?;
        }
        end_trial(tx).await?;
        let detail = json!({ "amount": amount, "balance": balance, "hasKey": self.key.is_some() });
        let subject = format!("entry:{seq}");
        audit_log::append(tx, &NewEntry { action: "credit.add", subject, source: None, detail }).await?;
        Ok(Booked { seq, balance })
    }
}

/// With its first credit a tenant that registered itself is a customer. One that is erased can use none.
async fn end_trial(tx: &TenantTx) -> Result<(), AddCreditsError> {
    match tenants::lock(tx).await?.map(|tenant| tenant.state) {
        Some(TenantState::Trial) => {
            tenant_state::change(tx, TenantState::Active, "the first credit was added").await?;
            Ok(())
        }
        Some(TenantState::Erased) => Err(StateConflict { is: TenantState::Erased, allowed: &[] }.into()),
        Some(TenantState::Active | TenantState::Grace | TenantState::Suspended | TenantState::Closed)
        | None => Ok(()),
    }
}

/// Undoes a top-up that repeats another, by failing. The wallet is locked since the top-up was written, so that of equal
/// calls at once each sees those before it.
async fn refuse_repetition(tx: &TenantTx, seq: i64) -> Result<(), AddCreditsError> {
    let since = tx.now() - SignedDuration::from_mins(SAME_TOP_UP_MINUTES);
    match ledger::same_top_up(tx, seq, since).await? {
        Some((seq, recorded_at)) => Err(AddCreditsError::Repeated { seq, recorded_at }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = r#"{"seq":7,"balance":101.25}"#;
        let booked = Booked { seq: 7, balance: Money::from_micros(101_250_000) };
        assert_eq!(serde_json::from_str::<Booked>(stored).unwrap(), booked);
    }
}
