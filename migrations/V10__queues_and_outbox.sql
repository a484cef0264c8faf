-- Why a message of a queue was parked; absent when it was received too often.
ALTER TABLE dead_letters ADD COLUMN reason text;

-- The order in which events were written, and until when a publisher holds one.
ALTER TABLE outbox
    ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN claimed_until timestamptz;
CREATE INDEX outbox_order ON outbox (tenant_id, seq);
