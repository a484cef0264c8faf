//! The types of messages that a person can send, with an example of each.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::digest;

/// `type` of an inbound message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum InboundType {
    Text,
    Image,
    Video,
    Audio,
    Sticker,
    Document,
    Location,
    Contacts,
    Button,
    Interactive,
    Reaction,
    Order,
    System,
    Edit,
    Revoke,
    Unsupported,
    RequestWelcome,
}

impl InboundType {
    /// Also the name of the member with the content.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Sticker => "sticker",
            Self::Document => "document",
            Self::Location => "location",
            Self::Contacts => "contacts",
            Self::Button => "button",
            Self::Interactive => "interactive",
            Self::Reaction => "reaction",
            Self::Order => "order",
            Self::System => "system",
            Self::Edit => "edit",
            Self::Revoke => "revoke",
            Self::Unsupported => "unsupported",
            Self::RequestWelcome => "request_welcome",
        }
    }

    /// Whether it always answers a message.
    pub(super) const fn is_answer(self) -> bool {
        match self {
            Self::Button | Self::Interactive => true,
            Self::Text
            | Self::Image
            | Self::Video
            | Self::Audio
            | Self::Sticker
            | Self::Document
            | Self::Location
            | Self::Contacts
            | Self::Reaction
            | Self::Order
            | Self::System
            | Self::Edit
            | Self::Revoke
            | Self::Unsupported
            | Self::RequestWelcome => false,
        }
    }

    /// The content when the order has none; `about` is the message to which reactions, edits and revocations refer.
    pub(super) fn example(self, from: &str, about: &str) -> Value {
        match self {
            Self::Text => json!({ "body": "Hello" }),
            Self::Image => medium(self, "image/jpeg", &json!({ "caption": "A picture" })),
            Self::Video => medium(self, "video/mp4", &json!({ "caption": "A film" })),
            Self::Audio => medium(self, "audio/ogg; codecs=opus", &json!({ "voice": true })),
            Self::Sticker => medium(self, "image/webp", &json!({ "animated": false })),
            Self::Document => medium(self, "application/pdf", &json!({ "filename": "receipt.pdf" })),
            Self::Location => {
                json!({ "latitude": 52.5163, "longitude": 13.3777, "name": "Brandenburg Gate" })
            }
            Self::Contacts => json!([{
                "name": { "formatted_name": "Ada Example", "first_name": "Ada" },
                "phones": [{ "phone": from, "wa_id": from.trim_start_matches('+'), "type": "MOBILE" }],
            }]),
            Self::Button => json!({ "payload": "Stop", "text": "Stop" }),
            Self::Interactive => {
                json!({ "type": "button_reply", "button_reply": { "id": "yes", "title": "Yes" } })
            }
            Self::Reaction => json!({ "message_id": about, "emoji": "👍" }),
            Self::Order => json!({
                "catalog_id": "194836987000001",
                "text": "These, please",
                "product_items": [
                    { "product_retailer_id": "item-1", "quantity": 2, "item_price": 30, "currency": "USD" },
                ],
            }),
            Self::System => json!({
                "body": format!("User changed from {from} to 15550199999"),
                "wa_id": "15550199999",
                "type": "user_changed_number",
            }),
            Self::Edit => json!({
                "original_message_id": about,
                "message": { "type": "text", "text": { "body": "Hello again" } },
            }),
            Self::Revoke => json!({ "original_message_id": about }),
            Self::Unsupported => json!({ "type": "poll_creation" }),
            Self::RequestWelcome => json!({}),
        }
    }
}

/// The common members of a medium and those of its type.
fn medium(kind: InboundType, mime_type: &str, own_members: &Value) -> Value {
    let mut members = serde_json::Map::new();
    members.insert("mime_type".into(), json!(mime_type));
    members.insert("sha256".into(), json!(digest::base64(&digest::sha256(&["inbound", kind.as_str()]))));
    members.insert("id".into(), json!(digest::object_id(&["inbound", kind.as_str()])));
    if let Value::Object(own_members) = own_members {
        members.extend(own_members.clone());
    }
    Value::Object(members)
}
