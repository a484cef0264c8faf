//! Whether a contact wants messages: the tenant's opt-out, and the person's own stop of marketing in WhatsApp.
//!
//! `opted_out_by_wish` says that an opt-out is the person's stop and nothing more. A stop under a tenant's opt-out is part
//! of it. Of a stop and a resume the later one by Meta's clock counts, and the stop of two at one time (I19).

use domain::ContactId;
use domain::contacts::{OptOut, OptOutScope};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[OPT_OUT, STOP, RESUME];

const OPT_OUT: &str = "-- consent::opt_out
UPDATE contacts SET opted_out_at = CASE WHEN opted_out_by_wish THEN $3 ELSE coalesce(opted_out_at, $3) END,
       opted_out_by_wish = false
 WHERE tenant_id = $1 AND contact_id = $2";

/// Records that the tenant sends this contact nothing more; what still waits ends when it is claimed.
pub async fn opt_out(tx: &TenantTx, contact: ContactId) -> Result<(), StoreError> {
    tx.run_one(OPT_OUT, params![tx.tenant().0 => UUID, contact.0 => UUID, tx.now() => TIMESTAMPTZ]).await
}

const STOP: &str = "-- consent::stop
UPDATE contacts c SET opted_out_by_wish = c.opted_out_by_wish OR c.opted_out_at IS NULL,
       opted_out_at = coalesce(c.opted_out_at, $4), wish_said_at = stop.at
  FROM unnest($2::uuid[], $3::timestamptz[]) AS stop (contact_id, at)
 WHERE c.tenant_id = $1 AND c.contact_id = stop.contact_id AND coalesce(c.wish_said_at <= stop.at, c.wish_said_at IS NULL)
RETURNING c.contact_id";

/// Records that these people stopped marketing at these times, by Meta's clock; returns how many that changes.
pub async fn stop(tx: &TenantTx, stops: &[(ContactId, Option<Timestamp>)]) -> Result<u64, StoreError> {
    if stops.is_empty() {
        return Ok(0);
    }
    // One stop for each, in the order of the ids: two of us must not wait for each other.
    let mut last = stops.to_vec();
    last.sort_unstable_by(|left, right| right.cmp(left));
    last.dedup_by_key(|(contact, _)| *contact);
    last.reverse();
    let contacts: Vec<Uuid> = last.iter().map(|(contact, _)| contact.0).collect();
    let times: Vec<Option<Timestamp>> = last.iter().map(|(_, at)| *at).collect();
    let values = params![
        tx.tenant().0 => UUID, contacts => UUID_ARRAY, times => TIMESTAMPTZ_ARRAY, tx.now() => TIMESTAMPTZ,
    ];
    Ok(u64::try_from(tx.rows_by_index(STOP, values).await?.len()).unwrap_or(u64::MAX))
}

const RESUME: &str = "-- consent::resume
UPDATE contacts SET opted_out_at = CASE WHEN opted_out_by_wish THEN NULL ELSE opted_out_at END,
       opted_out_by_wish = false, wish_said_at = $3
 WHERE tenant_id = $1 AND contact_id = ANY ($2) AND coalesce(wish_said_at < $3, wish_said_at IS NULL)";

/// Records that a person wants marketing again; a contact that the tenant opted out stays so. Returns how many contacts
/// that changes.
pub async fn resume(tx: &TenantTx, contacts: &[ContactId], at: Option<Timestamp>) -> Result<u64, StoreError> {
    let ids: Vec<Uuid> = contacts.iter().map(|contact| contact.0).collect();
    tx.run(RESUME, params![tx.tenant().0 => UUID, ids => UUID_ARRAY, at => TIMESTAMPTZ]).await
}

pub(crate) fn opt_out_of(row: &Row) -> Option<OptOut> {
    let at = row.get::<_, Option<Timestamp>>("opted_out_at")?;
    let scope = if row.get("opted_out_by_wish") { OptOutScope::Marketing } else { OptOutScope::All };
    Some(OptOut { scope, at })
}
