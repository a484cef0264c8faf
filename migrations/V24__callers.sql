-- Who calls: the states of a tenant, the keys of programs, and how many requests each may make.

-- `status` stays for the code of the version before, which knows two states: with every state that allows changes it is
-- ACTIVE, with the others SUSPENDED. Tenants that it adds are active.
ALTER TABLE tenants
    ADD COLUMN state text NOT NULL DEFAULT 'ACTIVE'
        CONSTRAINT tenants_state CHECK (state IN ('TRIAL', 'ACTIVE', 'GRACE', 'SUSPENDED', 'CLOSED', 'ERASED')),
    ADD COLUMN state_since timestamptz NOT NULL DEFAULT now();
UPDATE tenants SET state = status, state_since = created_at;
ALTER TABLE tenants ADD CONSTRAINT tenants_status_of_state
    CHECK (status = CASE WHEN state IN ('TRIAL', 'ACTIVE', 'GRACE') THEN 'ACTIVE' ELSE 'SUSPENDED' END);

-- The right to approve what others want to spend, beside the role.
ALTER TABLE users ADD COLUMN may_approve boolean NOT NULL DEFAULT false;

-- Keys of programs. Only the SHA-256 of a secret is here. A revoked one stays, because entries of the audit log name it.
CREATE TABLE api_keys (
    tenant_id           uuid NOT NULL REFERENCES tenants,
    key_id              uuid NOT NULL,
    name                text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- The beginning of the key, by which a person recognises it.
    prefix              text NOT NULL,
    secret_hash         bytea NOT NULL,
    -- Words of `domain::access::Scope`, separated by spaces.
    scopes              text NOT NULL,
    -- The only number that it sends from; NULL for each of the tenant's.
    phone_number_id     text,
    -- Fewer than the plan allows the tenant as a whole; NULL for no limit of its own.
    requests_per_minute bigint CHECK (requests_per_minute > 0),
    created_by          text NOT NULL,
    created_at          timestamptz NOT NULL,
    expires_at          timestamptz NOT NULL,
    -- To the minute.
    last_used_at        timestamptz,
    revoked_at          timestamptz,
    PRIMARY KEY (tenant_id, key_id)
);
CREATE UNIQUE INDEX api_keys_secret ON api_keys (secret_hash);
SELECT enable_row_level_security('api_keys');
GRANT SELECT, INSERT, UPDATE ON api_keys TO tidings_app, tidings_system;

-- Requests, counted by tenant (`caller` is all zeros) and by key: the instant at which everything that was asked for would be
-- done at the limit's pace. Not in the write-ahead log, so that no request waits for a disk; after a crash all have their
-- whole limit again.
CREATE UNLOGGED TABLE request_rates (
    tenant_id uuid NOT NULL,
    caller    uuid NOT NULL,
    done_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, caller)
) WITH (fillfactor = 50);
SELECT enable_row_level_security('request_rates');
GRANT SELECT, INSERT, UPDATE ON request_rates TO tidings_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON request_rates TO tidings_system;

-- Counts one more request of a caller, if its limit allows it now. Returns when all of them would be done at the limit's pace,
-- and NULL for one too many, which is not counted. A clock that was set back makes no caller wait for longer than a minute.
CREATE FUNCTION count_request(tenant uuid, of_caller uuid, per_minute bigint, instant timestamptz) RETURNS timestamptz
    LANGUAGE sql VOLATILE
    AS $$
INSERT INTO request_rates AS r (tenant_id, caller, done_at)
VALUES (tenant, of_caller, instant + interval '1 minute' / per_minute)
    ON CONFLICT (tenant_id, caller) DO UPDATE
   SET done_at = least(greatest(r.done_at, instant), instant + interval '1 minute') + interval '1 minute' / per_minute
 WHERE greatest(r.done_at, instant) + interval '1 minute' / per_minute <= instant + interval '1 minute'
    OR r.done_at > instant + interval '1 minute'
RETURNING done_at
$$;
