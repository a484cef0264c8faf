-- A login that goes on: access tokens name it, refresh tokens continue it, and it ends when it is revoked or not used for its
-- time. Where it was made is for its user, who may end one that is not theirs.
CREATE TABLE sessions (
    tenant_id  uuid NOT NULL,
    session_id uuid NOT NULL,
    user_id    uuid NOT NULL,
    source     text NOT NULL,
    created_at timestamptz NOT NULL,
    used_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, session_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id) ON DELETE CASCADE,
    CHECK (expires_at > used_at)
);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id, session_id);
CREATE INDEX sessions_expired ON sessions (expires_at);
SELECT enable_row_level_security('sessions');

-- Each is used once and followed by another; only the SHA-256 of its secret is here.
CREATE TABLE refresh_tokens (
    tenant_id   uuid NOT NULL,
    secret_hash bytea NOT NULL,
    session_id  uuid NOT NULL,
    used_at     timestamptz,
    PRIMARY KEY (tenant_id, secret_hash),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, session_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX refresh_tokens_secret ON refresh_tokens (secret_hash);
CREATE INDEX refresh_tokens_session ON refresh_tokens (tenant_id, session_id);
SELECT enable_row_level_security('refresh_tokens');

GRANT SELECT, INSERT, UPDATE ON sessions TO tidings_app;
GRANT INSERT ON refresh_tokens TO tidings_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO tidings_system;
GRANT SELECT, INSERT, UPDATE ON refresh_tokens TO tidings_system;
