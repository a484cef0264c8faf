//! Interactive messages, which need the 24-hour window (Meta: interactive messages).

use serde::Serialize;
use serde_json::{Value, json};

use super::flow::FlowAction;
use super::media::MediaSource;
use super::order::OrderStatus;
use super::product::ProductSection;
use crate::wire::{present, typed};

/// A text with something to tap.
#[derive(Clone, Debug, PartialEq)]
pub struct Interactive {
    pub header: Option<InteractiveHeader>,
    /// Required unless the action is a single product.
    pub body: Option<String>,
    /// At most 60 characters.
    pub footer: Option<String>,
    pub action: Action,
}

/// The header of an interactive message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InteractiveHeader {
    /// At most 60 characters. A list accepts no other kind.
    Text(String),
    Image(MediaSource),
    Video(MediaSource),
    Document {
        source: MediaSource,
        /// The name under which it is saved.
        filename: Option<String>,
    },
}

/// What the recipient can tap. Each variant names Meta's word for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `button`: one to three reply buttons.
    Buttons(Vec<ReplyButton>),
    /// `list`: up to ten rows behind a button.
    List {
        /// Label, at most 20 characters.
        button: String,
        sections: Vec<ListSection>,
    },
    /// `cta_url`: a link behind a button.
    Url {
        /// Label, at most 20 characters.
        display_text: String,
        url: String,
    },
    /// `flow`: a form.
    Flow(FlowAction),
    /// `product`: one product of a catalog.
    Product { catalog_id: String, product_retailer_id: String },
    /// `product_list`: up to thirty products.
    ProductList { catalog_id: String, sections: Vec<ProductSection> },
    /// `catalog_message`: the whole catalog.
    Catalog {
        /// The product whose picture is shown; Meta's default is the first.
        thumbnail_product_retailer_id: Option<String>,
    },
    /// `location_request_message`: a button that sends the recipient's location.
    LocationRequest,
    /// `request_contact_info`: a button that sends the recipient's contact details.
    ContactRequest,
    /// `address_message`: a form for a postal address, in countries where Meta offers one (India, Singapore).
    Address {
        /// ISO 3166, two letters.
        country: String,
        /// Values that are filled in already and other parameters, under Meta's names.
        parameters: Value,
    },
    /// `voice_call`: a button that calls the business.
    VoiceCall {
        /// Label, at most 20 characters.
        display_text: Option<String>,
        /// How long the button works, in minutes.
        ttl_minutes: Option<u32>,
        /// Comes back with the call.
        payload: Option<String>,
    },
    /// `call_permission_request`: asks whether the business may call.
    CallPermission,
    /// `order_details`: an order to be paid, in the format of Meta's payments API.
    Order(Value),
    /// `order_status`: the progress of an order.
    OrderStatus(OrderStatus),
    /// `carousel`: two to ten cards.
    Carousel(Vec<InteractiveCard>),
}

/// A reply button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyButton {
    /// Comes back when it is tapped; at most 256 characters.
    pub id: String,
    /// Label, at most 20 characters.
    pub title: String,
}

/// A section of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListSection {
    /// Required as soon as there are two sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub rows: Vec<ListRow>,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListRow {
    /// Comes back when it is tapped; at most 200 characters.
    pub id: String,
    /// At most 24 characters.
    pub title: String,
    /// At most 72 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A card of a carousel. Its index is its position in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct InteractiveCard {
    /// An image or a video.
    pub header: Option<InteractiveHeader>,
    /// At most 160 characters.
    pub body: Option<String>,
    pub action: Action,
}

impl InteractiveHeader {
    fn json(&self) -> Value {
        match self {
            Self::Text(text) => typed("text", text),
            Self::Image(source) => typed("image", source.json()),
            Self::Video(source) => typed("video", source.json()),
            Self::Document { source, filename } => {
                typed("document", source.with(json!({ "filename": filename })))
            }
        }
    }
}

impl ReplyButton {
    fn json(&self) -> Value {
        typed("reply", json!({ "id": self.id, "title": self.title }))
    }
}

impl Interactive {
    pub(super) fn json(&self) -> Value {
        let words = |text: &Option<String>| text.as_ref().map(|text| json!({ "text": text }));
        present(json!({
            "type": self.action.kind(),
            "header": self.header.as_ref().map(InteractiveHeader::json),
            "body": words(&self.body),
            "footer": words(&self.footer),
            "action": self.action.json(),
        }))
    }
}

impl Action {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Buttons(_) => "button",
            Self::List { .. } => "list",
            Self::Url { .. } => "cta_url",
            Self::Flow(_) => "flow",
            Self::Product { .. } => "product",
            Self::ProductList { .. } => "product_list",
            Self::Catalog { .. } => "catalog_message",
            Self::LocationRequest => "location_request_message",
            Self::ContactRequest => "request_contact_info",
            Self::Address { .. } => "address_message",
            Self::VoiceCall { .. } => "voice_call",
            Self::CallPermission => "call_permission_request",
            Self::Order(_) => "order_details",
            Self::OrderStatus(_) => "order_status",
            Self::Carousel(_) => "carousel",
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Buttons(buttons) => {
                json!({ "buttons": buttons.iter().map(ReplyButton::json).collect::<Vec<_>>() })
            }
            Self::List { button, sections } => json!({ "button": button, "sections": sections }),
            Self::Url { display_text, url } => {
                named("cta_url", json!({ "display_text": display_text, "url": url }))
            }
            Self::Flow(flow) => named("flow", flow.parameters()),
            Self::Product { catalog_id, product_retailer_id } => {
                json!({ "catalog_id": catalog_id, "product_retailer_id": product_retailer_id })
            }
            Self::ProductList { catalog_id, sections } => {
                json!({ "catalog_id": catalog_id, "sections": sections })
            }
            Self::Catalog { thumbnail_product_retailer_id: thumbnail } => {
                let parameters =
                    thumbnail.as_ref().map(|product| json!({ "thumbnail_product_retailer_id": product }));
                present(json!({ "name": "catalog_message", "parameters": parameters }))
            }
            Self::LocationRequest => json!({ "name": "send_location" }),
            Self::ContactRequest => json!({ "name": "request_contact_info" }),
            Self::Address { country, parameters } => {
                let mut members = parameters.clone();
                if let Some(members) = members.as_object_mut() {
                    members.insert("country".to_owned(), country.as_str().into());
                }
                named("address_message", members)
            }
            Self::VoiceCall { display_text, ttl_minutes, payload } => {
                let parameters = present(json!({
                    "display_text": display_text, "ttl_minutes": ttl_minutes, "payload": payload,
                }));
                let parameters = parameters.as_object().filter(|members| !members.is_empty());
                present(json!({ "name": "voice_call", "parameters": parameters }))
            }
            Self::CallPermission => json!({ "name": "call_permission_request" }),
            Self::Order(order) => named("review_and_pay", order),
            Self::OrderStatus(order) => named("review_order", order.json()),
            Self::Carousel(cards) => {
                json!({ "cards": cards.iter().enumerate().map(InteractiveCard::json).collect::<Vec<_>>() })
            }
        }
    }
}

fn named(name: &str, parameters: impl Serialize) -> Value {
    json!({ "name": name, "parameters": json!(parameters) })
}

impl InteractiveCard {
    fn json((index, card): (usize, &Self)) -> Value {
        present(json!({
            "card_index": index,
            "type": card.action.kind(),
            "header": card.header.as_ref().map(InteractiveHeader::json),
            "body": card.body.as_ref().map(|text| json!({ "text": text })),
            "action": card.action.json(),
        }))
    }
}
