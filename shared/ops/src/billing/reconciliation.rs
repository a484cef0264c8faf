//! What tenants were charged on a day, compared with what Meta says that it charges.

use std::time::Duration;

use domain::{Day, TenantId};
use store::billing::reconciliation;
pub use store::billing::reconciliation::Compared;
use store::operators::audit;
use store::{StoreError, SystemOperation, SystemTx};

use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;

/// Entries that one page looks at, unless its one tenant has more: some seconds' work.
const PAGE_ENTRIES_MAX: i64 = 100_000;
/// How long the comparison of a page may take: less than the function that answers it lives.
const PAGE_WITHIN: Duration = Duration::from_secs(12);
/// Messages that are named of each finding.
const EXAMPLES_MAX: i32 = 5;

/// The findings about some tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// By tenant, market and category.
    pub rows: Vec<Compared>,
    /// The next page is about tenants behind this one.
    pub next: Option<TenantId>,
}

/// Compares the debits of a day in UTC of up to `limit` tenants behind `after`. Every debit of that day is in one row.
pub async fn reconciliation(
    platform: &Platform,
    permit: &SuperAdmin,
    day: Day,
    after: TenantId,
    limit: i64,
) -> Result<Reconciliation, StoreError> {
    platform.store.perform_system(&platform.system_act(permit), &Reconcile { day, after, limit }).await
}

struct Reconcile {
    day: Day,
    after: TenantId,
    limit: i64,
}

impl SystemOperation for Reconcile {
    const NAME: &'static str = "reconciliation";
    type Done = Reconciliation;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Reconciliation, StoreError> {
        audit::allow(tx, PAGE_WITHIN).await?;
        // One more than a page holds shows whether there is another.
        let day = (self.day.start(), self.day.end());
        let mut spans = reconciliation::spans(tx, day, self.after, self.limit + 1).await?;
        let found = spans.len();
        let mut entries = 0;
        let fitting = spans.iter().take_while(|(_, span)| {
            entries += span.before - span.after - 1;
            entries <= PAGE_ENTRIES_MAX
        });
        let fitting = fitting.count().max(1);
        spans.truncate(fitting.min(usize::try_from(self.limit).unwrap_or(usize::MAX)));
        let next = spans.last().filter(|_| spans.len() < found).map(|(tenant, _)| *tenant);
        Ok(Reconciliation { rows: reconciliation::compare(tx, &spans, EXAMPLES_MAX).await?, next })
    }
}
