//! Subscription plans: a price, limits, and the margin on Meta's prices.

use domain::Money;
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{Tx, params};

/// A plan as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub plan_id: Uuid,
    /// Unique, such as `Starter`.
    pub name: String,
    /// What a month costs.
    pub monthly_price: Money,
    /// Messages a month.
    pub messages_per_month: i64,
    /// Contacts kept.
    pub contacts_max: i64,
    /// Templates kept.
    pub templates_max: i64,
    /// Business numbers connected.
    pub phone_numbers_max: i64,
    /// People who log in.
    pub users_max: i64,
    /// Calls a minute.
    pub requests_per_minute: i64,
    /// Hundredths of a percent on top of Meta's price.
    pub margin_bps: i32,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The unique constraint on a plan's name.
pub const NAME_TAKEN: &str = "plans_name_key";

pub(crate) const STATEMENTS: &[&str] = &[LIST, FIND_BY_NAME, INSERT];

const LIST: &str = "-- plans::list
SELECT plan_id, name, monthly_price, messages_per_month, contacts_max, templates_max, phone_numbers_max, users_max,
       requests_per_minute, margin_bps, created_at
  FROM plans ORDER BY monthly_price, name";

/// Every plan, cheapest first. There are a handful: no pages.
pub async fn list(tx: &Tx) -> Result<Vec<Plan>, StoreError> {
    let rows = tx.rows(LIST, params![]).await?;
    Ok(rows.iter().map(from_row).collect())
}

const FIND_BY_NAME: &str = "-- plans::find_by_name
SELECT plan_id, name, monthly_price, messages_per_month, contacts_max, templates_max, phone_numbers_max, users_max,
       requests_per_minute, margin_bps, created_at
  FROM plans WHERE lower(name) = lower($1)";

/// The plan of that name, whatever its case.
pub async fn find_by_name(tx: &Tx, name: &str) -> Result<Option<Plan>, StoreError> {
    let row = tx.row(FIND_BY_NAME, params![name => TEXT]).await?;
    Ok(row.as_ref().map(from_row))
}

const INSERT: &str = "-- plans::insert
INSERT INTO plans (plan_id, name, monthly_price, messages_per_month, contacts_max, templates_max, phone_numbers_max,
                   users_max, requests_per_minute, margin_bps, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Adds a plan; [`NAME_TAKEN`] refuses a second one of the same name.
pub async fn insert(tx: &Tx, plan: &Plan) -> Result<(), StoreError> {
    let values = params![
        plan.plan_id => UUID, plan.name => TEXT, plan.monthly_price.micros() => INT8,
        plan.messages_per_month => INT8, plan.contacts_max => INT8, plan.templates_max => INT8,
        plan.phone_numbers_max => INT8, plan.users_max => INT8, plan.requests_per_minute => INT8,
        plan.margin_bps => INT4, plan.created_at => TIMESTAMPTZ,
    ];
    tx.run_one(INSERT, values).await
}

fn from_row(row: &Row) -> Plan {
    Plan {
        plan_id: row.get("plan_id"),
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
