//! The append-only ledger.

use domain::billing::{EntryGroup, EntryKind};
use domain::messages::StatusSet;
use domain::{MessageId, Money};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{TenantTx, params};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry's number within the tenant, without gaps.
    pub seq: i64,
    pub kind: EntryKind,
    /// Negative for a debit.
    pub amount: Money,
    pub balance_after: Money,
    /// The message of a debit or refund.
    pub message_id: Option<MessageId>,
    /// The debit that a refund gives back, or the entry that an adjustment corrects.
    pub debit_seq: Option<i64>,
    /// Why, or what for.
    pub note: Option<String>,
    pub recorded_at: Timestamp,
}

/// An entry with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEntry {
    pub entry: Entry,
    /// For a debit: the delivery statuses received of its message.
    pub evidence: StatusSet,
    /// For a debit: whether a refund names it.
    pub is_refunded: bool,
}

pub(crate) const STATEMENTS: &[&str] =
    &[TOP_UP, SAME_TOP_UP, ADJUST, EXISTS, SPAN, LIST, LIST_CREDITS, LIST_PAYMENTS, LIST_DEBITS, OF_MESSAGE];

const TOP_UP: &str = "-- ledger::top_up
WITH wallet AS (
    UPDATE wallets SET balance = balance + $2, seq = seq + 1, recorded_until = greatest(recorded_until, $5),
                       low_next = (SELECT max(t) FROM unnest(low_thresholds) AS t WHERE t <= balance + $2 - reserved)
     WHERE tenant_id = $1 RETURNING balance, seq, recorded_until)
INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, note, booked_by, recorded_at)
SELECT $1, wallet.seq, 'TOPUP', $2, wallet.balance, $3, $4, wallet.recorded_until FROM wallet RETURNING seq, balance_after";

/// Books credit, and has the tenant warned again of thresholds that the balance reaches by it; returns the entry's number and the new balance, or `None` when the tenant has no wallet.
///
/// The update of the wallet is also its lock: it is one row, and nothing is read before.
pub async fn top_up(
    tx: &TenantTx,
    amount: Money,
    note: Option<&str>,
) -> Result<Option<(i64, Money)>, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, amount.micros() => INT8, note => TEXT, tx.actor().id() => UUID, tx.now() => TIMESTAMPTZ,
    ];
    let row = tx.row(TOP_UP, values).await?;
    Ok(row.map(|row| (row.get("seq"), Money::from_micros(row.get("balance_after")))))
}

const SAME_TOP_UP: &str = "-- ledger::same_top_up
SELECT e.seq, e.recorded_at FROM ledger l JOIN ledger e ON e.tenant_id = $1 AND e.kind = l.kind AND e.kind IN ('TOPUP', 'ADJUSTMENT')
   AND e.amount = l.amount AND e.note IS NOT DISTINCT FROM l.note AND e.booked_by = l.booked_by
 WHERE l.tenant_id = $1 AND l.seq = $2 AND e.seq < $2 AND e.seq > ledger_seq_before($1, $3)
 ORDER BY e.seq DESC LIMIT 1";

/// The last entry since `since` that books the same as the top-up `seq`: amount, note and who booked it. Asked in the
/// transaction of the top-up, under the wallet's lock.
pub async fn same_top_up(
    tx: &TenantTx,
    seq: i64,
    since: Timestamp,
) -> Result<Option<(i64, Timestamp)>, StoreError> {
    let values = params![tx.tenant().0 => UUID, seq => INT8, since => TIMESTAMPTZ];
    let row = tx.row(SAME_TOP_UP, values).await?;
    Ok(row.map(|row| (row.get("seq"), row.get("recorded_at"))))
}

const ADJUST: &str = "-- ledger::adjust
WITH wallet AS (
    UPDATE wallets SET balance = balance + $2, seq = seq + 1, recorded_until = greatest(recorded_until, $6),
                       low_next = CASE WHEN $2 < 0 THEN low_next ELSE
                           (SELECT max(t) FROM unnest(low_thresholds) AS t WHERE t <= balance + $2 - reserved) END
     WHERE tenant_id = $1 RETURNING balance, seq, recorded_until)
INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, debit_seq, note, booked_by, recorded_at)
SELECT $1, wallet.seq, 'ADJUSTMENT', $2, wallet.balance, $3, $4, $5, wallet.recorded_until FROM wallet RETURNING seq, balance_after";

/// Books an adjustment, which names the entry that it corrects; returns its number and the new balance. Under the wallet's lock,
/// where its caller has seen that the balance covers it.
pub async fn adjust(
    tx: &TenantTx,
    amount: Money,
    reason: &str,
    corrects: Option<i64>,
) -> Result<(i64, Money), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, amount.micros() => INT8, corrects => INT8, reason => TEXT, tx.actor().id() => UUID,
        tx.now() => TIMESTAMPTZ,
    ];
    let row = tx.row(ADJUST, values).await?.ok_or_else(|| StoreError::Inconsistent {
        table: "wallets",
        what: format!("tenant {} has none", tx.tenant()),
    })?;
    Ok((row.get("seq"), Money::from_micros(row.get("balance_after"))))
}

const EXISTS: &str = "-- ledger::exists
SELECT FROM ledger WHERE tenant_id = $1 AND seq = $2";

pub async fn exists(tx: &TenantTx, seq: i64) -> Result<bool, StoreError> {
    Ok(tx.row(EXISTS, params![tx.tenant().0 => UUID, seq => INT8]).await?.is_some())
}

/// Numbers of entries: those above the first and below the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub after: i64,
    pub before: i64,
}

impl Span {
    pub const ALL: Self = Self { after: 0, before: i64::MAX };

    pub const fn holds(&self, seq: i64) -> bool {
        self.after < seq && seq < self.before
    }
}

const SPAN: &str = "-- ledger::span
SELECT ledger_seq_before($1, $2) AS after, 1 + CASE WHEN $3::timestamptz IS NULL THEN w.seq ELSE ledger_seq_before($1, $3) END AS before
  FROM wallets w WHERE w.tenant_id = $1";

/// The numbers of the entries recorded at `from` or later and before `to`, as far as there are any.
pub async fn span(tx: &TenantTx, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Span, StoreError> {
    let row = tx.row(SPAN, params![tx.tenant().0 => UUID, from => TIMESTAMPTZ, to => TIMESTAMPTZ]).await?;
    Ok(row.map_or(Span { after: 0, before: 0 }, |row| Span {
        after: row.get("after"),
        before: row.get("before"),
    }))
}

/// A statement that lists entries, newest first: its name, and which and how many.
macro_rules! listing {
    ($name:literal, $which:literal, $how_many:literal) => {
        concat!(
            "-- ledger::",
            $name,
            "
SELECT e.seq, e.kind, e.amount, e.balance_after, e.message_id, e.debit_seq, e.note, e.recorded_at,
       coalesce(m.evidence, 0::smallint) AS evidence,
       EXISTS (SELECT FROM ledger r WHERE r.tenant_id = e.tenant_id AND r.debit_seq = e.seq AND r.kind = 'REFUND') AS is_refunded
  FROM ledger e LEFT JOIN messages m ON m.tenant_id = e.tenant_id AND m.message_id = e.message_id AND e.kind = 'DEBIT'
 WHERE e.tenant_id = $1 AND ",
            $which,
            " ORDER BY e.tenant_id DESC, e.seq DESC ",
            $how_many
        )
    };
}

const LIST: &str = listing!("list", "e.seq > $2 AND e.seq < $3", "LIMIT $4");
const LIST_DEBITS: &str =
    listing!("list_debits", "e.seq > $2 AND e.seq < $3 AND e.kind = 'DEBIT'", "LIMIT $4");
const LIST_CREDITS: &str = listing!(
    "list_credits",
    "e.seq > $2 AND e.seq < $3 AND e.kind <> 'DEBIT' AND e.kind = ANY ($5)",
    "LIMIT $4"
);
const LIST_PAYMENTS: &str = listing!(
    "list_payments",
    "e.seq > $2 AND e.seq < $3 AND e.kind IN ('TOPUP', 'ADJUSTMENT') AND e.kind = ANY ($5)",
    "LIMIT $4"
);

/// Entries with numbers in `span`, newest first. Each group but the debits has an index; a search for debits goes through
/// the whole span, which its caller keeps short.
pub async fn list(
    tx: &TenantTx,
    span: Span,
    group: Option<EntryGroup>,
    limit: i64,
) -> Result<Vec<ListedEntry>, StoreError> {
    let (tenant, Span { after, before }) = (tx.tenant().0, span);
    let kinds: Vec<&str> =
        group.map_or(&[][..], EntryGroup::kinds).iter().map(|kind| kind.as_str()).collect();
    let all = params![tenant => UUID, after => INT8, before => INT8, limit => INT8];
    let some = params![tenant => UUID, after => INT8, before => INT8, limit => INT8, kinds => TEXT_ARRAY];
    let rows = match group {
        None => tx.rows(LIST, all).await?,
        Some(EntryGroup::Debit) => tx.rows(LIST_DEBITS, all).await?,
        Some(EntryGroup::Credit | EntryGroup::Refund) => tx.rows(LIST_CREDITS, some).await?,
        Some(EntryGroup::TopUp | EntryGroup::Adjustment) => tx.rows(LIST_PAYMENTS, some).await?,
    };
    rows.iter().map(listed).collect()
}

const OF_MESSAGE: &str = listing!(
    "of_message",
    "e.seq = ANY (ARRAY(
    SELECT d.seq FROM ledger d WHERE d.tenant_id = $1 AND d.message_id = $2 AND d.kind = 'DEBIT'
     UNION ALL
    SELECT r.seq FROM ledger d JOIN ledger r ON r.tenant_id = $1 AND r.debit_seq = d.seq AND r.kind = 'REFUND'
     WHERE d.tenant_id = $1 AND d.message_id = $2 AND d.kind = 'DEBIT'))",
    ""
);

/// The debit of a message and its refund, newest first.
pub async fn of_message(tx: &TenantTx, message: MessageId) -> Result<Vec<ListedEntry>, StoreError> {
    let rows = tx.rows(OF_MESSAGE, params![tx.tenant().0 => UUID, message.0 => UUID]).await?;
    rows.iter().map(listed).collect()
}

fn listed(row: &Row) -> Result<ListedEntry, StoreError> {
    Ok(ListedEntry {
        entry: entry_of(row)?,
        evidence: StatusSet::from_bits(row.get("evidence")),
        is_refunded: row.get("is_refunded"),
    })
}

pub(crate) fn entry_of(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        seq: row.get("seq"),
        kind: word(row, "ledger", "kind")?,
        amount: Money::from_micros(row.get("amount")),
        balance_after: Money::from_micros(row.get("balance_after")),
        message_id: row.get::<_, Option<uuid::Uuid>>("message_id").map(MessageId),
        debit_seq: row.get("debit_seq"),
        note: row.get("note"),
        recorded_at: row.get("recorded_at"),
    })
}
