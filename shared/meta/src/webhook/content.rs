//! The content of a received message, by its type.

use serde::Serialize;
use serde_json::Value;

use super::json::{self, JsonAccess, UnixTime};

/// Types that are named after the member that holds their content.
pub(super) const KINDS: [&str; 16] = [
    "text",
    "image",
    "video",
    "sticker",
    "audio",
    "voice",
    "document",
    "button",
    "interactive",
    "reaction",
    "order",
    "location",
    "contacts",
    "edit",
    "revoke",
    "unsupported",
];

/// The content of a received message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Content {
    Text {
        text: Option<String>,
    },
    /// An image, video, sticker, audio or document. Fetch it by id: the address expires after minutes.
    Media {
        media_id: Option<String>,
        /// Such as `image/jpeg`.
        mime_type: Option<String>,
        sha256: Option<String>,
        caption: Option<String>,
        filename: Option<String>,
        url: Option<String>,
        /// Whether it was recorded as a voice message.
        voice: Option<bool>,
        /// Whether a sticker is animated.
        animated: Option<bool>,
    },
    /// A template's button.
    Button {
        /// The payload that we gave the button.
        button_payload: Option<String>,
        /// The button's label.
        button_text: Option<String>,
    },
    /// A choice in an interactive message.
    Interactive {
        /// Meta's word for the kind of choice; missing when Meta leaves the choice out.
        interactive_type: Option<String>,
        #[serde(flatten)]
        reply: Reply,
    },
    /// A reaction, or its removal.
    Reaction {
        /// The message with the reaction.
        reaction_to: Option<String>,
        /// [`None`] when the reaction was removed.
        emoji: Option<String>,
    },
    /// An order from a catalog.
    Order {
        catalog_id: Option<String>,
        /// Number of products.
        order_items: usize,
        text: Option<String>,
    },
    Location {
        /// Degrees north.
        latitude: Option<f64>,
        /// Degrees east.
        longitude: Option<f64>,
        name: Option<String>,
        address: Option<String>,
        url: Option<String>,
    },
    Contacts {
        /// Number of contacts.
        shared_contacts: usize,
        /// WhatsApp numbers, or else phone numbers.
        shared_phones: Vec<String>,
        /// `contact_request`, when we asked for the contact.
        contact_origin: Option<String>,
    },
    /// An edit or deletion of an earlier message.
    Earlier {
        original_wamid: Option<String>,
    },
    /// Content that WhatsApp does not forward.
    Unsupported {
        /// Meta's word for the content.
        unsupported_type: Option<String>,
    },
    /// An unknown type.
    Other {},
}

/// The choice in an interactive message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// A reply button, or a row of a list.
    Choice {
        /// The id that we gave the choice.
        interactive_id: Option<String>,
        /// Its label.
        interactive_title: Option<String>,
        /// Its description.
        interactive_description: Option<String>,
    },
    /// A completed form.
    Flow {
        /// `flow`.
        flow_name: Option<String>,
        /// The answers, as JSON in text.
        flow_response: Option<String>,
    },
    /// The answer to a request for permission to call.
    CallPermission {
        /// `accept` or `reject`.
        permission_response: Option<String>,
        /// When the permission ends.
        permission_expires: Option<UnixTime>,
    },
    /// An unknown choice.
    Other {},
}

pub(super) fn content(message: &Value, kind: &str) -> Content {
    let inner = message.at(kind);
    match kind {
        "text" => Content::Text { text: inner.text("body") },
        "image" | "video" | "sticker" | "audio" | "voice" | "document" => Content::Media {
            media_id: inner.id("id"),
            mime_type: inner.text("mime_type"),
            sha256: inner.text("sha256"),
            caption: inner.text("caption"),
            filename: inner.text("filename"),
            url: inner.text("url").or_else(|| inner.text("link")),
            voice: inner.flag("voice"),
            animated: inner.flag("animated"),
        },
        "button" => {
            Content::Button { button_payload: inner.text("payload"), button_text: inner.text("text") }
        }
        "interactive" => {
            let interactive_type = inner.text("type");
            let reply = reply(inner, interactive_type.as_deref());
            Content::Interactive { interactive_type, reply }
        }
        "reaction" => Content::Reaction {
            reaction_to: inner.id("message_id"),
            emoji: inner.text("emoji").filter(|emoji| !emoji.is_empty()),
        },
        "order" => Content::Order {
            catalog_id: inner.id("catalog_id"),
            order_items: inner.list("product_items").len(),
            text: inner.text("text"),
        },
        "location" => Content::Location {
            latitude: degrees(inner.at("latitude")),
            longitude: degrees(inner.at("longitude")),
            name: inner.text("name"),
            address: inner.text("address"),
            url: inner.text("url"),
        },
        "contacts" => contacts(message.list("contacts")),
        "edit" | "revoke" => Content::Earlier { original_wamid: inner.id("original_message_id") },
        "unsupported" => Content::Unsupported { unsupported_type: inner.text("type") },
        _ => Content::Other {},
    }
}

fn degrees(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

fn reply(interactive: &Value, kind: Option<&str>) -> Reply {
    match kind {
        Some(kind @ ("button_reply" | "list_reply")) => {
            let choice = interactive.at(kind);
            Reply::Choice {
                interactive_id: choice.text("id"),
                interactive_title: choice.text("title"),
                interactive_description: choice.text("description"),
            }
        }
        Some("nfm_reply") => {
            let flow = interactive.at("nfm_reply");
            let response = flow.at("response_json");
            let as_text = || Some(response.to_string()).filter(|_| response.is_object());
            Reply::Flow { flow_name: flow.text("name"), flow_response: json::text(response).or_else(as_text) }
        }
        Some("call_permission_reply") => {
            let permission = interactive.at("call_permission_reply");
            Reply::CallPermission {
                permission_response: permission.text("response"),
                permission_expires: permission.time("expiration_timestamp"),
            }
        }
        Some(_) | None => Reply::Other {},
    }
}

fn contacts(shared: &[Value]) -> Content {
    let phones = shared.iter().flat_map(|contact| contact.list("phones"));
    Content::Contacts {
        shared_contacts: shared.len(),
        shared_phones: phones.filter_map(|phone| phone.id("wa_id").or_else(|| phone.id("phone"))).collect(),
        contact_origin: shared.iter().find_map(|contact| contact.text("origin")),
    }
}
