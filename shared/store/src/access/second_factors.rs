//! Second factors: the encrypted secret that codes are made from, and the codes for a user who lost the device.

use domain::{TenantId, UserId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

/// A second factor, confirmed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    pub user_id: UserId,
    /// Nonce and ciphertext.
    pub secret_sealed: Vec<u8>,
    /// The key that encrypted it.
    pub secret_key_id: String,
    pub created_at: Timestamp,
    /// Logins ask for it.
    pub is_confirmed: bool,
}

/// The foreign key that refuses a second factor of a user who was removed meanwhile.
pub const NO_USER: &str = "second_factors_tenant_id_user_id_fkey";

pub(crate) const STATEMENTS: &[&str] = &[
    START,
    FIND,
    LOCK,
    CONFIRM,
    ACCEPT_STEP,
    REMOVE,
    ADD_RECOVERY_CODES,
    USE_RECOVERY_CODE,
    OF_OTHER_KEYS,
    REENCRYPT,
];

macro_rules! columns {
    () => {
        "user_id, secret_sealed, secret_key_id, created_at, confirmed_at IS NOT NULL AS is_confirmed"
    };
}

const START: &str = "-- second_factors::start
INSERT INTO second_factors AS f (tenant_id, user_id, secret_sealed, secret_key_id, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET
       secret_sealed = excluded.secret_sealed, secret_key_id = excluded.secret_key_id, created_at = excluded.created_at
 WHERE f.confirmed_at IS NULL";

/// Stores a secret that is to be confirmed, in place of an earlier one that was not. Returns whether it is stored: not when
/// the user has a second factor already.
pub async fn start(
    tx: &TenantTx,
    user: UserId,
    (sealed, key_id): &(Vec<u8>, String),
) -> Result<bool, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, user.0 => UUID, sealed => BYTEA, key_id => TEXT, tx.now() => TIMESTAMPTZ,
    ];
    Ok(tx.run(START, values).await? == 1)
}

const FIND: &str = concat!(
    "-- second_factors::find
SELECT ",
    columns!(),
    " FROM second_factors WHERE tenant_id = $1 AND user_id = $2"
);

pub async fn find(tx: &TenantTx, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, user.0 => UUID]).await?;
    Ok(row.as_ref().map(from_row))
}

const LOCK: &str = "-- second_factors::lock
SELECT FROM second_factors
 WHERE tenant_id = $1 AND user_id = $2 AND created_at = $3 AND confirmed_at IS NOT NULL FOR UPDATE";

/// Locks a confirmed factor, so that codes are tried one after another. Returns whether it is still the one that was read.
pub async fn lock(tx: &TenantTx, factor: &SecondFactor) -> Result<bool, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, factor.user_id.0 => UUID, factor.created_at => TIMESTAMPTZ,
    ];
    Ok(tx.row(LOCK, values).await?.is_some())
}

const CONFIRM: &str = "-- second_factors::confirm
UPDATE second_factors SET confirmed_at = $4, last_step = $5
 WHERE tenant_id = $1 AND user_id = $2 AND created_at = $3 AND confirmed_at IS NULL";

/// Confirms a factor with the code of a half minute. Returns whether it is still the one that was read.
pub async fn confirm(tx: &TenantTx, factor: &SecondFactor, step: i64) -> Result<bool, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, factor.user_id.0 => UUID, factor.created_at => TIMESTAMPTZ, tx.now() => TIMESTAMPTZ,
        step => INT8,
    ];
    Ok(tx.run(CONFIRM, values).await? == 1)
}

const ACCEPT_STEP: &str = "-- second_factors::accept_step
UPDATE second_factors SET last_step = $3 WHERE tenant_id = $1 AND user_id = $2 AND last_step < $3";

/// Accepts the code of a half minute, unless one of it or of a later one was accepted before.
pub async fn accept_step(tx: &TenantTx, user: UserId, step: i64) -> Result<bool, StoreError> {
    let values = params![tx.tenant().0 => UUID, user.0 => UUID, step => INT8];
    Ok(tx.run(ACCEPT_STEP, values).await? == 1)
}

const REMOVE: &str = "-- second_factors::remove
DELETE FROM second_factors WHERE tenant_id = $1 AND user_id = $2";

/// Removes a factor with its recovery codes; returns whether there was one.
pub async fn remove(tx: &TenantTx, user: UserId) -> Result<bool, StoreError> {
    Ok(tx.run(REMOVE, params![tx.tenant().0 => UUID, user.0 => UUID]).await? == 1)
}

const ADD_RECOVERY_CODES: &str = "-- second_factors::add_recovery_codes
INSERT INTO recovery_codes (tenant_id, user_id, code_hash) SELECT $1, $2, unnest($3::bytea[])";

pub async fn add_recovery_codes(tx: &TenantTx, user: UserId, hashes: &[Vec<u8>]) -> Result<(), StoreError> {
    let values = params![tx.tenant().0 => UUID, user.0 => UUID, hashes => BYTEA_ARRAY];
    tx.run(ADD_RECOVERY_CODES, values).await.map(drop)
}

const USE_RECOVERY_CODE: &str = "-- second_factors::use_recovery_code
DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND code_hash = $3";

/// Uses a recovery code up; returns whether there was one. Of two transactions with one code the second finds none.
pub async fn use_recovery_code(tx: &TenantTx, user: UserId, hash: &[u8]) -> Result<bool, StoreError> {
    let values = params![tx.tenant().0 => UUID, user.0 => UUID, hash => BYTEA];
    Ok(tx.run(USE_RECOVERY_CODE, values).await? == 1)
}

const OF_OTHER_KEYS: &str = concat!(
    "-- second_factors::of_other_keys
SELECT tenant_id, ",
    columns!(),
    " FROM second_factors
 WHERE (tenant_id, user_id) > ($1, $2) AND secret_key_id <> $3 ORDER BY tenant_id, user_id LIMIT $4"
);

/// Factors whose secret was encrypted with another key, in the order of tenant and user, after this one.
pub async fn of_other_keys(
    tx: &SystemTx,
    after: (TenantId, UserId),
    key_id: &str,
    most: i64,
) -> Result<Vec<(TenantId, SecondFactor)>, StoreError> {
    let values = params![after.0.0 => UUID, after.1.0 => UUID, key_id => TEXT, most => INT8];
    let rows = tx.rows(OF_OTHER_KEYS, values).await?;
    Ok(rows.iter().map(|row| (TenantId(row.get("tenant_id")), from_row(row))).collect())
}

const REENCRYPT: &str = "-- second_factors::reencrypt
UPDATE second_factors SET secret_sealed = $4, secret_key_id = $5
 WHERE tenant_id = $1 AND user_id = $2 AND secret_sealed = $3";

/// Stores the same secret encrypted with another key, unless it was replaced meanwhile.
pub async fn reencrypt(
    tx: &TenantTx,
    factor: &SecondFactor,
    (sealed, key_id): &(Vec<u8>, String),
) -> Result<bool, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, factor.user_id.0 => UUID, factor.secret_sealed => BYTEA, sealed => BYTEA, key_id => TEXT,
    ];
    Ok(tx.run(REENCRYPT, values).await? == 1)
}

fn from_row(row: &Row) -> SecondFactor {
    SecondFactor {
        user_id: UserId(row.get("user_id")),
        secret_sealed: row.get("secret_sealed"),
        secret_key_id: row.get("secret_key_id"),
        created_at: row.get("created_at"),
        is_confirmed: row.get("is_confirmed"),
    }
}
