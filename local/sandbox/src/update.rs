//! Updates: what webhooks report to the receiver.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::json::{list, text};
use crate::status::DeliveryStatus;
use crate::template::{Template, TemplateStatus};

/// One update, which stays in the state until the receiver has answered it with 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Update {
    pub(crate) id: u64,
    /// When it is sent.
    pub(crate) due_ms: u64,
    /// When it happened.
    pub(crate) event_ms: u64,
    /// `news` in the journal.
    #[serde(rename = "news")]
    pub(crate) notice: Notice,
}

/// The content of an update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    /// Field `messages`.
    Status(StatusNotice),
    /// Field `message_template_status_update`.
    Template(TemplateNotice),
    /// Any other field, with its complete value.
    Field(FieldNotice),
}

/// A delivery status of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusNotice {
    /// Index of the acceptance.
    pub(crate) index: u64,
    /// `word` in the journal.
    #[serde(rename = "word")]
    pub(crate) status: DeliveryStatus,
    pub(crate) error_code: Option<i64>,
    /// Leave `biz_opaque_callback_data` out.
    #[serde(default)]
    pub(crate) omit_opaque: bool,
    /// Replaces the price that follows from the message.
    #[serde(default)]
    pub(crate) pricing: Option<Value>,
    /// Meta sends it for free entry points only.
    #[serde(default)]
    pub(crate) conversation: Option<Value>,
}

/// The status of a template. It has all that the webhook needs, because the template may be deleted before it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateNotice {
    pub(crate) waba_id: String,
    pub(crate) template_id: String,
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) category: String,
    pub(crate) status: TemplateStatus,
    pub(crate) reason: String,
    /// `other_info.title`, unless it is the usual one of the status.
    #[serde(default)]
    pub(crate) title: Option<String>,
}

/// A value of any field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FieldNotice {
    /// `entry.id`.
    pub(crate) waba_id: String,
    pub(crate) field: String,
    pub(crate) value: Value,
}

impl Notice {
    pub(crate) fn field(waba_id: &str, field: &str, value: Value) -> Self {
        Self::Field(FieldNotice { waba_id: waba_id.to_owned(), field: field.to_owned(), value })
    }

    /// The status of a template; `title` is `other_info.title` where it is not the usual one.
    pub(crate) fn template_status(template: &Template, title: Option<&str>) -> Self {
        Self::Template(TemplateNotice {
            waba_id: template.waba_id.clone(),
            template_id: template.id.clone(),
            name: template.name.clone(),
            language: template.language.clone(),
            category: template.category.clone(),
            status: template.status,
            reason: template.reason.clone(),
            title: title.map(str::to_owned),
        })
    }

    /// A field about a template, which names the template beside `members`.
    pub(crate) fn template_field(template: &Template, field: &str, members: Map<String, Value>) -> Self {
        let mut value = Map::new();
        value.insert("message_template_id".into(), json!(template.id.parse::<u64>().ok()));
        value.insert("message_template_name".into(), json!(template.name));
        value.insert("message_template_language".into(), json!(template.language.replace('_', "-")));
        value.extend(members);
        Self::field(&template.waba_id, field, Value::Object(value))
    }

    /// `message_template_components_update`: the current texts and buttons of a template.
    pub(crate) fn template_components(template: &Template) -> Self {
        let mut members = Map::new();
        for component in &template.components {
            let key = match text(component, "type") {
                "HEADER" if text(component, "format") == "TEXT" => "message_template_title",
                "BODY" => "message_template_element",
                "FOOTER" => "message_template_footer",
                "BUTTONS" => {
                    let buttons: Vec<Value> = list(component, "buttons").iter().map(button).collect();
                    members.insert("message_template_buttons".into(), json!(buttons));
                    continue;
                }
                _ => continue,
            };
            members.insert(key.into(), json!(text(component, "text")));
        }
        Self::template_field(template, "message_template_components_update", members)
    }
}

fn button(button: &Value) -> Value {
    let mut members = Map::new();
    members.insert("message_template_button_type".into(), json!(text(button, "type")));
    members.insert("message_template_button_text".into(), json!(text(button, "text")));
    for key in ["url", "phone_number"] {
        if !text(button, key).is_empty() {
            members.insert(format!("message_template_button_{key}"), json!(text(button, key)));
        }
    }
    Value::Object(members)
}
