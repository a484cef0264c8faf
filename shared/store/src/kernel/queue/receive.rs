//! Receiving: the next turns, and what waited for its time.

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Receipt, last_of_group, reached, turn};
use crate::kernel::error::StoreError;
use crate::kernel::tx::{Tx, params};

/// A message that was received and is hidden from others until it is deleted or its time is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub message_id: Uuid,
    /// Valid until the message is received again.
    pub receipt: Receipt,
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

/// Where a receive begins to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At what waited, and then at the first turn.
    Everywhere,
    /// At the turn that an earlier receive came to, past the index entries that it left behind. When fewer messages than
    /// wanted are found, or none were there, it looks everywhere.
    Turn(i64),
}

/// The messages of one receive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub messages: Vec<Received>,
    /// The turn that it came to, if it found a ready message.
    pub turn: Option<i64>,
    /// Whether it looked everywhere.
    pub looked_everywhere: bool,
}

pub(super) const STATEMENTS: &[&str] = &[DUE, GIVE_UP, MAKE_READY, NEXT, RECEIVE, REACHED];

/// Messages that one receive gives their turns at most.
const DUE_MAX: i64 = 100;

const DUE: &str = "-- queue::due
SELECT message_id, group_id, receive_count FROM queue_messages
 WHERE queue = $1 AND turn IS NULL AND visible_at <= $2
 ORDER BY visible_at, message_id LIMIT $3 FOR UPDATE SKIP LOCKED";

const GIVE_UP: &str = "-- queue::give_up
WITH dead AS (
    DELETE FROM queue_messages WHERE queue = $1 AND message_id = ANY ($2)
    RETURNING message_id, body, group_id, traceparent, sent_at, receive_count, last_error)
INSERT INTO dead_letters (queue, message_id, body, group_id, traceparent, sent_at, receive_count, died_at, reason)
SELECT $1, message_id, body, group_id, traceparent, sent_at, receive_count, $3, last_error FROM dead
ON CONFLICT DO NOTHING";

const MAKE_READY: &str = concat!(
    "-- queue::make_ready
WITH turns AS MATERIALIZED (
    SELECT u.id, ",
    turn!(),
    " AS turn
      FROM ",
    reached!(),
    " CROSS JOIN
           unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS u (id, group_id, place)
      ",
    last_of_group!(),
    ")
UPDATE queue_messages m SET turn = (SELECT turns.turn FROM turns WHERE turns.id = m.message_id)
 WHERE m.queue = $1 AND m.message_id = ANY ($2)"
);

const NEXT: &str = "-- queue::next
SELECT message_id, turn FROM queue_messages WHERE queue = $1 AND turn >= $2
 ORDER BY turn, message_id LIMIT $3 FOR UPDATE SKIP LOCKED";

const RECEIVE: &str = "-- queue::receive
UPDATE queue_messages SET turn = NULL, visible_at = $3, receive_count = receive_count + 1, receipt = gen_random_uuid()
 WHERE queue = $1 AND message_id = ANY ($2)
RETURNING message_id, receipt, body, group_id, traceparent, receive_count, sent_at";

const REACHED: &str = "-- queue::reached
INSERT INTO queue_turns (queue, turn) VALUES ($1, $2)
    ON CONFLICT (queue) DO UPDATE SET turn = EXCLUDED.turn WHERE queue_turns.turn < EXCLUDED.turn";

/// Takes what can be received, the groups in rotation; what was received too often goes to the dead letters.
pub async fn receive(
    tx: &Tx,
    queue: &str,
    policy: Policy,
    start: Start,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let limit = policy.batch_max;
    let (mut next, mut looked_everywhere) = match start {
        Start::Turn(turn) => (take_next(tx, queue, turn, limit).await?, false),
        Start::Everywhere => (Vec::new(), false),
    };
    if i64::try_from(next.len()).unwrap_or(i64::MAX) < limit {
        end_waits(tx, queue, policy, now).await?;
        // A message of a sender that was slow to commit may have a turn that has passed. What is taken is locked by this
        // transaction itself, so it is found again.
        next = take_next(tx, queue, i64::MIN, limit).await?;
        looked_everywhere = true;
    }
    let turn = next.iter().map(|(_, turn)| *turn).max();
    let Some(turn) = turn else { return Ok(Taken { looked_everywhere, ..Taken::default() }) };
    let ids: Vec<Uuid> = next.into_iter().map(|(id, _)| id).collect();
    let values = params![queue => TEXT, ids => UUID_ARRAY, now + policy.visibility => TIMESTAMPTZ];
    let mut messages: Vec<Received> = tx.rows(RECEIVE, values).await?.iter().map(from_row).collect();
    tx.run(REACHED, params![queue => TEXT, turn => INT8]).await?;
    // No order is promised, as with SQS; but where there is one to keep, it costs nothing to keep it.
    messages.sort_by_key(|message| (message.sent_at, message.message_id));
    Ok(Taken { messages, turn: Some(turn), looked_everywhere })
}

async fn take_next(tx: &Tx, queue: &str, from: i64, limit: i64) -> Result<Vec<(Uuid, i64)>, StoreError> {
    let rows = tx.rows(NEXT, params![queue => TEXT, from => INT8, limit => INT8]).await?;
    Ok(rows.iter().map(|row| (row.get("message_id"), row.get("turn"))).collect())
}

/// Gives a turn to the messages whose time has come, and gives up those that were received too often.
async fn end_waits(tx: &Tx, queue: &str, policy: Policy, now: Timestamp) -> Result<(), StoreError> {
    let due = tx.rows(DUE, params![queue => TEXT, now => TIMESTAMPTZ, DUE_MAX => INT8]).await?;
    let is_spent = |row: &&Row| row.get::<_, i32>("receive_count") >= policy.receives_max;
    let (spent, due): (Vec<&Row>, Vec<&Row>) = due.iter().partition(is_spent);
    let ids = |rows: &[&Row]| rows.iter().map(|row| row.get("message_id")).collect::<Vec<Uuid>>();
    if !spent.is_empty() {
        let values = params![queue => TEXT, ids(&spent) => UUID_ARRAY, now => TIMESTAMPTZ];
        let count = tx.run(GIVE_UP, values).await?;
        tracing::error!(queue, count, "Messages were received too often and are dead letters now.");
    }
    if !due.is_empty() {
        let groups: Vec<String> =
            due.iter().map(|row| row.get::<_, Option<String>>("group_id").unwrap_or_default()).collect();
        tx.run(MAKE_READY, params![queue => TEXT, ids(&due) => UUID_ARRAY, groups => TEXT_ARRAY]).await?;
    }
    Ok(())
}

fn from_row(row: &Row) -> Received {
    let message_id = row.get("message_id");
    Received {
        message_id,
        receipt: Receipt { message: message_id, receive: row.get("receipt") },
        body: row.get("body"),
        group: row.get("group_id"),
        traceparent: row.get("traceparent"),
        receive_count: row.get("receive_count"),
        sent_at: row.get("sent_at"),
    }
}
