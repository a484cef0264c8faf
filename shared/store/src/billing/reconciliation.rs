//! What tenants were charged for messages, beside what Meta says that it charges for them.

use domain::billing::Finding;
use domain::{MessageId, TenantId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::billing::ledger::Span;
use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, params};

/// Debits of one tenant in one market and category of which the comparison finds the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub tenant: TenantId,
    pub market: String,
    /// What the tenant was charged for.
    pub category: String,
    pub finding: Finding,
    /// Meta's word for another category.
    pub meta_category: Option<String>,
    pub messages: i64,
    /// What the tenant was charged, in micro-units, before any refund.
    pub charged_micros: i64,
    /// Some of the messages, where it is not a match.
    pub examples: Vec<MessageId>,
}

pub(crate) const STATEMENTS: &[&str] = &[SPANS, COMPARE];

/// `OFFSET 0` has the two searches made once for each tenant, and not again for the condition on them.
const SPANS: &str = "-- reconciliation::spans
SELECT w.tenant_id, span.after, span.until
  FROM wallets w
 CROSS JOIN LATERAL (
    SELECT ledger_seq_before(w.tenant_id, $1) AS after, ledger_seq_before(w.tenant_id, $2) AS until OFFSET 0) AS span
 WHERE w.tenant_id > $3 AND w.seq > 0 AND (w.recorded_until IS NULL OR w.recorded_until >= $1) AND span.after < span.until
 ORDER BY w.tenant_id LIMIT $4";

/// Tenants behind `after` with entries that were recorded from `from` until before `to`, and the numbers of these.
pub async fn spans(
    tx: &SystemTx,
    (from, to): (Timestamp, Timestamp),
    after: TenantId,
    limit: i64,
) -> Result<Vec<(TenantId, Span)>, StoreError> {
    let values = params![from => TIMESTAMPTZ, to => TIMESTAMPTZ, after.0 => UUID, limit => INT8];
    let rows = tx.rows(SPANS, values).await?;
    let span = |row: &Row| Span { after: row.get("after"), before: row.get::<_, i64>("until") + 1 };
    Ok(rows.iter().map(|row| (TenantId(row.get("tenant_id")), span(row))).collect())
}

/// Each debit is found by its number, and its message by its id.
const COMPARE: &str = "-- reconciliation::compare
WITH debits AS (
    SELECT s.tenant_id, e.message_id, -e.amount AS charged, m.market, coalesce(m.priced_category, m.category) AS category,
           m.meta_category, m.refund_due,
           meta_charges(m.meta_type, m.meta_billable) AS is_billed
      FROM unnest($1::uuid[], $2::int8[], $3::int8[]) AS s (tenant_id, after, before)
      JOIN ledger e ON e.tenant_id = s.tenant_id AND e.seq > s.after AND e.seq < s.before AND e.kind = 'DEBIT'
      JOIN messages m ON m.tenant_id = e.tenant_id AND m.message_id = e.message_id),
compared AS (
    SELECT *, CASE WHEN refund_due AND is_billed                  THEN 'REFUNDED_AND_BILLED'
                   WHEN refund_due                                THEN 'REFUNDED'
                   WHEN is_billed IS NULL                         THEN 'NOT_SAID'
                   WHEN NOT is_billed AND charged > 0             THEN 'FREE_AT_META'
                   WHEN is_billed AND charged = 0                 THEN 'NOT_CHARGED'
                   WHEN is_billed AND upper(meta_category) <> category THEN 'OTHER_CATEGORY'
                   ELSE 'MATCH' END AS finding
      FROM debits)
SELECT tenant_id, market, category, finding, CASE WHEN finding = 'OTHER_CATEGORY' THEN meta_category END AS other,
       count(*) AS messages, sum(charged)::int8 AS charged,
       coalesce((array_agg(message_id ORDER BY message_id) FILTER (WHERE finding <> 'MATCH'))[1:$4::int4], '{}') AS examples
  FROM compared GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5";

/// Compares the debits among these entries with Meta's words, tenant by tenant, with up to `examples` messages of each finding.
pub async fn compare(
    tx: &SystemTx,
    spans: &[(TenantId, Span)],
    examples: i32,
) -> Result<Vec<Compared>, StoreError> {
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    let tenants: Vec<Uuid> = spans.iter().map(|(tenant, _)| tenant.0).collect();
    let after: Vec<i64> = spans.iter().map(|(_, span)| span.after).collect();
    let before: Vec<i64> = spans.iter().map(|(_, span)| span.before).collect();
    let values = params![tenants => UUID_ARRAY, after => INT8_ARRAY, before => INT8_ARRAY, examples => INT4];
    tx.rows(COMPARE, values).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Compared, StoreError> {
    let examples: Vec<Uuid> = row.get("examples");
    Ok(Compared {
        tenant: TenantId(row.get("tenant_id")),
        market: row.get("market"),
        category: row.get("category"),
        finding: word(row, "messages", "finding")?,
        meta_category: row.get("other"),
        messages: row.get("messages"),
        charged_micros: row.get("charged"),
        examples: examples.into_iter().map(MessageId).collect(),
    })
}
