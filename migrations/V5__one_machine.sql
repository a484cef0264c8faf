-- Queues and wake-ups for one machine; on AWS these are SQS and EventBridge Scheduler, and the tables stay empty.

CREATE TABLE queue_messages (
    queue         text NOT NULL,
    message_id    uuid NOT NULL,
    body          text NOT NULL,
    sent_at       timestamptz NOT NULL,
    visible_at    timestamptz NOT NULL,
    receive_count integer NOT NULL DEFAULT 0,
    -- Who holds it: a delete with an older receipt is ignored.
    receipt       uuid,
    PRIMARY KEY (queue, message_id)
);
CREATE INDEX queue_messages_visible ON queue_messages (queue, visible_at);
ALTER TABLE queue_messages OWNER TO tidings_owner;

CREATE TABLE dead_letters (
    queue         text NOT NULL,
    message_id    uuid NOT NULL,
    body          text NOT NULL,
    sent_at       timestamptz NOT NULL,
    receive_count integer NOT NULL,
    died_at       timestamptz NOT NULL,
    PRIMARY KEY (queue, message_id)
);
ALTER TABLE dead_letters OWNER TO tidings_owner;

CREATE TABLE wake_ups (
    name    text PRIMARY KEY CHECK (char_length(name) <= 64),
    batch   jsonb NOT NULL,
    fire_at timestamptz NOT NULL
);
CREATE INDEX wake_ups_fire_at ON wake_ups (fire_at);
ALTER TABLE wake_ups OWNER TO tidings_owner;

GRANT SELECT, INSERT, UPDATE, DELETE ON queue_messages, dead_letters, wake_ups TO tidings_app, tidings_system;
