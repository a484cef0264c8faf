//! Messages that are not delivered any more, until an operator looks at them and puts them back.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Receipt;
use crate::kernel::error::StoreError;
use crate::kernel::tx::{Tx, params};

pub(super) const STATEMENTS: &[&str] = &[PARK, DEAD, LIST, FIND, REDRIVE];

/// A dead letter without what it says, which may be personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub queue: String,
    pub message_id: Uuid,
    pub sent_at: Timestamp,
    pub died_at: Timestamp,
    pub receive_count: i32,
    /// Why it failed last, or why it was parked. Absent when it failed without a reason, as when its process was killed.
    pub reason: Option<String>,
}

/// A dead letter with all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub listed: Listed,
    pub body: String,
    pub group: Option<String>,
    pub traceparent: Option<String>,
}

const PARK: &str = "-- queue::park
WITH parked AS (
    DELETE FROM queue_messages WHERE queue = $1 AND message_id = $2 AND receipt = $3
    RETURNING message_id, body, group_id, traceparent, sent_at, receive_count)
INSERT INTO dead_letters (queue, message_id, body, group_id, traceparent, sent_at, receive_count, died_at, reason)
SELECT $1, message_id, body, group_id, traceparent, sent_at, receive_count, $4, $5 FROM parked
ON CONFLICT DO NOTHING";

/// Makes a received message a dead letter, with the reason. `false` when the receipt was no longer valid.
pub async fn park(
    tx: &Tx,
    queue: &str,
    receipt: Receipt,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let values = params![
        queue => TEXT, receipt.message => UUID, receipt.receive => UUID, now => TIMESTAMPTZ, reason => TEXT,
    ];
    Ok(tx.run(PARK, values).await? == 1)
}

const DEAD: &str = "-- queue::dead
SELECT count(*) AS messages FROM dead_letters";

/// Dead letters of all queues.
pub async fn dead(tx: &Tx) -> Result<i64, StoreError> {
    Ok(tx.row(DEAD, params![]).await?.map_or(0, |row| row.get("messages")))
}

const LIST: &str = "-- queue::dead_letters
SELECT queue, message_id, sent_at, died_at, receive_count, reason FROM dead_letters
 ORDER BY died_at, message_id LIMIT $1";

/// The oldest dead letters.
pub async fn dead_letters(tx: &Tx, limit: i64) -> Result<Vec<Listed>, StoreError> {
    Ok(tx.rows(LIST, params![limit => INT8]).await?.iter().map(listed).collect())
}

const FIND: &str = "-- queue::dead_letter
SELECT queue, message_id, sent_at, died_at, receive_count, reason, body, group_id, traceparent
  FROM dead_letters WHERE queue = ANY ($1) AND message_id = $2";

/// One dead letter of one of the queues.
pub async fn dead_letter(tx: &Tx, queues: &[&str], message: Uuid) -> Result<Option<DeadLetter>, StoreError> {
    let row = tx.row(FIND, params![queues => TEXT_ARRAY, message => UUID]).await?;
    Ok(row.map(|row| DeadLetter {
        listed: listed(&row),
        body: row.get("body"),
        group: row.get("group_id"),
        traceparent: row.get("traceparent"),
    }))
}

const REDRIVE: &str = "-- queue::redrive
WITH again AS (DELETE FROM dead_letters WHERE queue = ANY ($1) AND message_id = $2 RETURNING *)
INSERT INTO queue_messages (queue, message_id, body, group_id, traceparent, sent_at, visible_at)
SELECT queue, message_id, body, group_id, traceparent, sent_at, $3 FROM again";

/// Gives a dead letter back to its queue, as if it had never been received. `false` when it is not a dead letter, or not
/// any more.
pub async fn redrive(tx: &Tx, queues: &[&str], message: Uuid, now: Timestamp) -> Result<bool, StoreError> {
    let values = params![queues => TEXT_ARRAY, message => UUID, now => TIMESTAMPTZ];
    Ok(tx.run(REDRIVE, values).await? == 1)
}

fn listed(row: &Row) -> Listed {
    Listed {
        queue: row.get("queue"),
        message_id: row.get("message_id"),
        sent_at: row.get("sent_at"),
        died_at: row.get("died_at"),
        receive_count: row.get("receive_count"),
        reason: row.get("reason"),
    }
}
