-- What Meta says of a template beside its status, and when Meta is asked about it next.
ALTER TABLE templates
    -- Meta's reason for a status, such as INVALID_FORMAT.
    ADD COLUMN reason          text,
    -- The words at Meta, where they are not ours.
    ADD COLUMN content_at_meta text,
    -- Since when Meta's answer to a submission is awaited: a notice may then name a template of which no id is known yet.
    ADD COLUMN submitted_at    timestamptz,
    -- When its variables changed last: a message that was accepted before has values for other ones.
    ADD COLUMN variables_since timestamptz,
    -- A refused send contradicts what is stored; Meta is asked.
    ADD COLUMN is_doubted      boolean NOT NULL DEFAULT false,
    ADD COLUMN check_at        timestamptz,
    ADD COLUMN checked_at      timestamptz;
CREATE INDEX templates_check ON templates (tenant_id, check_at) WHERE check_at IS NOT NULL;
-- Their approval may be lost, and their reason is not known.
UPDATE templates SET submitted_at = updated_at, check_at = now() WHERE status IN ('PENDING', 'REJECTED');
