//! The body of a webhook as of v26.0.
//!
//! Since v24.0 a status has no `conversation` outside free entry points, so there is none here; `pricing` stands on
//! `sent` and `delivered`; `contacts` stands beside everything but `failed`. Template updates write the language
//! with a hyphen and the id as a number, as Meta does.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::graph_error::title;
use crate::recipients::StatusWord;
use crate::record::{Acceptance, FieldNews, Status, TemplateNews};
use crate::template::TemplateStatus;

/// Where Meta explains its codes.
const HREF: &str = "/documentation/business-messaging/whatsapp/support/error-codes";

/// One update with everything its payload says.
pub(crate) enum Told {
    Message(Message),
    Template { news: TemplateNews, event_ms: u64 },
    Field { news: FieldNews, event_ms: u64 },
}

/// Fields about people and their messages: their entries carry no time, as each element has its own.
const TIMELESS: [&str; 7] = [
    "messages",
    "message_echoes",
    "smb_message_echoes",
    "smb_app_state_sync",
    "history",
    "user_preferences",
    "messaging_handovers",
];

/// A status with the message and the account it is about.
pub(crate) struct Message {
    pub(crate) status: Status,
    pub(crate) event_ms: u64,
    pub(crate) acceptance: Arc<Acceptance>,
    pub(crate) account: Arc<Account>,
}

/// One body for several updates, in their order: neighbours of one number share a change.
pub(crate) fn body(told: &[Told]) -> Value {
    let entries: Vec<Value> = told.chunk_by(share_a_change).filter_map(entry).collect();
    json!({ "object": "whatsapp_business_account", "entry": entries })
}

/// `contacts` is absent for failures, so these stand apart.
fn share_a_change(left: &Told, right: &Told) -> bool {
    let (Told::Message(left), Told::Message(right)) = (left, right) else { return false };
    let failed = |one: &Message| one.status.word == StatusWord::Failed;
    left.acceptance.phone_number_id == right.acceptance.phone_number_id && failed(left) == failed(right)
}

fn entry(told: &[Told]) -> Option<Value> {
    match told.first()? {
        Told::Template { news, event_ms } => Some(template(news, *event_ms)),
        Told::Field { news, event_ms } => Some(field(news, *event_ms)),
        Told::Message(first) => {
            let messages = told.iter().filter_map(|one| match one {
                Told::Message(message) => Some(message),
                Told::Template { .. } | Told::Field { .. } => None,
            });
            Some(statuses(first, &messages.collect::<Vec<_>>()))
        }
    }
}

/// Any field, with its value as it was ordered.
fn field(news: &FieldNews, event_ms: u64) -> Value {
    let change = json!({ "value": news.value, "field": news.field });
    if TIMELESS.contains(&news.field.as_str()) {
        return json!({ "id": news.waba_id, "changes": [change] });
    }
    json!({ "id": news.waba_id, "time": event_ms / 1_000, "changes": [change] })
}

fn template(news: &TemplateNews, event_ms: u64) -> Value {
    let mut value = json!({
        "event": news.status,
        "message_template_id": news.template_id.parse::<u64>().ok(),
        "message_template_name": news.name,
        "message_template_language": news.language.replace('_', "-"),
        "message_template_category": news.category,
        "reason": news.reason,
    });
    let Some(members) = value.as_object_mut() else { return value };
    let usual = match news.status {
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
    if let Some(title) = news.title.as_deref().or(usual) {
        let description = match title {
            "UNPAUSE" => "The template can be sent again.",
            _ => "The template's quality is too low.",
        };
        members.insert("other_info".into(), json!({ "title": title, "description": description }));
    }
    match news.status {
        TemplateStatus::Disabled => {
            members.insert("disable_info".into(), json!({ "disable_date": event_ms / 1_000 }));
        }
        TemplateStatus::Rejected => {
            let words = json!({
                "reason": format!("The review found {}.", news.reason),
                "recommendation": "Change the template and offer it again.",
            });
            members.insert("rejection_info".into(), words);
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
    json!({ "id": news.waba_id, "time": event_ms / 1_000, "changes": [change] })
}

fn statuses(first: &Message, messages: &[&Message]) -> Value {
    let mut value = Map::new();
    value.insert("messaging_product".into(), json!("whatsapp"));
    value.insert(
        "metadata".into(),
        json!({
            "display_phone_number": first.account.digits(),
            "phone_number_id": first.account.phone_number_id,
        }),
    );
    if first.status.word != StatusWord::Failed {
        let mut seen: Vec<&str> = Vec::new();
        for one in messages {
            if !seen.contains(&one.acceptance.to.as_str()) {
                seen.push(&one.acceptance.to);
            }
        }
        value.insert("contacts".into(), seen.into_iter().map(contact).collect());
    }
    value.insert("statuses".into(), messages.iter().map(|one| status(one)).collect());
    json!({ "id": first.account.waba_id, "changes": [{ "value": value, "field": "messages" }] })
}

fn contact(to: &str) -> Value {
    let profile = json!({ "name": "Sandbox recipient" });
    match to.strip_prefix('+') {
        Some(digits) => json!({ "profile": profile, "wa_id": digits }),
        None => json!({ "profile": profile, "user_id": to }),
    }
}

fn status(message: &Message) -> Value {
    let Message { status, event_ms, acceptance, .. } = message;
    let mut members = Map::new();
    members.insert("id".into(), json!(acceptance.wamid));
    members.insert("status".into(), json!(status.word));
    members.insert("timestamp".into(), json!((event_ms / 1_000).to_string()));
    match acceptance.to.strip_prefix('+') {
        Some(digits) => members.insert("recipient_id".into(), json!(digits)),
        None => members.insert("recipient_user_id".into(), json!(acceptance.to)),
    };
    if let Some(opaque) = acceptance.attempt_id.as_ref().filter(|_opaque| !status.omit_opaque) {
        members.insert("biz_opaque_callback_data".into(), json!(opaque));
    }
    if let Some(conversation) = &status.conversation {
        members.insert("conversation".into(), conversation.clone());
    }
    if let Some(pricing) = &status.pricing {
        members.insert("pricing".into(), pricing.clone());
    }
    match status.word {
        StatusWord::Sent | StatusWord::Delivered if status.pricing.is_none() => {
            members.insert("pricing".into(), pricing(acceptance));
        }
        StatusWord::Failed => {
            members.insert("errors".into(), json!([error(status.error_code.unwrap_or(131_000))]));
        }
        StatusWord::Sent | StatusWord::Delivered | StatusWord::Read | StatusWord::Played => {}
    }
    Value::Object(members)
}

/// Every template is billed, in the window or not, and so is every free-form message beyond the number's free ones of
/// the month (Meta: pricing from October 2026).
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
    let (title, details) = title(code);
    json!({
        "code": code,
        "title": title,
        "message": title,
        "error_data": { "details": details },
        "href": HREF,
    })
}
