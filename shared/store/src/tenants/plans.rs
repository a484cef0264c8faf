//! Subscription plans: a price, limits, and the margin on Meta's prices.

use domain::{Money, PlanId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, Tx, params};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub plan_id: PlanId,
    /// Unique, such as `Starter`.
    pub name: String,
    /// Per month.
    pub monthly_price: Money,
    pub messages_per_month: i64,
    pub contacts_max: i64,
    pub templates_max: i64,
    pub phone_numbers_max: i64,
    pub users_max: i64,
    pub requests_per_minute: i64,
    /// On top of Meta's price, in hundredths of a percent.
    pub margin_bps: i32,
    pub created_at: Timestamp,
}

/// A plan that is about to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlan {
    /// Unique, such as `Growth`.
    pub name: String,
    /// Per month.
    pub monthly_price: Money,
    /// Not enforced yet, like every limit below.
    pub messages_per_month: i64,
    pub contacts_max: i64,
    pub templates_max: i64,
    pub phone_numbers_max: i64,
    pub users_max: i64,
    pub requests_per_minute: i64,
    /// On top of Meta's price, in hundredths of a percent.
    pub margin_bps: i32,
}

/// The unique constraint on a plan's name.
pub const NAME_TAKEN: &str = "plans_name_key";

pub(crate) const STATEMENTS: &[&str] = &[LIST, FIND_BY_NAME, INSERT];

macro_rules! columns {
    () => {
        "plan_id, name, monthly_price, messages_per_month, contacts_max, templates_max, phone_numbers_max, users_max,
       requests_per_minute, margin_bps, created_at"
    };
}

const LIST: &str = concat!(
    "-- plans::list
SELECT ",
    columns!(),
    "
  FROM plans ORDER BY monthly_price, name"
);

/// Every plan, cheapest first. There are only a few, so this list has no pages.
pub async fn list(tx: &Tx) -> Result<Vec<Plan>, StoreError> {
    let rows = tx.rows(LIST, params![]).await?;
    Ok(rows.iter().map(from_row).collect())
}

const FIND_BY_NAME: &str = concat!(
    "-- plans::find_by_name
SELECT ",
    columns!(),
    "
  FROM plans WHERE lower(name) = lower($1)"
);

/// The plan of that name, in upper or lower case.
pub async fn find_by_name(tx: &Tx, name: &str) -> Result<Option<Plan>, StoreError> {
    let row = tx.row(FIND_BY_NAME, params![name => TEXT]).await?;
    Ok(row.as_ref().map(from_row))
}

const INSERT: &str = concat!(
    "-- plans::insert
INSERT INTO plans (",
    columns!(),
    ")
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING ",
    columns!()
);

/// Adds a plan; [`NAME_TAKEN`] refuses a second one of the same name.
pub async fn insert(tx: &SystemTx, plan: &NewPlan) -> Result<Plan, StoreError> {
    let values = params![
        PlanId::at(tx.now()).0 => UUID, plan.name => TEXT, plan.monthly_price.micros() => INT8,
        plan.messages_per_month => INT8, plan.contacts_max => INT8, plan.templates_max => INT8,
        plan.phone_numbers_max => INT8, plan.users_max => INT8, plan.requests_per_minute => INT8,
        plan.margin_bps => INT4, tx.now() => TIMESTAMPTZ,
    ];
    let row = tx.row(INSERT, values).await?;
    let missing = || StoreError::Inconsistent { table: "plans", what: "the new plan is missing".to_owned() };
    row.as_ref().map(from_row).ok_or_else(missing)
}

fn from_row(row: &Row) -> Plan {
    Plan {
        plan_id: PlanId(row.get("plan_id")),
        name: row.get("name"),
        monthly_price: Money::from_micros(row.get("monthly_price")),
        messages_per_month: row.get("messages_per_month"),
        contacts_max: row.get("contacts_max"),
        templates_max: row.get("templates_max"),
        phone_numbers_max: row.get("phone_numbers_max"),
        users_max: row.get("users_max"),
        requests_per_minute: row.get("requests_per_minute"),
        margin_bps: row.get("margin_bps"),
        created_at: row.get("created_at"),
    }
}
