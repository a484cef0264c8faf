-- Tenants manage their own users and API keys; a user may have a second factor.

-- A user who is removed is gone; entries of the audit log name the id alone.
GRANT DELETE ON users TO tidings_system;

-- A user's second factor: codes that change every half minute (RFC 6238).
CREATE TABLE second_factors (
    tenant_id     uuid NOT NULL,
    user_id       uuid NOT NULL,
    -- Encrypted, bound to tenant, user and column, and the id of the key that did it.
    secret_sealed bytea NOT NULL,
    secret_key_id text NOT NULL,
    created_at    timestamptz NOT NULL,
    -- When its first code was right. NULL until then: no login asks for one that is not confirmed.
    confirmed_at  timestamptz,
    -- The half minute, counted from 1970, of the last code that was accepted. No code is accepted twice.
    last_step     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id) ON DELETE CASCADE
);
SELECT enable_row_level_security('second_factors');

-- Codes for a user who lost the device. Only the SHA-256 of each is here, and one that was used is deleted.
CREATE TABLE recovery_codes (
    tenant_id uuid NOT NULL,
    user_id   uuid NOT NULL,
    code_hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, user_id, code_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES second_factors (tenant_id, user_id) ON DELETE CASCADE
);
SELECT enable_row_level_security('recovery_codes');

-- A tenant's transaction reads who has a second factor, and not the secret.
GRANT SELECT (tenant_id, user_id, confirmed_at) ON second_factors TO tidings_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON second_factors TO tidings_system;
GRANT SELECT, INSERT, DELETE ON recovery_codes TO tidings_system;
