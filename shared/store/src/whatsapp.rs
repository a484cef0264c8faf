//! A tenant's connection to WhatsApp: its business account, the sealed token, its numbers.

use domain::{PhoneNumberId, TenantId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::error::StoreError;
use crate::tx::{Tx, params};

/// A connected WhatsApp Business account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Meta's id of the account.
    pub waba_id: String,
    /// The access token, sealed; see `ops::seal`.
    pub token_sealed: Vec<u8>,
    /// Which data key sealed it.
    pub token_key_id: String,
    /// When it was connected.
    pub connected_at: Timestamp,
    /// Why nothing is sent through it, when nothing is.
    pub paused_reason: Option<String>,
}

/// A business number to send from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// Meta's id of it.
    pub phone_number_id: PhoneNumberId,
    /// The account it belongs to.
    pub waba_id: String,
    /// As people see it.
    pub display_phone_number: String,
    /// Meta's limit on it.
    pub messages_per_second: i32,
}

/// The unique index that keeps an account with one tenant.
pub const ACCOUNT_TAKEN: &str = "whatsapp_accounts_waba";
/// The unique index that keeps a number with one tenant.
pub const NUMBER_TAKEN: &str = "phone_numbers_id";

pub(crate) const STATEMENTS: &[&str] = &[
    UPSERT_ACCOUNT,
    UPSERT_NUMBER,
    INSERT_LEASE,
    FIRST_ACCOUNT,
    ACCOUNT_OF,
    NUMBERS,
    FIRST_NUMBER,
    OWNERS,
    PAUSE,
];

const UPSERT_ACCOUNT: &str = "-- whatsapp::upsert_account
INSERT INTO whatsapp_accounts (tenant_id, waba_id, token_sealed, token_key_id, connected_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, waba_id) DO UPDATE SET
       token_sealed = excluded.token_sealed, token_key_id = excluded.token_key_id,
       connected_at = excluded.connected_at, paused_reason = NULL";

/// Connects an account, or connects it again with a new token; [`ACCOUNT_TAKEN`] when it is another tenant's.
pub async fn upsert_account(tx: &Tx, tenant: TenantId, account: &Account) -> Result<(), StoreError> {
    let values = params![
        tenant.0 => UUID, account.waba_id => TEXT, account.token_sealed => BYTEA, account.token_key_id => TEXT,
        account.connected_at => TIMESTAMPTZ,
    ];
    tx.run_one(UPSERT_ACCOUNT, values).await
}

const UPSERT_NUMBER: &str = "-- whatsapp::upsert_number
INSERT INTO phone_numbers (tenant_id, phone_number_id, waba_id, display_phone_number, messages_per_second, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, phone_number_id) DO UPDATE SET
       display_phone_number = excluded.display_phone_number, messages_per_second = excluded.messages_per_second";

const INSERT_LEASE: &str = "-- whatsapp::insert_lease
INSERT INTO sender_leases (tenant_id, phone_number_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// Adds a number of an account with the lease that its dispatchers take turns with.
pub async fn upsert_number(
    tx: &Tx,
    tenant: TenantId,
    number: &Number,
    now: Timestamp,
) -> Result<(), StoreError> {
    let values = params![
        tenant.0 => UUID, number.phone_number_id.0 => TEXT, number.waba_id => TEXT, number.display_phone_number => TEXT,
        number.messages_per_second => INT4, now => TIMESTAMPTZ,
    ];
    tx.run_one(UPSERT_NUMBER, values).await?;
    tx.run(INSERT_LEASE, params![tenant.0 => UUID, number.phone_number_id.0 => TEXT]).await.map(drop)
}

const FIRST_ACCOUNT: &str = "-- whatsapp::first_account
SELECT waba_id, token_sealed, token_key_id, connected_at, paused_reason FROM whatsapp_accounts
 WHERE tenant_id = $1 ORDER BY connected_at, waba_id LIMIT 1";

/// The account that a tenant connected first: where its templates live.
pub async fn first_account(tx: &Tx, tenant: TenantId) -> Result<Option<Account>, StoreError> {
    Ok(tx.row(FIRST_ACCOUNT, params![tenant.0 => UUID]).await?.as_ref().map(account_from_row))
}

const ACCOUNT_OF: &str = "-- whatsapp::account_of
SELECT a.waba_id, a.token_sealed, a.token_key_id, a.connected_at, a.paused_reason
  FROM whatsapp_accounts a JOIN phone_numbers n USING (tenant_id, waba_id)
 WHERE a.tenant_id = $1 AND n.phone_number_id = $2";

/// The account of a number: whose token may send from it (I24).
pub async fn account_of(
    tx: &Tx,
    tenant: TenantId,
    number: &PhoneNumberId,
) -> Result<Option<Account>, StoreError> {
    Ok(tx.row(ACCOUNT_OF, params![tenant.0 => UUID, number.0 => TEXT]).await?.as_ref().map(account_from_row))
}

const NUMBERS: &str = "-- whatsapp::numbers
SELECT phone_number_id, waba_id, display_phone_number, messages_per_second FROM phone_numbers
 WHERE tenant_id = $1 ORDER BY created_at, phone_number_id";

/// A tenant's numbers, oldest first.
pub async fn numbers(tx: &Tx, tenant: TenantId) -> Result<Vec<Number>, StoreError> {
    Ok(tx.rows(NUMBERS, params![tenant.0 => UUID]).await?.iter().map(number_from_row).collect())
}

const FIRST_NUMBER: &str = "-- whatsapp::first_number
SELECT phone_number_id, waba_id, display_phone_number, messages_per_second FROM phone_numbers
 WHERE tenant_id = $1 ORDER BY created_at, phone_number_id LIMIT 1";

/// The number that a tenant sends from when it does not say.
pub async fn first_number(tx: &Tx, tenant: TenantId) -> Result<Option<Number>, StoreError> {
    Ok(tx.row(FIRST_NUMBER, params![tenant.0 => UUID]).await?.as_ref().map(number_from_row))
}

const OWNERS: &str = "-- whatsapp::owners
SELECT phone_number_id, tenant_id FROM phone_numbers WHERE phone_number_id = ANY ($1)";

/// Whose numbers these are. Needs the system scope: a webhook names numbers, not tenants.
pub async fn owners(tx: &Tx, numbers: &[&str]) -> Result<Vec<(PhoneNumberId, TenantId)>, StoreError> {
    let rows = tx.rows(OWNERS, params![numbers => TEXT_ARRAY]).await?;
    Ok(rows
        .iter()
        .map(|row| (PhoneNumberId(row.get("phone_number_id")), TenantId(row.get("tenant_id"))))
        .collect())
}

const PAUSE: &str = "-- whatsapp::pause
UPDATE whatsapp_accounts SET paused_reason = $3 WHERE tenant_id = $1 AND waba_id = $2 AND paused_reason IS NULL";

/// Stops sending through an account until it is connected again.
pub async fn pause(tx: &Tx, tenant: TenantId, waba_id: &str, reason: &str) -> Result<u64, StoreError> {
    tx.run(PAUSE, params![tenant.0 => UUID, waba_id => TEXT, reason => TEXT]).await
}

fn account_from_row(row: &Row) -> Account {
    Account {
        waba_id: row.get("waba_id"),
        token_sealed: row.get("token_sealed"),
        token_key_id: row.get("token_key_id"),
        connected_at: row.get("connected_at"),
        paused_reason: row.get("paused_reason"),
    }
}

fn number_from_row(row: &Row) -> Number {
    Number {
        phone_number_id: PhoneNumberId(row.get("phone_number_id")),
        waba_id: row.get("waba_id"),
        display_phone_number: row.get("display_phone_number"),
        messages_per_second: row.get("messages_per_second"),
    }
}
