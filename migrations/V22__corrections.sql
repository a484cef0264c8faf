-- Corrections: when a balance runs low, amounts that a person books to correct a ledger, and what Meta charges for a message.

-- The amounts below which a tenant wants an e-mail, at most five, and the highest of them that has not been passed since money
-- was last booked by a person; NULL when there is none. A claim compares its new balance with that one number.
ALTER TABLE wallets
    ADD COLUMN low_thresholds bigint[] NOT NULL DEFAULT '{}',
    ADD COLUMN low_next bigint,
    ADD CONSTRAINT wallets_thresholds CHECK (cardinality(low_thresholds) <= 5 AND 0 < ALL (low_thresholds)) NOT VALID,
    ADD CONSTRAINT wallets_low_next CHECK (low_next IS NULL OR low_next = ANY (low_thresholds)) NOT VALID;
GRANT UPDATE (low_thresholds, low_next) ON wallets TO tidings_app, tidings_system;

-- An adjustment names the entry that it corrects in `ledger.debit_seq`, as a refund names its debit: it is sealed with the entry.

-- Requests to correct a ledger, with what became of each. One above `approval_over`, the limit when it was asked for, is booked
-- when a second person approves it; a smaller one at once. `entry_seq` is the entry that it became.
CREATE TABLE adjustments (
    tenant_id     uuid NOT NULL REFERENCES tenants,
    adjustment_id uuid NOT NULL,
    amount        bigint NOT NULL CHECK (amount <> 0),
    reason        text NOT NULL,
    -- The entry that it corrects.
    corrects_seq  bigint,
    approval_over bigint NOT NULL CHECK (approval_over >= 0),
    state         text NOT NULL CHECK (state IN ('PENDING', 'BOOKED', 'REJECTED')),
    requested_by  uuid NOT NULL,
    requested_at  timestamptz NOT NULL,
    -- A request that was not decided by then is over.
    expires_at    timestamptz NOT NULL,
    decided_by    uuid,
    decided_at    timestamptz,
    entry_seq     bigint,
    PRIMARY KEY (tenant_id, adjustment_id),
    FOREIGN KEY (tenant_id, corrects_seq) REFERENCES ledger (tenant_id, seq),
    FOREIGN KEY (tenant_id, entry_seq) REFERENCES ledger (tenant_id, seq),
    CONSTRAINT adjustments_decided CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    -- Only what is booked has an entry, and above the limit only a second person's word books.
    CONSTRAINT adjustments_two_people CHECK (CASE state
        WHEN 'PENDING'  THEN entry_seq IS NULL AND decided_by IS NULL
        WHEN 'REJECTED' THEN entry_seq IS NULL AND decided_by IS NOT NULL
        ELSE entry_seq IS NOT NULL
         AND (abs(amount) <= approval_over OR (decided_by IS NOT NULL AND decided_by <> requested_by)) END)
);
-- The list of all tenants' requests, and the one that a path names.
CREATE UNIQUE INDEX adjustments_id ON adjustments (adjustment_id);
CREATE UNIQUE INDEX adjustments_entry ON adjustments (tenant_id, entry_seq) WHERE entry_seq IS NOT NULL;
SELECT enable_row_level_security('adjustments');
GRANT SELECT, INSERT, UPDATE ON adjustments TO tidings_system;

-- Adjustments that operators wrote by SQL before there was a route: booked by one person, as was the rule.
INSERT INTO adjustments (tenant_id, adjustment_id, amount, reason, approval_over, state, requested_by, requested_at, expires_at, entry_seq)
SELECT l.tenant_id,
       (lpad(to_hex((extract(epoch FROM l.recorded_at) * 1000)::bigint), 12, '0') || '7' || substr(h.digits, 1, 3)
            || '8' || substr(h.digits, 4, 15))::uuid,
       l.amount, l.note, abs(l.amount), 'BOOKED', l.booked_by, l.recorded_at, l.recorded_at, l.seq
  FROM ledger l CROSS JOIN LATERAL (SELECT md5(l.tenant_id::text || l.seq) AS digits) AS h
 WHERE l.kind = 'ADJUSTMENT';

-- What Meta says that it charges for a message, in its own words, beside what the tenant was charged. `meta_rank` is of the
-- status that said it (0: none has): what a status of a higher rank says replaces it, so that their order does not matter.
ALTER TABLE messages
    ADD COLUMN meta_billable boolean,
    ADD COLUMN meta_model text,
    ADD COLUMN meta_type text,
    ADD COLUMN meta_category text,
    ADD COLUMN meta_rank smallint NOT NULL DEFAULT 0,
    -- The category that the message was priced in, where the claim has noted it; NULL stands for `category`.
    ADD COLUMN IF NOT EXISTS priced_category text;

-- Whether Meta charges for a message: its `type` says it, and `billable` where there is none that we know (Meta: `billable` will
-- be removed). NULL while nothing says it.
CREATE FUNCTION meta_charges(type text, billable boolean) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN type = 'regular' THEN true WHEN starts_with(type, 'free_') THEN false ELSE billable END $$;
