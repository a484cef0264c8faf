//! WhatsApp Business accounts, with their encrypted access tokens.

use domain::{PhoneNumberId, TenantId, WabaId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

/// A connected WhatsApp Business account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub waba_id: WabaId,
    /// The access token, encrypted; see `ops::kernel::cipher`.
    pub token_sealed: Vec<u8>,
    /// The data key that encrypted it.
    pub token_key_id: String,
    pub connected_at: Timestamp,
    /// Why nothing is sent through the account; `None` while sending is possible.
    pub paused_reason: Option<String>,
}

/// The unique index that refuses an account of another tenant.
pub const TAKEN: &str = "whatsapp_accounts_waba";

pub(crate) const STATEMENTS: &[&str] =
    &[UPSERT, FIRST, FIND, OF_NUMBER, CONNECTED_AT, PAUSE, OWNERS, CONNECTED, OF_OTHER_KEYS, REENCRYPT];

const UPSERT: &str = "-- accounts::upsert
INSERT INTO whatsapp_accounts (tenant_id, waba_id, token_sealed, token_key_id, connected_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, waba_id) DO UPDATE SET
       token_sealed = excluded.token_sealed, token_key_id = excluded.token_key_id,
       connected_at = excluded.connected_at, paused_reason = NULL";

/// Connects an account, or connects it again with a new token; [`TAKEN`] when it is another tenant's.
pub async fn upsert(tx: &TenantTx, account: &Account) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, account.waba_id.0 => TEXT, account.token_sealed => BYTEA, account.token_key_id => TEXT,
        account.connected_at => TIMESTAMPTZ,
    ];
    tx.run_one(UPSERT, values).await
}

const FIRST: &str = "-- accounts::first
SELECT waba_id, token_sealed, token_key_id, connected_at, paused_reason FROM whatsapp_accounts
 WHERE tenant_id = $1 ORDER BY connected_at, waba_id LIMIT 1";

/// The account that a tenant connected first, which its templates belong to.
pub async fn first(tx: &TenantTx) -> Result<Option<Account>, StoreError> {
    Ok(tx.row(FIRST, params![tx.tenant().0 => UUID]).await?.as_ref().map(from_row))
}

const FIND: &str = "-- accounts::find
SELECT waba_id, token_sealed, token_key_id, connected_at, paused_reason FROM whatsapp_accounts
 WHERE tenant_id = $1 AND waba_id = $2";

pub async fn find(tx: &TenantTx, waba_id: &WabaId) -> Result<Option<Account>, StoreError> {
    Ok(tx.row(FIND, params![tx.tenant().0 => UUID, waba_id.0 => TEXT]).await?.as_ref().map(from_row))
}

const OF_NUMBER: &str = "-- accounts::of_number
SELECT a.waba_id, a.token_sealed, a.token_key_id, a.connected_at, a.paused_reason
  FROM whatsapp_accounts a JOIN phone_numbers n USING (tenant_id, waba_id)
 WHERE a.tenant_id = $1 AND n.phone_number_id = $2";

/// The account of a number, whose token may send from it (I24).
pub async fn of_number(tx: &TenantTx, number: &PhoneNumberId) -> Result<Option<Account>, StoreError> {
    Ok(tx.row(OF_NUMBER, params![tx.tenant().0 => UUID, number.0 => TEXT]).await?.as_ref().map(from_row))
}

const CONNECTED_AT: &str = "-- accounts::connected_at
SELECT connected_at FROM whatsapp_accounts WHERE tenant_id = $1 AND waba_id = $2";

/// When an account was connected last.
pub async fn connected_at(tx: &TenantTx, waba_id: &WabaId) -> Result<Option<Timestamp>, StoreError> {
    let row = tx.row(CONNECTED_AT, params![tx.tenant().0 => UUID, waba_id.0 => TEXT]).await?;
    Ok(row.map(|row| row.get("connected_at")))
}

const PAUSE: &str = "-- accounts::pause
UPDATE whatsapp_accounts SET paused_reason = $3 WHERE tenant_id = $1 AND waba_id = $2 AND paused_reason IS NULL";

/// Stops sending through an account until it is connected again.
pub async fn pause(tx: &TenantTx, waba_id: &WabaId, reason: &str) -> Result<u64, StoreError> {
    tx.run(PAUSE, params![tx.tenant().0 => UUID, waba_id.0 => TEXT, reason => TEXT]).await
}

const OWNERS: &str = "-- accounts::owners
SELECT DISTINCT ON (waba_id) waba_id, tenant_id FROM whatsapp_accounts WHERE waba_id = ANY ($1)
 ORDER BY waba_id, disconnected_at DESC";

/// The tenants of accounts: the one that has it connected, or else the last one that had. Needs a system transaction: a webhook names accounts, not tenants.
pub async fn owners(tx: &SystemTx, accounts: &[&str]) -> Result<Vec<(WabaId, TenantId)>, StoreError> {
    let rows = tx.rows(OWNERS, params![accounts => TEXT_ARRAY]).await?;
    Ok(rows.iter().map(|row| (WabaId(row.get("waba_id")), TenantId(row.get("tenant_id")))).collect())
}

const CONNECTED: &str = "-- accounts::connected_to
SELECT tenant_id FROM whatsapp_accounts WHERE waba_id = $1 AND disconnected_at IS NULL";

/// The tenant that has the account connected.
pub async fn connected_to(tx: &SystemTx, waba_id: &WabaId) -> Result<Option<TenantId>, StoreError> {
    let row = tx.row(CONNECTED, params![waba_id.0 => TEXT]).await?;
    Ok(row.map(|row| TenantId(row.get("tenant_id"))))
}

const OF_OTHER_KEYS: &str = "-- accounts::of_other_keys
SELECT tenant_id, waba_id, token_sealed, token_key_id, connected_at, paused_reason FROM whatsapp_accounts
 WHERE (tenant_id, waba_id) > ($1, $2) AND token_key_id <> $3 AND disconnected_at IS NULL ORDER BY tenant_id, waba_id LIMIT $4";

/// Accounts whose token was encrypted with another key, in the order of tenant and account, after this one.
pub async fn of_other_keys(
    tx: &SystemTx,
    after: (TenantId, &WabaId),
    key_id: &str,
    most: i64,
) -> Result<Vec<(TenantId, Account)>, StoreError> {
    let values = params![after.0.0 => UUID, after.1.0 => TEXT, key_id => TEXT, most => INT8];
    let rows = tx.rows(OF_OTHER_KEYS, values).await?;
    Ok(rows.iter().map(|row| (TenantId(row.get("tenant_id")), from_row(row))).collect())
}

const REENCRYPT: &str = "-- accounts::reencrypt
UPDATE whatsapp_accounts SET token_sealed = $4, token_key_id = $5
 WHERE tenant_id = $1 AND waba_id = $2 AND token_sealed = $3";

/// Stores the same token encrypted with another key, unless the account was connected again meanwhile.
pub async fn reencrypt(
    tx: &TenantTx,
    account: &Account,
    (token_sealed, token_key_id): &(Vec<u8>, String),
) -> Result<bool, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, account.waba_id.0 => TEXT, account.token_sealed => BYTEA, token_sealed => BYTEA,
        token_key_id => TEXT,
    ];
    Ok(tx.run(REENCRYPT, values).await? == 1)
}

fn from_row(row: &Row) -> Account {
    Account {
        waba_id: WabaId(row.get("waba_id")),
        token_sealed: row.get("token_sealed"),
        token_key_id: row.get("token_key_id"),
        connected_at: row.get("connected_at"),
        paused_reason: row.get("paused_reason"),
    }
}
