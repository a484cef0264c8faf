-- Wrong passwords by place: an account at a source, or a source. Only a hash of either is here. Each wrong password moves
-- `forgotten_at` further away, and the row is deleted when it has passed.
CREATE TABLE wrong_logins (
    place        bytea PRIMARY KEY,
    counted_at   timestamptz NOT NULL,
    forgotten_at timestamptz NOT NULL,
    CHECK (forgotten_at >= counted_at)
);
CREATE INDEX wrong_logins_forgotten ON wrong_logins (forgotten_at);
ALTER TABLE wrong_logins OWNER TO tidings_owner;

-- Places where an account's password was right: there it is checked whatever others try.
CREATE TABLE right_logins (
    place    bytea PRIMARY KEY,
    right_at timestamptz NOT NULL
);
CREATE INDEX right_logins_age ON right_logins (right_at);
ALTER TABLE right_logins OWNER TO tidings_owner;

-- Replaced by the two above; the code of the version before still counts here while it is being replaced.
DELETE FROM login_failures;

GRANT SELECT, INSERT, UPDATE, DELETE ON wrong_logins, right_logins TO tidings_system;

-- Tables without a tenant are the platform's: a tenant's transaction reads plans and prices, and may store an update that
-- nobody is known for, which it cannot read again. Queues, dead letters, wake-ups and the throttle are for `tidings_system`.
DO $$
DECLARE
    target regclass;
BEGIN
    FOR target IN
        SELECT c.oid FROM pg_class c
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'refinery_schema_history'
           AND NOT EXISTS (SELECT FROM pg_attribute a
                            WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM tidings_app', target);
    END LOOP;
END
$$;
GRANT SELECT ON plans, rate_cards TO tidings_app;
GRANT INSERT ON kept_updates TO tidings_app;
-- Plans are added and never changed, also by the platform.
REVOKE UPDATE, DELETE ON plans FROM tidings_system;

-- Who is what, and which tenant may act, is decided by the platform; a tenant's transaction may only add a tenant with its
-- first user. Of a wallet it changes the money and not whose it is, of an account the token and its state.
REVOKE UPDATE ON tenants, users FROM tidings_app;
REVOKE UPDATE ON wallets FROM tidings_app, tidings_system;
GRANT UPDATE (balance, seq, reserved) ON wallets TO tidings_app, tidings_system;

-- A super admin belongs to the platform's tenant and to no other. NOT VALID: rows that are there are left as they are.
ALTER TABLE tenants
    ADD COLUMN is_platform boolean NOT NULL GENERATED ALWAYS AS (slug = 'platform') STORED,
    ADD CONSTRAINT tenants_platform UNIQUE (tenant_id, is_platform);
ALTER TABLE users
    -- NULL, which is not checked, for everyone else.
    ADD COLUMN is_of_platform boolean GENERATED ALWAYS AS (CASE role WHEN 'SUPER_ADMIN' THEN true END) STORED,
    ADD CONSTRAINT users_super_admin FOREIGN KEY (tenant_id, is_of_platform) REFERENCES tenants (tenant_id, is_platform)
        NOT VALID;
