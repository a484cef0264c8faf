-- Who may do what. Runs as whoever set the database up (a superuser on one machine, the master user on RDS).
--
--   tidings_owner   owns every table; nobody logs in as it
--   tidings_app     what the functions are; sees one tenant at a time, named in the transaction
--   tidings_system  what a transaction becomes for work that spans tenants (finding due batches, a login by e-mail);
--                   entered with SET LOCAL ROLE, never inherited
--
-- Roles belong to the whole cluster, so two databases being set up at once may both try.
DO $$
DECLARE
    statement text;
BEGIN
    FOREACH statement IN ARRAY ARRAY[
        'CREATE ROLE tidings_owner NOLOGIN',
        'CREATE ROLE tidings_system NOLOGIN',
        'CREATE ROLE tidings_app LOGIN NOINHERIT'
    ] LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    BEGIN
        GRANT tidings_system TO tidings_app;
    EXCEPTION WHEN unique_violation OR internal_error THEN
        NULL;
    END;
END
$$;

DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO tidings_app', current_database());
END
$$;
GRANT USAGE, CREATE ON SCHEMA public TO tidings_owner;
GRANT USAGE ON SCHEMA public TO tidings_app, tidings_system;

-- The tenant of this transaction, or NULL: after a COMMIT the setting reads as '' and not as absent.
CREATE FUNCTION current_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$;

-- Puts both walls around a table: the app sees the tenant it named and nothing else, owner included; the system role
-- sees all. A tenant table that never went through here fails the catalogue test.
CREATE FUNCTION wall(target regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s OWNER TO tidings_owner', target);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY one_tenant ON %s TO tidings_app USING (tenant_id = current_tenant())', target);
    EXECUTE format('CREATE POLICY every_tenant ON %s TO tidings_system USING (true)', target);
END
$$;
