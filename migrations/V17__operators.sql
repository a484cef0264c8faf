-- What was done to a tenant's data, by whom, and when. Entries are added and never changed. An entry without a tenant is the
-- platform's own.
CREATE TABLE audit_log (
    entry_id   uuid PRIMARY KEY,
    tenant_id  uuid REFERENCES tenants,
    at         timestamptz NOT NULL,
    -- `user:<id>`, `key:<id>`, `system` or `meta`.
    actor      text NOT NULL,
    -- What the act came by: an address, or the name that an operator gave.
    source     text,
    -- Such as `tenant.pause`.
    action     text NOT NULL CHECK (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
    -- What it was done to: a kind and an id.
    subject    text NOT NULL,
    -- What it changed, without secrets and without anything personal.
    detail     jsonb NOT NULL,
    traceparent text
);
CREATE INDEX audit_log_tenant ON audit_log (tenant_id, entry_id);
SELECT enable_row_level_security('audit_log');
GRANT SELECT, INSERT ON audit_log TO tidings_app, tidings_system;

-- The platform's operator may stop a tenant or a number, and is the only one to lift that.
ALTER TABLE holds
    DROP CONSTRAINT holds_reason_check,
    ADD CONSTRAINT holds_reason_check CHECK (reason IN ('USER', 'FUNDS', 'TEMPLATE', 'PRICE', 'QUALITY', 'ACCOUNT', 'ERROR_RATE',
                                                        'PLAN_LIMIT', 'TENANT', 'LATE', 'OPERATOR')) NOT VALID;

-- A person who was erased: the row stays, because messages and the ledger refer to it, and says nothing of the person.
ALTER TABLE contacts
    ALTER COLUMN phone DROP NOT NULL,
    ADD COLUMN erased_at timestamptz,
    ADD CONSTRAINT contacts_erased CHECK (
        CASE WHEN erased_at IS NULL THEN phone IS NOT NULL
             ELSE phone IS NULL AND identity IS NULL AND name IS NULL AND attributes = '{}' AND opted_out_at IS NOT NULL END) NOT VALID;
GRANT DELETE ON contact_addresses TO tidings_app, tidings_system;

-- Addresses that are not imported again: an HMAC of each, so that the list names no person.
CREATE TABLE suppressions (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    address_hash bytea NOT NULL CHECK (octet_length(address_hash) = 32),
    reason       text NOT NULL CHECK (reason IN ('ERASED')),
    since        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, address_hash)
);
SELECT enable_row_level_security('suppressions');
GRANT SELECT, INSERT ON suppressions TO tidings_app, tidings_system;

-- The messages of a contact.
CREATE INDEX messages_contact ON messages (tenant_id, contact_id, message_id);

-- Updates that nothing handles are deleted with the person whom they are about.
GRANT DELETE ON kept_updates TO tidings_system;
