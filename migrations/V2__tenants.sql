-- Plans, tenants and the people who log in.

CREATE TABLE plans (
    plan_id             uuid PRIMARY KEY,
    name                text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 60),
    monthly_price       bigint NOT NULL CHECK (monthly_price >= 0),
    messages_per_month  bigint NOT NULL CHECK (messages_per_month > 0),
    contacts_max        bigint NOT NULL CHECK (contacts_max > 0),
    templates_max       bigint NOT NULL CHECK (templates_max > 0),
    phone_numbers_max   bigint NOT NULL CHECK (phone_numbers_max > 0),
    users_max           bigint NOT NULL CHECK (users_max > 0),
    requests_per_minute bigint NOT NULL CHECK (requests_per_minute > 0),
    -- What the platform adds to Meta's price, in hundredths of a percent.
    margin_bps          integer NOT NULL CHECK (margin_bps BETWEEN 0 AND 100000),
    created_at          timestamptz NOT NULL
);
ALTER TABLE plans OWNER TO tidings_owner;

INSERT INTO plans VALUES
    ('00000000-0000-7000-8000-000000000001', 'Starter',            0,    10000,    10000,   25,  1,   5,   600, 2000, '2026-01-01Z'),
    ('00000000-0000-7000-8000-000000000002', 'Pro',         49000000,   250000,   250000,  250,  5,  25,  3000, 1000, '2026-01-01Z'),
    ('00000000-0000-7000-8000-000000000003', 'Enterprise', 499000000, 10000000, 10000000, 6000, 50, 250, 12000,  500, '2026-01-01Z');

CREATE TABLE tenants (
    tenant_id  uuid PRIMARY KEY,
    slug       text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(slug) <= 63),
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    plan_id    uuid NOT NULL REFERENCES plans,
    status     text NOT NULL CHECK (status IN ('ACTIVE', 'SUSPENDED')),
    created_at timestamptz NOT NULL
);
SELECT wall('tenants');

CREATE TABLE users (
    tenant_id     uuid NOT NULL REFERENCES tenants,
    user_id       uuid NOT NULL,
    -- Lower-cased; one person logs in with one e-mail, whichever tenant it belongs to.
    email         text NOT NULL UNIQUE CHECK (email = lower(email) AND char_length(email) <= 254),
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    role          text NOT NULL CHECK (role IN ('VIEWER', 'SENDER', 'ADMIN', 'OWNER', 'SUPER_ADMIN')),
    -- argon2id in PHC form; NULL until an invited user has chosen one.
    password_hash text,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
SELECT wall('users');

-- Single-use links to set a password; only the SHA-256 of the secret is here.
CREATE TABLE invites (
    tenant_id   uuid NOT NULL,
    secret_hash bytea NOT NULL,
    user_id     uuid NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, secret_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id)
);
CREATE UNIQUE INDEX invites_secret ON invites (secret_hash);
CREATE INDEX invites_user ON invites (tenant_id, user_id);
SELECT wall('invites');

-- Wrong passwords per e-mail, known to us or not: the throttle must not tell which.
CREATE TABLE login_failures (
    email_hash   bytea PRIMARY KEY,
    failures     integer NOT NULL,
    blocked_until timestamptz NOT NULL
);
ALTER TABLE login_failures OWNER TO tidings_owner;

-- The answer of every call that creates or spends, by its key: the same call again gets the same answer (I25-I27).
CREATE TABLE idempotency_keys (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    route        text NOT NULL,
    key          text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL,
    outcome      text NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, route, key)
);
SELECT wall('idempotency_keys');

-- Facts for others, written in the transaction that made them, published after it.
CREATE TABLE outbox (
    tenant_id  uuid NOT NULL REFERENCES tenants,
    event_id   uuid NOT NULL,
    event      jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, event_id)
);
SELECT wall('outbox');

GRANT SELECT, INSERT, UPDATE, DELETE ON plans, login_failures TO tidings_app, tidings_system;
GRANT SELECT, INSERT, UPDATE ON tenants, users TO tidings_app, tidings_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON invites, idempotency_keys, outbox TO tidings_app, tidings_system;
