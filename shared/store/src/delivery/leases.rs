//! One dispatcher per phone number at a time, and what there is to dispatch.

use domain::messages::Lane;
use domain::{ClaimId, PhoneNumberId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

/// A number that has something due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueNumber {
    /// Meta's id of it.
    pub number: PhoneNumberId,
    pub messages_per_second: i32,
}

/// The right to dispatch for one number, while it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub number: PhoneNumberId,
    pub holder: Uuid,
}

pub(crate) const STATEMENTS: &[&str] = &[ACQUIRE, RENEW, RELEASE, NUMBERS_DUE, DUE_BEFORE];

const ACQUIRE: &str = "-- leases::acquire
UPDATE sender_leases
   SET wanted = lease IS NOT NULL AND lease_until >= $5 AND (wanted OR lease <> $3),
       lease_until = CASE WHEN lease IS NULL OR lease_until < $5 OR lease = $3 THEN $4 ELSE lease_until END,
       lease = CASE WHEN lease IS NULL OR lease_until < $5 THEN $3 ELSE lease END
 WHERE tenant_id = $1 AND phone_number_id = $2 RETURNING lease = $3 AS got";

/// Takes the number's lease, or tells its holder that there is more to do. The same holder may ask again when the answer
/// was lost.
pub async fn acquire(tx: &TenantTx, lease: &Lease, until: Timestamp) -> Result<bool, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, lease.number.0 => TEXT, lease.holder => UUID, until => TIMESTAMPTZ, tx.now() => TIMESTAMPTZ,
    ];
    Ok(tx.row(ACQUIRE, values).await?.is_some_and(|row| row.get("got")))
}

const RENEW: &str = "-- leases::renew
WITH held AS (
    SELECT wanted FROM sender_leases WHERE tenant_id = $1 AND phone_number_id = $2 AND lease = $3 FOR NO KEY UPDATE)
UPDATE sender_leases l SET lease_until = $4, wanted = false FROM held
 WHERE l.tenant_id = $1 AND l.phone_number_id = $2 AND l.lease = $3 RETURNING held.wanted";

/// What became of a lease that was to last longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// Another dispatch has the number.
    Lost,
    Kept,
    /// Kept, and another dispatch has asked for the number since: its holder must look once more at what is due.
    Wanted,
}

/// Makes a lease last longer. That another dispatch asked for the number is answered once.
pub async fn renew(tx: &TenantTx, lease: &Lease, until: Timestamp) -> Result<Renewed, StoreError> {
    let values =
        params![tx.tenant().0 => UUID, lease.number.0 => TEXT, lease.holder => UUID, until => TIMESTAMPTZ];
    Ok(match tx.row(RENEW, values).await? {
        None => Renewed::Lost,
        Some(row) if row.get("wanted") => Renewed::Wanted,
        Some(_) => Renewed::Kept,
    })
}

const RELEASE: &str = "-- leases::release
UPDATE sender_leases
   SET lease = CASE WHEN wanted AND NOT $4 THEN lease END, lease_until = CASE WHEN wanted AND NOT $4 THEN lease_until END,
       wanted = false
 WHERE tenant_id = $1 AND phone_number_id = $2 AND lease = $3 RETURNING lease IS NOT NULL AS goes_on";

/// Gives a lease back, unless another dispatcher asked for it: then the holder keeps it and must look once more (`true`).
/// With `in_any_case` it is given back all the same.
pub async fn release(tx: &TenantTx, lease: &Lease, in_any_case: bool) -> Result<bool, StoreError> {
    let values =
        params![tx.tenant().0 => UUID, lease.number.0 => TEXT, lease.holder => UUID, in_any_case => BOOL];
    Ok(tx.row(RELEASE, values).await?.is_some_and(|row| row.get("goes_on")))
}

const NUMBERS_DUE: &str = "-- leases::numbers_due
SELECT n.phone_number_id, n.messages_per_second
  FROM phone_numbers n
 WHERE n.tenant_id = $1 AND NOT is_stopped($1, n.phone_number_id) AND EXISTS (
       SELECT FROM (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
        WHERE EXISTS (SELECT FROM due d WHERE d.tenant_id = $1 AND d.phone_number_id = n.phone_number_id
                                          AND d.priority = p.priority AND d.due_at <= $2))
 ORDER BY n.phone_number_id";

/// The tenant's numbers that have something due and are not on hold.
pub async fn numbers_due(tx: &TenantTx) -> Result<Vec<DueNumber>, StoreError> {
    let rows = tx.rows(NUMBERS_DUE, params![tx.tenant().0 => UUID, tx.now() => TIMESTAMPTZ]).await?;
    Ok(rows
        .iter()
        .map(|row| DueNumber {
            number: PhoneNumberId(row.get("phone_number_id")),
            messages_per_second: row.get("messages_per_second"),
        })
        .collect())
}

const DUE_BEFORE: &str = "-- leases::due_before
SELECT EXISTS (
    SELECT FROM (VALUES (0::smallint), (1::smallint)) AS p (priority)
     WHERE p.priority < $4 AND EXISTS (
        SELECT FROM due d WHERE d.tenant_id = $1 AND d.phone_number_id = $2 AND d.priority = p.priority AND d.due_at <= $3)) AS is_due";

/// Whether something is due in a lane that goes before `lane`.
pub async fn due_before(tx: &TenantTx, number: &PhoneNumberId, lane: Lane) -> Result<bool, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, number.0 => TEXT, tx.now() => TIMESTAMPTZ, lane.priority() => INT2,
    ];
    Ok(tx.row(DUE_BEFORE, values).await?.is_some_and(|row| row.get("is_due")))
}

/// A new mark for a holder.
pub fn holder(now: Timestamp) -> Uuid {
    ClaimId::at(now).0
}
