//! What a message of a person holds, by its type.

use serde::Serialize;
use serde_json::Value;

use super::json::{self, JsonAccess, UnixTime};

/// Types that are named after the member which holds what there is of them.
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

/// What a message holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// Text.
    Text {
        /// The text.
        text: Option<String>,
    },
    /// An image, video, sticker, audio or document. The file is fetched by its id; the address works for minutes.
    Media {
        /// Meta's id of the file.
        media_id: Option<String>,
        /// Such as `image/jpeg`.
        mime_type: Option<String>,
        /// Its digest.
        sha256: Option<String>,
        /// What is written below it.
        caption: Option<String>,
        /// A document's name.
        filename: Option<String>,
        /// Where it lies.
        url: Option<String>,
        /// Recorded as a voice message.
        voice: Option<bool>,
        /// A sticker that moves.
        animated: Option<bool>,
    },
    /// A button of a template.
    Button {
        /// What we gave it.
        button_payload: Option<String>,
        /// What is written on it.
        button_text: Option<String>,
    },
    /// A choice in an interactive message.
    Interactive {
        /// Meta's word for it; none when Meta left the choice out.
        interactive_type: Option<String>,
        /// What was chosen.
        #[serde(flatten)]
        reply: Reply,
    },
    /// A reaction, or its end.
    Reaction {
        /// The message that it is a reaction to.
        reaction_to: Option<String>,
        /// The emoji; none when it was taken back.
        emoji: Option<String>,
    },
    /// An order from a catalogue.
    Order {
        /// The catalogue.
        catalog_id: Option<String>,
        /// How many products.
        order_items: usize,
        /// What was written beside it.
        text: Option<String>,
    },
    /// A origin.
    Location {
        /// Degrees north.
        latitude: Option<f64>,
        /// Degrees east.
        longitude: Option<f64>,
        /// What it is called.
        name: Option<String>,
        /// Where it is.
        address: Option<String>,
        /// More about it.
        url: Option<String>,
    },
    /// People.
    Contacts {
        /// How many.
        shared_contacts: usize,
        /// Their WhatsApp numbers, or else their phone numbers.
        shared_phones: Vec<String>,
        /// `contact_request`, when we had asked for it.
        contact_origin: Option<String>,
    },
    /// An earlier message, edited or taken back.
    Earlier {
        /// The earlier message.
        original_wamid: Option<String>,
    },
    /// What WhatsApp does not pass on.
    Unsupported {
        /// What it was.
        unsupported_type: Option<String>,
    },
    /// A type that is not known yet.
    Other {},
}

/// What was chosen in an interactive message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// A button, or a row of a list.
    Choice {
        /// What we gave it.
        interactive_id: Option<String>,
        /// What is written on it.
        interactive_title: Option<String>,
        /// What is written below.
        interactive_description: Option<String>,
    },
    /// A form that was filled in.
    Flow {
        /// `flow`.
        flow_name: Option<String>,
        /// The answers, as JSON in text.
        flow_response: Option<String>,
    },
    /// May we call?
    CallPermission {
        /// `accept` or `reject`.
        permission_response: Option<String>,
        /// Until when.
        permission_expires: Option<UnixTime>,
    },
    /// A choice that is not known yet.
    Other {},
}

/// What the message holds, by its type.
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
