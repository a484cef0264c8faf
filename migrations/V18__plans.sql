-- Plans whose limits bind, and whose terms change at a time that is named before.

-- What a plan costs and allows from a time on. Who has the plan keeps what was promised until the next terms begin. Terms are
-- added and never changed.
CREATE TABLE plan_terms (
    plan_id             uuid NOT NULL REFERENCES plans,
    effective_from      timestamptz NOT NULL,
    monthly_price       bigint NOT NULL CHECK (monthly_price >= 0),
    messages_per_month  bigint NOT NULL CHECK (messages_per_month > 0),
    contacts_max        bigint NOT NULL CHECK (contacts_max > 0),
    templates_max       bigint NOT NULL CHECK (templates_max > 0),
    phone_numbers_max   bigint NOT NULL CHECK (phone_numbers_max > 0),
    users_max           bigint NOT NULL CHECK (users_max > 0),
    requests_per_minute bigint NOT NULL CHECK (requests_per_minute > 0),
    margin_bps          integer NOT NULL CHECK (margin_bps BETWEEN 0 AND 100000),
    created_at          timestamptz NOT NULL,
    PRIMARY KEY (plan_id, effective_from)
);
ALTER TABLE plan_terms OWNER TO tidings_owner;
GRANT SELECT ON plan_terms TO tidings_app;
GRANT SELECT, INSERT ON plan_terms TO tidings_system;

-- The first terms of a plan are those that it is created with. They hold from the beginning of time, so that a plan has terms
-- also for a process whose clock is behind. Code of the version before adds plans as well.
INSERT INTO plan_terms
SELECT plan_id, 'epoch', monthly_price, messages_per_month, contacts_max, templates_max, phone_numbers_max, users_max,
       requests_per_minute, margin_bps, created_at
  FROM plans;

CREATE FUNCTION plan_has_terms() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO plan_terms
    SELECT plan_id, 'epoch', monthly_price, messages_per_month, contacts_max, templates_max, phone_numbers_max, users_max,
           requests_per_minute, margin_bps, created_at
      FROM added;
    RETURN NULL;
END
$$;
CREATE TRIGGER plans_have_terms AFTER INSERT ON plans
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION plan_has_terms();

-- The terms of a plan at a time.
CREATE FUNCTION terms_at(plan uuid, at timestamptz) RETURNS SETOF plan_terms
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT * FROM plan_terms WHERE plan_id = plan AND effective_from <= at ORDER BY effective_from DESC LIMIT 1 $$;

-- How many of a quantity a tenant's plan allows. The platform's own tenant buys no plan.
CREATE FUNCTION plan_allows(tenant uuid, quantity text, at timestamptz) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN t.is_platform THEN 9223372036854775807
                      WHEN quantity = 'MESSAGES' THEN p.messages_per_month
                      WHEN quantity = 'CONTACTS' THEN p.contacts_max
                      WHEN quantity = 'TEMPLATES' THEN p.templates_max
                      WHEN quantity = 'PHONE_NUMBERS' THEN p.phone_numbers_max
                      WHEN quantity = 'USERS' THEN p.users_max END
            FROM tenants t CROSS JOIN LATERAL terms_at(t.plan_id, at) AS p WHERE t.tenant_id = tenant $$;

-- An archived plan takes no new tenants; those that have it keep it.
ALTER TABLE plans ADD COLUMN archived_at timestamptz;
GRANT UPDATE (archived_at) ON plans TO tidings_system;

-- Since when a tenant has its plan; NULL for the one that it was created with.
ALTER TABLE tenants ADD COLUMN plan_since timestamptz;

-- Rows that are there are counted here, while code of the version before may still add some without counting them. So these
-- counts may be short by a few, and no audit holds them against the rows.
ALTER TABLE usage ADD COLUMN is_exact boolean NOT NULL DEFAULT true;
INSERT INTO usage (tenant_id, quantity, period, used, is_exact)
SELECT t.tenant_id, counted.quantity, counted.period, counted.used, false
  FROM tenants t
 CROSS JOIN LATERAL (
    SELECT 'CONTACTS' AS quantity, date 'epoch' AS period, count(*) AS used
      FROM contacts c WHERE c.tenant_id = t.tenant_id AND c.erased_at IS NULL
     UNION ALL
    SELECT 'TEMPLATES', 'epoch', count(*) FROM templates c WHERE c.tenant_id = t.tenant_id AND c.status <> 'DELETED'
     UNION ALL
    SELECT 'PHONE_NUMBERS', 'epoch', count(*) FROM phone_numbers c WHERE c.tenant_id = t.tenant_id
     UNION ALL
    SELECT 'USERS', 'epoch', count(*) FROM users c WHERE c.tenant_id = t.tenant_id
     UNION ALL
    SELECT 'MESSAGES', date_trunc('month', now() AT TIME ZONE 'UTC')::date, count(*)
      FROM ledger c
     WHERE c.tenant_id = t.tenant_id AND c.kind = 'DEBIT'
       AND c.recorded_at >= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC') AS counted
    ON CONFLICT DO NOTHING;

-- Whether nothing may go out from this number: it, its account or its tenant is on hold. A plan's limit holds messages one
-- by one, in the claim that counts them, and lets go what is paid for. `is_held` stays for the code of the version before,
-- which does not count, and so stops the tenant altogether.
CREATE FUNCTION is_stopped(tenant uuid, number text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT EXISTS (
        SELECT FROM holds h
         WHERE h.tenant_id = tenant AND h.reason <> 'PLAN_LIMIT'
           AND (h.kind = 'TENANT'
             OR h.kind = 'NUMBER' AND h.key = number
             OR h.kind = 'ACCOUNT' AND h.key = (
                SELECT n.waba_id FROM phone_numbers n WHERE n.tenant_id = tenant AND n.phone_number_id = number))) $$;
