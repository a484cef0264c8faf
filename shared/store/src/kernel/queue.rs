//! Queues and timers on tables, for one machine: the behaviour of SQS and EventBridge Scheduler that the product relies on
//! (at least once, visibility, receive count, fair groups, dead letters; a name that exists already), and no more.
//!
//! A message is ready and has a turn, or it waits for `visible_at` and has none. A group's messages get one turn after the
//! other, counted from the turn that the queue has reached, so that the groups are received in rotation however many
//! messages one of them has. A message that waited gets its turn from the receive that finds its time come.

mod dead_letters;
mod receive;
mod timers;

use std::fmt;
use std::str::FromStr;

use domain::QueueMessageId;
use jiff::Timestamp;
use uuid::Uuid;

pub use self::dead_letters::{DeadLetter, Listed, dead, dead_letter, dead_letters, park, redrive};
pub use self::receive::{Policy, Received, Start, Taken, receive};
pub use self::timers::{due_timers, fired, set_timer};
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
    /// What it asks for, where one message that was not received yet is enough: a second one is not added.
    pub asks_for: Option<String>,
}

/// Proves who received a message last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The message.
    pub message: Uuid,
    /// Its receive.
    pub receive: Uuid,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.message, self.receive)
    }
}

/// The text is not a receipt of these queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoReceipt;

impl FromStr for Receipt {
    type Err = NoReceipt;
    fn from_str(text: &str) -> Result<Self, NoReceipt> {
        let (message, receive) = text.split_once('.').ok_or(NoReceipt)?;
        let id = |text: &str| text.parse::<Uuid>().ok();
        id(message).zip(id(receive)).map(|(message, receive)| Self { message, receive }).ok_or(NoReceipt)
    }
}

pub(crate) const STATEMENTS: &[&[&str]] = &[
    &[SEND, SEND_LATER, DELETE, HAND_BACK, POSTPONE, NOTE, DEPTHS],
    dead_letters::STATEMENTS,
    receive::STATEMENTS,
    timers::STATEMENTS,
];

/// The last turn that a group has, behind the turn that the queue has reached. The group and the turn are compared as one
/// pair, because then only the index that begins with the group has the wanted order.
macro_rules! last_of_group {
    () => {
        "LEFT JOIN LATERAL (
        SELECT q.turn FROM queue_messages q
         WHERE q.queue = $1 AND q.turn IS NOT NULL AND (q.group_id, q.turn) > (u.group_id, reached.turn)
           AND (q.group_id, q.turn) <= (u.group_id, 9223372036854775807)
         ORDER BY q.group_id DESC, q.turn DESC LIMIT 1) last ON true"
    };
}
/// The turn that the queue has reached.
macro_rules! reached {
    () => {
        "(SELECT coalesce((SELECT turn FROM queue_turns WHERE queue = $1), 0) AS turn) reached"
    };
}
/// The turn of a message among those of its group that get their turns together.
macro_rules! turn {
    () => {
        "coalesce(last.turn, reached.turn) + row_number() OVER (PARTITION BY u.group_id ORDER BY u.place)"
    };
}
use {last_of_group, reached, turn};

const SEND: &str = concat!(
    "-- queue::send
INSERT INTO queue_messages (queue, message_id, body, group_id, traceparent, asks_for, sent_at, visible_at, turn)
SELECT $1, u.id, u.body, u.group_id, u.traceparent, u.asks_for, $7, $7, ",
    turn!(),
    "
  FROM ",
    reached!(),
    " CROSS JOIN
       unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
           WITH ORDINALITY AS u (id, body, group_id, traceparent, asks_for, place)
  ",
    last_of_group!(),
    "
    ON CONFLICT (queue, asks_for) WHERE asks_for IS NOT NULL AND receipt IS NULL DO NOTHING"
);

/// The later time counts, because what is to be done then may not be possible before.
const SEND_LATER: &str = "-- queue::send_later
INSERT INTO queue_messages (queue, message_id, body, group_id, traceparent, asks_for, sent_at, visible_at)
SELECT $1, u.id, u.body, u.group_id, u.traceparent, u.asks_for, $7, $8
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
       AS u (id, body, group_id, traceparent, asks_for)
    ON CONFLICT (queue, asks_for) WHERE asks_for IS NOT NULL AND receipt IS NULL
    DO UPDATE SET visible_at = greatest(queue_messages.visible_at, EXCLUDED.visible_at), turn = NULL";

/// Puts messages on a queue; they can be received from `visible_at` on.
///
/// A message that asks for the same as one that was not received yet is not added. When that one is being received at this
/// moment, Postgres waits for the receive to commit, and then adds the message: what was committed before this call is seen
/// by the work on one or the other.
pub async fn send(
    tx: &Tx,
    queue: &str,
    mut messages: Vec<NewMessage>,
    visible_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    without_repeats(&mut messages);
    let ids: Vec<Uuid> = messages.iter().map(|_| QueueMessageId::at(now).0).collect();
    let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
    let groups: Vec<&str> = messages.iter().map(|message| message.group.as_str()).collect();
    let traces: Vec<Option<&str>> = messages.iter().map(|message| message.traceparent.as_deref()).collect();
    let asks_for: Vec<Option<&str>> = messages.iter().map(|message| message.asks_for.as_deref()).collect();
    if visible_at <= now {
        let values = params![
            queue => TEXT, ids => UUID_ARRAY, bodies => TEXT_ARRAY, groups => TEXT_ARRAY, traces => TEXT_ARRAY,
            asks_for => TEXT_ARRAY, now => TIMESTAMPTZ,
        ];
        return tx.run(SEND, values).await.map(drop);
    }
    let values = params![
        queue => TEXT, ids => UUID_ARRAY, bodies => TEXT_ARRAY, groups => TEXT_ARRAY, traces => TEXT_ARRAY,
        asks_for => TEXT_ARRAY, now => TIMESTAMPTZ, visible_at => TIMESTAMPTZ,
    ];
    tx.run(SEND_LATER, values).await.map(drop)
}

/// One statement cannot change a row twice.
fn without_repeats(messages: &mut Vec<NewMessage>) {
    let mut seen = std::collections::HashSet::new();
    messages.retain(|message| message.asks_for.as_ref().is_none_or(|asks_for| seen.insert(asks_for.clone())));
}

fn ids(receipts: &[Receipt]) -> (Vec<Uuid>, Vec<Uuid>) {
    receipts.iter().map(|receipt| (receipt.message, receipt.receive)).unzip()
}

const DELETE: &str = "-- queue::delete
DELETE FROM queue_messages WHERE queue = $1 AND message_id = ANY ($2) AND receipt = ANY ($3)";

/// Removes messages that were dealt with. A receipt that is no longer valid removes nothing.
pub async fn delete(tx: &Tx, queue: &str, receipts: &[Receipt]) -> Result<u64, StoreError> {
    if receipts.is_empty() {
        return Ok(0);
    }
    let (messages, receives) = ids(receipts);
    tx.run(DELETE, params![queue => TEXT, messages => UUID_ARRAY, receives => UUID_ARRAY]).await
}

/// Removed and added, because only an INSERT can give way to a message that asks for the same.
const HAND_BACK: &str = "-- queue::hand_back
WITH back AS (
    DELETE FROM queue_messages WHERE queue = $1 AND message_id = ANY ($2) AND receipt = ANY ($3) RETURNING *)
INSERT INTO queue_messages (queue, message_id, body, group_id, traceparent, asks_for, sent_at, receive_count,
                            last_error, visible_at)
SELECT queue, message_id, body, group_id, traceparent, asks_for, sent_at, receive_count, last_error, $4
  FROM back ON CONFLICT DO NOTHING";

/// Lets messages that failed be received again at `visible_at`, before their visibility would have ended.
pub async fn hand_back(
    tx: &Tx,
    queue: &str,
    receipts: &[Receipt],
    visible_at: Timestamp,
) -> Result<u64, StoreError> {
    if receipts.is_empty() {
        return Ok(0);
    }
    let (messages, receives) = ids(receipts);
    let values = params![
        queue => TEXT, messages => UUID_ARRAY, receives => UUID_ARRAY, visible_at => TIMESTAMPTZ,
    ];
    tx.run(HAND_BACK, values).await
}

const POSTPONE: &str = "-- queue::postpone
UPDATE queue_messages SET visible_at = $4, receipt = gen_random_uuid()
 WHERE queue = $1 AND message_id = $2 AND receipt = $3";

/// Lets a received message be received again at `visible_at`. Its receipt ends here, so that acknowledging the receive
/// afterwards changes nothing about it. `false` when the receipt was no longer valid.
pub async fn postpone(
    tx: &Tx,
    queue: &str,
    receipt: Receipt,
    visible_at: Timestamp,
) -> Result<bool, StoreError> {
    let values = params![
        queue => TEXT, receipt.message => UUID, receipt.receive => UUID, visible_at => TIMESTAMPTZ,
    ];
    Ok(tx.run(POSTPONE, values).await? == 1)
}

const NOTE: &str = "-- queue::note_failure
UPDATE queue_messages SET last_error = $4 WHERE queue = $1 AND message_id = $2 AND receipt = $3";

/// Notes why a received message failed: when it becomes a dead letter, this is its reason.
pub async fn note_failure(tx: &Tx, queue: &str, receipt: Receipt, why: &str) -> Result<bool, StoreError> {
    let values = params![queue => TEXT, receipt.message => UUID, receipt.receive => UUID, why => TEXT];
    Ok(tx.run(NOTE, values).await? == 1)
}

const DEPTHS: &str = "-- queue::depths
SELECT count(*) AS messages FROM queue_messages";

/// Messages on all queues, hidden ones included.
pub async fn depth(tx: &Tx) -> Result<i64, StoreError> {
    Ok(tx.row(DEPTHS, params![]).await?.map_or(0, |row| row.get("messages")))
}
