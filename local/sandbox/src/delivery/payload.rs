//! The body of a webhook as of v26.0.
//!
//! Since v24.0 a status has no `conversation` outside free entry points, so none is written by default. `pricing` comes
//! with `sent` and `delivered`, `contacts` with every status but `failed`. Template updates write the language with a
//! hyphen and the id as a number, as Meta does.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::graph_error::title_and_details;
use crate::record::Acceptance;
use crate::status::DeliveryStatus;
use crate::template::TemplateStatus;
use crate::update::{FieldNotice, StatusNotice, TemplateNotice};

/// Meta's documentation of its error codes.
const HREF: &str = "/documentation/business-messaging/whatsapp/support/error-codes";

/// One update with everything that its payload needs.
pub(crate) enum Event {
    Status(StatusEvent),
    Template { notice: TemplateNotice, event_ms: u64 },
    Field { notice: FieldNotice, event_ms: u64 },
}

/// Fields whose entries have no `time`, because each of their elements has its own.
const FIELDS_WITHOUT_TIME: [&str; 7] = [
    "messages",
    "message_echoes",
    "smb_message_echoes",
    "smb_app_state_sync",
    "history",
    "user_preferences",
    "messaging_handovers",
];

/// A status with its message and its account.
pub(crate) struct StatusEvent {
    pub(crate) notice: StatusNotice,
    pub(crate) event_ms: u64,
    pub(crate) acceptance: Arc<Acceptance>,
    pub(crate) account: Arc<Account>,
}

/// One body for several updates, in their order; consecutive statuses of one number share a change.
pub(crate) fn body(events: &[Event]) -> Value {
    let entries: Vec<Value> = events.chunk_by(share_a_change).filter_map(entry).collect();
    json!({ "object": "whatsapp_business_account", "entry": entries })
}

/// Failures have a change without `contacts`.
fn share_a_change(left: &Event, right: &Event) -> bool {
    let (Event::Status(left), Event::Status(right)) = (left, right) else { return false };
    let failed = |event: &StatusEvent| event.notice.status == DeliveryStatus::Failed;
    left.acceptance.phone_number_id == right.acceptance.phone_number_id && failed(left) == failed(right)
}

fn entry(events: &[Event]) -> Option<Value> {
    match events.first()? {
        Event::Template { notice, event_ms } => Some(template(notice, *event_ms)),
        Event::Field { notice, event_ms } => Some(field(notice, *event_ms)),
        Event::Status(first) => {
            let events = events.iter().filter_map(|event| match event {
                Event::Status(event) => Some(event),
                Event::Template { .. } | Event::Field { .. } => None,
            });
            Some(statuses(first, &events.collect::<Vec<_>>()))
        }
    }
}

fn field(notice: &FieldNotice, event_ms: u64) -> Value {
    let change = json!({ "value": notice.value, "field": notice.field });
    if FIELDS_WITHOUT_TIME.contains(&notice.field.as_str()) {
        return json!({ "id": notice.waba_id, "changes": [change] });
    }
    json!({ "id": notice.waba_id, "time": event_ms / 1_000, "changes": [change] })
}

fn template(notice: &TemplateNotice, event_ms: u64) -> Value {
    let mut value = json!({
        "event": notice.status,
        "message_template_id": notice.template_id.parse::<u64>().ok(),
        "message_template_name": notice.name,
        "message_template_language": notice.language.replace('_', "-"),
        "message_template_category": notice.category,
        "reason": notice.reason,
    });
    let Some(members) = value.as_object_mut() else { return value };
    let default_title = match notice.status {
        TemplateStatus::Paused => Some("FIRST_PAUSE"),
        TemplateStatus::Disabled => Some("DISABLED"),
        TemplateStatus::Approved
        | TemplateStatus::Pending
        | TemplateStatus::Rejected
        | TemplateStatus::InAppeal
        | TemplateStatus::LimitExceeded
        | TemplateStatus::Archived
        | TemplateStatus::PendingDeletion
        | TemplateStatus::Deleted => None,
    };
    if let Some(title) = notice.title.as_deref().or(default_title) {
        let description = match title {
            "UNPAUSE" => "The template can be sent again.",
            _ => "The template's quality is too low.",
        };
        members.insert("other_info".into(), json!({ "title": title, "description": description }));
    }
    match notice.status {
        TemplateStatus::Disabled => {
            members.insert("disable_info".into(), json!({ "disable_date": event_ms / 1_000 }));
        }
        TemplateStatus::Rejected => {
            let info = json!({
                "reason": format!("The review found {}.", notice.reason),
                "recommendation": "Change the template and submit it again.",
            });
            members.insert("rejection_info".into(), info);
        }
        TemplateStatus::Approved
        | TemplateStatus::Pending
        | TemplateStatus::Paused
        | TemplateStatus::InAppeal
        | TemplateStatus::LimitExceeded
        | TemplateStatus::Archived
        | TemplateStatus::PendingDeletion
        | TemplateStatus::Deleted => {}
    }
    let change = json!({ "value": value, "field": "message_template_status_update" });
    json!({ "id": notice.waba_id, "time": event_ms / 1_000, "changes": [change] })
}

fn statuses(first: &StatusEvent, events: &[&StatusEvent]) -> Value {
    let mut value = Map::new();
    value.insert("messaging_product".into(), json!("whatsapp"));
    value.insert(
        "metadata".into(),
        json!({
            "display_phone_number": first.account.digits(),
            "phone_number_id": first.account.phone_number_id,
        }),
    );
    if first.notice.status != DeliveryStatus::Failed {
        let mut recipients: Vec<&str> = Vec::new();
        for event in events {
            if !recipients.contains(&event.acceptance.to.as_str()) {
                recipients.push(&event.acceptance.to);
            }
        }
        value.insert("contacts".into(), recipients.into_iter().map(contact).collect());
    }
    value.insert("statuses".into(), events.iter().map(|event| status(event)).collect());
    json!({ "id": first.account.waba_id, "changes": [{ "value": value, "field": "messages" }] })
}

fn contact(to: &str) -> Value {
    let profile = json!({ "name": "Sandbox recipient" });
    match to.strip_prefix('+') {
        Some(digits) => json!({ "profile": profile, "wa_id": digits }),
        None => json!({ "profile": profile, "user_id": to }),
    }
}

fn status(event: &StatusEvent) -> Value {
    let StatusEvent { notice, event_ms, acceptance, .. } = event;
    let mut members = Map::new();
    members.insert("id".into(), json!(acceptance.wamid));
    members.insert("status".into(), json!(notice.status));
    members.insert("timestamp".into(), json!((event_ms / 1_000).to_string()));
    match acceptance.to.strip_prefix('+') {
        Some(digits) => members.insert("recipient_id".into(), json!(digits)),
        None => members.insert("recipient_user_id".into(), json!(acceptance.to)),
    };
    if let Some(opaque) = acceptance.attempt_id.as_ref().filter(|_opaque| !notice.omit_opaque) {
        members.insert("biz_opaque_callback_data".into(), json!(opaque));
    }
    if let Some(conversation) = &notice.conversation {
        members.insert("conversation".into(), conversation.clone());
    }
    if let Some(pricing) = &notice.pricing {
        members.insert("pricing".into(), pricing.clone());
    }
    match notice.status {
        DeliveryStatus::Sent | DeliveryStatus::Delivered if notice.pricing.is_none() => {
            members.insert("pricing".into(), pricing(acceptance));
        }
        DeliveryStatus::Failed => {
            members.insert("errors".into(), json!([error(notice.error_code.unwrap_or(131_000))]));
        }
        DeliveryStatus::Sent | DeliveryStatus::Delivered | DeliveryStatus::Read | DeliveryStatus::Played => {}
    }
    Value::Object(members)
}

/// Every template is billed, and so is every free-form message beyond the number's free ones of the month (Meta:
/// pricing from October 2026).
fn pricing(acceptance: &Acceptance) -> Value {
    let kind = if acceptance.free { "free_customer_service" } else { "regular" };
    json!({
        "billable": !acceptance.free,
        "pricing_model": "PMP",
        "type": kind,
        "category": acceptance.category,
    })
}

fn error(code: i64) -> Value {
    let (title, details) = title_and_details(code);
    json!({
        "code": code,
        "title": title,
        "message": title,
        "error_data": { "details": details },
        "href": HREF,
    })
}
