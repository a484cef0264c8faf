-- A row in every table, as the version before V9 left them: one tenant that sends, one that is suspended.
INSERT INTO tenants VALUES
    ('00000000-0000-7000-8000-0000000000a1', 'acme', 'Acme', '00000000-0000-7000-8000-000000000001', 'ACTIVE', '2026-11-01Z'),
    ('00000000-0000-7000-8000-0000000000a2', 'gone', 'Gone', '00000000-0000-7000-8000-000000000001', 'SUSPENDED', '2026-11-01Z');
INSERT INTO users VALUES
    ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000b1', 'ann@acme.test', 'Ann', 'OWNER', NULL, '2026-11-01Z');
INSERT INTO invites VALUES
    ('00000000-0000-7000-8000-0000000000a1', '\x01', '00000000-0000-7000-8000-0000000000b1', '2026-12-01Z');
INSERT INTO login_failures VALUES ('\x02', 1, 'epoch');
INSERT INTO idempotency_keys VALUES
    ('00000000-0000-7000-8000-0000000000a1', 'send_message', 'k1', '\x03', '{}', '2026-11-01Z');
INSERT INTO outbox VALUES
    ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000e1', '{"type": "TenantProvisioned"}', '2026-11-01Z');
INSERT INTO whatsapp_accounts (tenant_id, waba_id, token_sealed, token_key_id, connected_at, paused_reason) VALUES
    ('00000000-0000-7000-8000-0000000000a1', 'w1', '\x01', 'k1', '2026-11-01Z', NULL),
    ('00000000-0000-7000-8000-0000000000a1', 'w2', '\x01', 'k1', '2026-11-01Z', '190 the token is dead');
INSERT INTO phone_numbers VALUES
    ('00000000-0000-7000-8000-0000000000a1', 'p1', 'w1', '+1 555', 80, '2026-11-01Z'),
    ('00000000-0000-7000-8000-0000000000a1', 'p2', 'w2', '+1 556', 80, '2026-11-01Z');
INSERT INTO sender_leases (tenant_id, phone_number_id) VALUES
    ('00000000-0000-7000-8000-0000000000a1', 'p1'), ('00000000-0000-7000-8000-0000000000a1', 'p2');
INSERT INTO contacts (tenant_id, contact_id, phone, name, created_at) VALUES
    ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000c1', '+15551234567', 'Bob', '2026-11-01Z');
INSERT INTO templates (tenant_id, template_id, name, language, category, body, variables, status, waba_id, created_at, updated_at) VALUES
    ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000d1', 'welcome', 'en_US', 'UTILITY', 'Hello {{1}}', '{name}', 'APPROVED', 'w1', '2026-11-01Z', '2026-11-01Z'),
    ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000d2', 'paused', 'en_US', 'UTILITY', 'Hello', '{}', 'PAUSED', 'w1', '2026-11-01Z', '2026-11-01Z');
INSERT INTO wallets VALUES ('00000000-0000-7000-8000-0000000000a1', 976000, 4), ('00000000-0000-7000-8000-0000000000a2', 0, 0);
-- One message in each state that a message can be in at a moment of its life.
INSERT INTO messages (tenant_id, message_id, contact_id, template_id, phone_number_id, to_phone, market, category, variables, due_at,
                      accepted_at, dispatch_state, evidence, refund_due, claim_id, attempt, attempt_id, deadline, price, updated_at)
SELECT '00000000-0000-7000-8000-0000000000a1', ('00000000-0000-7000-8000-0000000000' || m.suffix)::uuid,
       '00000000-0000-7000-8000-0000000000c1', '00000000-0000-7000-8000-0000000000d1', 'p1', '+15551234567', 'North America', 'UTILITY',
       '{Bob}', '2026-11-01Z', '2026-11-01Z', m.state, m.evidence, m.refund_due, m.claim::uuid, m.attempt,
       CASE WHEN m.attempt > 0 THEN ('00000000-0000-4000-8000-0000000000' || m.suffix)::uuid END, '2026-11-01Z', m.price, '2026-11-01Z'
  FROM (VALUES ('f1', 'PENDING', 0, false, NULL, 0, NULL::bigint),
               ('f2', 'ACCEPTED', 7, false, NULL, 1, 12000),
               ('f3', 'REJECTED', 0, true, NULL, 1, 12000),
               ('f4', 'CANCELLED', 0, false, NULL, 0, NULL),
               ('f5', 'NO_FUNDS', 0, false, NULL, 0, NULL),
               ('f6', 'UNKNOWN', 0, false, NULL, 1, 12000)) AS m (suffix, state, evidence, refund_due, claim, attempt, price);
INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, message_id, debit_seq, note, booked_by, recorded_at) VALUES
    ('00000000-0000-7000-8000-0000000000a1', 1, 'TOPUP', 1000000, 1000000, NULL, NULL, NULL, '00000000-0000-7000-8000-0000000000b1', '2026-11-01Z'),
    ('00000000-0000-7000-8000-0000000000a1', 2, 'DEBIT', -12000, 988000, '00000000-0000-7000-8000-0000000000f2', NULL, NULL, NULL, '2026-11-01Z'),
    ('00000000-0000-7000-8000-0000000000a1', 3, 'DEBIT', -12000, 976000, '00000000-0000-7000-8000-0000000000f3', NULL, NULL, NULL, '2026-11-01Z'),
    ('00000000-0000-7000-8000-0000000000a1', 4, 'REFUND', 12000, 988000, '00000000-0000-7000-8000-0000000000f3', 3, 'rejected', NULL, '2026-11-01Z'),
    ('00000000-0000-7000-8000-0000000000a1', 5, 'DEBIT', -12000, 976000, '00000000-0000-7000-8000-0000000000f6', NULL, NULL, NULL, '2026-11-01Z');
UPDATE wallets SET seq = 5 WHERE balance > 0;
INSERT INTO due VALUES ('00000000-0000-7000-8000-0000000000a1', 'p1', 1, '2026-11-01Z', '00000000-0000-7000-8000-0000000000f1');
INSERT INTO batches VALUES ('00000000-0000-7000-8000-0000000000a1', '2026-11-01Z');
INSERT INTO claims VALUES ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000e2', 'p1', '{}', '2026-11-01Z');
INSERT INTO attempts VALUES ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000f2', '00000000-0000-7000-8000-0000000000f2', '2026-11-01Z');
INSERT INTO wamids VALUES ('00000000-0000-7000-8000-0000000000a1', 'wamid.2', '00000000-0000-7000-8000-0000000000f2');
INSERT INTO unknowns VALUES ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000f6', 'p1', '2026-11-01Z');
INSERT INTO statuses (tenant_id, message_id, status, received_at) VALUES ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000f2', 4, '2026-11-01Z');
INSERT INTO parked_updates VALUES ('00000000-0000-7000-8000-0000000000a1', 'wamid.9', 1, '{}', '2026-11-01Z');
INSERT INTO kept_updates VALUES ('\x05', 'account_alerts', '{}', '2026-11-01Z');
INSERT INTO refund_promises VALUES ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000f3', 'rejected', '2026-11-01Z');
INSERT INTO write_offs VALUES ('00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-0000000000f3', '2026-11-01Z');
INSERT INTO queue_messages (queue, message_id, body, sent_at, visible_at) VALUES ('mail', '00000000-0000-7000-8000-0000000000e3', '{}', '2026-11-01Z', '2026-11-01Z');
INSERT INTO dead_letters (queue, message_id, body, sent_at, receive_count, died_at) VALUES ('mail', '00000000-0000-7000-8000-0000000000e4', '{}', '2026-11-01Z', 5, '2026-11-01Z');
INSERT INTO wake_ups (name, batch, fire_at) VALUES ('b-1', '{}', '2026-11-01Z');
