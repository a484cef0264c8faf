//! A plan changes from a time on that is named: who has it keeps what was promised until then. An archived plan takes no new
//! tenants.

use domain::problem::{FieldError, Kind};
use domain::time::parse_start_time;
use domain::{Money, PlanId, Problem};
use jiff::Timestamp;
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::tenants::plans::{self, Plan, PlannedTerms, Terms};
use store::{StoreError, SystemOperation, SystemTx};
use thiserror::Error;

use super::{logged, wrong_terms};
use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;
use crate::tenants::register::PLAN_DEFAULT;

/// What is to change; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanChange {
    /// From when the terms hold.
    pub from: Option<String>,
    pub monthly_price: Option<Money>,
    pub messages_per_month: Option<i64>,
    pub contacts_max: Option<i64>,
    pub templates_max: Option<i64>,
    pub phone_numbers_max: Option<i64>,
    pub users_max: Option<i64>,
    pub requests_per_minute: Option<i64>,
    pub margin_bps: Option<i32>,
    /// At once.
    pub is_archived: Option<bool>,
}

#[derive(Debug, Error)]
pub enum ChangePlanError {
    /// Fields that are not valid.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error("there is no such plan")]
    NotFound,
    /// Terms are added one after the other, so that nothing which was announced is taken back unseen.
    #[error("terms of this plan from {0} on are there already: name a later time")]
    NotLast(Timestamp),
    /// Businesses that register themselves get it.
    #[error("{PLAN_DEFAULT} is the plan of every business that registers itself, so it cannot be archived")]
    IsDefault,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ChangePlanError> for Problem {
    fn from(error: ChangePlanError) -> Self {
        match error {
            ChangePlanError::Invalid(fields) => Self::invalid(fields),
            ChangePlanError::NotFound => Self::new(Kind::NotFound),
            ChangePlanError::NotLast(_) => Self::new(Kind::Conflict).with_detail(error),
            ChangePlanError::IsDefault => Self::new(Kind::NotPossible).with_detail(error),
            ChangePlanError::Store(error) => error.into(),
        }
    }
}

/// Changes a plan; returns it as it is then, with what is planned.
pub async fn change_plan(
    platform: &Platform,
    permit: &SuperAdmin,
    plan: PlanId,
    change: PlanChange,
) -> Result<Plan, ChangePlanError> {
    let from = check(&change, platform.clock.now()).map_err(ChangePlanError::Invalid)?;
    platform.store.perform_system(&platform.system_act(permit), &ChangePlan { plan, change, from }).await
}

impl PlanChange {
    /// These terms, changed.
    fn applied_to(&self, terms: &Terms) -> Terms {
        Terms {
            monthly_price: self.monthly_price.unwrap_or(terms.monthly_price),
            messages_per_month: self.messages_per_month.unwrap_or(terms.messages_per_month),
            contacts_max: self.contacts_max.unwrap_or(terms.contacts_max),
            templates_max: self.templates_max.unwrap_or(terms.templates_max),
            phone_numbers_max: self.phone_numbers_max.unwrap_or(terms.phone_numbers_max),
            users_max: self.users_max.unwrap_or(terms.users_max),
            requests_per_minute: self.requests_per_minute.unwrap_or(terms.requests_per_minute),
            margin_bps: self.margin_bps.unwrap_or(terms.margin_bps),
        }
    }

    fn has_terms(&self) -> bool {
        let nothing = Self { from: self.from.clone(), is_archived: self.is_archived, ..Self::default() };
        *self != nothing
    }
}

/// When the change begins, if the terms change; or every field that is wrong.
fn check(change: &PlanChange, now: Timestamp) -> Result<Option<Timestamp>, Vec<FieldError>> {
    let right = Terms {
        monthly_price: Money::ZERO,
        messages_per_month: 1,
        contacts_max: 1,
        templates_max: 1,
        phone_numbers_max: 1,
        users_max: 1,
        requests_per_minute: 1,
        margin_bps: 0,
    };
    let mut wrong = wrong_terms(&change.applied_to(&right));
    let mut from = None;
    match (&change.from, change.has_terms()) {
        (Some(text), true) => match parse_start_time(text, now) {
            Ok(time) => from = Some(time),
            Err(error) => wrong.push(FieldError::new("from", error)),
        },
        (Some(_), false) => {
            wrong.push(FieldError::new(
                "from",
                "is the time of a new price, limit or margin, and none is named",
            ));
        }
        (None, true) => {
            wrong
                .push(FieldError::new("from", "must say when the new price, limit or margin begins to hold"));
        }
        (None, false) if change.is_archived.is_none() => {
            wrong.push(FieldError::new("body", "must name what is to change"));
        }
        (None, false) => {}
    }
    if wrong.is_empty() { Ok(from) } else { Err(wrong) }
}

struct ChangePlan {
    plan: PlanId,
    change: PlanChange,
    from: Option<Timestamp>,
}

impl SystemOperation for ChangePlan {
    const NAME: &'static str = "change_plan";
    type Done = Plan;
    type Error = ChangePlanError;

    async fn run(&self, tx: &SystemTx) -> Result<Plan, ChangePlanError> {
        if !plans::lock(tx, self.plan).await? {
            return Err(ChangePlanError::NotFound);
        }
        let plan = plans::find(tx, tx.now(), self.plan).await?.ok_or(ChangePlanError::NotFound)?;
        if let Some(from) = self.from {
            self.add_terms(tx, from).await?;
        }
        if let Some(is_archived) = self.change.is_archived
            && is_archived != plan.archived_at.is_some()
        {
            self.archive(tx, &plan, is_archived).await?;
        }
        plans::find(tx, tx.now(), self.plan).await?.ok_or(ChangePlanError::NotFound)
    }
}

impl ChangePlan {
    async fn add_terms(&self, tx: &SystemTx, from: Timestamp) -> Result<(), ChangePlanError> {
        match plans::last_change(tx, self.plan).await? {
            Some(last) if last >= from => return Err(ChangePlanError::NotLast(last)),
            Some(_) | None => {}
        }
        // What holds until then, with what was planned before.
        let before = plans::find(tx, from, self.plan).await?.ok_or(ChangePlanError::NotFound)?.terms;
        let terms = self.change.applied_to(&before);
        let detail = json!({ "from": from, "before": logged(&before), "after": logged(&terms) });
        plans::add_terms(tx, self.plan, &PlannedTerms { effective_from: from, terms }).await?;
        self.record(tx, "plan.change", detail).await
    }

    async fn archive(&self, tx: &SystemTx, plan: &Plan, is_archived: bool) -> Result<(), ChangePlanError> {
        if is_archived && plan.name == PLAN_DEFAULT {
            return Err(ChangePlanError::IsDefault);
        }
        plans::set_archived(tx, self.plan, is_archived.then(|| tx.now())).await?;
        let action = if is_archived { "plan.archive" } else { "plan.offer" };
        self.record(tx, action, json!({ "name": plan.name })).await
    }

    async fn record(
        &self,
        tx: &SystemTx,
        action: &'static str,
        detail: serde_json::Value,
    ) -> Result<(), ChangePlanError> {
        let entry = NewEntry::new(action, format!("plan:{}", self.plan), detail);
        audit_log::append_of_platform(tx, &entry).await?;
        Ok(())
    }
}
