-- What a row is a consequence of: the W3C trace context (`traceparent`) that a request came with, so that it can be
-- followed through queues and schedules to what it led to. And whose a queue message is.

ALTER TABLE queue_messages
    ADD COLUMN group_id    text CHECK (char_length(group_id) <= 128),
    ADD COLUMN traceparent text CHECK (char_length(traceparent) = 55);

ALTER TABLE dead_letters
    ADD COLUMN group_id    text CHECK (char_length(group_id) <= 128),
    ADD COLUMN traceparent text CHECK (char_length(traceparent) = 55);

ALTER TABLE wake_ups
    ADD COLUMN traceparent text CHECK (char_length(traceparent) = 55);

-- NOT VALID, because every row that is there has none: reading the largest table to see that would hold up everybody.
ALTER TABLE messages
    ADD COLUMN traceparent text,
    ADD CONSTRAINT messages_traceparent CHECK (char_length(traceparent) = 55) NOT VALID;
