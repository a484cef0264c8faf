//! Events as updates for the queue: the part that this version handles, and everything else as unhandled updates.
//!
//! A handled delivery status is not stored unhandled as well. For templates, accounts and preferences the handled update travels
//! beside the unhandled one, so that nothing of Meta's JSON is lost.

use std::borrow::Cow;

use domain::messages::DeliveryStatus;
use domain::updates::{
    AccountUpdate, Decision, MetaError, MetaPricing, PreferenceUpdate, StatusUpdate, TemplateUpdate,
    UnhandledUpdate, Update,
};
use domain::{AttemptId, PhoneNumber, PhoneNumberId, WabaId, Wamid, foreign::is_id};

use super::account::Standing;
use super::error_note::ErrorNote;
use super::event::{Event, EventData, EventOrigin};
use super::json::{UnixTime, excerpt};
use super::person::UserPreference;
use super::status::{Pricing, Status, delivery_status};
use super::template::{CategoryPhase, TemplateRef};
use crate::error::{join_texts, redact_phone_numbers};

/// Adds an event's updates.
pub(super) fn push(event: &Event<'_>, updates: &mut Vec<Update>) {
    let reason = if let EventData::MessageStatus(status) = &event.data {
        match status_update(status, &event.origin) {
            Ok(status) => {
                updates.push(Update::Status(status));
                return;
            }
            Err(reason) => reason,
        }
    } else {
        reason(event)
    };
    updates.push(Update::Unhandled(UnhandledUpdate { reason, raw: event.raw().unwrap_or_default() }));
    updates.extend(handled(event));
}

/// The kind of an unhandled event, or what is wrong with it.
fn reason(event: &Event<'_>) -> String {
    if let EventData::Unreadable(unreadable) = &event.data {
        return unreadable.reason.clone();
    }
    if let EventData::IgnoredObject(ignored) = &event.data {
        return format!("not about WhatsApp: {}", excerpt(&ignored.object));
    }
    let field = event.origin.field.as_deref().filter(|_| matches!(event.data, EventData::OtherField));
    field.map_or_else(|| event.data.kind().to_owned(), excerpt)
}

/// The part of an event that this version handles.
fn handled(event: &Event<'_>) -> Option<Update> {
    let origin = &event.origin;
    let account = origin.waba_id.as_deref().filter(|id| is_id(id));
    if let EventData::TemplateStatus(update) = &event.data {
        let decision = Decision::Status(template_status(&update.status)?.to_owned());
        return template(account?, &update.template, decision, origin.time);
    }
    if let EventData::TemplateCategory(update) = &event.data {
        // An announced change is sent again when it is done.
        let is_done = matches!(update.phase, CategoryPhase::Done { .. });
        let decision = Decision::Category(update.current.parse().ok().filter(|_| is_done)?);
        return template(account?, &update.template, decision, origin.time);
    }
    if let EventData::UserPreference(update) = &event.data {
        return preference(update, origin).map(Update::Preference);
    }
    let EventData::AccountUpdate(update) = &event.data else { return None };
    let is_closed = match update.standing() {
        Standing::Closed => true,
        Standing::Reopened => false,
        Standing::Unchanged => return None,
    };
    // The entry may name a partner's business; the account itself is then named inside.
    let waba_id = update.account().filter(|id| is_id(id)).or_else(|| account.map(str::to_owned))?;
    let (reason, at) = (excerpt(&update.r#type), origin.time.map(UnixTime::timestamp));
    Some(Update::Account(AccountUpdate { waba_id: WabaId(waba_id), is_closed, reason, at }))
}

/// A delivery status that can be handled: it names its number and its kind is known.
fn status_update(status: &Status<'_>, origin: &EventOrigin<'_>) -> Result<StatusUpdate, String> {
    let number = origin.phone_number_id.as_deref().ok_or("a status without a phone number id")?;
    if !is_id(number) {
        return Err(UNSTORABLE.to_owned());
    }
    let fields = StatusFields {
        wamid: status.wamid.clone(),
        status: &status.status,
        at: status.timestamp,
        callback_data: status.callback_data.as_deref(),
        pricing: status.pricing.as_ref(),
    };
    let mut update = fields.into_update(status.errors.iter().cloned())?;
    number.clone_into(&mut update.phone_number_id.0);
    Ok(update)
}

const UNSTORABLE: &str = "a status with an id that cannot be stored";

/// The members of a status that are handled.
pub(super) struct StatusFields<'s, 'a> {
    pub(super) wamid: Cow<'a, str>,
    pub(super) status: &'s str,
    pub(super) at: Option<UnixTime>,
    pub(super) callback_data: Option<&'s str>,
    pub(super) pricing: Option<&'s Pricing<'a>>,
}

impl<'a> StatusFields<'_, 'a> {
    /// The update, still without its phone number, or why there is none.
    pub(super) fn into_update(
        self,
        errors: impl Iterator<Item = ErrorNote<'a>>,
    ) -> Result<StatusUpdate, String> {
        let unknown = || format!("a status of an unknown kind: {}", excerpt(self.status));
        let status = delivery_status(self.status).ok_or_else(unknown)?;
        if !is_id(&self.wamid) {
            return Err(UNSTORABLE.to_owned());
        }
        Ok(StatusUpdate {
            phone_number_id: PhoneNumberId(String::new()),
            wamid: Wamid(self.wamid.into_owned()),
            status,
            occurred_at: self.at.map(UnixTime::timestamp),
            attempt_id: self.callback_data.and_then(|text| text.parse().ok()).map(AttemptId),
            error: meta_error(errors.filter(|_| status == DeliveryStatus::Failed)),
            pricing: self.pricing.and_then(meta_pricing),
        })
    }
}

fn meta_pricing(pricing: &Pricing<'_>) -> Option<MetaPricing> {
    let words = [&pricing.model, &pricing.r#type, &pricing.category];
    MetaPricing::of(pricing.billable, words.map(|word| word.as_ref().map(|text| text.0.as_ref())))
}

/// Meta's code of a message that failed for a reason that it does not know.
const UNKNOWN_ERROR: i32 = 131_000;

/// The first error with a code, or else the first with a text.
fn meta_error<'a>(errors: impl Iterator<Item = ErrorNote<'a>>) -> Option<MetaError> {
    let mut without_code = None;
    for error in errors {
        let text = full_text(&error);
        if let Some(code) = error.known_code() {
            return Some(MetaError::new(code, &text));
        }
        without_code = without_code.or_else(|| Some(text).filter(|text| !text.is_empty()));
    }
    without_code.map(|text| MetaError::new(UNKNOWN_ERROR, &text))
}

/// Title and message mostly say the same.
fn full_text(error: &ErrorNote<'_>) -> String {
    let parts = [error.title.as_deref(), error.message.as_deref(), error.details.as_deref()];
    redact_phone_numbers(&join_texts(parts.into_iter().flatten()))
}

/// The status of a template after Meta's event. A flagged template can still be sent, and the event of an unarchived
/// one does not name its status.
fn template_status(event: &str) -> Option<&str> {
    match event {
        "REINSTATED" => Some("APPROVED"),
        "APPROVED" | "REJECTED" | "PENDING" | "PAUSED" | "DISABLED" | "IN_APPEAL" | "LIMIT_EXCEEDED"
        | "ARCHIVED" | "PENDING_DELETION" | "DELETED" | "LOCKED" => Some(event),
        _ => None,
    }
}

fn template(
    waba_id: &str,
    named: &TemplateRef,
    decision: Decision,
    time: Option<UnixTime>,
) -> Option<Update> {
    // An empty name is no name.
    let present = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
    let (template_id, name, language) =
        (present(&named.template_id), present(&named.name), present(&named.api_language()));
    let are_ids = [&template_id, &name, &language].into_iter().flatten().all(|id| is_id(id));
    are_ids.then(|| {
        Update::Template(TemplateUpdate {
            waba_id: WabaId(waba_id.to_owned()),
            template_id,
            name,
            language,
            decision,
            at: time.map(UnixTime::timestamp),
        })
    })
}

/// A person without a phone number is not a contact yet.
fn preference(update: &UserPreference, origin: &EventOrigin<'_>) -> Option<PreferenceUpdate> {
    if update.category.as_deref().is_some_and(|category| category != "marketing_messages") {
        return None;
    }
    let wants_messages = match update.value.as_str() {
        "stop" => false,
        "resume" => true,
        _ => return None,
    };
    let digits = update.wa_id.as_deref()?;
    Some(PreferenceUpdate {
        phone_number_id: PhoneNumberId(origin.phone_number_id.as_deref().filter(|id| is_id(id))?.to_owned()),
        phone: PhoneNumber::of_digits(digits.trim_start_matches('+'))?,
        wants_messages,
        at: update.timestamp.map(UnixTime::timestamp),
    })
}
