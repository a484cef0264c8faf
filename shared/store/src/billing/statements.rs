//! What a ledger did in a span of time: the balance before, the sums, the entries, the balance after.

use domain::Money;
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::billing::ledger::{Entry, Span, entry_of};
use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

/// How many entries of one kind, and what they add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    pub entries: i64,
    pub amount: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The entries that it is about.
    pub span: Span,
    pub opening_balance: Money,
    pub top_ups: Sum,
    pub debits: Sum,
    pub refunds: Sum,
    pub adjustments: Sum,
    pub closing_balance: Money,
}

pub(crate) const STATEMENTS: &[&str] = &[SUMMARY, LINES];

/// One statement, and so one snapshot: what is booked meanwhile is in all of it or in nothing.
const SUMMARY: &str = "-- statements::summary
WITH span AS MATERIALIZED (SELECT ledger_seq_before($1, $2) AS after, ledger_seq_before($1, $3) AS until),
sums AS (
    SELECT e.kind, count(*) AS entries, sum(e.amount)::bigint AS amount
      FROM span JOIN ledger e ON e.tenant_id = $1 AND e.seq > span.after AND e.seq <= span.until GROUP BY e.kind)
SELECT span.after, span.until,
       (SELECT balance_after FROM ledger WHERE tenant_id = $1 AND seq = span.after) AS opening_balance,
       (SELECT balance_after FROM ledger WHERE tenant_id = $1 AND seq = span.until) AS closing_balance,
       sums.kind, sums.entries, sums.amount
  FROM span LEFT JOIN sums ON true";

/// What happened from `from` until before `to`.
pub async fn summary(tx: &TenantTx, from: Timestamp, to: Timestamp) -> Result<Summary, StoreError> {
    let rows =
        tx.rows(SUMMARY, params![tx.tenant().0 => UUID, from => TIMESTAMPTZ, to => TIMESTAMPTZ]).await?;
    let missing =
        || StoreError::Inconsistent { table: "ledger", what: "a statement without a summary".to_owned() };
    let first = rows.first().ok_or_else(missing)?;
    let balance = |column| Money::from_micros(first.get::<_, Option<i64>>(column).unwrap_or_default());
    let until: i64 = first.get("until");
    Ok(Summary {
        span: Span { after: first.get("after"), before: until + 1 },
        opening_balance: balance("opening_balance"),
        top_ups: sum_of(&rows, "TOPUP"),
        debits: sum_of(&rows, "DEBIT"),
        refunds: sum_of(&rows, "REFUND"),
        adjustments: sum_of(&rows, "ADJUSTMENT"),
        closing_balance: balance("closing_balance"),
    })
}

fn sum_of(rows: &[Row], kind: &str) -> Sum {
    let row = rows.iter().find(|row| row.get::<_, Option<&str>>("kind") == Some(kind));
    row.map_or_else(Sum::default, |row| Sum {
        entries: row.get("entries"),
        amount: Money::from_micros(row.get("amount")),
    })
}

const LINES: &str = "-- statements::lines
SELECT seq, kind, amount, balance_after, message_id, debit_seq, note, recorded_at FROM ledger
 WHERE tenant_id = $1 AND seq > $2 AND seq < $3 ORDER BY tenant_id, seq LIMIT $4";

/// Entries with numbers in `span`, oldest first.
pub async fn lines(tx: &TenantTx, span: Span, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let values = params![tx.tenant().0 => UUID, span.after => INT8, span.before => INT8, limit => INT8];
    tx.rows(LINES, values).await?.iter().map(entry_of).collect()
}
