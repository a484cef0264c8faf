-- Rate cards with a name, a source and a date; margins of single tenants; how a message was priced.

-- What was applied together, and where it comes from. Its prices are the rows of `rate_cards` that name it.
CREATE TABLE rate_card_headers (
    card_id        uuid PRIMARY KEY,
    name           text NOT NULL CONSTRAINT rate_card_headers_name_key UNIQUE,
    source         text NOT NULL,
    effective_from timestamptz NOT NULL,
    applied_at     timestamptz NOT NULL,
    -- As in the audit log.
    applied_by     text NOT NULL
);
ALTER TABLE rate_card_headers OWNER TO tidings_owner;
GRANT SELECT ON rate_card_headers TO tidings_app;
GRANT SELECT, INSERT ON rate_card_headers TO tidings_system;

INSERT INTO rate_card_headers VALUES
    ('019b76da-a800-7000-8000-000000000001', 'Prices before rate cards', 'Set when the platform was made, or entered by hand',
     '2026-01-01Z', '2026-01-01Z', 'system'),
    ('01a0f4c2-c400-7000-8000-000000000001', 'Meta 2026-10-01',
     'https://developers.facebook.com/docs/whatsapp/pricing, USD list rates effective October 1, 2026',
     '2026-10-01Z', '2026-10-01Z', 'system');

ALTER TABLE rate_cards ADD COLUMN card_id uuid REFERENCES rate_card_headers;
UPDATE rate_cards SET card_id = '019b76da-a800-7000-8000-000000000001';
ALTER TABLE rate_cards ALTER COLUMN card_id SET NOT NULL;
CREATE INDEX rate_cards_of_card ON rate_cards (card_id);

-- The list prices of docs/rate-cards/meta-2026-10-01.csv, in micro-units. '*' is what 'Other' costs.
INSERT INTO rate_cards (market, category, effective_from, price, card_id)
SELECT market, category, '2026-10-01Z', price, '01a0f4c2-c400-7000-8000-000000000001'
  FROM (VALUES
            ('Argentina', 61800, 26000, 26000),
            ('Bangladesh', 73200, 3700, 3700),
            ('Brazil', 62500, 6800, 6800),
            ('Chile', 88900, 20000, 20000),
            ('Colombia', 12500, 800, 800),
            ('Egypt', 64400, 3600, 3600),
            ('France', 85900, 30000, 30000),
            ('Germany', 136500, 55000, 55000),
            ('Hong Kong', 73200, 26000, 26000),
            ('Hungary', 86000, 35000, 35000),
            ('India', 11800, 1400, 1400),
            ('Indonesia', 41100, 25000, 25000),
            ('Iraq', 34100, 7900, 7900),
            ('Israel', 35300, 5300, 5300),
            ('Italy', 79500, 30000, 30000),
            ('Kazakhstan', 60400, 18000, 18000),
            ('Kuwait', 79200, 44000, 44000),
            ('Malaysia', 86000, 14000, 14000),
            ('Mexico', 39700, 8500, 8500),
            ('Morocco', 41400, 23000, 23000),
            ('Netherlands', 159700, 50000, 50000),
            ('Nepal', 73200, 3400, 3400),
            ('Nigeria', 51600, 6700, 6700),
            ('Oman', 34100, 24700, 24700),
            ('Pakistan', 47300, 15000, 15000),
            ('Peru', 70300, 30000, 30000),
            ('Poland', 36600, 12200, 12200),
            ('Qatar', 34100, 12000, 12000),
            ('Romania', 86000, 29000, 29000),
            ('Russia', 80200, 40000, 40000),
            ('Saudi Arabia', 57600, 10700, 10700),
            ('Singapore', 73200, 16000, 16000),
            ('South Africa', 37900, 9500, 9500),
            ('Spain', 70700, 20000, 20000),
            ('Sri Lanka', 73200, 2000, 2000),
            ('Turkey', 10900, 900, 900),
            ('Ukraine', 86000, 29800, 29800),
            ('United Arab Emirates', 57600, 15700, 15700),
            ('United Kingdom', 63500, 22000, 22000),
            ('North America', 25000, 3400, 3400),
            ('Rest of Africa', 22500, 4000, 4000),
            ('Rest of Asia Pacific', 84200, 11300, 11300),
            ('Rest of Central & Eastern Europe', 86000, 21200, 21200),
            ('Rest of Latin America', 74000, 11300, 11300),
            ('Rest of Middle East', 39200, 9100, 9100),
            ('Rest of Western Europe', 59200, 17100, 17100),
            ('Other', 60400, 7700, 7700),
            ('*', 60400, 7700, 7700)       ) AS listed (market, marketing, utility, authentication)
 CROSS JOIN LATERAL (VALUES ('MARKETING', marketing), ('UTILITY', utility), ('AUTHENTICATION', authentication)) AS line (category, price)
    ON CONFLICT DO NOTHING;

-- Without statistics a claim reads all prices for each of its messages.
ANALYZE rate_cards;

-- What was charged before cannot be changed, whatever role connects: prices are added, each later than those of its market and
-- category.
CREATE FUNCTION rates_are_only_added() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'a price is never changed or removed: add one with a later date' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER rate_cards_are_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON rate_cards
    FOR EACH STATEMENT EXECUTE FUNCTION rates_are_only_added();
CREATE TRIGGER rate_card_headers_are_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON rate_card_headers
    FOR EACH STATEMENT EXECUTE FUNCTION rates_are_only_added();

CREATE FUNCTION rate_follows_the_others() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT FROM rate_cards r
                WHERE r.market = NEW.market AND r.category = NEW.category AND r.effective_from >= NEW.effective_from) THEN
        RAISE EXCEPTION 'a price of this market and category from % on or later is there already', NEW.effective_from
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER rate_cards_follow_the_others BEFORE INSERT ON rate_cards
    FOR EACH ROW EXECUTE FUNCTION rate_follows_the_others();

-- A tenant's own margin, instead of its plan's.
ALTER TABLE tenants ADD COLUMN margin_bps integer CHECK (margin_bps BETWEEN 0 AND 100000);

-- How a message was priced, by the claim that debited it: Meta's price and card, the margin, and the category that the template
-- had then. All are NULL before that, and of a message that the version before priced. No foreign key: every claim would lock
-- the card's row.
ALTER TABLE messages
    ADD COLUMN rate_price      bigint,
    ADD COLUMN margin_bps      integer,
    ADD COLUMN rate_card_id    uuid,
    ADD COLUMN priced_category text;
