//! The business numbers that a tenant sends from.

use domain::tenants::usage::Quantity;
use domain::{PhoneNumberId, TenantId, WabaId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};
use crate::usage;

/// A business number to send from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    pub phone_number_id: PhoneNumberId,
    /// The account that the number belongs to.
    pub waba_id: WabaId,
    /// As Meta writes the number for people.
    pub display_phone_number: String,
    pub messages_per_second: i32,
}

/// The unique index that refuses a number of another tenant.
pub const TAKEN: &str = "phone_numbers_id";

pub(crate) const STATEMENTS: &[&str] = &[UPSERT, INSERT_LEASE, LIST, FIRST, FIND, OWNERS, CONNECTED, STATES];

const UPSERT: &str = "-- numbers::upsert
INSERT INTO phone_numbers (tenant_id, phone_number_id, waba_id, display_phone_number, messages_per_second, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, phone_number_id) DO UPDATE SET
       display_phone_number = excluded.display_phone_number, messages_per_second = excluded.messages_per_second
RETURNING xmax = 0 AS is_new";

const INSERT_LEASE: &str = "-- numbers::insert_lease
INSERT INTO sender_leases (tenant_id, phone_number_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// Adds numbers of an account, each with the lease that one dispatcher at a time holds; none when the plan does not allow all
/// of them.
pub async fn upsert(tx: &TenantTx, numbers: &[Number]) -> Result<(), StoreError> {
    let mut new = 0;
    for number in numbers {
        let values = params![
            tx.tenant().0 => UUID, number.phone_number_id.0 => TEXT, number.waba_id.0 => TEXT,
            number.display_phone_number => TEXT, number.messages_per_second => INT4, tx.now() => TIMESTAMPTZ,
        ];
        new += usize::from(tx.row(UPSERT, values).await?.is_some_and(|row| row.get("is_new")));
        tx.run(INSERT_LEASE, params![tx.tenant().0 => UUID, number.phone_number_id.0 => TEXT]).await?;
    }
    usage::take(tx, Quantity::PhoneNumbers, new).await
}

const LIST: &str = "-- numbers::list
SELECT phone_number_id, waba_id, display_phone_number, messages_per_second FROM phone_numbers
 WHERE tenant_id = $1 ORDER BY created_at, phone_number_id";

/// A tenant's numbers, oldest first.
pub async fn list(tx: &TenantTx) -> Result<Vec<Number>, StoreError> {
    Ok(tx.rows(LIST, params![tx.tenant().0 => UUID]).await?.iter().map(from_row).collect())
}

const FIRST: &str = "-- numbers::first
SELECT phone_number_id, waba_id, display_phone_number, messages_per_second FROM phone_numbers
 WHERE tenant_id = $1 ORDER BY created_at, phone_number_id LIMIT 1";

/// The number that a tenant sends from when the request names none.
pub async fn first(tx: &TenantTx) -> Result<Option<Number>, StoreError> {
    Ok(tx.row(FIRST, params![tx.tenant().0 => UUID]).await?.as_ref().map(from_row))
}

const FIND: &str = "-- numbers::find
SELECT phone_number_id, waba_id, display_phone_number, messages_per_second FROM phone_numbers
 WHERE tenant_id = $1 AND phone_number_id = $2";

/// A number of the tenant.
pub async fn find(tx: &TenantTx, number: &PhoneNumberId) -> Result<Option<Number>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, number.0 => TEXT]).await?;
    Ok(row.as_ref().map(from_row))
}

const OWNERS: &str = "-- numbers::owners
SELECT DISTINCT ON (phone_number_id) phone_number_id, tenant_id FROM phone_numbers WHERE phone_number_id = ANY ($1)
 ORDER BY phone_number_id, disconnected_at DESC";

/// The tenants of numbers: the one that has it connected, or else the last one that had. Needs a system transaction: a webhook
/// names numbers, not tenants.
pub async fn owners(tx: &SystemTx, numbers: &[&str]) -> Result<Vec<(PhoneNumberId, TenantId)>, StoreError> {
    let rows = tx.rows(OWNERS, params![numbers => TEXT_ARRAY]).await?;
    Ok(rows
        .iter()
        .map(|row| (PhoneNumberId(row.get("phone_number_id")), TenantId(row.get("tenant_id"))))
        .collect())
}

const CONNECTED: &str = "-- numbers::connected_to
SELECT tenant_id FROM phone_numbers WHERE phone_number_id = ANY ($1) AND disconnected_at IS NULL";

/// The tenants that have one of these numbers connected.
pub async fn connected_to(tx: &SystemTx, numbers: &[&str]) -> Result<Vec<TenantId>, StoreError> {
    let rows = tx.rows(CONNECTED, params![numbers => TEXT_ARRAY]).await?;
    Ok(rows.iter().map(|row| TenantId(row.get("tenant_id"))).collect())
}

/// A number as the platform's owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    pub number: Number,
    /// Why nothing is sent through its account.
    pub paused_reason: Option<String>,
    /// It, its account or its tenant is on hold.
    pub is_held: bool,
    pub disconnected_at: Option<Timestamp>,
}

const STATES: &str = "-- numbers::states
SELECT n.phone_number_id, n.waba_id, n.display_phone_number, n.messages_per_second, n.disconnected_at, a.paused_reason,
       is_stopped(n.tenant_id, n.phone_number_id) AS is_held
  FROM phone_numbers n JOIN whatsapp_accounts a ON a.tenant_id = $1 AND a.waba_id = n.waba_id
 WHERE n.tenant_id = $1 ORDER BY n.created_at, n.phone_number_id";

/// A tenant's numbers with what stops them, oldest first.
pub async fn states(tx: &TenantTx) -> Result<Vec<Connected>, StoreError> {
    let rows = tx.rows(STATES, params![tx.tenant().0 => UUID]).await?;
    let state = |row: &Row| Connected {
        number: from_row(row),
        paused_reason: row.get("paused_reason"),
        is_held: row.get("is_held"),
        disconnected_at: row.get("disconnected_at"),
    };
    Ok(rows.iter().map(state).collect())
}

fn from_row(row: &Row) -> Number {
    Number {
        phone_number_id: PhoneNumberId(row.get("phone_number_id")),
        waba_id: WabaId(row.get("waba_id")),
        display_phone_number: row.get("display_phone_number"),
        messages_per_second: row.get("messages_per_second"),
    }
}
