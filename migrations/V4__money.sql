-- Wallets and the ledger. Every amount is a whole number of micro-units.

-- Apart from the tenant, and no foreign key points here: accepting messages never waits for a balance.
CREATE TABLE wallets (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    balance   bigint NOT NULL CHECK (balance >= 0),
    -- The number of the tenant's last ledger entry.
    seq       bigint NOT NULL CHECK (seq >= 0)
) WITH (fillfactor = 50);
SELECT wall('wallets');

-- Append-only: the app may neither change nor remove an entry (I8). seq has no gaps (I1).
CREATE TABLE ledger (
    tenant_id     uuid NOT NULL,
    seq           bigint NOT NULL CHECK (seq > 0),
    kind          text NOT NULL CHECK (kind IN ('TOPUP', 'DEBIT', 'REFUND', 'ADJUSTMENT')),
    amount        bigint NOT NULL,
    balance_after bigint NOT NULL CHECK (balance_after >= 0),
    message_id    uuid,
    -- For a refund: the debit it gives back.
    debit_seq     bigint,
    note          text,
    -- For a top-up or adjustment: who booked it.
    booked_by     uuid,
    recorded_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, seq),
    FOREIGN KEY (tenant_id, debit_seq) REFERENCES ledger (tenant_id, seq),
    CONSTRAINT entry_has_its_parts CHECK (CASE kind
        WHEN 'DEBIT'  THEN amount <= 0 AND message_id IS NOT NULL AND debit_seq IS NULL
        WHEN 'REFUND' THEN amount >= 0 AND message_id IS NOT NULL AND debit_seq IS NOT NULL AND note IS NOT NULL
        WHEN 'TOPUP'  THEN amount > 0 AND message_id IS NULL AND debit_seq IS NULL AND booked_by IS NOT NULL
        ELSE               amount <> 0 AND note IS NOT NULL AND booked_by IS NOT NULL END)
);
-- One debit per message (I4), one refund per debit (I5): the last wall, whatever the code above it does.
CREATE UNIQUE INDEX ledger_one_debit ON ledger (tenant_id, message_id) WHERE kind = 'DEBIT';
CREATE UNIQUE INDEX ledger_one_refund ON ledger (tenant_id, debit_seq) WHERE kind = 'REFUND';
SELECT wall('ledger');

-- A refund that is owed, written in the transaction that found it owing, gone in the one that pays it (I6).
CREATE TABLE refund_promises (
    tenant_id   uuid NOT NULL,
    message_id  uuid NOT NULL,
    reason      text NOT NULL CHECK (reason IN ('failed', 'rejected', 'unresolved')),
    promised_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);
CREATE INDEX refund_promises_age ON refund_promises (promised_at);
SELECT wall('refund_promises');

-- Refunded and delivered after all: the tenant keeps the money, the platform counts what it lost.
CREATE TABLE write_offs (
    tenant_id  uuid NOT NULL,
    message_id uuid NOT NULL,
    noted_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, message_id)
);
SELECT wall('write_offs');

-- Meta's price by market, category and day it starts; the price in force is the latest start that has passed.
-- Market '*' is what a market costs that has no line of its own.
CREATE TABLE rate_cards (
    market         text NOT NULL,
    category       text NOT NULL CHECK (category IN ('AUTHENTICATION', 'UTILITY', 'MARKETING')),
    effective_from timestamptz NOT NULL,
    price          bigint NOT NULL CHECK (price >= 0),
    PRIMARY KEY (market, category, effective_from)
);
ALTER TABLE rate_cards OWNER TO tidings_owner;
INSERT INTO rate_cards VALUES
    ('*', 'AUTHENTICATION', '2026-01-01Z', 10000),
    ('*', 'UTILITY',        '2026-01-01Z', 10000),
    ('*', 'MARKETING',      '2026-01-01Z', 50000);

GRANT SELECT, INSERT, UPDATE ON wallets TO tidings_app, tidings_system;
GRANT SELECT, INSERT ON ledger, write_offs, rate_cards TO tidings_app, tidings_system;
GRANT SELECT, INSERT, DELETE ON refund_promises TO tidings_app, tidings_system;
