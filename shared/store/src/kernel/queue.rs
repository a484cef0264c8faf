//! Queues and timers on tables, for one machine: the behaviour of SQS and EventBridge Scheduler that the product relies on
//! (at least once, visibility, receive count, dead letters; a name that exists already), and no more.

use domain::{QueueMessageId, Timer};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{Tx, params};

/// A message on its way to a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    pub body: String,
    /// The tenant or account that it concerns.
    pub group: String,
    /// The trace that sent it.
    pub traceparent: Option<String>,
}

/// A message that was received and is hidden from others until it is deleted or its time is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub message_id: Uuid,
    /// Valid until the message is received again.
    pub receipt: Uuid,
    pub body: String,
    /// Absent in messages that an earlier version sent.
    pub group: Option<String>,
    pub traceparent: Option<String>,
    /// How often it was received, this time included.
    pub receive_count: i32,
    pub sent_at: Timestamp,
}

/// How a queue treats its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long a received message is hidden.
    pub visibility: SignedDuration,
    /// After how many receives it is given up.
    pub receives_max: i32,
    /// Messages in one receive at most.
    pub batch_max: i64,
}

pub(crate) const STATEMENTS: &[&str] =
    &[SEND, GIVE_UP, RECEIVE, DELETE, HAND_BACK, POSTPONE, PARK, DEPTHS, DEAD, SET_TIMER, DUE_TIMERS, FIRED];

const SEND: &str = "-- queue::send
INSERT INTO queue_messages (queue, message_id, body, group_id, traceparent, sent_at, visible_at)
SELECT $1, u.id, u.body, u.group_id, u.traceparent, $6, $7
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS u (id, body, group_id, traceparent)";

/// Puts messages on a queue; they can be received from `visible_at` on.
pub async fn send(
    tx: &Tx,
    queue: &str,
    messages: &[NewMessage],
    visible_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = messages.iter().map(|_| QueueMessageId::at(now).0).collect();
    let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
    let groups: Vec<&str> = messages.iter().map(|message| message.group.as_str()).collect();
    let traces: Vec<Option<&str>> = messages.iter().map(|message| message.traceparent.as_deref()).collect();
    let values = params![
        queue => TEXT, ids => UUID_ARRAY, bodies => TEXT_ARRAY, groups => TEXT_ARRAY, traces => TEXT_ARRAY,
        now => TIMESTAMPTZ, visible_at => TIMESTAMPTZ,
    ];
    tx.run(SEND, values).await.map(drop)
}

const GIVE_UP: &str = "-- queue::give_up
WITH dead AS (
    DELETE FROM queue_messages WHERE queue = $1 AND visible_at <= $2 AND receive_count >= $3
    RETURNING message_id, body, group_id, traceparent, sent_at, receive_count)
INSERT INTO dead_letters (queue, message_id, body, group_id, traceparent, sent_at, receive_count, died_at)
SELECT $1, message_id, body, group_id, traceparent, sent_at, receive_count, $2 FROM dead ON CONFLICT DO NOTHING";

const RECEIVE: &str = "-- queue::receive
UPDATE queue_messages q SET visible_at = $3, receive_count = receive_count + 1, receipt = gen_random_uuid()
 WHERE queue = $1 AND message_id = ANY (ARRAY(
       SELECT message_id FROM queue_messages WHERE queue = $1 AND visible_at <= $2
        ORDER BY visible_at, message_id LIMIT $4 FOR UPDATE SKIP LOCKED))
RETURNING message_id, receipt, body, group_id, traceparent, receive_count, sent_at";

/// Takes what can be received; what was received too often goes to the dead letters first.
pub async fn receive(
    tx: &Tx,
    queue: &str,
    policy: Policy,
    now: Timestamp,
) -> Result<Vec<Received>, StoreError> {
    let values = params![queue => TEXT, now => TIMESTAMPTZ, policy.receives_max => INT4];
    let count = tx.run(GIVE_UP, values).await?;
    if count > 0 {
        tracing::error!(queue, count, "Messages were received too often and are dead letters now.");
    }
    let values = params![
        queue => TEXT, now => TIMESTAMPTZ, now + policy.visibility => TIMESTAMPTZ, policy.batch_max => INT8,
    ];
    let rows = tx.rows(RECEIVE, values).await?;
    let mut received: Vec<Received> = rows
        .iter()
        .map(|row| Received {
            message_id: row.get("message_id"),
            receipt: row.get("receipt"),
            body: row.get("body"),
            group: row.get("group_id"),
            traceparent: row.get("traceparent"),
            receive_count: row.get("receive_count"),
            sent_at: row.get("sent_at"),
        })
        .collect();
    // No order is promised, as with SQS; but where there is one to keep, it costs nothing to keep it.
    received.sort_by_key(|message| (message.sent_at, message.message_id));
    Ok(received)
}

const DELETE: &str = "-- queue::delete
DELETE FROM queue_messages WHERE queue = $1 AND receipt = ANY ($2)";

/// Removes messages that were dealt with. A receipt that is no longer valid removes nothing.
pub async fn delete(tx: &Tx, queue: &str, receipts: &[Uuid]) -> Result<u64, StoreError> {
    tx.run(DELETE, params![queue => TEXT, receipts => UUID_ARRAY]).await
}

const HAND_BACK: &str = "-- queue::hand_back
UPDATE queue_messages SET visible_at = $3 WHERE queue = $1 AND receipt = ANY ($2)";

/// Lets messages that failed be received again at `visible_at`, before their visibility would have ended.
pub async fn hand_back(
    tx: &Tx,
    queue: &str,
    receipts: &[Uuid],
    visible_at: Timestamp,
) -> Result<u64, StoreError> {
    tx.run(HAND_BACK, params![queue => TEXT, receipts => UUID_ARRAY, visible_at => TIMESTAMPTZ]).await
}

const POSTPONE: &str = "-- queue::postpone
UPDATE queue_messages SET visible_at = $3, receipt = gen_random_uuid() WHERE queue = $1 AND receipt = $2";

/// Lets a received message be received again at `visible_at`. Its receipt ends here, so that acknowledging the receive
/// afterwards changes nothing about it. `false` when the receipt was no longer valid.
pub async fn postpone(
    tx: &Tx,
    queue: &str,
    receipt: Uuid,
    visible_at: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.run(POSTPONE, params![queue => TEXT, receipt => UUID, visible_at => TIMESTAMPTZ]).await? == 1)
}

const PARK: &str = "-- queue::park
WITH parked AS (
    DELETE FROM queue_messages WHERE queue = $1 AND receipt = $2
    RETURNING message_id, body, group_id, traceparent, sent_at, receive_count)
INSERT INTO dead_letters (queue, message_id, body, group_id, traceparent, sent_at, receive_count, died_at, reason)
SELECT $1, message_id, body, group_id, traceparent, sent_at, receive_count, $3, $4 FROM parked
ON CONFLICT DO NOTHING";

/// Makes a received message a dead letter, with the reason. `false` when the receipt was no longer valid.
pub async fn park(
    tx: &Tx,
    queue: &str,
    receipt: Uuid,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let values = params![queue => TEXT, receipt => UUID, now => TIMESTAMPTZ, reason => TEXT];
    Ok(tx.run(PARK, values).await? == 1)
}

const DEPTHS: &str = "-- queue::depths
SELECT count(*) AS messages FROM queue_messages";

/// Messages on all queues, hidden ones included.
pub async fn depth(tx: &Tx) -> Result<i64, StoreError> {
    Ok(tx.row(DEPTHS, params![]).await?.map_or(0, |row| row.get("messages")))
}

const DEAD: &str = "-- queue::dead
SELECT count(*) AS messages FROM dead_letters";

/// Dead letters of all queues.
pub async fn dead(tx: &Tx) -> Result<i64, StoreError> {
    Ok(tx.row(DEAD, params![]).await?.map_or(0, |row| row.get("messages")))
}

const SET_TIMER: &str = "-- queue::set_timer
INSERT INTO wake_ups (name, batch, traceparent, fire_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING";

/// Sets a timer; `false` when it is set already.
pub async fn set_timer(tx: &Tx, timer: &Timer, traceparent: Option<&str>) -> Result<bool, StoreError> {
    let body = serde_json::to_value(timer)
        .map_err(|error| StoreError::Inconsistent { table: "wake_ups", what: error.to_string() })?;
    let values = params![
        timer.to_string() => TEXT, body => JSONB, traceparent => TEXT, timer.at => TIMESTAMPTZ,
    ];
    Ok(tx.run(SET_TIMER, values).await? == 1)
}

const DUE_TIMERS: &str = "-- queue::due_timers
SELECT batch, traceparent FROM wake_ups WHERE fire_at <= $1 ORDER BY fire_at LIMIT 100";

/// Timers whose time has come, with the trace that set them. They stay until [`fired`]: at least once.
pub async fn due_timers(tx: &Tx, now: Timestamp) -> Result<Vec<(Timer, Option<String>)>, StoreError> {
    let rows = tx.rows(DUE_TIMERS, params![now => TIMESTAMPTZ]).await?;
    rows.iter()
        .map(|row| {
            let timer = serde_json::from_value(row.get("batch"))
                .map_err(|error| StoreError::Inconsistent { table: "wake_ups", what: error.to_string() })?;
            Ok((timer, row.get("traceparent")))
        })
        .collect()
}

const FIRED: &str = "-- queue::fired
DELETE FROM wake_ups WHERE name = ANY ($1)";

/// Deletes timers that were delivered.
pub async fn fired(tx: &Tx, timers: &[Timer]) -> Result<u64, StoreError> {
    let names: Vec<String> = timers.iter().map(ToString::to_string).collect();
    tx.run(FIRED, params![names => TEXT_ARRAY]).await
}
