//! How often e-mails are asked for, by place: the hash of an address, a user or a source.

use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, params};

pub(crate) const STATEMENTS: &[&str] = &[TAKE, WAIT, FORGET];

/// Rows that one sweep deletes at most.
const FORGOTTEN_MAX: i64 = 5_000;

/// How many requests a place may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// At once.
    pub burst: i64,
    /// How long until one of them is forgotten.
    pub one_after: SignedDuration,
}

const TAKE: &str = "-- email_requests::take
INSERT INTO email_requests AS r (place, forgotten_at) VALUES ($1, $2::timestamptz + $3::bigint * interval '1 second')
    ON CONFLICT (place) DO UPDATE
   SET forgotten_at = greatest(r.forgotten_at, $2) + $3::bigint * interval '1 second'
 WHERE greatest(r.forgotten_at, $2) + $3::bigint * interval '1 second' <= $2::timestamptz + $4::bigint * interval '1 second'";

const WAIT: &str = "-- email_requests::wait
SELECT forgotten_at FROM email_requests WHERE place = $1";

/// Counts a request at this place. How long the next one has to wait when there were too many: then it is not counted.
pub async fn take(
    tx: &SystemTx,
    place: &[u8],
    allowance: Allowance,
) -> Result<Option<SignedDuration>, StoreError> {
    let one = allowance.one_after.as_secs();
    let all = one * allowance.burst;
    let values = params![place => BYTEA, tx.now() => TIMESTAMPTZ, one => INT8, all => INT8];
    if tx.run(TAKE, values).await? > 0 {
        return Ok(None);
    }
    let row = tx.row(WAIT, params![place => BYTEA]).await?;
    let forgotten_at: Timestamp = row.map_or(tx.now(), |row| row.get("forgotten_at"));
    let wait = forgotten_at.duration_since(tx.now()) - SignedDuration::from_secs(all - one);
    Ok(Some(wait.clamp(SignedDuration::from_secs(1), allowance.one_after)))
}

const FORGET: &str = "-- email_requests::forget
DELETE FROM email_requests WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM email_requests WHERE forgotten_at <= $1 ORDER BY forgotten_at LIMIT $2))";

/// Deletes rows that say nothing any more, some at a time.
pub async fn forget(tx: &SystemTx) -> Result<u64, StoreError> {
    tx.run(FORGET, params![tx.now() => TIMESTAMPTZ, FORGOTTEN_MAX => INT8]).await
}
