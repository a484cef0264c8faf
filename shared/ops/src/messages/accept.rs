//! Taking a message from its tenant: durable before the answer, woken after it.
//!
//! Nothing is debited here. The message, its place among what is due, its batch and the answer to its idempotency key
//! commit together; the schedule or wake-up follows and may be lost without loss (I14).

use std::collections::BTreeMap;
use std::time::Duration;

use cloud::{CloudError, WakeUp};
use domain::contacts::OptOutScope;
use domain::messages::{Content, Recipient, Source};
use domain::problem::{FieldError, Kind};
use domain::templates::{BODY_CHARS_MAX, check_value, too_long_once_filled};
use domain::{Actor, Batch, ContactId, Market, MessageId, Problem, TemplateId, TenantId, text};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::access::api_keys;
use store::contacts::{self, Contact};
use store::messages::{self, NewMessage};
use store::templates::{self, Template};
use store::whatsapp::numbers::{self, Number};
use store::{Operation, StoreError, TenantTx};
use thiserror::Error;
use tokio::time::timeout;

use crate::kernel::idempotent::{Key, KeyError, once};
use crate::kernel::permit::Spender;
use crate::kernel::platform::Platform;

/// What is due sooner than this gets a wake-up on the queue: a schedule may fire up to a minute late, and a one-time
/// password cannot wait for that.
const SOON: SignedDuration = SignedDuration::from_secs(60);
/// How long the caller waits for the wake-up of its message to be sent: the message is accepted by then, and the answer
/// matters more.
const WAKE_MAX: Duration = Duration::from_secs(3);

/// A message as its tenant asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSend {
    pub template: TemplateId,
    pub contact: ContactId,
    /// A time in the past means now.
    pub due_at: Option<Timestamp>,
    /// Values of the template's variables by their names; what is missing is taken from the contact.
    pub variables: BTreeMap<String, String>,
}

/// A message that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    pub message_id: MessageId,
    pub due_at: Timestamp,
    pub accepted_at: Timestamp,
    /// Whether its batch is new, so that its schedule has to be made.
    pub is_new_batch: bool,
}

/// Why a message was not accepted.
#[derive(Debug, Error)]
pub enum AcceptError {
    /// Fields that are not valid, or that match nothing of the tenant's.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    /// No WhatsApp Business account is connected.
    #[error("no WhatsApp Business account is connected")]
    NotConnected,
    /// The only number that the API key sends from is not connected any more.
    #[error("the phone number that this API key sends from is no longer connected")]
    KeysNumberGone,
    /// The tenant opted the contact out.
    #[error("the contact has opted out")]
    OptedOut,
    /// The contact wants no marketing.
    #[error(
        "the contact has stopped marketing messages; only a UTILITY or AUTHENTICATION template can be sent"
    )]
    StoppedMarketing,
    /// Meta has not approved the template.
    #[error("the template is {0}; only an APPROVED template can be sent")]
    NotApproved(String),
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Invalid(fields) => Self::invalid(fields),
            AcceptError::NotConnected
            | AcceptError::KeysNumberGone
            | AcceptError::OptedOut
            | AcceptError::StoppedMarketing
            | AcceptError::NotApproved(_) => Self::new(Kind::NotPossible).with_detail(error),
            AcceptError::Key(error) => error.into(),
            AcceptError::Store(error) => error.into(),
        }
    }
}

/// Takes a message, and makes the wake-up for it.
pub async fn accept_message(
    platform: &Platform,
    permit: &Spender,
    request: NewSend,
    key: Option<Key>,
) -> Result<Accepted, AcceptError> {
    let tenant = permit.tenant();
    let accept = AcceptMessage { request, key };
    let accepted = platform.store.perform(&platform.act(permit), &accept).await?;
    let slow = |_elapsed| Err(CloudError::new("it took too long"));
    if let Err(error) = timeout(WAKE_MAX, wake(platform, tenant, &accepted)).await.unwrap_or_else(slow) {
        tracing::warn!(%error, message_id = %accepted.message_id, "The wake-up of a message was not made; the sweeper finds the message.");
    }
    Ok(accepted)
}

async fn wake(platform: &Platform, tenant: TenantId, accepted: &Accepted) -> Result<(), CloudError> {
    let wait = accepted.due_at.duration_since(platform.clock.now());
    if wait <= SOON {
        let delay = Duration::try_from(wait).unwrap_or(Duration::ZERO);
        return platform.cloud.send(&WakeUp { tenant }, delay).await;
    }
    if accepted.is_new_batch {
        return platform.cloud.timers.set(Batch::of(tenant, accepted.due_at).timer()).await;
    }
    Ok(())
}

struct AcceptMessage {
    request: NewSend,
    key: Option<Key>,
}

impl Operation for AcceptMessage {
    const NAME: &'static str = "accept_message";
    type Done = Accepted;
    type Error = AcceptError;

    async fn run(&self, tx: &TenantTx) -> Result<Accepted, AcceptError> {
        once(tx, self.key.as_ref(), self.take(tx)).await
    }
}

impl AcceptMessage {
    async fn take(&self, tx: &TenantTx) -> Result<Accepted, AcceptError> {
        let template = templates::find(tx, self.request.template).await?;
        let contact = contacts::find(tx, self.request.contact).await?;
        let (template, contact) =
            both(template, contact, &self.request.variables).map_err(AcceptError::Invalid)?;
        if !template.is_approved() {
            return Err(AcceptError::NotApproved(template.status.to_string()));
        }
        match contact.opt_out.map(|opt_out| opt_out.scope).filter(|scope| scope.covers(template.category)) {
            Some(OptOutScope::All) => return Err(AcceptError::OptedOut),
            Some(OptOutScope::Marketing) => return Err(AcceptError::StoppedMarketing),
            None => {}
        }
        let number = number_of_caller(tx, &template).await?;
        let variables = fill(&template, &contact, &self.request.variables).map_err(AcceptError::Invalid)?;
        let due_at = self.request.due_at.unwrap_or(tx.now()).max(tx.now());
        let message = NewMessage {
            message_id: MessageId::at(tx.now()),
            contact_id: contact.contact_id,
            content: Content::Template {
                template_id: template.template_id,
                category: template.category,
                variables,
            },
            phone_number_id: number.phone_number_id,
            market: Market::of(&contact.phone, due_at).name(),
            to: Recipient::Phone(contact.phone),
            source: Source::Api,
            due_at,
            not_after: None,
        };
        let is_new_batch = messages::accept(tx, &message).await?;
        Ok(Accepted { message_id: message.message_id, due_at, accepted_at: tx.now(), is_new_batch })
    }
}

/// The number that the message goes from: an API key's own, if it is restricted to one, else the tenant's first.
async fn number_of_caller(tx: &TenantTx, template: &Template) -> Result<Number, AcceptError> {
    let only = match tx.actor() {
        Actor::ApiKey(key) => api_keys::find(tx, key).await?.and_then(|key| key.phone_number),
        Actor::User(_) | Actor::System | Actor::Meta => None,
    };
    let Some(only) = only else { return numbers::first(tx).await?.ok_or(AcceptError::NotConnected) };
    let number = numbers::find(tx, &only).await?.ok_or(AcceptError::KeysNumberGone)?;
    if number.waba_id != template.waba_id {
        let why = format!(
            "belongs to another WhatsApp Business account than the number {}, the only one that this API key sends from",
            number.display_phone_number
        );
        return Err(AcceptError::Invalid(vec![FieldError::new("templateId", why)]));
    }
    Ok(number)
}

/// Template and contact, or everything that is wrong as far as it can be known without one of them.
fn both(
    template: Option<Template>,
    contact: Option<Contact>,
    given: &BTreeMap<String, String>,
) -> Result<(Template, Contact), Vec<FieldError>> {
    match (template, contact) {
        (Some(template), Some(contact)) => Ok((template, contact)),
        (template, contact) => {
            let mut wrong = Vec::new();
            if template.is_none() {
                wrong.push(FieldError::new("templateId", "does not match any of your templates"));
            }
            if contact.is_none() {
                wrong.push(FieldError::new("contactId", "does not match any of your contacts"));
            }
            if let Some(template) = template {
                wrong.extend(unknown_variables(&template, given));
            }
            Err(wrong)
        }
    }
}

/// The value of every variable, in the template's order: the request's, else the contact's attribute of that name, else,
/// for `name`, the contact's name. Or every variable that is wrong: what Meta would refuse is refused here, before anything
/// is debited.
fn fill(
    template: &Template,
    contact: &Contact,
    given: &BTreeMap<String, String>,
) -> Result<Vec<String>, Vec<FieldError>> {
    let (mut values, mut wrong) = (Vec::new(), unknown_variables(template, given));
    let mut known = contact.attributes.texts();
    if let Some(name) = &contact.name {
        known.entry("name".to_owned()).or_insert_with(|| name.clone());
    }
    for name in &template.variables {
        let value = value_of(name, given.get(name).or(known.get(name))).and_then(|value| {
            check_value(template.category, &value).map_err(|why| FieldError::new(field_of(name), why))?;
            Ok(value)
        });
        match value {
            Ok(value) => values.push(value),
            Err(error) => wrong.push(error),
        }
    }
    if wrong.is_empty() {
        wrong.extend(too_long(template, &values));
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong) }
}

/// A filled text that is too long is the fault of its longest value.
fn too_long(template: &Template, values: &[String]) -> Option<FieldError> {
    let chars = too_long_once_filled(&template.body, values)?;
    let by_length = template.variables.iter().zip(values).max_by_key(|(_, value)| value.chars().count());
    let (name, _) = by_length?;
    let why = format!("makes the filled text {chars} characters long; at most {BODY_CHARS_MAX} can be sent");
    Some(FieldError::new(field_of(name), why))
}

fn field_of(variable: &str) -> String {
    format!("variables.{variable}")
}

fn unknown_variables(template: &Template, given: &BTreeMap<String, String>) -> Vec<FieldError> {
    let unknown = given.keys().filter(|name| !template.variables.contains(name));
    unknown.map(|name| FieldError::new(field_of(name), "is not a variable of this template")).collect()
}

/// A value that shows nothing counts as none.
fn value_of(name: &str, value: Option<&String>) -> Result<String, FieldError> {
    value.filter(|value| text::shows_something(value)).cloned().ok_or_else(|| {
        FieldError::new(field_of(name), "is required: neither the request nor the contact has a value for it")
    })
}

#[cfg(test)]
mod tests;
