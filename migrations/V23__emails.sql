-- E-mails to people who log in: each has a row, so that one that did not leave is seen; and addresses that are proven.

-- When its user showed that the address is theirs. Users who are there already have used it. New rows, also those that the
-- version before adds, have to show it.
ALTER TABLE users ADD COLUMN email_proven_at timestamptz DEFAULT now();
ALTER TABLE users ALTER COLUMN email_proven_at DROP DEFAULT;
CREATE INDEX users_unproven_owners ON users (tenant_id) WHERE role = 'OWNER' AND email_proven_at IS NULL;

-- Written in the transaction that the e-mail is about, and kept up to date by the mailer. The link in an e-mail is not here:
-- it is made when the e-mail is written, and its secret is stored nowhere.
CREATE TABLE emails (
    -- Of an e-mail to an address that may belong to no user, the platform's tenant until the mailer has looked.
    tenant_id  uuid NOT NULL REFERENCES tenants,
    email_id   uuid NOT NULL,
    user_id    uuid,
    kind       text NOT NULL CHECK (kind IN ('WELCOME', 'INVITATION', 'PROOF', 'PASSWORD_RESET', 'PASSWORD_CHANGED',
                                             'CHANGE_TO_NEW', 'CHANGE_FROM_OLD')),
    recipient  text NOT NULL CHECK (char_length(recipient) <= 254),
    state      text NOT NULL CHECK (state IN ('QUEUED', 'SENT', 'RETRYING', 'PARKED')),
    -- Since it was queued last.
    attempts   integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Why the last attempt failed, in words.
    error      text,
    queued_at  timestamptz NOT NULL,
    tried_at   timestamptz,
    sent_at    timestamptz,
    -- Until when a mailer is at work on it, so that a second one does not send it too.
    held_until timestamptz,
    PRIMARY KEY (tenant_id, email_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id) ON DELETE CASCADE,
    CHECK ((state = 'SENT') = (sent_at IS NOT NULL))
);
CREATE UNIQUE INDEX emails_newest ON emails (email_id);
CREATE INDEX emails_state ON emails (state, email_id);
CREATE INDEX emails_user ON emails (tenant_id, user_id);
CREATE INDEX emails_open ON emails (coalesce(tried_at, queued_at)) WHERE state IN ('QUEUED', 'RETRYING');
SELECT enable_row_level_security('emails');
GRANT INSERT ON emails TO tidings_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON emails TO tidings_system;

-- Single-use links beside invitations; only the SHA-256 of the secret is here. A link is good for the address that it was
-- sent to.
CREATE TABLE links (
    tenant_id   uuid NOT NULL,
    secret_hash bytea NOT NULL,
    user_id     uuid NOT NULL,
    purpose     text NOT NULL CHECK (purpose IN ('RESET', 'PROOF', 'CHANGE_TO_NEW', 'CHANGE_FROM_OLD')),
    address     text NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, secret_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX links_secret ON links (secret_hash);
CREATE INDEX links_user ON links (tenant_id, user_id, purpose);
CREATE INDEX links_expired ON links (expires_at);
SELECT enable_row_level_security('links');
-- A link that is used is locked, which needs the right to change it.
GRANT SELECT, INSERT, UPDATE, DELETE ON links TO tidings_system;

-- A change of an address that is under way: it happens when both addresses have confirmed it. A user has one at a time.
CREATE TABLE email_changes (
    tenant_id        uuid NOT NULL,
    user_id          uuid NOT NULL,
    new_email        text NOT NULL CHECK (new_email = lower(new_email) AND char_length(new_email) <= 254),
    expires_at       timestamptz NOT NULL,
    new_confirmed_at timestamptz,
    old_confirmed_at timestamptz,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id) ON DELETE CASCADE
);
CREATE INDEX email_changes_expired ON email_changes (expires_at);
SELECT enable_row_level_security('email_changes');
GRANT SELECT, INSERT, UPDATE, DELETE ON email_changes TO tidings_system;

-- Requests for e-mails by place: an address, a user or a source. Only a hash of either is here. Each request moves
-- `forgotten_at` further away, and the row is deleted when it has passed.
CREATE TABLE email_requests (
    place        bytea PRIMARY KEY,
    forgotten_at timestamptz NOT NULL
);
CREATE INDEX email_requests_forgotten ON email_requests (forgotten_at);
ALTER TABLE email_requests OWNER TO tidings_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON email_requests TO tidings_system;

-- A tenant whose owner has not proved an address sends nothing, where the platform asks for it.
ALTER TABLE holds
    DROP CONSTRAINT holds_reason_check,
    ADD CONSTRAINT holds_reason_check CHECK (reason IN ('USER', 'FUNDS', 'TEMPLATE', 'PRICE', 'QUALITY', 'ACCOUNT', 'ERROR_RATE',
                                                        'PLAN_LIMIT', 'TENANT', 'LATE', 'OPERATOR', 'EMAIL')) NOT VALID;
CREATE INDEX holds_email ON holds (tenant_id) WHERE reason = 'EMAIL';
