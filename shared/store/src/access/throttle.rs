//! The throttle on guessing a password: wrong passwords by place, and the places where a password was right.
//!
//! A place is the hash of an account and a source together, or of a source alone. Neither table holds an address or an
//! e-mail, and a row is deleted when it says nothing any more.

use domain::access::throttle::Limit;
use jiff::{SignedDuration, Timestamp};

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, params};

pub(crate) const STATEMENTS: &[&str] =
    &[LOOK, WAS_RIGHT, COUNT_WRONG, FORGET_WRONG, NOTE_RIGHT, AGE_WRONG, AGE_RIGHT];

/// How long a place where a password was right is known. A use of it extends this.
pub const RIGHT_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Rows that one sweep deletes at most, of each table: more than a process can hash in a minute.
const AGED_MAX: i64 = 5_000;

const LOOK: &str = "-- throttle::wait_at
WITH moved AS (
    UPDATE wrong_logins SET forgotten_at = forgotten_at - (counted_at - $2::timestamptz), counted_at = $2
     WHERE place = $1 AND counted_at > $2)
SELECT counted_at, forgotten_at FROM wrong_logins WHERE place = $1";

/// How long a login at this place has to wait. What a clock counted that was set back since is moved to the present, so
/// that a wait ends.
pub async fn wait_at(
    tx: &SystemTx,
    place: &[u8],
    limit: Limit,
) -> Result<Option<SignedDuration>, StoreError> {
    let row = tx.row(LOOK, params![place => BYTEA, tx.now() => TIMESTAMPTZ]).await?;
    Ok(row.and_then(|row| {
        let (counted_at, forgotten_at): (Timestamp, Timestamp) =
            (row.get("counted_at"), row.get("forgotten_at"));
        limit.wait(counted_at, forgotten_at, tx.now())
    }))
}

const WAS_RIGHT: &str = "-- throttle::was_right
SELECT FROM right_logins WHERE place = $1";

/// Whether a password was right at this place before.
pub async fn was_right(tx: &SystemTx, place: &[u8]) -> Result<bool, StoreError> {
    Ok(tx.row(WAS_RIGHT, params![place => BYTEA]).await?.is_some())
}

const COUNT_WRONG: &str = "-- throttle::count_wrong
INSERT INTO wrong_logins AS w (place, counted_at, forgotten_at)
VALUES ($1, $2, $2::timestamptz + $3::bigint * interval '1 second')
    ON CONFLICT (place) DO UPDATE SET counted_at = $2, forgotten_at = least(
        greatest(w.forgotten_at, $2) + $3::bigint * interval '1 second',
        $2::timestamptz + $4::bigint * interval '1 second')";

/// Counts a wrong password at this place.
pub async fn count_wrong(tx: &SystemTx, place: &[u8], limit: Limit) -> Result<(), StoreError> {
    let one = limit.forget_one_after.as_secs();
    let values = params![
        place => BYTEA, tx.now() => TIMESTAMPTZ, one => INT8, (one * limit.count_max()) => INT8,
    ];
    tx.run_one(COUNT_WRONG, values).await
}

const FORGET_WRONG: &str = "-- throttle::forget_wrong
DELETE FROM wrong_logins WHERE place = $1";

/// Forgets the wrong ones at this place.
pub async fn forget_wrong(tx: &SystemTx, place: &[u8]) -> Result<(), StoreError> {
    tx.run(FORGET_WRONG, params![place => BYTEA]).await.map(drop)
}

const NOTE_RIGHT: &str = "-- throttle::note_right
INSERT INTO right_logins AS r (place, right_at) VALUES ($1, $2)
    ON CONFLICT (place) DO UPDATE SET right_at = $2 WHERE r.right_at < $2::timestamptz - interval '1 day'";

/// Notes that a password was right at this place, and forgets the wrong ones. Once a day is enough for a place that is known.
pub async fn note_right(tx: &SystemTx, place: &[u8]) -> Result<(), StoreError> {
    forget_wrong(tx, place).await?;
    tx.run(NOTE_RIGHT, params![place => BYTEA, tx.now() => TIMESTAMPTZ]).await?;
    Ok(())
}

const AGE_WRONG: &str = "-- throttle::age_wrong
DELETE FROM wrong_logins WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM wrong_logins WHERE forgotten_at <= $1 ORDER BY forgotten_at LIMIT $2))";

const AGE_RIGHT: &str = "-- throttle::age_right
DELETE FROM right_logins WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM right_logins WHERE right_at <= $1 ORDER BY right_at LIMIT $2))";

/// Deletes rows that say nothing any more, some at a time.
pub async fn age(tx: &SystemTx) -> Result<u64, StoreError> {
    let wrong = tx.run(AGE_WRONG, params![tx.now() => TIMESTAMPTZ, AGED_MAX => INT8]).await?;
    let right = tx.run(AGE_RIGHT, params![(tx.now() - RIGHT_KEPT) => TIMESTAMPTZ, AGED_MAX => INT8]).await?;
    Ok(wrong + right)
}
