//! How much of a plan's limits is used, counted in the transaction that creates the thing (I31).
//!
//! The row of a quantity is locked until that transaction ends, so racing creators count one after the other. It is the last
//! row that a transaction locks, so a transaction that waits for it cannot be part of a deadlock. Messages are counted by the claim, in its own
//! statement.

use domain::tenants::usage::{LimitReached, Quantity, Usage};
use domain::{Month, TemplateStatus};
use jiff::civil::Date;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[TAKE, READ, ADD, GIVE_BACK, LIST];

/// The period of what is not counted by month, as `migrations/V9__foundations.sql` says.
pub(crate) const ALWAYS: Date = Date::constant(1970, 1, 1);

const TAKE: &str = "-- usage::take
INSERT INTO usage AS u (tenant_id, quantity, period, used)
SELECT $1, $2, $3, $4::bigint WHERE $4 <= plan_allows($1, $2, $5)
    ON CONFLICT (tenant_id, quantity, period) DO UPDATE SET used = u.used + excluded.used
 WHERE u.used + excluded.used <= plan_allows($1, $2, $5)
RETURNING used";

/// Counts what the transaction has added. What the plan does not allow is refused with [`StoreError::Limit`]: all of it,
/// because the transaction is not committed then.
pub(crate) async fn take(tx: &TenantTx, quantity: Quantity, count: usize) -> Result<(), StoreError> {
    if count == 0 {
        return Ok(());
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let values = params![
        tx.tenant().0 => UUID, quantity.as_str() => TEXT, ALWAYS => DATE, count => INT8, tx.now() => TIMESTAMPTZ,
    ];
    match tx.row(TAKE, values).await? {
        Some(_used) => Ok(()),
        None => Err(StoreError::Limit(Box::new(read(tx, quantity, count).await?))),
    }
}

const READ: &str = "-- usage::read
SELECT p.name AS plan, plan_allows($1, $2, $4) AS max,
       coalesce((SELECT used FROM usage WHERE tenant_id = $1 AND quantity = $2 AND period = $3), 0) AS used
  FROM tenants t JOIN plans p USING (plan_id) WHERE t.tenant_id = $1";

async fn read(tx: &TenantTx, quantity: Quantity, asked: i64) -> Result<LimitReached, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, quantity.as_str() => TEXT, ALWAYS => DATE, tx.now() => TIMESTAMPTZ,
    ];
    let missing =
        || StoreError::Inconsistent { table: "tenants", what: format!("{} is not there", tx.tenant()) };
    let row = tx.row(READ, values).await?.ok_or_else(missing)?;
    Ok(LimitReached { quantity, plan: row.get("plan"), used: row.get("used"), max: row.get("max"), asked })
}

/// Refuses with [`StoreError::Limit`] what would not fit now, before something is done that no transaction takes back.
pub async fn check(tx: &TenantTx, quantity: Quantity, count: usize) -> Result<(), StoreError> {
    let reached = read(tx, quantity, i64::try_from(count).unwrap_or(i64::MAX)).await?;
    if reached.used.saturating_add(reached.asked) <= reached.max || reached.asked == 0 {
        return Ok(());
    }
    Err(StoreError::Limit(Box::new(reached)))
}

const GIVE_BACK: &str = "-- usage::give_back
UPDATE usage SET used = greatest(used - $4, 0) WHERE tenant_id = $1 AND quantity = $2 AND period = $3";

/// Counts one less.
pub(crate) async fn give_back(tx: &TenantTx, quantity: Quantity) -> Result<(), StoreError> {
    give_back_many(tx, quantity, 1).await
}

/// Counts so many less.
pub(crate) async fn give_back_many(tx: &TenantTx, quantity: Quantity, count: u64) -> Result<(), StoreError> {
    if count == 0 {
        return Ok(());
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let values = params![tx.tenant().0 => UUID, quantity.as_str() => TEXT, ALWAYS => DATE, count => INT8];
    tx.run(GIVE_BACK, values).await.map(drop)
}

const ADD: &str = "-- usage::add
INSERT INTO usage AS u (tenant_id, quantity, period, used) VALUES ($1, $2, $3, 1)
    ON CONFLICT (tenant_id, quantity, period) DO UPDATE SET used = u.used + 1";

/// A template that Meta deleted counts no longer, and one that Meta has again counts whatever the plan allows: Meta decides
/// what there is.
pub(crate) async fn template_changed(
    tx: &TenantTx,
    was: &TemplateStatus,
    is: &TemplateStatus,
) -> Result<(), StoreError> {
    match (*was == TemplateStatus::Deleted, *is == TemplateStatus::Deleted) {
        (false, true) => give_back(tx, Quantity::Templates).await,
        (true, false) => {
            let values = params![
                tx.tenant().0 => UUID, Quantity::Templates.as_str() => TEXT, ALWAYS => DATE,
            ];
            tx.run_one(ADD, values).await
        }
        (false, false) | (true, true) => Ok(()),
    }
}

const LIST: &str = "-- usage::list
SELECT q.quantity, plan_allows($1, q.quantity, $4) AS max, coalesce(u.used, 0) AS used
  FROM unnest($2::text[]) WITH ORDINALITY AS q (quantity, place)
  LEFT JOIN usage u ON u.tenant_id = $1 AND u.quantity = q.quantity
   AND u.period = CASE q.quantity WHEN 'MESSAGES' THEN $5::date ELSE $3 END
 ORDER BY q.place";

/// How much of each limit is used; of messages, in this month.
pub async fn list(tx: &TenantTx) -> Result<Vec<Usage>, StoreError> {
    let (quantities, month) = (Quantity::ALL.map(Quantity::as_str), Month::of(tx.now()).first_day());
    let values = params![
        tx.tenant().0 => UUID, quantities.as_slice() => TEXT_ARRAY, ALWAYS => DATE, tx.now() => TIMESTAMPTZ, month => DATE,
    ];
    let rows = tx.rows(LIST, values).await?;
    let usage = |row| {
        Ok(Usage { quantity: word(row, "usage", "quantity")?, used: row.get("used"), max: row.get("max") })
    };
    rows.iter().map(usage).collect()
}
