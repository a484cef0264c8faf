-- Tenants as the platform's owner sees them: how their states followed each other, what is erased of one that was closed, and
-- who may register.

-- Every change of a tenant's state, numbered without a gap under the tenant's lock. `tenants.state` is the last of them.
CREATE TABLE tenant_states (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    number       bigint NOT NULL CHECK (number > 0),
    state_before text NOT NULL,
    state        text NOT NULL CHECK (state IN ('TRIAL', 'ACTIVE', 'GRACE', 'SUSPENDED', 'CLOSED', 'ERASED')),
    -- Its owners read it too.
    reason       text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    -- `user:<id>` or `system`.
    changed_by   text NOT NULL,
    changed_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number),
    CHECK (state <> state_before)
);
SELECT enable_row_level_security('tenant_states');
GRANT SELECT, INSERT ON tenant_states TO tidings_system;

-- What follows by itself when its time has come.
CREATE INDEX tenants_followed ON tenants (state_since) WHERE state IN ('GRACE', 'CLOSED');

-- A tenant that is being erased, or was: what is erased next, and the last row of it that is done. Each transaction erases
-- some rows and writes here how far it came, so the next one goes on from there.
CREATE TABLE tenant_erasures (
    tenant_id   uuid PRIMARY KEY REFERENCES tenants,
    begun_at    timestamptz NOT NULL,
    step        text NOT NULL CHECK (step IN ('ACCESS', 'WAITING', 'MESSAGES', 'CONTACTS', 'TEMPLATES', 'UPDATES', 'IDENTITY')),
    done_until  uuid,
    cancelled   bigint NOT NULL DEFAULT 0,
    messages    bigint NOT NULL DEFAULT 0,
    contacts    bigint NOT NULL DEFAULT 0,
    finished_at timestamptz
);
CREATE INDEX tenant_erasures_open ON tenant_erasures (begun_at) WHERE finished_at IS NULL;
SELECT enable_row_level_security('tenant_erasures');
GRANT SELECT, INSERT, UPDATE ON tenant_erasures TO tidings_system;
GRANT DELETE ON users, api_keys TO tidings_system;

-- An account and its numbers are disconnected when their tenant is erased. The rows stay, because messages refer to them and
-- late webhooks are about them; another tenant may connect the same ones.
ALTER TABLE whatsapp_accounts ADD COLUMN disconnected_at timestamptz;
ALTER TABLE phone_numbers ADD COLUMN disconnected_at timestamptz;
CREATE UNIQUE INDEX whatsapp_accounts_connected ON whatsapp_accounts (waba_id) WHERE disconnected_at IS NULL;
CREATE UNIQUE INDEX phone_numbers_connected ON phone_numbers (phone_number_id) WHERE disconnected_at IS NULL;
CREATE INDEX whatsapp_accounts_any ON whatsapp_accounts (waba_id);
CREATE INDEX phone_numbers_any ON phone_numbers (phone_number_id);
CREATE INDEX phone_numbers_disconnected ON phone_numbers (phone_number_id) WHERE disconnected_at IS NOT NULL;
DROP INDEX whatsapp_accounts_waba;
DROP INDEX phone_numbers_id;
ALTER INDEX whatsapp_accounts_connected RENAME TO whatsapp_accounts_waba;
ALTER INDEX phone_numbers_connected RENAME TO phone_numbers_id;

-- The owner's list: by the beginning of a slug, a name or an owner's e-mail, by state and by plan, newest first.
CREATE INDEX tenants_slug_prefix ON tenants (slug text_pattern_ops);
CREATE INDEX tenants_name_prefix ON tenants (lower(name) text_pattern_ops);
CREATE INDEX users_email_prefix ON users (email text_pattern_ops);
CREATE INDEX tenants_of_state ON tenants (state, tenant_id);
CREATE INDEX tenants_of_plan ON tenants (plan_id, tenant_id);

-- Invitations to register, where registering needs one. Each is used once. Only the SHA-256 of a code is here.
CREATE TABLE invitations (
    invitation_id uuid PRIMARY KEY,
    code_hash     bytea NOT NULL UNIQUE CHECK (octet_length(code_hash) = 32),
    -- The only address that may register with it; NULL for any.
    email         text CHECK (email = lower(email) AND char_length(email) <= 254),
    -- The plan that the business begins on; NULL for the one of a business that registers by itself.
    plan_id       uuid REFERENCES plans,
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL CHECK (expires_at > created_at),
    used_at       timestamptz,
    -- The tenant that registered with it.
    used_by       uuid REFERENCES tenants DEFERRABLE INITIALLY DEFERRED,
    CHECK ((used_at IS NULL) = (used_by IS NULL))
);
CREATE INDEX invitations_used_by ON invitations (used_by) WHERE used_by IS NOT NULL;
CREATE INDEX invitations_expired ON invitations (expires_at);
ALTER TABLE invitations OWNER TO tidings_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO tidings_system;
