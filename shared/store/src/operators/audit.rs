//! The invariants of the product as queries: each must find nothing.
//!
//! Some hold at every commit, others only at rest (queues empty, no fault active, sweepers done). The comparison with
//! what Meta accepted (I11–I15) needs Meta's side, so the caller makes it.

use std::time::Duration;

use domain::Money;
use serde::Serialize;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, params};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub invariant: &'static str,
    /// Rows that break it.
    pub violations: i64,
}

/// Sums over all tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    pub top_ups: Money,
    pub adjustments: Money,
    pub debits: Money,
    pub refunds: Money,
    pub balances: Money,
    pub entries: i64,
    /// Messages that were refunded and delivered nevertheless.
    pub write_offs: i64,
}

pub(crate) const STATEMENTS: &[&str] = &[
    I1_BALANCE, I1_CHAIN, I2, I3, I4, I5, I6, I7, I8, I14, I17, I19, I21, I22, I23, I31, I32, I33, PATIENCE,
    SUMS,
];

const ALWAYS: &[(&str, &str)] = &[
    ("I1 balance is the sum of its entries", I1_BALANCE),
    ("I1 entries form a chain without gaps", I1_CHAIN),
    ("I2 money is neither created nor lost", I2),
    ("I3 no balance was ever negative", I3),
    ("I4 one debit per message, at its price", I4),
    ("I5 one refund per debit, of its amount", I5),
    ("I8 the app cannot change an entry", I8),
    ("I19 no message changed last before one of its statuses was received", I19),
    ("I21 no entry or status of another tenant's message", I21),
    ("I22 no key from tenant to tenant", I22),
    ("I23 every tenant table has row-level security", I23),
    ("I31 what a plan limits is counted", I31),
    ("I32 a large adjustment is of two people, and each approval of one entry", I32),
    ("I33 a balance below a threshold was announced", I33),
    ("I34 a tenant's states follow one another, and hold what they must", I34),
    ("I35 nothing that names a person is left of an erased tenant", I35),
];

const AT_REST: &[(&str, &str)] = &[
    ("I6 what failed or was rejected is refunded", I6),
    ("I7 no debit stays unresolved", I7),
    ("I14 nothing due is left waiting", I14),
    ("I17 no status left parked", I17),
];

const I1_BALANCE: &str = "-- audit::i1_balance
SELECT count(*) AS violations FROM wallets w
 WHERE w.balance <> coalesce((SELECT sum(amount) FROM ledger l WHERE l.tenant_id = w.tenant_id), 0)
    OR w.seq <> coalesce((SELECT max(seq) FROM ledger l WHERE l.tenant_id = w.tenant_id), 0)";

const I1_CHAIN: &str = "-- audit::i1_chain
SELECT count(*) AS violations
  FROM (SELECT seq, amount, balance_after, lag(balance_after, 1, 0::bigint) OVER w AS before, lag(seq, 1, 0::bigint) OVER w AS last
          FROM ledger WINDOW w AS (PARTITION BY tenant_id ORDER BY seq)) AS chain
 WHERE balance_after <> before + amount OR seq <> last + 1";

const I2: &str = "-- audit::i2
SELECT (coalesce((SELECT sum(amount) FROM ledger), 0) <> coalesce((SELECT sum(balance) FROM wallets), 0))::int::bigint AS violations";

const I3: &str = "-- audit::i3
SELECT (SELECT count(*) FROM ledger WHERE balance_after < 0) + (SELECT count(*) FROM wallets WHERE balance < 0) AS violations";

const I4: &str = "-- audit::i4
SELECT count(*) AS violations FROM (
    SELECT m.message_id FROM messages m LEFT JOIN ledger d
        ON d.tenant_id = m.tenant_id AND d.message_id = m.message_id AND d.kind = 'DEBIT'
     GROUP BY m.tenant_id, m.message_id, m.price
    HAVING count(d.seq) <> (m.price IS NOT NULL)::int OR coalesce(-sum(d.amount), 0) <> coalesce(m.price, 0)) AS wrong";

const I5: &str = "-- audit::i5
SELECT (SELECT count(*) FROM (SELECT FROM ledger WHERE kind = 'REFUND' GROUP BY tenant_id, debit_seq HAVING count(*) > 1) AS twice)
     + (SELECT count(*) FROM ledger r LEFT JOIN ledger d ON d.tenant_id = r.tenant_id AND d.seq = r.debit_seq
         WHERE r.kind = 'REFUND' AND (d.seq IS NULL OR d.kind <> 'DEBIT' OR d.amount + r.amount <> 0
                                      OR d.message_id <> r.message_id)) AS violations";

const I6: &str = "-- audit::i6
SELECT count(*) AS violations FROM messages m
  LEFT JOIN ledger d ON d.tenant_id = m.tenant_id AND d.message_id = m.message_id AND d.kind = 'DEBIT'
  LEFT JOIN ledger r ON r.tenant_id = m.tenant_id AND r.debit_seq = d.seq AND r.kind = 'REFUND'
 WHERE (m.dispatch_state IN ('REJECTED', 'REFUNDED_UNRESOLVED') OR (m.evidence & 8 <> 0 AND m.evidence & 6 = 0) OR m.refund_due)
       <> (r.seq IS NOT NULL)";

/// A debit is decided by a status, by a refund, or by Meta's acceptance alone; an UNKNOWN message must have a horizon.
const I7: &str = "-- audit::i7
SELECT count(*) AS violations FROM messages m
 WHERE m.dispatch_state = 'SENDING'
    OR (m.dispatch_state = 'RESERVED'
        AND NOT EXISTS (SELECT FROM held_messages h WHERE h.tenant_id = m.tenant_id AND h.message_id = m.message_id))
    OR (m.dispatch_state = 'UNKNOWN'
        AND NOT EXISTS (SELECT FROM unknowns u WHERE u.tenant_id = m.tenant_id AND u.message_id = m.message_id))";

const I8: &str = "-- audit::i8
SELECT count(*) AS violations FROM unnest(ARRAY['tidings_app', 'tidings_system']) AS role
 CROSS JOIN unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS act WHERE has_table_privilege(role, 'ledger', act)";

const I14: &str = "-- audit::i14
SELECT count(*) AS violations FROM due d

 WHERE d.due_at < $1::timestamptz - interval '1 minute' AND NOT is_stopped(d.tenant_id, d.phone_number_id)";

const I17: &str = "-- audit::i17
SELECT count(*) AS violations FROM parked_updates p
 WHERE EXISTS (SELECT FROM wamids w WHERE w.tenant_id = p.tenant_id AND w.wamid = p.wamid)
    OR EXISTS (SELECT FROM attempts a WHERE a.tenant_id = p.tenant_id AND a.attempt_id = (p.update ->> 'attemptId')::uuid)";

/// What is written about a message is stamped under its lock, so no status is younger than its last change.
const I19: &str = "-- audit::i19
SELECT count(*) AS violations FROM statuses s JOIN messages m USING (tenant_id, message_id) WHERE s.received_at > m.updated_at";

const I21: &str = "-- audit::i21
SELECT (SELECT count(*) FROM ledger l WHERE l.message_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM messages m WHERE m.tenant_id = l.tenant_id AND m.message_id = l.message_id))
     + (SELECT count(*) FROM statuses s
         WHERE NOT EXISTS (SELECT FROM messages m WHERE m.tenant_id = s.tenant_id AND m.message_id = s.message_id)) AS violations";

/// Foreign keys between tenant tables that do not carry the tenant.
const I22: &str = "-- audit::i22
SELECT count(*) AS violations FROM pg_constraint k
 WHERE k.contype = 'f'
   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'tenant_id')
   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attname = 'tenant_id')
   AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'tenant_id' AND a.attnum = ANY (k.conkey))";

/// Months that do not count their debits, and counts of things that are not their rows. What was counted by the migration is
/// left out: the code before it counted nothing, and was still running.
const I31: &str = "-- audit::i31
SELECT (SELECT count(*)
          FROM (SELECT tenant_id, date_trunc('month', recorded_at AT TIME ZONE 'UTC')::date AS period, count(*) AS debits
                  FROM ledger WHERE kind = 'DEBIT' GROUP BY 1, 2) AS month
          LEFT JOIN usage u ON u.tenant_id = month.tenant_id AND u.quantity = 'MESSAGES' AND u.period = month.period
         WHERE coalesce(u.used, 0) <> month.debits
           AND month.period > coalesce((SELECT max(period) FROM usage b WHERE b.tenant_id = month.tenant_id
                                           AND b.quantity = 'MESSAGES' AND NOT b.is_exact), '-infinity'))
     + (SELECT count(*) FROM usage u
         WHERE u.is_exact AND u.quantity <> 'MESSAGES' AND u.used <> CASE u.quantity
               WHEN 'CONTACTS' THEN (SELECT count(*) FROM contacts c WHERE c.tenant_id = u.tenant_id AND c.erased_at IS NULL)
               WHEN 'TEMPLATES' THEN (SELECT count(*) FROM templates t WHERE t.tenant_id = u.tenant_id AND t.status <> 'DELETED')
               WHEN 'PHONE_NUMBERS' THEN (SELECT count(*) FROM phone_numbers n WHERE n.tenant_id = u.tenant_id AND n.disconnected_at IS NULL)
               ELSE (SELECT count(*) FROM users p WHERE p.tenant_id = u.tenant_id) END) AS violations";

/// Adjustments without the request that they were booked for, or above its limit without a second person, and requests whose
/// state and entry contradict each other.
const I32: &str = "-- audit::i32
SELECT (SELECT count(*) FROM ledger l LEFT JOIN adjustments a ON a.tenant_id = l.tenant_id AND a.entry_seq = l.seq
         WHERE l.kind = 'ADJUSTMENT'
           AND (a.entry_seq IS NULL OR a.amount <> l.amount OR a.corrects_seq IS DISTINCT FROM l.debit_seq
                OR l.booked_by <> coalesce(a.decided_by, a.requested_by)
                OR (abs(l.amount) > a.approval_over AND (a.decided_by IS NULL OR a.decided_by = a.requested_by))))
     + (SELECT count(*) FROM adjustments a
         WHERE (a.state = 'BOOKED') <> EXISTS (SELECT FROM ledger l WHERE l.tenant_id = a.tenant_id AND l.seq = a.entry_seq
                                                  AND l.kind = 'ADJUSTMENT')) AS violations";

const I33: &str = "-- audit::i33
SELECT count(*) AS violations FROM wallets
 WHERE low_next IS NOT NULL AND (low_next > balance - reserved OR low_next <> ALL (low_thresholds))";
/// Changes of state that do not follow the one before, or are not the state of their tenant, and states that allow no changes
/// without the hold that stops what is due.
const I34: &str = "-- audit::i34
SELECT (SELECT count(*)
          FROM (SELECT number, state_before, lag(number, 1, 0::bigint) OVER w AS last, lag(state) OVER w AS last_state
                  FROM tenant_states WINDOW w AS (PARTITION BY tenant_id ORDER BY number)) AS chain
         WHERE number <> last + 1 OR state_before <> coalesce(last_state, state_before))
     + (SELECT count(*) FROM tenants t
         CROSS JOIN LATERAL (SELECT state FROM tenant_states s WHERE s.tenant_id = t.tenant_id ORDER BY number DESC LIMIT 1) AS last
         WHERE last.state <> t.state)
     + (SELECT count(*) FROM tenants t
         WHERE (t.state IN ('SUSPENDED', 'CLOSED', 'ERASED'))
               <> EXISTS (SELECT FROM holds h WHERE h.tenant_id = t.tenant_id AND h.kind = 'TENANT' AND h.reason = 'TENANT')) AS violations";

const I35: &str = "-- audit::i35
SELECT count(*) AS violations FROM tenants t
 WHERE t.state = 'ERASED'
   AND (EXISTS (SELECT FROM users u WHERE u.tenant_id = t.tenant_id)
     OR EXISTS (SELECT FROM api_keys k WHERE k.tenant_id = t.tenant_id)
     OR EXISTS (SELECT FROM contacts c WHERE c.tenant_id = t.tenant_id AND c.erased_at IS NULL)
     OR EXISTS (SELECT FROM contact_addresses a WHERE a.tenant_id = t.tenant_id)
     OR EXISTS (SELECT FROM messages m WHERE m.tenant_id = t.tenant_id AND (m.to_phone IS NOT NULL OR m.variables <> '{}'))
     OR EXISTS (SELECT FROM whatsapp_accounts w WHERE w.tenant_id = t.tenant_id AND w.disconnected_at IS NULL))";

/// Tenant tables without row-level security for both roles, or whose owner is not `tidings_owner` and could remove it.
const I23: &str = "-- audit::i23
SELECT count(*) AS violations FROM pg_class c
 WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
   AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND pg_get_userbyid(c.relowner) = 'tidings_owner'
            AND (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) = 2)";

const PATIENCE: &str = "-- audit::patience
SELECT set_config('statement_timeout', $1, true)";

/// Lets the statements of this transaction run for so long: the queries read whole tables, and a session's own limit is
/// meant for a request.
pub async fn allow(tx: &SystemTx, limit: Duration) -> Result<(), StoreError> {
    let limit = format!("{}ms", limit.as_millis());
    tx.row(PATIENCE, params![limit => TEXT]).await.map(drop)
}

/// Runs the queries that must find nothing at any commit and, with `at_rest`, those for a system at rest.
pub async fn findings(tx: &SystemTx, at_rest: bool) -> Result<Vec<Finding>, StoreError> {
    let queries = ALWAYS.iter().chain(if at_rest { AT_REST } else { &[] });
    let mut findings = Vec::new();
    for (invariant, sql) in queries {
        let row = if *sql == I14 {
            tx.row(sql, params![tx.now() => TIMESTAMPTZ]).await?
        } else {
            tx.row(sql, params![]).await?
        };
        findings.push(Finding { invariant, violations: row.map_or(-1, |row| row.get("violations")) });
    }
    Ok(findings)
}

const SUMS: &str = "-- audit::sums
SELECT coalesce(sum(amount) FILTER (WHERE kind = 'TOPUP'), 0)::bigint AS top_ups,
       coalesce(sum(amount) FILTER (WHERE kind = 'ADJUSTMENT'), 0)::bigint AS adjustments,
       coalesce(sum(amount) FILTER (WHERE kind = 'DEBIT'), 0)::bigint AS debits,
       coalesce(sum(amount) FILTER (WHERE kind = 'REFUND'), 0)::bigint AS refunds,
       count(*) AS entries,
       (SELECT coalesce(sum(balance), 0)::bigint FROM wallets) AS balances,
       (SELECT count(*) FROM write_offs) AS write_offs
  FROM ledger";

/// Sums over all tenants.
pub async fn sums(tx: &SystemTx) -> Result<Sums, StoreError> {
    let row = tx.row(SUMS, params![]).await?;
    Ok(row.map_or_else(Sums::default, |row| Sums {
        top_ups: Money::from_micros(row.get("top_ups")),
        adjustments: Money::from_micros(row.get("adjustments")),
        debits: Money::from_micros(row.get("debits")),
        refunds: Money::from_micros(row.get("refunds")),
        balances: Money::from_micros(row.get("balances")),
        entries: row.get("entries"),
        write_offs: row.get("write_offs"),
    }))
}
