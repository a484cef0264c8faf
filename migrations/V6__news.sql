-- What Meta says of templates, people and accounts, in the order of Meta's own clock: its webhooks come in any order and
-- again for days, and of two the later one counts.

ALTER TABLE templates
    ADD COLUMN status_said_at   timestamptz,
    ADD COLUMN category_said_at timestamptz;

ALTER TABLE contacts
    ADD COLUMN wish_said_at      timestamptz,
    -- Opted out by the person's own word to WhatsApp, and by nobody else's: only that is taken back by another.
    ADD COLUMN opted_out_by_wish boolean NOT NULL DEFAULT false;

ALTER TABLE whatsapp_accounts
    ADD COLUMN standing_said_at timestamptz;
