-- One person's number may be written in several ways: a country renumbered it, or WhatsApp keeps an older form. The
-- spelling that all of them share, where there is more than one; so two imports of two spellings make one contact. Rows
-- that the version before writes have none: they are found by every spelling of their number.
ALTER TABLE contacts ADD COLUMN identity text CHECK (identity ~ '^\+[1-9][0-9]{4,14}$');
CREATE UNIQUE INDEX contacts_identity ON contacts (tenant_id, identity) WHERE identity IS NOT NULL;

-- A number may be the address of another contact already, because Meta answered a send to that one with it.
CREATE OR REPLACE FUNCTION contact_phone_is_an_address() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO contact_addresses (tenant_id, address_id, contact_id, kind, value, source, valid_from)
    SELECT tenant_id, contact_id, contact_id, 'PHONE', phone, 'IMPORT', created_at FROM added
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

-- A number is looked up by itself: it is told from a user id by its plus.
CREATE UNIQUE INDEX contact_addresses_value ON contact_addresses (tenant_id, value, kind, portfolio) WHERE valid_to IS NULL;
DROP INDEX contact_addresses_valid;
