//! Claiming what is due: the one statement that takes money.
//!
//! Two statements, never one: the first takes the wallet's lock, the second reads the balance in a snapshot that is
//! younger than the lock. In a single statement the snapshot is older, and two claimers spend the same money.

use domain::messages::{Lane, Recipient};
use domain::{ClaimId, MessageId, Money, PhoneNumberId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::billing::{low_balance, wallet};
use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};
use crate::messages::recipient_of;

/// Which chunk to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    pub number: PhoneNumberId,
    /// Its id, made by the dispatcher.
    pub claim_id: ClaimId,
    pub limit: i64,
    /// Until when it is the dispatcher's.
    pub lease_until: Timestamp,
    /// Only lanes that go before this one; every lane when absent.
    pub before: Option<Lane>,
}

/// A message that is reserved and paid for: everything that sending it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedMessage {
    pub message_id: MessageId,
    pub lane: Lane,
    pub to: Recipient,
    pub content: ClaimedContent,
    pub price: Money,
    /// Which attempt this will be; 1 is the first.
    pub attempt: i16,
    /// The request that it came with (W3C trace context).
    pub traceparent: Option<String>,
}

/// What is sent, as Meta knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimedContent {
    Template {
        name: String,
        language: String,
        /// Values of the variables, in order.
        variables: Vec<String>,
        /// Whether it is a one-time password, whose code is also in its button.
        is_code: bool,
    },
    Text(String),
}

/// What a claim took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Reserved; to be sent, in this order.
    pub funded: Vec<ClaimedMessage>,
    /// How many the balance did not cover; they ended without a debit.
    pub unfunded: usize,
    /// How many may never be sent (opted out, no longer valid); they ended without a debit.
    pub forbidden: usize,
    /// How many are on hold; they wait without a debit until the hold is lifted.
    pub held: usize,
}

impl Claim {
    /// Whether nothing was due.
    pub fn is_empty(&self) -> bool {
        self.funded.is_empty() && self.unfunded == 0 && self.forbidden == 0 && self.held == 0
    }
}

pub(crate) const STATEMENTS: &[&str] = &[CLAIM, MESSAGES, FREE];

/// `price` is the rate card's line for market and category that started last, plus the margin rounded up: the tenant's own, or
/// its plan's. Rate, margin, card and category stay with the message (`messages::pricing`). The
/// category is what the template is now, as Meta charges it, and not what it was when the message was accepted.
/// A message that is RESERVED already (it came back unsent) was paid for and costs nothing here.
/// `place` is a message's place among those that would be debited. The plan allows `room` of them in the month that the debits
/// are dated in; what comes after is held until the month or the terms of the plan change (I31), unless the balance had ended before.
/// A row `LOW` says that the debits took the balance below a threshold of the tenant's.
/// No step joins a claim's rows to each other: without hash joins that would take their number squared. What the dispatcher
/// needs of a message comes out of the update that reserves it, which takes the messages in the order of their ids, as
/// everything that locks several of them does.
const CLAIM: &str = "-- claims::claim
WITH picked AS MATERIALIZED (
    SELECT d.row_id, d.priority, d.due_at, d.message_id
      FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
     CROSS JOIN LATERAL (
        SELECT ctid AS row_id, priority, due_at, message_id FROM due
         WHERE tenant_id = $1 AND phone_number_id = $2 AND due.priority = p.priority AND due_at <= $3
         ORDER BY due_at, message_id LIMIT $4) AS d
     WHERE p.priority < $7 AND NOT is_stopped($1, $2)
     ORDER BY d.priority, d.due_at, d.message_id LIMIT $4),
taken AS MATERIALIZED (
    DELETE FROM due WHERE ctid = ANY (ARRAY(SELECT row_id FROM picked)) AND tenant_id = $1
    RETURNING priority, due_at, message_id),
stops AS MATERIALIZED (
    SELECT kind, key FROM holds WHERE tenant_id = $1 AND kind IN ('TEMPLATE', 'CAMPAIGN', 'CONTACT')),
terms AS MATERIALIZED (
    SELECT coalesce(t.margin_bps, p.margin_bps) AS margin_bps, w.balance, w.balance - w.reserved AS spendable, w.seq,
           dated.recorded_at, dated.period,
           n.name AS plan, p.messages_per_month AS allowed, p.messages_per_month - coalesce(u.used, 0) AS room,
           least((dated.period + interval '1 month') AT TIME ZONE 'UTC', (SELECT min(later.effective_from) FROM plan_terms later
                       WHERE later.plan_id = t.plan_id AND later.effective_from > $3)) AS resumes_at
      FROM tenants t JOIN plans n USING (plan_id) CROSS JOIN LATERAL terms_at(t.plan_id, $3) AS p
      JOIN wallets w USING (tenant_id)
     CROSS JOIN LATERAL (
        SELECT greatest(w.recorded_until, $3) AS recorded_at,
               date_trunc('month', greatest(w.recorded_until, $3) AT TIME ZONE 'UTC')::date AS period) AS dated
      LEFT JOIN usage u ON u.tenant_id = $1 AND u.quantity = 'MESSAGES' AND u.period = dated.period
     WHERE t.tenant_id = $1),
priced AS MATERIALIZED (
    SELECT k.priority, k.due_at, k.message_id, m.dispatch_state = 'RESERVED' AS is_paid,
           hold.kind AS hold_kind, hold.key AS hold_key,
           CASE WHEN c.opted_out_at IS NOT NULL AND NOT c.opted_out_by_wish THEN 'the contact has opted out'
                WHEN c.opted_out_by_wish AND coalesce(t.category, m.category) = 'MARKETING' THEN 'the contact has stopped marketing messages'
                WHEN m.not_after < $3 THEN 'it was no longer valid when its turn came'
                WHEN t.variables_since > m.accepted_at THEN 'the variables of its template have changed since it was accepted'
                WHEN rate.price IS NULL THEN 'there is no price for its market' END AS forbidden_by,
           rate.price + (rate.price * terms.margin_bps + 9999) / 10000 AS price,
           rate.price AS rate_price, rate.card_id, terms.margin_bps, coalesce(t.category, m.category) AS category,
           t.name AS template, t.language, t.category = 'AUTHENTICATION' AS is_code
      FROM taken k
      JOIN messages m ON m.tenant_id = $1 AND m.message_id = k.message_id AND m.dispatch_state IN ('PENDING', 'RESERVED')
      JOIN contacts c ON c.tenant_id = $1 AND c.contact_id = m.contact_id
      LEFT JOIN templates t ON t.tenant_id = $1 AND t.template_id = m.template_id
     CROSS JOIN terms
      LEFT JOIN LATERAL (
        (SELECT r.price, r.card_id FROM rate_cards r
          WHERE r.market = m.market AND r.category = coalesce(t.category, m.category) AND r.effective_from <= $3
          ORDER BY r.effective_from DESC LIMIT 1)
         UNION ALL
        (SELECT r.price, r.card_id FROM rate_cards r
          WHERE r.market = '*' AND r.category = coalesce(t.category, m.category) AND r.effective_from <= $3
          ORDER BY r.effective_from DESC LIMIT 1)
         LIMIT 1) AS rate ON true
      LEFT JOIN LATERAL (
        SELECT s.kind, s.key FROM stops s
         WHERE s.key = CASE s.kind WHEN 'TEMPLATE' THEN m.template_id WHEN 'CAMPAIGN' THEN m.source_id ELSE m.contact_id END::text
         UNION ALL SELECT 'TEMPLATE', t.template_id::text WHERE t.status <> 'APPROVED' LIMIT 1) AS hold ON true),
placed AS (
    SELECT *, hold_kind IS NULL AND forbidden_by IS NULL AND NOT is_paid AS is_new,
           count(*) FILTER (WHERE hold_kind IS NULL AND forbidden_by IS NULL AND NOT is_paid) OVER sending AS place
      FROM priced WINDOW sending AS (ORDER BY priority, due_at, message_id ROWS UNBOUNDED PRECEDING)),
running AS MATERIALIZED (
    SELECT p.*, p.place > terms.room AS is_beyond_plan,
           sum(CASE WHEN p.is_new AND p.place <= terms.room THEN p.price ELSE 0 END)
               OVER (ORDER BY p.priority, p.due_at, p.message_id ROWS UNBOUNDED PRECEDING) AS spent
      FROM placed p CROSS JOIN terms),
verdicts AS MATERIALIZED (
    SELECT r.*, CASE WHEN r.hold_kind IS NOT NULL THEN 'HELD'
                     WHEN r.is_paid THEN 'RESERVED'
                     WHEN r.forbidden_by IS NOT NULL THEN 'CANCELLED'
                     WHEN r.spent > terms.spendable THEN 'NO_FUNDS'
                     WHEN r.is_beyond_plan THEN 'HELD'
                     ELSE 'RESERVED' END AS verdict
      FROM running r CROSS JOIN terms),
debits AS (
    INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, message_id, recorded_at)
    SELECT $1, terms.seq + row_number() OVER (ORDER BY v.spent, v.priority, v.due_at, v.message_id), 'DEBIT', -v.price,
           terms.balance - v.spent, v.message_id, terms.recorded_at
      FROM verdicts v CROSS JOIN terms WHERE v.verdict = 'RESERVED' AND NOT v.is_paid
    RETURNING amount),
paid AS (
    UPDATE wallets SET balance = balance + total.amount, seq = seq + total.entries,
                       recorded_until = greatest(recorded_until, $3)
      FROM (SELECT coalesce(sum(amount), 0)::bigint AS amount, count(*) AS entries FROM debits) AS total
     WHERE tenant_id = $1 AND total.entries > 0
    RETURNING balance - reserved < low_next AS is_low),
counted AS (
    INSERT INTO usage AS u (tenant_id, quantity, period, used)
    SELECT $1, 'MESSAGES', (SELECT period FROM terms), count(*) FROM debits HAVING count(*) > 0
        ON CONFLICT (tenant_id, quantity, period) DO UPDATE SET used = u.used + excluded.used),
held AS (
    INSERT INTO held_messages (tenant_id, message_id, phone_number_id, priority, due_at, kind, key)
    SELECT $1, message_id, $2, priority, due_at, coalesce(hold_kind, 'TENANT'), coalesce(hold_key, '')
      FROM verdicts WHERE verdict = 'HELD'),
plan_hold AS (
    INSERT INTO holds (tenant_id, kind, key, reason, detail, since, resumes_at, placed_by)
    SELECT $1, 'TENANT', '', 'PLAN_LIMIT', format('the plan %s allows %s messages a month, and all of them are used', plan, allowed),
           $3, resumes_at, $8
      FROM terms WHERE EXISTS (SELECT FROM verdicts WHERE verdict = 'HELD' AND hold_kind IS NULL)
        ON CONFLICT (tenant_id, kind, key, reason) DO UPDATE SET detail = excluded.detail, resumes_at = excluded.resumes_at),
claim AS (
    INSERT INTO claims (tenant_id, claim_id, phone_number_id, message_ids, lease_until)
    SELECT $1, $5, $2, array_agg(message_id), $6 FROM verdicts WHERE verdict = 'RESERVED' HAVING count(*) > 0),
moved AS (
    UPDATE messages m
       SET dispatch_state = v.verdict, updated_at = greatest(m.updated_at, $3),
           claim_id = CASE WHEN v.verdict = 'RESERVED' THEN $5 END,
           attempt = m.attempt + CASE WHEN v.verdict = 'RESERVED' THEN 1 ELSE 0 END,
           price = CASE WHEN v.verdict = 'RESERVED' THEN coalesce(m.price, v.price) END,
           rate_price = CASE WHEN v.is_paid THEN m.rate_price WHEN v.verdict = 'RESERVED' THEN v.rate_price END,
           margin_bps = CASE WHEN v.is_paid THEN m.margin_bps WHEN v.verdict = 'RESERVED' THEN v.margin_bps END,
           rate_card_id = CASE WHEN v.is_paid THEN m.rate_card_id WHEN v.verdict = 'RESERVED' THEN v.card_id END,
           priced_category = CASE WHEN v.is_paid THEN m.priced_category WHEN v.verdict = 'RESERVED' THEN v.category END,
           error_text = CASE WHEN v.verdict = 'CANCELLED' THEN v.forbidden_by END
      FROM (SELECT * FROM verdicts WHERE verdict <> 'HELD' ORDER BY message_id) AS v
     WHERE m.tenant_id = $1 AND m.message_id = v.message_id
    RETURNING m.message_id, v.verdict, m.to_phone, m.to_bsuid, v.template, v.language, v.is_code, m.variables, m.body, m.attempt, m.price, m.traceparent, v.priority, m.due_at)
SELECT message_id, verdict, to_phone, to_bsuid, template, language, is_code, variables, body, attempt, price, traceparent, priority, due_at FROM moved
 UNION ALL
SELECT message_id, verdict, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, priority, due_at FROM verdicts WHERE verdict = 'HELD'
 UNION ALL
SELECT NULL, 'LOW', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM paid WHERE is_low
 ORDER BY priority, due_at, message_id";

/// Claims what is due now: debits what the balance covers, in the order of sending, and ends or holds the rest.
pub async fn claim(tx: &TenantTx, request: &ClaimRequest) -> Result<Claim, StoreError> {
    wallet::lock(tx).await?;
    let values = params![
        tx.tenant().0 => UUID, request.number.0 => TEXT, tx.now() => TIMESTAMPTZ, request.limit => INT8,
        request.claim_id.0 => UUID, request.lease_until => TIMESTAMPTZ,
        request.before.map_or(i16::MAX, Lane::priority) => INT2, tx.actor().to_string() => TEXT,
    ];
    let (mut claim, mut is_low) = (Claim::default(), false);
    for row in tx.rows_by_index(CLAIM, values).await? {
        match row.get("verdict") {
            "RESERVED" => claim.funded.push(ClaimedMessage {
                message_id: MessageId(row.get("message_id")),
                lane: lane_of(row.get("priority"))?,
                to: recipient_of(&row)?,
                content: content_of(&row)?,
                price: Money::from_micros(row.get("price")),
                attempt: row.get("attempt"),
                traceparent: row.get("traceparent"),
            }),
            "NO_FUNDS" => claim.unfunded += 1,
            "CANCELLED" => claim.forbidden += 1,
            "HELD" => claim.held += 1,
            "LOW" => is_low = true,
            other => {
                return Err(StoreError::Inconsistent { table: "claims", what: format!("verdict {other}") });
            }
        }
    }
    if is_low {
        low_balance::announce(tx).await?;
    }
    Ok(claim)
}

const MESSAGES: &str = "-- claims::messages
SELECT m.message_id FROM claims c JOIN messages m ON m.tenant_id = $1 AND m.message_id = ANY (c.message_ids)
 WHERE c.tenant_id = $1 AND c.claim_id = $2 AND m.claim_id = $2";

/// The messages that a claim still holds.
pub async fn messages(tx: &TenantTx, claim: ClaimId) -> Result<Vec<MessageId>, StoreError> {
    let rows = tx.rows(MESSAGES, params![tx.tenant().0 => UUID, claim.0 => UUID]).await?;
    Ok(rows.iter().map(|row| MessageId(row.get("message_id"))).collect())
}

const FREE: &str = "-- claims::free
DELETE FROM claims WHERE tenant_id = $1 AND claim_id = ANY ($2)";

/// Forgets claims of which every message was recorded.
pub async fn free(tx: &TenantTx, claims: &[ClaimId]) -> Result<u64, StoreError> {
    if claims.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Uuid> = claims.iter().map(|claim| claim.0).collect();
    tx.run(FREE, params![tx.tenant().0 => UUID, ids => UUID_ARRAY]).await
}

fn lane_of(priority: i16) -> Result<Lane, StoreError> {
    Lane::ALL
        .into_iter()
        .find(|lane| lane.priority() == priority)
        .ok_or_else(|| StoreError::Inconsistent { table: "due", what: format!("priority {priority}") })
}

fn content_of(row: &Row) -> Result<ClaimedContent, StoreError> {
    if let Some(name) = row.get("template") {
        return Ok(ClaimedContent::Template {
            name,
            language: row.get("language"),
            variables: row.get("variables"),
            is_code: row.get("is_code"),
        });
    }
    let body: Option<serde_json::Value> = row.get("body");
    let text = body.as_ref().and_then(|body| body.get("text")?.as_str());
    let missing =
        || StoreError::Inconsistent { table: "messages", what: "neither template nor text".to_owned() };
    text.map(|text| ClaimedContent::Text(text.to_owned())).ok_or_else(missing)
}
