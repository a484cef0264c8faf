//! The right of one dispatch to send from a number. Each of these may run again when its answer was lost.

use domain::PhoneNumberId;
use jiff::Timestamp;
use store::delivery::leases::{self, DueNumber, Lease, Renewed};
use store::whatsapp::accounts::{self, Account};
use store::{Operation, StoreError, TenantTx};

use crate::kernel::one_statement::one_statement;

one_statement! {
    const NAME: &'static str = "numbers_due";
    pub(crate) struct NumbersDue {}
    fn run(&self, tx) -> Vec<DueNumber> { leases::numbers_due(tx) }
}

pub(crate) struct Acquire {
    pub lease: Lease,
    pub until: Timestamp,
}

impl Operation for Acquire {
    const NAME: &'static str = "acquire_number";
    /// The account to send through, when the lease was free.
    type Done = Option<Account>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Option<Account>, StoreError> {
        let account = accounts::of_number(tx, &self.lease.number).await?;
        let Some(account) = account else {
            return Ok(None);
        };
        Ok(leases::acquire(tx, &self.lease, self.until).await?.then_some(account))
    }
}

one_statement! {
    const NAME: &'static str = "renew_number";
    pub(crate) struct Renew { lease: Lease, until: Timestamp }
    fn run(&self, tx) -> Renewed { leases::renew(tx, &self.lease, self.until) }
}

one_statement! {
    const NAME: &'static str = "release_number";
    pub(crate) struct Release { lease: Lease, in_any_case: bool }
    fn run(&self, tx) -> bool { leases::release(tx, &self.lease, self.in_any_case) }
}

one_statement! {
    const NAME: &'static str = "due_before";
    pub(crate) struct DueBefore { number: PhoneNumberId, lane: domain::messages::Lane }
    fn run(&self, tx) -> bool { leases::due_before(tx, &self.number, self.lane) }
}
