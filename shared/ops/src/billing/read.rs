//! A tenant's balance and ledger.

use domain::billing::{EntryGroup, EntryKind};
use domain::{MessageId, Money};
use jiff::Timestamp;
use store::billing::ledger::{self, Span};
pub use store::billing::ledger::{Entry, ListedEntry};
use store::billing::wallet;
use store::{Operation, StoreError, TenantTx};

use crate::kernel::permit::BillingReader;
use crate::kernel::platform::Platform;

pub async fn balance(platform: &Platform, permit: &BillingReader) -> Result<Money, StoreError> {
    platform.store.perform(&platform.act(permit), &Balance).await
}

struct Balance;

impl Operation for Balance {
    const NAME: &'static str = "balance";
    type Done = Money;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Money, StoreError> {
        wallet::balance(tx).await?.ok_or_else(|| StoreError::Inconsistent {
            table: "wallets",
            what: format!("tenant {} has none", tx.tenant()),
        })
    }
}

/// What of a ledger is asked for; everything when empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Recorded then or later.
    pub from: Option<Timestamp>,
    /// Recorded before then.
    pub to: Option<Timestamp>,
    pub group: Option<EntryGroup>,
    pub message: Option<MessageId>,
}

/// A page of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Newest first.
    pub entries: Vec<ListedEntry>,
    /// The next page holds entries before this number.
    pub next: Option<i64>,
}

/// Entries that one page looks at for debits, which have no index of their own: every claim would have to write it. A page
/// with fewer debits than were asked for says where the next one starts.
const DEBITS_SPAN_MAX: i64 = 50_000;

/// Ledger entries before number `before`, newest first.
pub async fn entries(
    platform: &Platform,
    permit: &BillingReader,
    before: i64,
    limit: i64,
    filter: Filter,
) -> Result<Found, StoreError> {
    platform.store.perform(&platform.act(permit), &Entries { before, limit, filter }).await
}

struct Entries {
    before: i64,
    limit: i64,
    filter: Filter,
}

impl Operation for Entries {
    const NAME: &'static str = "ledger_entries";
    type Done = Found;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Found, StoreError> {
        let span = self.span(tx).await?;
        if let Some(message) = self.filter.message {
            let mut entries = ledger::of_message(tx, message).await?;
            let kinds = self.filter.group.map_or(&EntryKind::ALL[..], EntryGroup::kinds);
            entries.retain(|listed| span.holds(listed.entry.seq) && kinds.contains(&listed.entry.kind));
            entries.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
            return Ok(self.page(entries, None));
        }
        let mut looked_at = span;
        if self.filter.group == Some(EntryGroup::Debit) {
            looked_at.after = span.after.max(span.before - 1 - DEBITS_SPAN_MAX);
        }
        let entries = ledger::list(tx, looked_at, self.filter.group, self.limit).await?;
        Ok(self.page(entries, (looked_at != span).then_some(looked_at.after + 1)))
    }
}

impl Entries {
    async fn span(&self, tx: &TenantTx) -> Result<Span, StoreError> {
        let Filter { from, to, group, .. } = self.filter;
        let is_everything = from.is_none() && to.is_none() && group != Some(EntryGroup::Debit);
        let span = if is_everything { Span::ALL } else { ledger::span(tx, from, to).await? };
        Ok(Span { before: span.before.min(self.before), ..span })
    }

    /// A page that is full goes on behind its last entry; another one goes on where the search stopped, if it did.
    fn page(&self, entries: Vec<ListedEntry>, stopped_at: Option<i64>) -> Found {
        let is_full = i64::try_from(entries.len()).is_ok_and(|rows| rows >= self.limit);
        let last = entries.last().filter(|_| is_full).map(|listed| listed.entry.seq);
        Found { entries, next: last.or(stopped_at) }
    }
}
