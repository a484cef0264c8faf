-- What later operations stand on. Everything here is added beside what is there, so code of the version before works on.

-- Row-level security by the name it has everywhere else.
ALTER FUNCTION wall(regclass) RENAME TO enable_row_level_security;

-- Why something is not sent for now. A held message stays as it is: nothing is debited, nothing is cancelled, and lifting
-- the hold lets it go. `key` names what is held within its kind: an account by Meta's id, a number by Meta's id, a template,
-- campaign or contact by ours, and the tenant by ''.
CREATE TABLE holds (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    kind       text NOT NULL CHECK (kind IN ('TENANT', 'ACCOUNT', 'NUMBER', 'TEMPLATE', 'CAMPAIGN', 'CONTACT')),
    key        text NOT NULL,
    -- Several reasons may hold the same thing; it goes on when the last of them is gone.
    reason     text NOT NULL CHECK (reason IN ('USER', 'FUNDS', 'TEMPLATE', 'PRICE', 'QUALITY', 'ACCOUNT', 'ERROR_RATE',
                                               'PLAN_LIMIT', 'TENANT', 'LATE')),
    detail     text NOT NULL,
    since      timestamptz NOT NULL,
    -- When it ends by itself, if it does.
    resumes_at timestamptz,
    placed_by  text NOT NULL,
    PRIMARY KEY (tenant_id, kind, key, reason),
    CHECK ((kind = 'TENANT') = (key = ''))
);
CREATE INDEX holds_resume ON holds (resumes_at) WHERE resumes_at IS NOT NULL;
SELECT enable_row_level_security('holds');

-- Messages that a claim met under a hold of their template, campaign or contact. They wait here and not among what is due,
-- so that no claim has to pass over them. A number, account or tenant on hold needs no row here: it is not claimed from.
CREATE TABLE held_messages (
    tenant_id       uuid NOT NULL,
    message_id      uuid NOT NULL,
    phone_number_id text NOT NULL,
    priority        smallint NOT NULL CHECK (priority BETWEEN 0 AND 2),
    due_at          timestamptz NOT NULL,
    kind            text NOT NULL,
    key             text NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);
CREATE INDEX held_messages_by_hold ON held_messages (tenant_id, kind, key);
SELECT enable_row_level_security('held_messages');

-- Whether nothing may go out from this number: it, its account or its tenant is on hold.
CREATE FUNCTION is_held(tenant uuid, number text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT EXISTS (
        SELECT FROM holds h
         WHERE h.tenant_id = tenant
           AND (h.kind = 'TENANT'
             OR h.kind = 'NUMBER' AND h.key = number
             OR h.kind = 'ACCOUNT' AND h.key = (
                SELECT n.waba_id FROM phone_numbers n WHERE n.tenant_id = tenant AND n.phone_number_id = number))) $$;

-- What is stopped already.
INSERT INTO holds (tenant_id, kind, key, reason, detail, since, placed_by)
SELECT tenant_id, 'TENANT', '', 'TENANT', 'the tenant is suspended', now(), 'system' FROM tenants WHERE status <> 'ACTIVE';
INSERT INTO holds (tenant_id, kind, key, reason, detail, since, placed_by)
SELECT tenant_id, 'ACCOUNT', waba_id, 'ACCOUNT', paused_reason, now(), 'system' FROM whatsapp_accounts
 WHERE paused_reason IS NOT NULL;
INSERT INTO holds (tenant_id, kind, key, reason, detail, since, placed_by)
SELECT tenant_id, 'TEMPLATE', template_id::text, 'TEMPLATE', status, now(), 'system' FROM templates
 WHERE status NOT IN ('DRAFT', 'PENDING', 'APPROVED');

-- A message may be free text instead of a template, may go to a business-scoped user id instead of a phone number, has a
-- source, and may be no longer worth sending after a time.
ALTER TABLE messages
    ALTER COLUMN template_id DROP NOT NULL,
    ALTER COLUMN to_phone DROP NOT NULL,
    ADD COLUMN kind text NOT NULL DEFAULT 'TEMPLATE',
    ADD COLUMN body jsonb,
    ADD COLUMN to_bsuid text,
    ADD COLUMN source text NOT NULL DEFAULT 'API',
    ADD COLUMN source_id uuid,
    ADD COLUMN not_before timestamptz,
    ADD COLUMN not_after timestamptz,
    -- Taken back before it was sent. It was debited by then, so it is REJECTED with a refund; without a debit it is CANCELLED.
    ADD COLUMN is_withdrawn boolean NOT NULL DEFAULT false,
    -- NOT VALID, because every row that is there satisfies them: reading the largest table to see that would hold up everyone.
    ADD CONSTRAINT messages_kind CHECK (kind IN ('TEMPLATE', 'FREE_FORM')) NOT VALID,
    ADD CONSTRAINT messages_source CHECK (source IN ('API', 'CAMPAIGN', 'ESCALATION', 'REPLY', 'TEST')) NOT VALID,
    ADD CONSTRAINT messages_content CHECK (CASE kind WHEN 'TEMPLATE' THEN template_id IS NOT NULL AND body IS NULL
                                                     ELSE template_id IS NULL AND body IS NOT NULL END) NOT VALID,
    ADD CONSTRAINT messages_recipient CHECK (to_phone IS NOT NULL OR to_bsuid IS NOT NULL) NOT VALID,
    ADD CONSTRAINT messages_validity CHECK (not_before <= not_after) NOT VALID,
    DROP CONSTRAINT messages_category_check,
    ADD CONSTRAINT messages_category_check
        CHECK (category IN ('AUTHENTICATION', 'UTILITY', 'MARKETING', 'SERVICE')) NOT VALID;

ALTER TABLE refund_promises
    DROP CONSTRAINT refund_promises_reason_check,
    ADD CONSTRAINT refund_promises_reason_check CHECK (reason IN ('failed', 'rejected', 'unresolved', 'withdrawn'));

-- Free-form messages are priced as well (Meta, from 2026-10-01).
ALTER TABLE rate_cards
    DROP CONSTRAINT rate_cards_category_check,
    ADD CONSTRAINT rate_cards_category_check CHECK (category IN ('AUTHENTICATION', 'UTILITY', 'MARKETING', 'SERVICE'));
INSERT INTO rate_cards VALUES ('*', 'SERVICE', '2026-01-01Z', 0);

-- Money that only its owner, a campaign or the escalation reserve, may spend; everything else sees balance - reserved.
ALTER TABLE wallets
    ADD COLUMN reserved bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT wallets_reserved CHECK (reserved BETWEEN 0 AND balance);

-- How much of a limit is used: counted in the transaction that creates the thing, in one row, so that racing creators wait
-- for each other. `period` is the first day of the month for what is counted by month, and the epoch for what is not.
CREATE TABLE usage (
    tenant_id uuid NOT NULL REFERENCES tenants,
    quantity  text NOT NULL CHECK (quantity IN ('MESSAGES', 'CONTACTS', 'TEMPLATES', 'PHONE_NUMBERS', 'USERS')),
    period    date NOT NULL,
    used      bigint NOT NULL CHECK (used >= 0),
    PRIMARY KEY (tenant_id, quantity, period)
) WITH (fillfactor = 50);
SELECT enable_row_level_security('usage');

-- What a contact is reached by. A business-scoped user id (BSUID) belongs to a portfolio; a phone number belongs to none.
CREATE TABLE contact_addresses (
    tenant_id  uuid NOT NULL,
    address_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('PHONE', 'BSUID', 'PARENT_BSUID')),
    value      text NOT NULL,
    portfolio  text NOT NULL DEFAULT '',
    source     text NOT NULL CHECK (source IN ('IMPORT', 'WEBHOOK')),
    valid_from timestamptz NOT NULL,
    valid_to   timestamptz CHECK (valid_to >= valid_from),
    PRIMARY KEY (tenant_id, address_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, contact_id)
);
CREATE UNIQUE INDEX contact_addresses_valid ON contact_addresses (tenant_id, kind, portfolio, value) WHERE valid_to IS NULL;
CREATE INDEX contact_addresses_contact ON contact_addresses (tenant_id, contact_id);
SELECT enable_row_level_security('contact_addresses');

INSERT INTO contact_addresses (tenant_id, address_id, contact_id, kind, value, source, valid_from)
SELECT tenant_id, contact_id, contact_id, 'PHONE', phone, 'IMPORT', created_at FROM contacts;

-- Code of the version before writes contacts alone; so does today's import. The first address of a contact is its phone.
CREATE FUNCTION contact_phone_is_an_address() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO contact_addresses (tenant_id, address_id, contact_id, kind, value, source, valid_from)
    SELECT tenant_id, contact_id, contact_id, 'PHONE', phone, 'IMPORT', created_at FROM added;
    RETURN NULL;
END
$$;
CREATE TRIGGER contacts_phone_is_an_address AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION contact_phone_is_an_address();

GRANT SELECT, INSERT, UPDATE, DELETE ON holds TO tidings_app, tidings_system;
GRANT SELECT, INSERT, DELETE ON held_messages TO tidings_app, tidings_system;
GRANT SELECT, INSERT, UPDATE ON usage, contact_addresses TO tidings_app, tidings_system;
