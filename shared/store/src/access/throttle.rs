//! The throttle on guessing a password.

use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{Tx, params};

pub(crate) const STATEMENTS: &[&str] = &[COUNT_TRY, BLOCKED_UNTIL, FORGET_FAILURES];

const COUNT_TRY: &str = "-- throttle::count_try
INSERT INTO login_failures AS f (email_hash, failures, blocked_until) VALUES ($1, 1, 'epoch')
    ON CONFLICT (email_hash) DO UPDATE SET
       failures = f.failures + 1,
       blocked_until = CASE WHEN f.failures < 4 THEN f.blocked_until
                            ELSE $2::timestamptz + least(interval '15 minutes', interval '1 second' * power(2, least(f.failures - 4, 10))) END
     WHERE f.blocked_until <= $2";

/// Counts an attempt to log in; `false` when this e-mail is blocked.
///
/// It counts as a failure until [`forget_failures`]: the row is locked, so simultaneous attempts are counted one by one
/// before the first of them is known to be wrong. From the fifth failure on the e-mail is blocked, each time twice as
/// long, for 15 minutes at most.
pub async fn count_try(tx: &Tx, email_hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.run(COUNT_TRY, params![email_hash => BYTEA, now => TIMESTAMPTZ]).await? == 1)
}

const BLOCKED_UNTIL: &str = "-- throttle::blocked_until
SELECT blocked_until FROM login_failures WHERE email_hash = $1";

/// Until when this e-mail is blocked; `None` when its count was reset meanwhile.
pub async fn blocked_until_for(tx: &Tx, email_hash: &[u8]) -> Result<Option<Timestamp>, StoreError> {
    let row = tx.row(BLOCKED_UNTIL, params![email_hash => BYTEA]).await?;
    Ok(row.map(|row| row.get("blocked_until")))
}

const FORGET_FAILURES: &str = "-- throttle::forget_failures
DELETE FROM login_failures WHERE email_hash = $1";

/// Resets the count after a right password.
pub async fn forget_failures(tx: &Tx, email_hash: &[u8]) -> Result<u64, StoreError> {
    tx.run(FORGET_FAILURES, params![email_hash => BYTEA]).await
}
