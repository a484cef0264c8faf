//! What a tenant's ledger did in a month.

use domain::Month;
use store::billing::ledger::{Entry, Span};
use store::billing::statements;
pub use store::billing::statements::{Sum, Summary};
use store::{Operation, StoreError, TenantTx};

use crate::kernel::permit::BillingReader;
use crate::kernel::platform::Platform;

/// A month's sums and some of its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub summary: Summary,
    /// Oldest first.
    pub lines: Vec<Entry>,
    /// The number of the last line, when there are more behind it.
    pub next: Option<i64>,
}

/// The statement of a month in UTC, with the lines behind the entry `after`. The opening balance and the sums always add up
/// to the closing balance, also while the month goes on.
pub async fn statement(
    platform: &Platform,
    permit: &BillingReader,
    month: Month,
    after: i64,
    limit: i64,
) -> Result<Statement, StoreError> {
    platform.store.perform(&platform.act(permit), &Read { month, after, limit }).await
}

struct Read {
    month: Month,
    after: i64,
    limit: i64,
}

impl Operation for Read {
    const NAME: &'static str = "statement";
    type Done = Statement;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Statement, StoreError> {
        let summary = statements::summary(tx, self.month.start(), self.month.end()).await?;
        let behind = Span { after: summary.span.after.max(self.after), ..summary.span };
        let lines = statements::lines(tx, behind, self.limit).await?;
        let next = lines.last().map(|line| line.seq).filter(|seq| seq + 1 < summary.span.before);
        Ok(Statement { summary, lines, next })
    }
}
