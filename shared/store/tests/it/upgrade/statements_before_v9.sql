-- claims::lock_wallet
SELECT balance, set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
  FROM wallets WHERE tenant_id = $1 FOR NO KEY UPDATE

-- claims::claim
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
 ORDER BY priority, due_at, message_id

-- claims::free
DELETE FROM claims WHERE tenant_id = $1 AND claim_id = $2

-- contacts::import
INSERT INTO contacts (tenant_id, contact_id, phone, name, attributes, created_at)
SELECT $1, row.id, row.phone, row.name, row.attributes, $6
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[]) AS row (id, phone, name, attributes)
    ON CONFLICT (tenant_id, phone) DO NOTHING

-- contacts::find
SELECT contact_id, phone, name, attributes, opted_out_at, created_at FROM contacts WHERE tenant_id = $1 AND contact_id = $2

-- contacts::list
SELECT contact_id, phone, name, attributes, opted_out_at, created_at FROM contacts
 WHERE tenant_id = $1 AND contact_id < $2 ORDER BY tenant_id DESC, contact_id DESC LIMIT $3

-- contacts::opt_out
UPDATE contacts SET opted_out_at = coalesce(opted_out_at, $3) WHERE tenant_id = $1 AND contact_id = $2

-- evidence::by_attempt
SELECT attempt_id, message_id FROM attempts WHERE tenant_id = $1 AND attempt_id = ANY ($2)

-- evidence::by_wamid
SELECT wamid, message_id FROM wamids WHERE tenant_id = $1 AND wamid = ANY ($2)

-- evidence::store
INSERT INTO statuses (tenant_id, message_id, status, occurred_at, received_at, error_code, error_text)
SELECT $1, u.message_id, u.status, u.occurred_at, $7, u.error_code, u.error_text
  FROM unnest($2::uuid[], $3::int2[], $4::timestamptz[], $5::int4[], $6::text[])
       AS u (message_id, status, occurred_at, error_code, error_text)
    ON CONFLICT DO NOTHING

-- evidence::park
INSERT INTO parked_updates (tenant_id, wamid, status, update, parked_at)
SELECT $1, u.wamid, u.status, u.update, $5
  FROM unnest($2::text[], $3::int2[], $4::jsonb[]) AS u (wamid, status, update) ON CONFLICT DO NOTHING

-- evidence::unpark
DELETE FROM parked_updates WHERE tenant_id = $1 AND wamid = ANY ($2) RETURNING update

-- evidence::unpark_known
DELETE FROM parked_updates p WHERE p.tenant_id = $1 AND (
       EXISTS (SELECT FROM wamids w WHERE w.tenant_id = $1 AND w.wamid = p.wamid)
    OR EXISTS (SELECT FROM attempts a WHERE a.tenant_id = $1 AND a.attempt_id = (p.update ->> 'attemptId')::uuid))
RETURNING update

-- evidence::keep
INSERT INTO kept_updates (digest, reason, raw, received_at) VALUES (sha256(convert_to($1 || $2::jsonb::text, 'UTF8')), $1, $2, $3)
    ON CONFLICT DO NOTHING

-- evidence::write_off
INSERT INTO write_offs (tenant_id, message_id, noted_at)
SELECT $1, message_id, $3 FROM unnest($2::uuid[]) AS m (message_id) ON CONFLICT DO NOTHING

-- evidence::heard
UPDATE sender_leases SET heard_at = $3
 WHERE tenant_id = $1 AND phone_number_id = $2 AND (heard_at IS NULL OR heard_at < $3::timestamptz - interval '10 seconds')

-- gauges::read
SELECT (SELECT count(*) FROM batches b WHERE b.minute <= $1 AND EXISTS (
          SELECT FROM phone_numbers n
            JOIN whatsapp_accounts a ON a.tenant_id = n.tenant_id AND a.waba_id = n.waba_id AND a.paused_reason IS NULL
            LEFT JOIN sender_leases l ON l.tenant_id = n.tenant_id AND l.phone_number_id = n.phone_number_id
           CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
           WHERE n.tenant_id = b.tenant_id AND (l.lease_until IS NULL OR l.lease_until < $2) AND EXISTS (
              SELECT FROM due d WHERE d.tenant_id = b.tenant_id AND d.phone_number_id = n.phone_number_id
                                  AND d.priority = p.priority AND d.due_at <= b.minute))) AS overdue_batches,
       (SELECT count(*) FROM refund_promises WHERE promised_at <= $1) AS open_refunds,
       (SELECT coalesce(extract(epoch FROM $2 - min(since)), 0)::bigint FROM unknowns) AS unknown_age_seconds,
       (SELECT count(*) FROM parked_updates WHERE parked_at <= $1) AS parked_updates,
       (SELECT count(*) FROM wallets w WHERE w.balance <> coalesce(
          (SELECT balance_after FROM ledger l WHERE l.tenant_id = w.tenant_id ORDER BY seq DESC LIMIT 1), 0)) AS drifted_wallets

-- idempotency::try_lock
SELECT pg_try_advisory_xact_lock(hashtextextended(concat_ws('/', $1::text, $2::text, $3::text), 0)) AS got

-- idempotency::find
SELECT request_hash = $4 AS same_request, outcome FROM idempotency_keys WHERE tenant_id = $1 AND route = $2 AND key = $3

-- idempotency::insert
INSERT INTO idempotency_keys (tenant_id, route, key, request_hash, outcome, created_at) VALUES ($1, $2, $3, $4, $5, $6)

-- idempotency::forget
DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at < $1 LIMIT 5000))

-- leases::acquire
UPDATE sender_leases
   SET wanted = lease IS NOT NULL AND lease_until >= $5,
       lease_until = CASE WHEN lease IS NULL OR lease_until < $5 THEN $4 ELSE lease_until END,
       lease = CASE WHEN lease IS NULL OR lease_until < $5 THEN $3 ELSE lease END
 WHERE tenant_id = $1 AND phone_number_id = $2 RETURNING lease = $3 AS got

-- leases::renew
UPDATE sender_leases SET lease_until = $4 WHERE tenant_id = $1 AND phone_number_id = $2 AND lease = $3

-- leases::release
UPDATE sender_leases
   SET lease = CASE WHEN wanted AND NOT $4 THEN lease END, lease_until = CASE WHEN wanted AND NOT $4 THEN lease_until END,
       wanted = false
 WHERE tenant_id = $1 AND phone_number_id = $2 AND lease = $3 RETURNING lease IS NOT NULL AS goes_on

-- leases::numbers_due
SELECT n.phone_number_id, n.messages_per_second
  FROM phone_numbers n JOIN whatsapp_accounts a USING (tenant_id, waba_id)
 WHERE n.tenant_id = $1 AND a.paused_reason IS NULL AND EXISTS (
       SELECT FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
        WHERE EXISTS (SELECT FROM due d WHERE d.tenant_id = $1 AND d.phone_number_id = n.phone_number_id
                                          AND d.priority = p.priority AND d.due_at <= $2))
 ORDER BY n.phone_number_id

-- ledger::balance
SELECT balance FROM wallets WHERE tenant_id = $1

-- ledger::top_up
WITH wallet AS (
    UPDATE wallets SET balance = balance + $2, seq = seq + 1 WHERE tenant_id = $1 RETURNING balance, seq)
INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, note, booked_by, recorded_at)
SELECT $1, wallet.seq, 'TOPUP', $2, wallet.balance, $3, $4, $5 FROM wallet RETURNING seq, balance_after

-- ledger::promise
INSERT INTO refund_promises (tenant_id, message_id, reason, promised_at)
SELECT $1, message_id, $3, $4 FROM unnest($2::uuid[]) AS m (message_id) ON CONFLICT DO NOTHING

-- ledger::refund
WITH owed AS (
    DELETE FROM refund_promises WHERE tenant_id = $1 AND message_id = ANY ($2) RETURNING message_id, reason),
debits AS MATERIALIZED (
    SELECT d.seq, d.message_id, -d.amount AS amount, owed.reason
      FROM owed JOIN ledger d ON d.tenant_id = $1 AND d.message_id = owed.message_id AND d.kind = 'DEBIT'
     WHERE NOT EXISTS (SELECT FROM ledger r WHERE r.tenant_id = $1 AND r.debit_seq = d.seq AND r.kind = 'REFUND')),
credits AS (
    INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, message_id, debit_seq, note, recorded_at)
    SELECT $1, w.seq + row_number() OVER by_seq, 'REFUND', d.amount,
           w.balance + sum(d.amount) OVER by_seq, d.message_id, d.seq, d.reason, $3
      FROM debits d CROSS JOIN wallets w WHERE w.tenant_id = $1
    WINDOW by_seq AS (ORDER BY d.seq ROWS UNBOUNDED PRECEDING)
    RETURNING amount)
UPDATE wallets SET balance = balance + total.amount, seq = seq + total.entries
  FROM (SELECT coalesce(sum(amount), 0)::bigint AS amount, count(*) AS entries FROM credits) AS total
 WHERE tenant_id = $1 RETURNING total.entries

-- ledger::list
SELECT e.seq, e.kind, e.amount, e.balance_after, e.message_id, e.debit_seq, e.note, e.recorded_at,
       coalesce(m.evidence, 0::smallint) AS evidence,
       EXISTS (SELECT FROM ledger r WHERE r.tenant_id = e.tenant_id AND r.debit_seq = e.seq AND r.kind = 'REFUND') AS is_refunded
  FROM ledger e LEFT JOIN messages m ON m.tenant_id = e.tenant_id AND m.message_id = e.message_id AND e.kind = 'DEBIT'
 WHERE e.tenant_id = $1 AND e.seq < $2 ORDER BY e.tenant_id DESC, e.seq DESC LIMIT $3

-- messages::accept
WITH message AS (
    INSERT INTO messages (tenant_id, message_id, contact_id, template_id, phone_number_id, to_phone, market, category,
                          variables, due_at, accepted_at, dispatch_state, updated_at, traceparent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'PENDING', $11, $14)),
waiting AS (
    INSERT INTO due (tenant_id, phone_number_id, priority, due_at, message_id) VALUES ($1, $5, $12, $10, $2))
INSERT INTO batches (tenant_id, minute) VALUES ($1, $13) ON CONFLICT DO NOTHING

-- messages::take_back
DELETE FROM due d USING messages m
 WHERE m.tenant_id = $1 AND m.message_id = $2
   AND d.tenant_id = $1 AND d.phone_number_id = m.phone_number_id AND d.due_at = m.due_at AND d.message_id = m.message_id
   AND d.priority = CASE m.category WHEN 'AUTHENTICATION' THEN 0 WHEN 'UTILITY' THEN 1 ELSE 2 END

-- messages::cancel
UPDATE messages SET dispatch_state = 'CANCELLED', updated_at = $3
 WHERE tenant_id = $1 AND message_id = $2 AND dispatch_state = 'PENDING'

-- messages::find
SELECT m.message_id, m.contact_id, m.template_id, m.to_phone, m.due_at, m.accepted_at, m.updated_at, m.dispatch_state,
       m.evidence, m.price, m.wamid, m.error_code, m.error_text,
       (SELECT r.amount FROM ledger d JOIN ledger r ON r.tenant_id = d.tenant_id AND r.debit_seq = d.seq AND r.kind = 'REFUND'
         WHERE d.tenant_id = m.tenant_id AND d.message_id = m.message_id AND d.kind = 'DEBIT') AS refund
  FROM messages m WHERE m.tenant_id = $1 AND m.message_id = $2

-- messages::list
SELECT m.message_id, m.contact_id, m.template_id, m.to_phone, m.due_at, m.accepted_at, m.updated_at, m.dispatch_state,
       m.evidence, m.price, m.wamid, m.error_code, m.error_text,
       (SELECT r.amount FROM ledger d JOIN ledger r ON r.tenant_id = d.tenant_id AND r.debit_seq = d.seq AND r.kind = 'REFUND'
         WHERE d.tenant_id = m.tenant_id AND d.message_id = m.message_id AND d.kind = 'DEBIT') AS refund
  FROM messages m WHERE m.tenant_id = $1 AND m.message_id < $2 ORDER BY m.tenant_id DESC, m.message_id DESC LIMIT $3

-- messages::history
SELECT status, occurred_at, received_at, error_code, error_text FROM statuses
 WHERE tenant_id = $1 AND message_id = $2 ORDER BY received_at, status

-- news::account_owners
SELECT waba_id, tenant_id FROM whatsapp_accounts WHERE waba_id = ANY ($1)

-- news::template_status
UPDATE templates SET status = $6, status_said_at = $7, updated_at = $8
 WHERE tenant_id = $1 AND waba_id = $2
   AND (meta_template_id = $3 OR (meta_template_id IS NULL AND name = $4 AND language = $5 AND updated_at > $8::timestamptz - interval '15 minutes'))
   AND coalesce((status_said_at, $6) < ($7, status), status_said_at IS NULL AND ($7 IS NOT NULL OR status <> $6))

-- news::template_category
UPDATE templates SET category = $6, category_said_at = $7, updated_at = $8
 WHERE tenant_id = $1 AND waba_id = $2
   AND (meta_template_id = $3 OR (meta_template_id IS NULL AND name = $4 AND language = $5 AND updated_at > $8::timestamptz - interval '15 minutes'))
   AND coalesce((category_said_at, $6) < ($7, category), category_said_at IS NULL AND ($7 IS NOT NULL OR category <> $6))

-- news::stop
UPDATE contacts SET opted_out_by_wish = opted_out_by_wish OR opted_out_at IS NULL,
       opted_out_at = coalesce(opted_out_at, $4), wish_said_at = $3
 WHERE tenant_id = $1 AND phone = $2 AND coalesce(wish_said_at <= $3, wish_said_at IS NULL)

-- news::resume
UPDATE contacts SET opted_out_at = CASE WHEN opted_out_by_wish THEN NULL ELSE opted_out_at END,
       opted_out_by_wish = false, wish_said_at = $3
 WHERE tenant_id = $1 AND phone = $2 AND coalesce(wish_said_at < $3, wish_said_at IS NULL)

-- news::close
UPDATE whatsapp_accounts SET paused_reason = coalesce(paused_reason, $3), standing_said_at = $4
 WHERE tenant_id = $1 AND waba_id = $2 AND coalesce(connected_at <= $4, true)
   AND coalesce(standing_said_at <= $4, standing_said_at IS NULL)

-- news::reopen
UPDATE whatsapp_accounts SET standing_said_at = $4,
       paused_reason = CASE WHEN starts_with(paused_reason, $3) THEN NULL ELSE paused_reason END
 WHERE tenant_id = $1 AND waba_id = $2 AND coalesce(standing_said_at < $4, standing_said_at IS NULL)

-- outbox::put
INSERT INTO outbox (tenant_id, event_id, event, created_at) VALUES ($1, $2, $3, $4)

-- outbox::waiting
SELECT event_id, event FROM outbox ORDER BY event_id LIMIT $1

-- outbox::sent
DELETE FROM outbox WHERE event_id = ANY ($1)

-- plans::list
SELECT plan_id, name, monthly_price, messages_per_month, contacts_max, templates_max, phone_numbers_max, users_max,
       requests_per_minute, margin_bps, created_at
  FROM plans ORDER BY monthly_price, name

-- plans::find_by_name
SELECT plan_id, name, monthly_price, messages_per_month, contacts_max, templates_max, phone_numbers_max, users_max,
       requests_per_minute, margin_bps, created_at
  FROM plans WHERE lower(name) = lower($1)

-- plans::insert
INSERT INTO plans (plan_id, name, monthly_price, messages_per_month, contacts_max, templates_max, phone_numbers_max,
                   users_max, requests_per_minute, margin_bps, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- queue::send
INSERT INTO queue_messages (queue, message_id, body, group_id, traceparent, sent_at, visible_at)
SELECT $1, u.id, u.body, u.group_id, u.traceparent, $6, $7
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS u (id, body, group_id, traceparent)

-- queue::bury
WITH dead AS (
    DELETE FROM queue_messages WHERE queue = $1 AND visible_at <= $2 AND receive_count >= $3
    RETURNING message_id, body, group_id, traceparent, sent_at, receive_count)
INSERT INTO dead_letters (queue, message_id, body, group_id, traceparent, sent_at, receive_count, died_at)
SELECT $1, message_id, body, group_id, traceparent, sent_at, receive_count, $2 FROM dead ON CONFLICT DO NOTHING

-- queue::receive
UPDATE queue_messages q SET visible_at = $3, receive_count = receive_count + 1, receipt = gen_random_uuid()
 WHERE queue = $1 AND message_id = ANY (ARRAY(
       SELECT message_id FROM queue_messages WHERE queue = $1 AND visible_at <= $2
        ORDER BY visible_at, message_id LIMIT $4 FOR UPDATE SKIP LOCKED))
RETURNING message_id, receipt, body, group_id, traceparent, receive_count, sent_at

-- queue::delete
DELETE FROM queue_messages WHERE queue = $1 AND receipt = ANY ($2)

-- queue::hand_back
UPDATE queue_messages SET visible_at = $3 WHERE queue = $1 AND receipt = ANY ($2)

-- queue::depths
SELECT count(*) AS messages FROM queue_messages

-- queue::dead
SELECT count(*) AS messages FROM dead_letters

-- queue::schedule
INSERT INTO wake_ups (name, batch, traceparent, fire_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING

-- queue::due_wake_ups
SELECT batch, traceparent FROM wake_ups WHERE fire_at <= $1 ORDER BY fire_at LIMIT 100

-- queue::fired
DELETE FROM wake_ups WHERE name = ANY ($1)

-- rescue::overdue
SELECT b.tenant_id FROM (SELECT DISTINCT tenant_id FROM batches WHERE minute <= $1) AS b
 WHERE EXISTS (
    SELECT FROM phone_numbers n
     CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
     WHERE n.tenant_id = b.tenant_id AND EXISTS (
        SELECT FROM due d WHERE d.tenant_id = b.tenant_id AND d.phone_number_id = n.phone_number_id
                            AND d.priority = p.priority AND d.due_at <= $1))
 LIMIT $2

-- rescue::close_batches
DELETE FROM batches WHERE ctid = ANY (ARRAY(
    SELECT b.ctid FROM batches b WHERE b.minute <= $1 AND NOT EXISTS (
        SELECT FROM phone_numbers n
         CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
         WHERE n.tenant_id = b.tenant_id AND EXISTS (
            SELECT FROM due d WHERE d.tenant_id = b.tenant_id AND d.phone_number_id = n.phone_number_id
                                AND d.priority = p.priority AND d.due_at <= b.minute))
     LIMIT $2))

-- rescue::expired_claims
SELECT tenant_id, claim_id FROM claims WHERE lease_until < $1 ORDER BY lease_until LIMIT $2

-- rescue::held_by
SELECT m.message_id FROM claims c JOIN messages m ON m.tenant_id = $1 AND m.message_id = ANY (c.message_ids)
 WHERE c.tenant_id = $1 AND c.claim_id = $2 AND m.claim_id = $2 AND c.lease_until < $3

-- rescue::open_promises
SELECT tenant_id, array_agg(message_id) AS message_ids
  FROM (SELECT tenant_id, message_id FROM refund_promises WHERE promised_at <= $1 ORDER BY promised_at LIMIT $2) AS p
 GROUP BY tenant_id ORDER BY tenant_id

-- rescue::past_horizon
SELECT tenant_id, array_agg(message_id) AS message_ids
  FROM (SELECT u.tenant_id, u.message_id
          FROM unknowns u JOIN sender_leases l USING (tenant_id, phone_number_id)
         WHERE u.since <= $1 AND (u.since <= $2 OR l.heard_at >= u.since + ($4::timestamptz - $1::timestamptz))
         ORDER BY u.since LIMIT $3) AS p
 GROUP BY tenant_id ORDER BY tenant_id

-- rescue::parked
SELECT DISTINCT tenant_id FROM parked_updates LIMIT $1

-- sending::mark_intent
WITH marked AS (
    UPDATE messages m SET dispatch_state = 'SENDING', attempt_id = u.attempt_id, deadline = $5, updated_at = $6
      FROM unnest($2::uuid[], $3::uuid[]) AS u (message_id, attempt_id)
     WHERE m.tenant_id = $1 AND m.message_id = u.message_id AND m.claim_id = $4 AND m.dispatch_state = 'RESERVED'
    RETURNING m.message_id, m.attempt_id)
INSERT INTO attempts (tenant_id, attempt_id, message_id, started_at)
SELECT $1, attempt_id, message_id, $6 FROM marked RETURNING message_id

-- sending::lock
SELECT message_id, dispatch_state, attempt, attempt_id, claim_id, evidence, refund_due, phone_number_id, category
  FROM messages WHERE tenant_id = $1 AND message_id = ANY ($2) ORDER BY message_id FOR NO KEY UPDATE

-- sending::apply
UPDATE messages m
   SET dispatch_state = u.state, evidence = u.evidence, refund_due = u.refund_due, claim_id = NULL,
       wamid = coalesce(m.wamid, u.wamid), error_code = coalesce(u.error_code, m.error_code),
       error_text = coalesce(u.error_text, m.error_text), updated_at = $9
  FROM unnest($2::uuid[], $3::text[], $4::int2[], $5::bool[], $6::text[], $7::int4[], $8::text[])
       AS u (message_id, state, evidence, refund_due, wamid, error_code, error_text)
 WHERE m.tenant_id = $1 AND m.message_id = u.message_id

-- sending::requeue
WITH again AS (
    INSERT INTO due (tenant_id, phone_number_id, priority, due_at, message_id)
    SELECT $1, u.phone_number_id, u.priority, u.due_at, u.message_id
      FROM unnest($2::text[], $3::int2[], $4::timestamptz[], $5::uuid[]) AS u (phone_number_id, priority, due_at, message_id))
INSERT INTO batches (tenant_id, minute) SELECT DISTINCT $1::uuid, m FROM unnest($6::timestamptz[]) AS m ON CONFLICT DO NOTHING

-- sending::name
INSERT INTO wamids (tenant_id, wamid, message_id)
SELECT $1, u.wamid, u.message_id FROM unnest($2::text[], $3::uuid[]) AS u (wamid, message_id) ON CONFLICT DO NOTHING

-- sending::note_unknown
INSERT INTO unknowns (tenant_id, message_id, phone_number_id, since)
SELECT $1, u.message_id, u.phone_number_id, $4 FROM unnest($2::uuid[], $3::text[]) AS u (message_id, phone_number_id)
    ON CONFLICT DO NOTHING

-- sending::forget_unknown
DELETE FROM unknowns WHERE tenant_id = $1 AND message_id = ANY ($2)

-- templates::insert
INSERT INTO templates (tenant_id, template_id, name, language, category, body, variables, status, meta_template_id, waba_id,
                       created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- templates::redraft
UPDATE templates SET category = $3, body = $4, variables = $5, updated_at = $6
 WHERE tenant_id = $1 AND template_id = $2 AND status = 'DRAFT'

-- templates::find
SELECT template_id, name, language, category, body, variables, status, meta_template_id, waba_id, created_at, updated_at
  FROM templates WHERE tenant_id = $1 AND template_id = $2

-- templates::find_by_name
SELECT template_id, name, language, category, body, variables, status, meta_template_id, waba_id, created_at, updated_at
  FROM templates WHERE tenant_id = $1 AND name = $2 AND language = $3

-- templates::list
SELECT template_id, name, language, category, body, variables, status, meta_template_id, waba_id, created_at, updated_at
  FROM templates WHERE tenant_id = $1 AND template_id < $2 ORDER BY tenant_id DESC, template_id DESC LIMIT $3

-- templates::settle
UPDATE templates SET status = CASE WHEN status = 'DRAFT' THEN $3 ELSE status END,
       category = CASE WHEN category_said_at IS NULL THEN coalesce($6, category) ELSE category END,
       meta_template_id = coalesce($4, meta_template_id), updated_at = $5
 WHERE tenant_id = $1 AND template_id = $2

-- tenants::insert
INSERT INTO tenants (tenant_id, slug, name, plan_id, status, created_at) VALUES ($1, $2, $3, $4, 'ACTIVE', $5)

-- tenants::insert_wallet
INSERT INTO wallets (tenant_id, balance, seq) VALUES ($1, 0, 0)

-- tenants::find
SELECT t.slug, t.name, t.plan_id, p.name AS plan_name, t.status = 'ACTIVE' AS is_active, t.created_at
  FROM tenants t JOIN plans p USING (plan_id) WHERE t.tenant_id = $1

-- tenants::set_active
UPDATE tenants SET status = CASE WHEN $2 THEN 'ACTIVE' ELSE 'SUSPENDED' END WHERE tenant_id = $1

-- users::insert
INSERT INTO users (tenant_id, user_id, email, name, role, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- users::find
SELECT u.tenant_id, u.user_id, u.email, u.name, u.role, u.password_hash, t.status = 'ACTIVE' AS tenant_is_active, u.created_at
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.tenant_id = $1 AND u.user_id = $2

-- users::find_by_email
SELECT u.tenant_id, u.user_id, u.email, u.name, u.role, u.password_hash, t.status = 'ACTIVE' AS tenant_is_active, u.created_at
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.email = $1

-- users::find_super_admin
SELECT u.tenant_id, u.user_id, u.email, u.name, u.role, u.password_hash, t.status = 'ACTIVE' AS tenant_is_active, u.created_at
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.role = 'SUPER_ADMIN' ORDER BY u.user_id LIMIT 1

-- users::set_password
UPDATE users SET password_hash = $3 WHERE tenant_id = $1 AND user_id = $2

-- users::insert_invite
INSERT INTO invites (tenant_id, secret_hash, user_id, expires_at) VALUES ($1, $2, $3, $4)

-- users::take_invite
DELETE FROM invites WHERE secret_hash = $1 RETURNING tenant_id, user_id, expires_at > $2 AS is_valid

-- users::drop_invites
DELETE FROM invites WHERE tenant_id = $1 AND user_id = $2

-- users::try
INSERT INTO login_failures AS f (email_hash, failures, blocked_until) VALUES ($1, 1, 'epoch')
    ON CONFLICT (email_hash) DO UPDATE SET
       failures = f.failures + 1,
       blocked_until = CASE WHEN f.failures < 4 THEN f.blocked_until
                            ELSE $2::timestamptz + least(interval '15 minutes', interval '1 second' * power(2, least(f.failures - 4, 10))) END
     WHERE f.blocked_until <= $2

-- users::throttle
SELECT blocked_until FROM login_failures WHERE email_hash = $1

-- users::forget_failures
DELETE FROM login_failures WHERE email_hash = $1

-- whatsapp::upsert_account
INSERT INTO whatsapp_accounts (tenant_id, waba_id, token_sealed, token_key_id, connected_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, waba_id) DO UPDATE SET
       token_sealed = excluded.token_sealed, token_key_id = excluded.token_key_id,
       connected_at = excluded.connected_at, paused_reason = NULL

-- whatsapp::upsert_number
INSERT INTO phone_numbers (tenant_id, phone_number_id, waba_id, display_phone_number, messages_per_second, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, phone_number_id) DO UPDATE SET
       display_phone_number = excluded.display_phone_number, messages_per_second = excluded.messages_per_second

-- whatsapp::insert_lease
INSERT INTO sender_leases (tenant_id, phone_number_id) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- whatsapp::first_account
SELECT waba_id, token_sealed, token_key_id, connected_at, paused_reason FROM whatsapp_accounts
 WHERE tenant_id = $1 ORDER BY connected_at, waba_id LIMIT 1

-- whatsapp::account_of
SELECT a.waba_id, a.token_sealed, a.token_key_id, a.connected_at, a.paused_reason
  FROM whatsapp_accounts a JOIN phone_numbers n USING (tenant_id, waba_id)
 WHERE a.tenant_id = $1 AND n.phone_number_id = $2

-- whatsapp::numbers
SELECT phone_number_id, waba_id, display_phone_number, messages_per_second FROM phone_numbers
 WHERE tenant_id = $1 ORDER BY created_at, phone_number_id

-- whatsapp::first_number
SELECT phone_number_id, waba_id, display_phone_number, messages_per_second FROM phone_numbers
 WHERE tenant_id = $1 ORDER BY created_at, phone_number_id LIMIT 1

-- whatsapp::owners
SELECT phone_number_id, tenant_id FROM phone_numbers WHERE phone_number_id = ANY ($1)

-- whatsapp::pause
UPDATE whatsapp_accounts SET paused_reason = $3 WHERE tenant_id = $1 AND waba_id = $2 AND paused_reason IS NULL
