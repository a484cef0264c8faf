//! One message and one tenant, with everything that an operator asks about and nothing that names a person.

use domain::messages::{DeliveryStatus, DispatchState, MessageStatus, Recipient, shown_status};
use domain::{ContactId, MessageId, Money, TenantId};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::delivery::circumstances;
use store::operators::look::{self, Account, Attempt, Counts, EntryOfMessage, NumberState};
use store::{SystemTx, TenantTx, holds, messages, templates, tenants};

use crate::delivery::why::{self, Why};
use crate::operators::{OperatorError, found};

/// The messages of a tenant's report are counted since then.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageReport {
    pub tenant: TenantName,
    pub message_id: MessageId,
    pub status: MessageStatus,
    /// Our own state, which the status is derived from with Meta's statuses.
    pub state: String,
    pub contact_id: ContactId,
    /// The end of the number, which is enough to tell two apart.
    pub to: String,
    /// Name and language of the template; absent for free text.
    pub template: Option<String>,
    pub number: String,
    pub accepted_at: Timestamp,
    pub due_at: Timestamp,
    pub updated_at: Timestamp,
    pub price: Option<Money>,
    pub refund: Option<Money>,
    pub wamid: Option<String>,
    pub attempts: i16,
    pub last_attempt: Option<Attempt>,
    pub error_code: Option<i32>,
    pub error_text: Option<String>,
    /// Finds the request that it came with in the logs.
    pub traceparent: Option<String>,
    pub statuses: Vec<StatusReport>,
    pub ledger: Vec<EntryOfMessage>,
    pub holds: Vec<HoldReport>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    pub status: DeliveryStatus,
    pub occurred_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub error_code: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldReport {
    pub kind: String,
    pub reason: &'static str,
    pub detail: String,
    pub since: Timestamp,
    pub resumes_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantName {
    pub tenant_id: TenantId,
    pub slug: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhyReport {
    pub message_id: MessageId,
    pub tenant_id: TenantId,
    #[serde(flatten)]
    pub why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantReport {
    #[serde(flatten)]
    pub tenant: TenantName,
    pub state: String,
    pub plan: String,
    pub created_at: Timestamp,
    #[serde(flatten)]
    pub counts: Counts,
    pub holds: Vec<HoldReport>,
    pub accounts: Vec<Account>,
    pub numbers: Vec<NumberState>,
    /// Of the messages accepted in the last 24 hours.
    pub last_24_hours: Vec<StateCount>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StateCount {
    pub state: String,
    pub messages: i64,
}

pub(super) async fn message(tx: &SystemTx, id: &str) -> Result<MessageReport, OperatorError> {
    let missing = || OperatorError::NoMessage(id.to_owned());
    let (tenant, message_id) = look::message(tx, id).await?.ok_or_else(missing)?;
    let tx = &tx.as_tenant(tenant);
    let message = messages::find(tx, message_id).await?.ok_or_else(missing)?;
    let on = circumstances::read(tx, message_id).await?.ok_or_else(missing)?;
    let template = match message.template_id {
        Some(template) => templates::find(tx, template).await?,
        None => None,
    };
    let statuses = messages::history(tx, message_id).await?.into_iter();
    let statuses = statuses.map(|entry| StatusReport {
        status: entry.status,
        occurred_at: entry.occurred_at,
        received_at: entry.received_at,
        error_code: entry.error_code,
    });
    note(tx, "operator.message", format!("message:{message_id}")).await?;
    Ok(MessageReport {
        tenant: name_of(tx).await?.0,
        message_id,
        status: shown_status(message.state, message.statuses, message.is_withdrawn),
        state: message.state.to_string(),
        contact_id: message.contact_id,
        to: masked(&message.to),
        template: template.map(|template| format!("{} ({})", template.name, template.language)),
        number: on.number,
        accepted_at: message.accepted_at,
        due_at: message.due_at,
        updated_at: message.updated_at,
        price: message.price,
        refund: message.refund,
        wamid: message.wamid,
        attempts: on.attempt,
        last_attempt: look::last_attempt(tx, message_id).await?,
        error_code: message.error_code,
        error_text: message.error_text,
        traceparent: on.traceparent,
        statuses: statuses.collect(),
        ledger: look::entries(tx, message_id).await?,
        holds: holds::on_message(tx, message_id).await?.into_iter().map(HoldReport::from).collect(),
    })
}

pub(super) async fn why(tx: &SystemTx, id: &str) -> Result<WhyReport, OperatorError> {
    let missing = || OperatorError::NoMessage(id.to_owned());
    let (tenant_id, message_id) = look::message(tx, id).await?.ok_or_else(missing)?;
    let tx = &tx.as_tenant(tenant_id);
    let message = messages::find(tx, message_id).await?.ok_or_else(missing)?;
    let on = circumstances::read(tx, message_id).await?.ok_or_else(missing)?;
    let holds = holds::on_message(tx, message_id).await?;
    note(tx, "operator.why", format!("message:{message_id}")).await?;
    Ok(WhyReport { message_id, tenant_id, why: why::explain(&message, &holds, &on, tx.now()) })
}

pub(super) async fn tenant(tx: &SystemTx, slug_or_id: &str) -> Result<TenantReport, OperatorError> {
    let tx = &tx.as_tenant(found(tx, slug_or_id).await?);
    let (tenant, (state, plan, created_at)) = name_of(tx).await?;
    let states = look::states(tx, tx.now() - RECENT).await?.into_iter();
    let count = |(state, messages): (DispatchState, i64)| StateCount { state: state.to_string(), messages };
    note(tx, "operator.tenant", format!("tenant:{}", tenant.tenant_id)).await?;
    Ok(TenantReport {
        tenant,
        state,
        plan,
        created_at,
        counts: look::counts(tx).await?,
        holds: holds::list(tx).await?.into_iter().map(HoldReport::from).collect(),
        accounts: look::accounts(tx).await?,
        numbers: look::numbers(tx).await?,
        last_24_hours: states.map(count).collect(),
    })
}

async fn name_of(tx: &TenantTx) -> Result<(TenantName, (String, String, Timestamp)), OperatorError> {
    let tenant = tenants::find(tx).await?.ok_or_else(|| OperatorError::NoTenant(tx.tenant().to_string()))?;
    let name = TenantName { tenant_id: tenant.tenant_id, slug: tenant.slug, name: tenant.name };
    Ok((name, (tenant.state.to_string(), tenant.plan_name, tenant.created_at)))
}

/// That an operator looked is in the tenant's log.
async fn note(tx: &TenantTx, action: &'static str, subject: String) -> Result<(), OperatorError> {
    let entry = NewEntry::new(action, subject, json!({}));
    Ok(audit_log::append(tx, &entry).await.map(drop)?)
}

impl From<domain::holds::Hold> for HoldReport {
    fn from(hold: domain::holds::Hold) -> Self {
        let domain::holds::Hold { kind, reason, detail, since, resumes_at } = hold;
        Self { kind, reason: reason.as_str(), detail, since, resumes_at }
    }
}

/// The last two characters.
fn masked(to: &Recipient) -> String {
    let text = match to {
        Recipient::Phone(phone) => phone.as_str(),
        Recipient::UserId(id) => id.as_str(),
    };
    let shown = text.char_indices().nth_back(1).map_or("", |(at, _)| &text[at..]);
    format!("…{shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_number_only_its_end_is_shown() {
        let to = Recipient::UserId("US.1349120".to_owned());
        assert_eq!(masked(&to), "…20");
        assert_eq!(masked(&Recipient::UserId("ü".to_owned())), "…");
    }
}
