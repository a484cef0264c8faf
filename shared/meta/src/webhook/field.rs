//! Fields whose value is one event.

use serde_json::Value;

use super::event::EventData;
use super::{account, call, number, template};

/// Whether the field's value holds lists, each element of which is an event.
pub(super) fn holds_lists(field: &str) -> bool {
    matches!(
        field,
        "messages"
            | "calls"
            | "history"
            | "smb_message_echoes"
            | "message_echoes"
            | "smb_app_state_sync"
            | "user_preferences"
            | "user_id_update"
    ) || field.starts_with("group_")
}

/// Fields that we read and whose value is one event.
const SINGLE: [&str; 15] = [
    "message_template_status_update",
    "message_template_quality_update",
    "template_category_update",
    "template_correct_category_detection",
    "message_template_components_update",
    "phone_number_quality_update",
    "phone_number_name_update",
    "account_update",
    "account_review_update",
    "account_alerts",
    "business_capability_update",
    "security",
    "business_username_update",
    "business_username_updates",
    "messaging_handovers",
];

/// Whether we know the field. The value of an unknown field may be anything.
pub(super) fn is_read(field: &str) -> bool {
    holds_lists(field) || SINGLE.contains(&field)
}

pub(super) fn read(field: &str, value: &Value) -> Result<EventData<'static>, &'static str> {
    Ok(match field {
        "message_template_status_update" | "message_template_quality_update"
            if template::is_quality(value) =>
        {
            EventData::TemplateQuality(template::quality(value)?)
        }
        "message_template_quality_update" => EventData::TemplateQuality(template::quality(value)?),
        "message_template_status_update" => EventData::TemplateStatus(template::status(value)?),
        "template_category_update" => EventData::TemplateCategory(template::category(value)?),
        "template_correct_category_detection" => {
            EventData::TemplateCategoryMismatch(template::mismatch(value)?)
        }
        "message_template_components_update" => EventData::TemplateComponents(template::components(value)),
        "phone_number_quality_update" => EventData::PhoneQuality(number::quality(value)?),
        "phone_number_name_update" => EventData::PhoneName(number::name(value)?),
        "account_update" => EventData::AccountUpdate(Box::new(account::update(value)?)),
        "account_review_update" => EventData::AccountReview(account::review(value)?),
        "account_alerts" => EventData::AccountAlert(account::alert(value)?),
        "business_capability_update" => EventData::BusinessCapability(account::capability(value)),
        "security" => EventData::Security(number::security(value)?),
        "business_username_update" | "business_username_updates" => {
            EventData::BusinessUsername(number::username(value)?)
        }
        "messaging_handovers" => EventData::ThreadControl(call::thread(value)?),
        _ => EventData::OtherField,
    })
}
