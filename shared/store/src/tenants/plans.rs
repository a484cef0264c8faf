//! Subscription plans, and their terms: a price, limits, and the margin on Meta's prices, from a time on.

use domain::{Money, PlanId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, Tx, params};

/// What a plan costs and allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
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
}

/// Terms that have not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTerms {
    pub effective_from: Timestamp,
    pub terms: Terms,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub plan_id: PlanId,
    /// Unique, such as `Starter`.
    pub name: String,
    /// Now.
    pub terms: Terms,
    /// Later, in the order in which they begin.
    pub planned: Vec<PlannedTerms>,
    pub created_at: Timestamp,
    /// Since when it takes no new tenants.
    pub archived_at: Option<Timestamp>,
}

/// A plan that is about to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlan {
    /// Unique, such as `Growth`.
    pub name: String,
    pub terms: Terms,
}

/// A plan that a tenant may be put on, or not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPlan {
    pub plan_id: PlanId,
    pub name: String,
    pub archived_at: Option<Timestamp>,
}

/// The unique constraint on a plan's name.
pub const NAME_TAKEN: &str = "plans_name_key";

pub(crate) const STATEMENTS: &[&str] =
    &[LIST, PLANNED, FIND_BY_NAME, INSERT, LOCK, ADD_TERMS, LAST_CHANGE, SET_ARCHIVED];

macro_rules! terms {
    () => {
        "monthly_price, messages_per_month, contacts_max, templates_max, phone_numbers_max, users_max,
       requests_per_minute, margin_bps"
    };
}

const LIST: &str = concat!(
    "-- plans::list
SELECT p.plan_id, p.name, p.created_at, p.archived_at, t.*
  FROM plans p CROSS JOIN LATERAL (SELECT ",
    terms!(),
    " FROM terms_at(p.plan_id, $1)) AS t
 WHERE $2::uuid IS NULL OR p.plan_id = $2
 ORDER BY t.monthly_price, p.name"
);

const PLANNED: &str = concat!(
    "-- plans::planned
SELECT plan_id, effective_from, ",
    terms!(),
    "
  FROM plan_terms WHERE effective_from > $1 AND ($2::uuid IS NULL OR plan_id = $2) ORDER BY plan_id, effective_from"
);

/// Every plan with its terms at `now`, cheapest first. There are only a few, so this list has no pages.
pub async fn list(tx: &Tx, now: Timestamp) -> Result<Vec<Plan>, StoreError> {
    read(tx, now, None).await
}

/// A plan with its terms at `now`.
pub async fn find(tx: &Tx, now: Timestamp, plan: PlanId) -> Result<Option<Plan>, StoreError> {
    Ok(read(tx, now, Some(plan)).await?.pop())
}

async fn read(tx: &Tx, now: Timestamp, plan: Option<PlanId>) -> Result<Vec<Plan>, StoreError> {
    let plan = plan.map(|plan| plan.0);
    let planned = tx.rows(PLANNED, params![now => TIMESTAMPTZ, plan => UUID]).await?;
    let rows = tx.rows(LIST, params![now => TIMESTAMPTZ, plan => UUID]).await?;
    let plan = |row: &Row| {
        let plan_id = PlanId(row.get("plan_id"));
        let of_plan = planned.iter().filter(|later| PlanId(later.get("plan_id")) == plan_id);
        let planned = of_plan
            .map(|row| PlannedTerms { effective_from: row.get("effective_from"), terms: terms_of(row) });
        Plan {
            plan_id,
            name: row.get("name"),
            terms: terms_of(row),
            planned: planned.collect(),
            created_at: row.get("created_at"),
            archived_at: row.get("archived_at"),
        }
    };
    Ok(rows.iter().map(plan).collect())
}

const FIND_BY_NAME: &str = "-- plans::find_by_name
SELECT plan_id, name, archived_at FROM plans WHERE lower(name) = lower($1)";

/// The plan of that name, in upper or lower case.
pub async fn find_by_name(tx: &Tx, name: &str) -> Result<Option<NamedPlan>, StoreError> {
    let row = tx.row(FIND_BY_NAME, params![name => TEXT]).await?;
    Ok(row.map(|row| NamedPlan {
        plan_id: PlanId(row.get("plan_id")),
        name: row.get("name"),
        archived_at: row.get("archived_at"),
    }))
}

const INSERT: &str = concat!(
    "-- plans::insert
INSERT INTO plans (plan_id, name, created_at, ",
    terms!(),
    ")
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
);

/// Adds a plan with its first terms; [`NAME_TAKEN`] refuses a second one of the same name.
pub async fn insert(tx: &SystemTx, plan: &NewPlan) -> Result<PlanId, StoreError> {
    let (plan_id, terms) = (PlanId::at(tx.now()), &plan.terms);
    let values = params![
        plan_id.0 => UUID, plan.name => TEXT, tx.now() => TIMESTAMPTZ, terms.monthly_price.micros() => INT8,
        terms.messages_per_month => INT8, terms.contacts_max => INT8, terms.templates_max => INT8,
        terms.phone_numbers_max => INT8, terms.users_max => INT8, terms.requests_per_minute => INT8,
        terms.margin_bps => INT4,
    ];
    tx.run_one(INSERT, values).await?;
    Ok(plan_id)
}

const LOCK: &str = "-- plans::lock
SELECT plan_id FROM plans WHERE plan_id = $1 FOR NO KEY UPDATE";

/// Locks a plan for a change; returns whether there is such a plan.
pub async fn lock(tx: &SystemTx, plan: PlanId) -> Result<bool, StoreError> {
    Ok(tx.row(LOCK, params![plan.0 => UUID]).await?.is_some())
}

const LAST_CHANGE: &str = "-- plans::last_change
SELECT max(effective_from) AS last FROM plan_terms WHERE plan_id = $1";

/// When the latest terms of a plan begin or began.
pub async fn last_change(tx: &SystemTx, plan: PlanId) -> Result<Option<Timestamp>, StoreError> {
    let row = tx.row(LAST_CHANGE, params![plan.0 => UUID]).await?;
    Ok(row.and_then(|row| row.get("last")))
}

const ADD_TERMS: &str = concat!(
    "-- plans::add_terms
INSERT INTO plan_terms (plan_id, effective_from, created_at, ",
    terms!(),
    ")
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
);

/// Adds terms that follow all others of the plan.
pub async fn add_terms(tx: &SystemTx, plan: PlanId, planned: &PlannedTerms) -> Result<(), StoreError> {
    let PlannedTerms { effective_from, terms } = planned;
    let values = params![
        plan.0 => UUID, effective_from => TIMESTAMPTZ, tx.now() => TIMESTAMPTZ, terms.monthly_price.micros() => INT8,
        terms.messages_per_month => INT8, terms.contacts_max => INT8, terms.templates_max => INT8,
        terms.phone_numbers_max => INT8, terms.users_max => INT8, terms.requests_per_minute => INT8,
        terms.margin_bps => INT4,
    ];
    tx.run_one(ADD_TERMS, values).await
}

const SET_ARCHIVED: &str = "-- plans::set_archived
UPDATE plans SET archived_at = $2 WHERE plan_id = $1";

/// Archives a plan, or ends that.
pub async fn set_archived(tx: &SystemTx, plan: PlanId, at: Option<Timestamp>) -> Result<(), StoreError> {
    tx.run_one(SET_ARCHIVED, params![plan.0 => UUID, at => TIMESTAMPTZ]).await
}

fn terms_of(row: &Row) -> Terms {
    Terms {
        monthly_price: Money::from_micros(row.get("monthly_price")),
        messages_per_month: row.get("messages_per_month"),
        contacts_max: row.get("contacts_max"),
        templates_max: row.get("templates_max"),
        phone_numbers_max: row.get("phone_numbers_max"),
        users_max: row.get("users_max"),
        requests_per_minute: row.get("requests_per_minute"),
        margin_bps: row.get("margin_bps"),
    }
}
