//! Fields whose value is one thing.

use serde_json::Value;

use super::event::What;
use super::{account, call, number, template};

/// Whether the field's value holds lists, each element of which is a thing of its own.
pub(super) fn is_lists(field: &str) -> bool {
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

/// Fields whose value is one thing, and read.
const WHOLE: [&str; 15] = [
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

/// Whether anything is known of the field: of any other its value may be what it likes.
pub(super) fn is_read(field: &str) -> bool {
    is_lists(field) || WHOLE.contains(&field)
}

/// Reads the value of a field.
pub(super) fn read(field: &str, value: &Value) -> Result<What<'static>, &'static str> {
    Ok(match field {
        "message_template_status_update" | "message_template_quality_update"
            if template::is_quality(value) =>
        {
            What::TemplateQuality(template::quality(value)?)
        }
        "message_template_quality_update" => What::TemplateQuality(template::quality(value)?),
        "message_template_status_update" => What::TemplateStatus(template::status(value)?),
        "template_category_update" => What::TemplateCategory(template::category(value)?),
        "template_correct_category_detection" => What::TemplateCategoryMismatch(template::mismatch(value)?),
        "message_template_components_update" => What::TemplateComponents(template::components(value)),
        "phone_number_quality_update" => What::PhoneQuality(number::quality(value)?),
        "phone_number_name_update" => What::PhoneName(number::name(value)?),
        "account_update" => What::AccountUpdate(Box::new(account::update(value)?)),
        "account_review_update" => What::AccountReview(account::review(value)?),
        "account_alerts" => What::AccountAlert(account::alert(value)?),
        "business_capability_update" => What::BusinessCapability(account::capability(value)),
        "security" => What::Security(number::security(value)?),
        "business_username_update" | "business_username_updates" => {
            What::BusinessUsername(number::username(value)?)
        }
        "messaging_handovers" => What::ThreadControl(call::thread(value)?),
        _ => What::OtherField,
    })
}
