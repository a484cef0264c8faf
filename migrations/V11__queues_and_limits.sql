-- Queues on one machine. A message is either ready, and then has a turn, or it waits for `visible_at`, and then has none.
-- Ready messages are received in the order of their turns. A message gets the turn after the last one of its group, or
-- after the one that the queue has reached: the groups take turns, and a group with many messages holds up no other.
ALTER TABLE queue_messages
    ADD COLUMN turn bigint,
    -- What the message asks for, where one message that was not received yet is enough.
    ADD COLUMN asks_for text,
    -- Why it failed last.
    ADD COLUMN last_error text;
DROP INDEX queue_messages_visible;
CREATE INDEX queue_messages_ready ON queue_messages (queue, turn, message_id) WHERE turn IS NOT NULL;
CREATE INDEX queue_messages_ready_of_group ON queue_messages (queue, group_id, turn) WHERE turn IS NOT NULL;
CREATE INDEX queue_messages_waiting ON queue_messages (queue, visible_at, message_id) WHERE turn IS NULL;
CREATE UNIQUE INDEX queue_messages_pending ON queue_messages (queue, asks_for)
    WHERE asks_for IS NOT NULL AND receipt IS NULL;
-- Every message leaves dead rows and dead index entries behind, so a share of the table is too late to clean up.
ALTER TABLE queue_messages SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

-- The turn that each queue has reached.
CREATE TABLE queue_turns (
    queue text PRIMARY KEY,
    turn  bigint NOT NULL
);
ALTER TABLE queue_turns OWNER TO tidings_owner;
GRANT SELECT, INSERT, UPDATE ON queue_turns TO tidings_app, tidings_system;

CREATE INDEX dead_letters_died_at ON dead_letters (died_at, message_id);

-- A statement whose client is gone ends within two seconds, and with it the locks that it holds or waits for.
DO $$
DECLARE
    tries integer := 0;
BEGIN
    LOOP
        BEGIN
            ALTER ROLE tidings_app SET client_connection_check_interval = '2s';
            EXIT;
        EXCEPTION WHEN unique_violation OR internal_error THEN
            tries := tries + 1;
            IF tries > 100 THEN
                RAISE;
            END IF;
        END;
    END LOOP;
END;
$$;
