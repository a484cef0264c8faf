//! The subscription plans that the platform sells.

pub mod change;

use domain::limits::{MARGIN_BPS_MAX, PLAN_NAME_CHARS_MAX};
use domain::problem::{FieldError, Kind};
use domain::{PlanId, Problem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::audit_log::{self, NewEntry};
use store::tenants::plans;
pub use store::tenants::plans::{NewPlan, Plan, PlannedTerms, Terms};
use store::{StoreError, SystemOperation, SystemTx};
use thiserror::Error;

use crate::kernel::fields;
use crate::kernel::idempotent::{Key, KeyError, once_in_system};
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::{PlanReader, SuperAdmin};
use crate::kernel::platform::Platform;

#[derive(Debug, Error)]
pub enum CreatePlanError {
    /// Fields that are not valid.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error("a plan of that name already exists")]
    NameTaken,
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for CreatePlanError {
    fn from(error: StoreError) -> Self {
        if error.is_constraint(plans::NAME_TAKEN) { Self::NameTaken } else { Self::Store(error) }
    }
}

impl From<CreatePlanError> for Problem {
    fn from(error: CreatePlanError) -> Self {
        match error {
            CreatePlanError::Invalid(fields) => Self::invalid(fields),
            CreatePlanError::NameTaken => Self::new(Kind::Conflict).with_detail(error),
            CreatePlanError::Key(error) => error.into(),
            CreatePlanError::Store(error) => error.into(),
        }
    }
}

/// Every plan, cheapest first.
pub async fn list_plans(platform: &Platform, _permit: &PlanReader) -> Result<Vec<Plan>, StoreError> {
    platform.store.perform_system(&platform.system(), &ListPlans {}).await
}

one_statement! {
    const NAME: &'static str = "list_plans";
    system struct ListPlans {}
    fn run(&self, tx) -> Vec<Plan> { plans::list(tx, tx.now()) }
}

pub async fn find_plan(
    platform: &Platform,
    _permit: &PlanReader,
    plan: PlanId,
) -> Result<Option<Plan>, StoreError> {
    platform.store.perform_system(&platform.system(), &FindPlan { plan }).await
}

one_statement! {
    const NAME: &'static str = "find_plan";
    system struct FindPlan { plan: PlanId }
    fn run(&self, tx) -> Option<Plan> { plans::find(tx, tx.now(), self.plan) }
}

/// The part of a plan that the request does not name: stored with the key, so that a repeated call gets the same plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    plan_id: PlanId,
    created_at: Timestamp,
}

pub async fn create_plan(
    platform: &Platform,
    permit: &SuperAdmin,
    plan: NewPlan,
    key: Option<Key>,
) -> Result<Plan, CreatePlanError> {
    let plan = NewPlan { name: check(&plan)?, ..plan };
    let create = CreatePlan { plan: plan.clone(), key };
    let Made { plan_id, created_at } =
        platform.store.perform_system(&platform.system_act(permit), &create).await?;
    let NewPlan { name, terms } = plan;
    Ok(Plan { plan_id, name, terms, planned: Vec::new(), created_at, archived_at: None })
}

fn check(plan: &NewPlan) -> Result<String, CreatePlanError> {
    let mut wrong = wrong_terms(&plan.terms);
    match fields::name_within("name", &plan.name, PLAN_NAME_CHARS_MAX) {
        Ok(name) if wrong.is_empty() => Ok(name),
        Ok(_) => Err(CreatePlanError::Invalid(wrong)),
        Err(error) => {
            wrong.push(error);
            Err(CreatePlanError::Invalid(wrong))
        }
    }
}

fn wrong_terms(terms: &Terms) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let limits = [
        ("messagesPerMonth", terms.messages_per_month),
        ("contacts", terms.contacts_max),
        ("templates", terms.templates_max),
        ("phoneNumbers", terms.phone_numbers_max),
        ("users", terms.users_max),
        ("requestsPerMinute", terms.requests_per_minute),
    ];
    for (field, limit) in limits {
        if limit <= 0 {
            wrong.push(FieldError::new(field, "must be at least 1"));
        }
    }
    if terms.monthly_price.micros() < 0 {
        wrong.push(FieldError::new("monthlyPrice", "must not be negative"));
    }
    if !(0..=MARGIN_BPS_MAX).contains(&terms.margin_bps) {
        wrong.push(FieldError::new("marginBps", format!("must be 0 to {MARGIN_BPS_MAX}")));
    }
    wrong
}

/// Terms in the audit log, by the API's names.
fn logged(terms: &Terms) -> Value {
    json!({
        "monthlyPrice": terms.monthly_price, "messagesPerMonth": terms.messages_per_month, "contacts": terms.contacts_max,
        "templates": terms.templates_max, "phoneNumbers": terms.phone_numbers_max, "users": terms.users_max,
        "requestsPerMinute": terms.requests_per_minute, "marginBps": terms.margin_bps,
    })
}

struct CreatePlan {
    plan: NewPlan,
    key: Option<Key>,
}

impl SystemOperation for CreatePlan {
    const NAME: &'static str = "create_plan";
    type Done = Made;
    type Error = CreatePlanError;

    async fn run(&self, tx: &SystemTx) -> Result<Made, CreatePlanError> {
        let work = async {
            let plan_id = plans::insert(tx, &self.plan).await?;
            let detail = json!({ "name": self.plan.name, "terms": logged(&self.plan.terms) });
            let entry = NewEntry::new("plan.create", format!("plan:{plan_id}"), detail);
            audit_log::append_of_platform(tx, &entry).await?;
            Ok(Made { plan_id, created_at: tx.now() })
        };
        once_in_system(tx, self.key.as_ref(), work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored =
            r#"{"plan_id":"0190163d-8694-7001-8000-000000000001","created_at":"2026-11-24T12:00:00Z"}"#;
        let made: Made = serde_json::from_str(stored).unwrap();
        assert_eq!(made.created_at.to_string(), "2026-11-24T12:00:00Z");
    }
}
