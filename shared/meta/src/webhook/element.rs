//! Elements of the lists in message-like fields.

use serde_json::Value;
use serde_json::value::RawValue;

use super::event::EventData;
use super::json::JsonAccess;
use super::status::{self, Status, Wire};
use super::{account, call, coexistence, inbound, person};

/// Events of one element at most, because each is stored with the whole element. Meta writes one error.
const HISTORY_ERRORS_MAX: usize = 8;

/// Whether a member holds a list that we know. Any other member of such a field is new.
pub(super) fn is_list(key: &str) -> bool {
    matches!(
        key,
        "statuses"
            | "messages"
            | "errors"
            | "calls"
            | "history"
            | "message_echoes"
            | "state_sync"
            | "user_preferences"
            | "user_id_update"
            | "groups"
    )
}

/// Reads a message's delivery status in a single pass, if Meta wrote it in the usual format.
pub(super) fn status<'a>(key: &str, field: &str, raw: &'a RawValue) -> Option<Status<'a>> {
    if key != "statuses" || field == "calls" {
        return None;
    }
    serde_json::from_str::<Wire<'a>>(raw.get()).ok()?.into_status()
}

/// Reads an element of the list `key` in `field`, with the contact that belongs to it.
pub(super) fn read(
    key: &str,
    field: &str,
    value: &Value,
    contact: &Value,
) -> Result<Vec<EventData<'static>>, &'static str> {
    let data = match (key, field) {
        ("statuses", "calls") => EventData::CallStatus(call::status(value)?),
        ("statuses", _) if value.at("type") == "call" => EventData::CallStatus(call::status(value)?),
        ("statuses", _) => EventData::MessageStatus(Box::new(status::read(value)?)),
        ("messages", "history") => EventData::HistoryMedia(coexistence::media(value)?),
        ("messages", _) if value.at("type") == "system" => {
            EventData::SystemMessage(Box::new(inbound::read_system(value, contact)?))
        }
        ("messages", _) => EventData::InboundMessage(Box::new(inbound::read(value, contact)?)),
        ("errors", _) => EventData::AccountError(account::error(value)?),
        ("calls", _) => EventData::Call(call::call(value)?),
        ("history", _) if !value.list("errors").is_empty() => {
            // The business did not share its history; Meta reports that as an error in place of the history.
            let errors = value.list("errors").iter().take(HISTORY_ERRORS_MAX);
            return errors.map(|error| account::error(error).map(EventData::AccountError)).collect();
        }
        ("history", _) => EventData::HistoryChunk(coexistence::chunk(value)?),
        ("message_echoes", "history") => EventData::HistoryEcho(coexistence::media_echo(value)?),
        ("message_echoes", _) => EventData::BusinessAppEcho(coexistence::echo(value)?),
        ("state_sync", _) => EventData::ContactSync(person::contact(value)?),
        ("user_preferences", _) => EventData::UserPreference(person::preference(value)?),
        ("user_id_update", _) => EventData::UserIdUpdate(person::user_id(value)?),
        ("groups", _) => EventData::Group(call::group(value)?),
        _ => EventData::OtherField,
    };
    Ok(vec![data])
}
