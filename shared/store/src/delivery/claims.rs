//! Claiming what is due: the one statement that takes money.
//!
//! Two statements, never one: the first takes the wallet's lock, the second reads the balance in a snapshot that is
//! younger than the lock. In a single statement the snapshot is older, and two claimers spend the same money.

use domain::{ClaimId, MessageId, Money, PhoneNumberId};
use jiff::Timestamp;

use crate::billing::wallet;
use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

/// Which chunk to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// From which number.
    pub number: PhoneNumberId,
    /// Its id, made by the dispatcher.
    pub claim_id: ClaimId,
    /// Messages at most.
    pub limit: i64,
    /// Until when it is the dispatcher's.
    pub lease_until: Timestamp,
}

/// A message that is reserved and paid for: everything that sending it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its id.
    pub message_id: MessageId,
    /// E.164.
    pub to: String,
    /// The template's name at Meta.
    pub template: String,
    /// The template's language.
    pub language: String,
    /// Values of the variables, in order.
    pub variables: Vec<String>,
    /// The debit.
    pub price: Money,
    /// Which attempt this will be; 1 is the first.
    pub attempt: i16,
    /// The request that it came with (W3C trace context).
    pub traceparent: Option<String>,
}

/// What a claim took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Reserved; to be sent, in this order.
    pub funded: Vec<Claimed>,
    /// How many the balance did not cover; they ended without a debit.
    pub unfunded: usize,
    /// How many may no longer be sent (opted out, template withdrawn, tenant suspended); ended without a debit.
    pub forbidden: usize,
}

impl Taken {
    /// Whether nothing was due.
    pub fn is_empty(&self) -> bool {
        self.funded.is_empty() && self.unfunded == 0 && self.forbidden == 0
    }
}

pub(crate) const STATEMENTS: &[&str] = &[CLAIM, FREE];

/// `price` is the rate card's line for market and category that started last, plus the plan's margin rounded up. The
/// category is what the template is now, as Meta charges it, and not what it was when the message was accepted.
/// A message that is RESERVED already (it came back unsent) was paid for and costs nothing here.
/// No step joins a chunk to a chunk: without hash joins that would take its size squared. What the dispatcher needs of a
/// message comes out of the update that reserves it.
const CLAIM: &str = "-- claims::claim
WITH picked AS MATERIALIZED (
    SELECT d.row_id, d.priority, d.due_at, d.message_id
      FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
     CROSS JOIN LATERAL (
        SELECT ctid AS row_id, priority, due_at, message_id FROM due
         WHERE tenant_id = $1 AND phone_number_id = $2 AND due.priority = p.priority AND due_at <= $3
         ORDER BY due_at, message_id LIMIT $4) AS d
     ORDER BY d.priority, d.due_at, d.message_id LIMIT $4),
taken AS MATERIALIZED (
    DELETE FROM due WHERE ctid = ANY (ARRAY(SELECT row_id FROM picked)) AND tenant_id = $1
    RETURNING priority, due_at, message_id),
rates AS MATERIALIZED (
    SELECT DISTINCT ON (market, category) market, category, price FROM rate_cards WHERE effective_from <= $3
     ORDER BY market, category, effective_from DESC),
terms AS MATERIALIZED (
    SELECT t.status = 'ACTIVE' AS is_active, p.margin_bps, w.balance, w.seq
      FROM tenants t JOIN plans p USING (plan_id) JOIN wallets w USING (tenant_id) WHERE t.tenant_id = $1),
priced AS MATERIALIZED (
    SELECT k.priority, k.due_at, k.message_id, m.dispatch_state = 'RESERVED' AS is_paid,
           terms.is_active AND c.opted_out_at IS NULL AND t.status = 'APPROVED' AND rate.price IS NOT NULL AS may_be_sent,
           rate.price + (rate.price * terms.margin_bps + 9999) / 10000 AS price,
           t.name AS template, t.language
      FROM taken k
      JOIN messages m ON m.tenant_id = $1 AND m.message_id = k.message_id AND m.dispatch_state IN ('PENDING', 'RESERVED')
      JOIN contacts c ON c.tenant_id = $1 AND c.contact_id = m.contact_id
      JOIN templates t ON t.tenant_id = $1 AND t.template_id = m.template_id
     CROSS JOIN terms
      LEFT JOIN LATERAL (
        SELECT r.price FROM rates r WHERE r.category = t.category AND r.market IN (m.market, '*')
         ORDER BY r.market = '*' LIMIT 1) AS rate ON true),
running AS MATERIALIZED (
    SELECT *, sum(CASE WHEN may_be_sent AND NOT is_paid THEN price ELSE 0 END)
                  OVER (ORDER BY priority, due_at, message_id ROWS UNBOUNDED PRECEDING) AS spent
      FROM priced),
verdicts AS MATERIALIZED (
    SELECT r.*, CASE WHEN r.is_paid THEN 'RESERVED'
                     WHEN NOT r.may_be_sent THEN 'CANCELLED'
                     WHEN r.spent <= terms.balance THEN 'RESERVED'
                     ELSE 'NO_FUNDS' END AS verdict
      FROM running r CROSS JOIN terms),
debits AS (
    INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, message_id, recorded_at)
    SELECT $1, terms.seq + row_number() OVER (ORDER BY v.spent, v.priority, v.due_at, v.message_id), 'DEBIT', -v.price,
           terms.balance - v.spent, v.message_id, $3
      FROM verdicts v CROSS JOIN terms WHERE v.verdict = 'RESERVED' AND NOT v.is_paid
    RETURNING amount),
paid AS (
    UPDATE wallets SET balance = balance + total.amount, seq = seq + total.entries
      FROM (SELECT coalesce(sum(amount), 0)::bigint AS amount, count(*) AS entries FROM debits) AS total
     WHERE tenant_id = $1 AND total.entries > 0),
claim AS (
    INSERT INTO claims (tenant_id, claim_id, phone_number_id, message_ids, lease_until)
    SELECT $1, $5, $2, array_agg(message_id), $6 FROM verdicts WHERE verdict = 'RESERVED' HAVING count(*) > 0),
moved AS (
    UPDATE messages m
       SET dispatch_state = v.verdict, updated_at = $3,
           claim_id = CASE WHEN v.verdict = 'RESERVED' THEN $5 END,
           attempt = m.attempt + CASE WHEN v.verdict = 'RESERVED' THEN 1 ELSE 0 END,
           price = CASE WHEN v.verdict = 'RESERVED' THEN coalesce(m.price, v.price) END,
           error_text = CASE WHEN v.verdict = 'CANCELLED' THEN 'no longer allowed when it fell due' END
      FROM verdicts v WHERE m.tenant_id = $1 AND m.message_id = v.message_id
    RETURNING m.message_id, v.verdict, m.to_phone, v.template, v.language, m.variables, m.attempt, m.price, m.traceparent, v.priority, m.due_at)
SELECT message_id, verdict, to_phone, template, language, variables, attempt, price, traceparent FROM moved
 ORDER BY priority, due_at, message_id";

/// Takes a chunk of what is due now: debits what the balance covers, in the order of sending, and ends the rest.
pub async fn claim(tx: &TenantTx, chunk: &Chunk) -> Result<Taken, StoreError> {
    wallet::lock(tx).await?;
    let values = params![
        tx.tenant().0 => UUID, chunk.number.0 => TEXT, tx.now() => TIMESTAMPTZ, chunk.limit => INT8,
        chunk.claim_id.0 => UUID, chunk.lease_until => TIMESTAMPTZ,
    ];
    let mut taken = Taken::default();
    for row in tx.rows_by_index(CLAIM, values).await? {
        match row.get("verdict") {
            "RESERVED" => taken.funded.push(Claimed {
                message_id: MessageId(row.get("message_id")),
                to: row.get("to_phone"),
                template: row.get("template"),
                language: row.get("language"),
                variables: row.get("variables"),
                price: Money::from_micros(row.get("price")),
                attempt: row.get("attempt"),
                traceparent: row.get("traceparent"),
            }),
            "NO_FUNDS" => taken.unfunded += 1,
            "CANCELLED" => taken.forbidden += 1,
            other => {
                return Err(StoreError::Inconsistent { table: "claims", what: format!("verdict {other}") });
            }
        }
    }
    Ok(taken)
}

const FREE: &str = "-- claims::free
DELETE FROM claims WHERE tenant_id = $1 AND claim_id = $2";

/// Forgets a claim of which every message was recorded.
pub async fn free(tx: &TenantTx, claim: ClaimId) -> Result<u64, StoreError> {
    tx.run(FREE, params![tx.tenant().0 => UUID, claim.0 => UUID]).await
}
