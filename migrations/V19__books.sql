-- The books: what is asked of a ledger, by time, kind and number.

-- No entry is dated before the one that came before it: under the wallet's lock a new one takes the later of its own instant
-- and this one. So a span of time is a span of numbers, and the primary key finds both.
ALTER TABLE wallets ADD COLUMN recorded_until timestamptz;
GRANT UPDATE (recorded_until) ON wallets TO tidings_app, tidings_system;

-- The number of the last entry that was recorded before an instant; 0 when there is none. It looks at forty entries, each by
-- its number, whatever the ledger holds.
CREATE FUNCTION ledger_seq_before(tenant uuid, instant timestamptz) RETURNS bigint
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
DECLARE
    last bigint := 0;
    step bigint := 1::bigint << 40;
BEGIN
    WHILE step > 0 LOOP
        IF EXISTS (SELECT FROM ledger l
                    WHERE l.tenant_id = tenant AND l.seq = last + step AND l.recorded_at < instant) THEN
            last := last + step;
        END IF;
        step := step >> 1;
    END LOOP;
    RETURN last;
END
$$;

-- Entries that are not debits by number, and those that people book. A claim, which writes debits, adds to neither.
CREATE INDEX ledger_credits ON ledger (tenant_id, seq) WHERE kind <> 'DEBIT';
CREATE INDEX ledger_payments ON ledger (tenant_id, seq) WHERE kind IN ('TOPUP', 'ADJUSTMENT');

-- Seals: each is a hash of a block of entries and of the seal before it, so that a change of an old entry breaks every seal
-- after it. Entries are never changed, so they are sealed after they were booked and no debit waits for a hash.
CREATE TABLE ledger_seals (
    tenant_id uuid NOT NULL,
    number    bigint NOT NULL CHECK (number > 0),
    first_seq bigint NOT NULL CHECK (first_seq > 0),
    last_seq  bigint NOT NULL CHECK (last_seq >= first_seq),
    hash      bytea NOT NULL CHECK (octet_length(hash) = 32),
    sealed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, number),
    FOREIGN KEY (tenant_id, last_seq) REFERENCES ledger (tenant_id, seq)
);
SELECT enable_row_level_security('ledger_seals');
GRANT SELECT, INSERT ON ledger_seals TO tidings_app, tidings_system;
