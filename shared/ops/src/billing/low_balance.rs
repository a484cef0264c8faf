//! The amounts below which a tenant is warned of its balance, and who is warned.

use domain::limits::{BALANCE_MAX, LOW_BALANCE_THRESHOLDS_MAX};
use domain::problem::FieldError;
use domain::{Money, Problem, TenantId};
use serde_json::json;
use store::access::users;
use store::audit_log::{self, NewEntry};
use store::billing::low_balance;
pub use store::billing::low_balance::Thresholds;
use store::tenants;
use store::{Operation, StoreError, TenantTx};
use thiserror::Error;

use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::{BillingReader, BillingWriter};
use crate::kernel::platform::Platform;

#[derive(Debug, Error)]
pub enum SetThresholdsError {
    /// Amounts that are not valid.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SetThresholdsError> for Problem {
    fn from(error: SetThresholdsError) -> Self {
        match error {
            SetThresholdsError::Invalid(fields) => Self::invalid(fields),
            SetThresholdsError::Store(error) => error.into(),
        }
    }
}

pub async fn thresholds(platform: &Platform, permit: &BillingReader) -> Result<Thresholds, StoreError> {
    platform.store.perform(&platform.act(permit), &ReadThresholds {}).await
}

one_statement! {
    const NAME: &'static str = "read_low_balance";
    struct ReadThresholds {}
    fn run(&self, tx) -> Thresholds { low_balance::read(tx) }
}

/// Replaces the thresholds. The same ones again change nothing, and so warn of nothing twice.
pub async fn set_thresholds(
    platform: &Platform,
    permit: &BillingWriter,
    amounts: Vec<Money>,
) -> Result<Thresholds, SetThresholdsError> {
    check(&amounts).map_err(SetThresholdsError::Invalid)?;
    let mut amounts = amounts;
    amounts.sort_unstable_by(|one, other| other.cmp(one));
    platform.store.perform(&platform.act(permit), &SetThresholds { amounts }).await
}

fn check(amounts: &[Money]) -> Result<(), Vec<FieldError>> {
    let mut wrong = Vec::new();
    if amounts.len() > LOW_BALANCE_THRESHOLDS_MAX {
        let why = format!("must be at most {LOW_BALANCE_THRESHOLDS_MAX} amounts");
        wrong.push(FieldError::new("thresholds", why));
        return Err(wrong);
    }
    for (place, amount) in amounts.iter().enumerate() {
        let field = format!("thresholds[{place}]");
        if !amount.is_positive() || *amount > BALANCE_MAX {
            wrong.push(FieldError::new(field, format!("must be more than 0 and at most {BALANCE_MAX}")));
        } else if amounts.iter().take(place).any(|earlier| earlier == amount) {
            wrong.push(FieldError::new(field, format!("is {amount}, which is in the list already")));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

struct SetThresholds {
    /// The highest first.
    amounts: Vec<Money>,
}

impl Operation for SetThresholds {
    const NAME: &'static str = "set_low_balance";
    type Done = Thresholds;
    type Error = SetThresholdsError;

    async fn run(&self, tx: &TenantTx) -> Result<Thresholds, SetThresholdsError> {
        let before = low_balance::lock(tx).await?;
        if before.amounts == self.amounts {
            return Ok(before);
        }
        low_balance::set(tx, &self.amounts).await?;
        let detail = json!({ "before": before.amounts, "after": self.amounts });
        let entry = NewEntry::new("low_balance.set", format!("tenant:{}", tx.tenant()), detail);
        audit_log::append(tx, &entry).await?;
        Ok(low_balance::read(tx).await?)
    }
}

/// Whom to write to about a tenant's balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    pub tenant_name: String,
    pub emails: Vec<String>,
}

/// The tenant's name and the addresses of its owners; none of a tenant that is not there.
pub async fn owners(platform: &Platform, tenant: TenantId) -> Result<Option<Owners>, StoreError> {
    platform.store.perform(&platform.as_system(tenant), &FindOwners).await
}

struct FindOwners;

impl Operation for FindOwners {
    const NAME: &'static str = "find_owners";
    type Done = Option<Owners>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Option<Owners>, StoreError> {
        let Some(tenant) = tenants::find(tx).await? else { return Ok(None) };
        let emails = users::owners(tx).await?.into_iter().map(|owner| owner.email).collect();
        Ok(Some(Owners { tenant_name: tenant.name, emails }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_threshold_is_named_with_its_place_and_its_limit() {
        let units = |units: i64| Money::from_micros(units * 1_000_000);
        let fields = |amounts: &[Money]| {
            let wrong = check(amounts).err().unwrap_or_default();
            wrong.into_iter().map(|wrong| wrong.field).collect::<Vec<_>>()
        };
        let none: [&str; 0] = [];
        assert_eq!(fields(&[]), none);
        assert_eq!(fields(&[units(5), Money::from_micros(1), BALANCE_MAX]), none);
        let over = Money::from_micros(BALANCE_MAX.micros() + 1);
        assert_eq!(
            fields(&[units(5), units(0), units(5), units(-1), over]),
            ["thresholds[1]", "thresholds[2]", "thresholds[3]", "thresholds[4]"]
        );
        assert_eq!(fields(&[1, 2, 3, 4, 5, 6].map(units)), ["thresholds"]);
    }
}
