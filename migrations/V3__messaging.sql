-- A tenant's WhatsApp connection, contacts, templates and messages.

CREATE TABLE whatsapp_accounts (
    tenant_id        uuid NOT NULL REFERENCES tenants,
    waba_id          text NOT NULL,
    -- AES-256-GCM: nonce then ciphertext; bound to tenant, account and column, opened with the key named beside it.
    token_sealed     bytea NOT NULL,
    token_key_id     text NOT NULL,
    connected_at     timestamptz NOT NULL,
    -- Set when Meta answered that the token or the account is dead; nothing is sent until it is connected again.
    paused_reason    text,
    PRIMARY KEY (tenant_id, waba_id)
);
CREATE UNIQUE INDEX whatsapp_accounts_waba ON whatsapp_accounts (waba_id);
SELECT wall('whatsapp_accounts');

CREATE TABLE phone_numbers (
    tenant_id            uuid NOT NULL,
    phone_number_id      text NOT NULL,
    waba_id              text NOT NULL,
    display_phone_number text NOT NULL,
    -- Meta's throughput of the number: 80, or 1000 after its upgrade.
    messages_per_second  integer NOT NULL DEFAULT 80 CHECK (messages_per_second BETWEEN 1 AND 1000),
    created_at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, phone_number_id),
    FOREIGN KEY (tenant_id, waba_id) REFERENCES whatsapp_accounts (tenant_id, waba_id)
);
CREATE UNIQUE INDEX phone_numbers_id ON phone_numbers (phone_number_id);
SELECT wall('phone_numbers');

-- One dispatcher per number at a time. Apart from the number itself, because it changes with every dispatch.
CREATE TABLE sender_leases (
    tenant_id       uuid NOT NULL,
    phone_number_id text NOT NULL,
    lease           uuid,
    lease_until     timestamptz,
    -- Somebody came while it was held: its holder looks once more before it goes.
    wanted          boolean NOT NULL DEFAULT false,
    -- When a status of this number was last heard: while webhooks flow, silence about a message means something.
    heard_at        timestamptz,
    PRIMARY KEY (tenant_id, phone_number_id),
    FOREIGN KEY (tenant_id, phone_number_id) REFERENCES phone_numbers (tenant_id, phone_number_id)
) WITH (fillfactor = 50);
SELECT wall('sender_leases');

CREATE TABLE contacts (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    contact_id   uuid NOT NULL,
    phone        text NOT NULL CHECK (phone ~ '^\+[1-9][0-9]{4,14}$'),
    name         text,
    attributes   jsonb NOT NULL DEFAULT '{}',
    opted_out_at timestamptz,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, contact_id)
);
CREATE UNIQUE INDEX contacts_phone ON contacts (tenant_id, phone);
SELECT wall('contacts');

CREATE TABLE templates (
    tenant_id        uuid NOT NULL REFERENCES tenants,
    template_id      uuid NOT NULL,
    name             text NOT NULL,
    language         text NOT NULL,
    category         text NOT NULL CHECK (category IN ('AUTHENTICATION', 'UTILITY', 'MARKETING')),
    body             text NOT NULL,
    -- What the tenant calls {{1}}, {{2}}, …
    variables        text[] NOT NULL,
    -- Meta's word, never the tenant's. DRAFT: not offered to Meta yet.
    status           text NOT NULL,
    meta_template_id text,
    waba_id          text NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, template_id),
    FOREIGN KEY (tenant_id, waba_id) REFERENCES whatsapp_accounts (tenant_id, waba_id)
);
CREATE UNIQUE INDEX templates_name ON templates (tenant_id, name, language);
SELECT wall('templates');

-- No index names a state: every change of state stays on its page. What is waiting, claimed or unknown stands in
-- small tables of its own below.
CREATE TABLE messages (
    tenant_id       uuid NOT NULL,
    message_id      uuid NOT NULL,
    contact_id      uuid NOT NULL,
    template_id     uuid NOT NULL,
    phone_number_id text NOT NULL,
    -- As they were when the message was accepted.
    to_phone        text NOT NULL,
    market          text NOT NULL,
    category        text NOT NULL CHECK (category IN ('AUTHENTICATION', 'UTILITY', 'MARKETING')),
    variables       text[] NOT NULL,
    due_at          timestamptz NOT NULL,
    accepted_at     timestamptz NOT NULL,
    dispatch_state  text NOT NULL CHECK (dispatch_state IN ('PENDING', 'RESERVED', 'SENDING', 'ACCEPTED', 'REJECTED',
                                         'UNKNOWN', 'CANCELLED', 'NO_FUNDS', 'REFUNDED_UNRESOLVED')),
    -- Statuses heard, as a sum of bits: sent 1, delivered 2, read 4, failed 8.
    evidence        smallint NOT NULL DEFAULT 0 CHECK (evidence BETWEEN 0 AND 15),
    -- A refund was promised or paid; never taken back.
    refund_due      boolean NOT NULL DEFAULT false,
    -- The chunk that holds it, while one does: nobody else may take it up, and the sweeper knows whose it was.
    claim_id        uuid,
    attempt         smallint NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    attempt_id      uuid,
    deadline        timestamptz,
    price           bigint CHECK (price >= 0),
    wamid           text,
    error_code      integer,
    error_text      text,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, message_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, contact_id),
    FOREIGN KEY (tenant_id, template_id) REFERENCES templates (tenant_id, template_id),
    FOREIGN KEY (tenant_id, phone_number_id) REFERENCES phone_numbers (tenant_id, phone_number_id),
    CONSTRAINT price_iff_debited CHECK ((price IS NOT NULL) = (dispatch_state NOT IN ('PENDING', 'CANCELLED', 'NO_FUNDS'))),
    CONSTRAINT attempt_iff_sent CHECK (dispatch_state <> 'SENDING' OR (attempt_id IS NOT NULL AND deadline IS NOT NULL)),
    CONSTRAINT refund_needs_debit CHECK (NOT refund_due OR price IS NOT NULL),
    CONSTRAINT refund_iff_given_up CHECK (dispatch_state NOT IN ('REJECTED', 'REFUNDED_UNRESOLVED') OR refund_due)
) WITH (fillfactor = 70);
SELECT wall('messages');

-- What still waits. Rows come and go and are never updated; priority 0 is sent first.
CREATE TABLE due (
    tenant_id       uuid NOT NULL,
    phone_number_id text NOT NULL,
    priority        smallint NOT NULL CHECK (priority BETWEEN 0 AND 2),
    due_at          timestamptz NOT NULL,
    message_id      uuid NOT NULL,
    PRIMARY KEY (tenant_id, phone_number_id, priority, due_at, message_id)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
SELECT wall('due');

-- A tenant's due minutes: what a schedule is named after, and what the sweeper looks at when a schedule did not fire.
CREATE TABLE batches (
    tenant_id uuid NOT NULL,
    minute    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, minute)
);
CREATE INDEX batches_minute ON batches (minute);
SELECT wall('batches');

-- A chunk that one dispatcher took: after lease_until its messages are somebody else's to sort out.
CREATE TABLE claims (
    tenant_id       uuid NOT NULL,
    claim_id        uuid NOT NULL,
    phone_number_id text NOT NULL,
    message_ids     uuid[] NOT NULL,
    lease_until     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, claim_id)
);
CREATE INDEX claims_lease ON claims (lease_until);
SELECT wall('claims');

-- Every try, by the random id that travels to Meta and back.
CREATE TABLE attempts (
    tenant_id  uuid NOT NULL,
    attempt_id uuid NOT NULL,
    message_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, attempt_id)
);
SELECT wall('attempts');

-- Meta's ids. Apart from the message, so that learning one does not move the message's row; the first message to
-- claim an id keeps it.
CREATE TABLE wamids (
    tenant_id  uuid NOT NULL,
    wamid      text NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, wamid)
);
SELECT wall('wamids');

-- Messages that may or may not have left, until evidence or their horizon.
CREATE TABLE unknowns (
    tenant_id       uuid NOT NULL,
    message_id      uuid NOT NULL,
    phone_number_id text NOT NULL,
    since           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);
CREATE INDEX unknowns_since ON unknowns (since);
SELECT wall('unknowns');

-- Every authentic status, once (I17-I19).
CREATE TABLE statuses (
    tenant_id   uuid NOT NULL,
    message_id  uuid NOT NULL,
    status      smallint NOT NULL CHECK (status IN (1, 2, 4, 8)),
    occurred_at timestamptz,
    received_at timestamptz NOT NULL,
    error_code  integer,
    error_text  text,
    PRIMARY KEY (tenant_id, message_id, status)
);
SELECT wall('statuses');

-- Statuses whose message is not known yet.
CREATE TABLE parked_updates (
    tenant_id uuid NOT NULL REFERENCES tenants,
    wamid     text NOT NULL,
    status    smallint NOT NULL CHECK (status IN (1, 2, 4, 8)),
    update    jsonb NOT NULL,
    parked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, wamid, status)
);
CREATE INDEX parked_updates_age ON parked_updates (parked_at);
SELECT wall('parked_updates');

-- Authentic, but for nobody we know or nothing we act on. Kept whole, by the SHA-256 of what was received.
CREATE TABLE kept_updates (
    digest      bytea PRIMARY KEY,
    reason      text NOT NULL,
    raw         jsonb NOT NULL,
    received_at timestamptz NOT NULL
);
ALTER TABLE kept_updates OWNER TO tidings_owner;

GRANT SELECT, INSERT, UPDATE ON whatsapp_accounts, phone_numbers, contacts, templates, messages, sender_leases
    TO tidings_app, tidings_system;
GRANT SELECT, INSERT, DELETE ON due, batches, claims, unknowns, parked_updates TO tidings_app, tidings_system;
GRANT SELECT, INSERT ON attempts, wamids, statuses, kept_updates TO tidings_app, tidings_system;
