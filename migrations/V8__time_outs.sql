-- How long the server lets a function wait, or be waited for. A function's own time-out ends the function and not what
-- it asked for: its statement would go on, and its locks would hold up the tenant's next one. Whoever waits for a lock
-- waits longer than somebody frozen may hold it.
--
-- They are the role's, so that they hold from login on: what a session sets itself, RDS Proxy would pin it for. Whoever
-- made the role may set them. They are the whole cluster's, so two databases being set up at once may meet here; the
-- second tries again when the first is done.
DO $$
DECLARE
    setting text;
    tries   integer := 0;
BEGIN
    FOREACH setting IN ARRAY ARRAY[
        'statement_timeout = ''25s''',
        'lock_timeout = ''10s''',
        'idle_in_transaction_session_timeout = ''8s'''
    ] LOOP
        LOOP
            BEGIN
                EXECUTE 'ALTER ROLE tidings_app SET ' || setting;
                EXIT;
            EXCEPTION WHEN unique_violation OR internal_error THEN
                tries := tries + 1;
                IF tries > 100 THEN
                    RAISE;
                END IF;
            END;
        END LOOP;
    END LOOP;
END;
$$;
