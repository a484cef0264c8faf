//! Messages with something to tap, within 24 hours of a person's last message (Meta: interactive messages).

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
    /// Above the text.
    pub header: Option<InteractiveHeader>,
    /// The text; a product alone needs none.
    pub body: Option<String>,
    /// Below it, small, at most 60 characters.
    pub footer: Option<String>,
    /// What can be tapped.
    pub action: Action,
}

/// What stands above the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InteractiveHeader {
    /// At most 60 characters; the only one that a list takes.
    Text(String),
    /// A picture.
    Image(MediaSource),
    /// A film.
    Video(MediaSource),
    /// A document.
    Document {
        /// Where it is.
        source: MediaSource,
        /// The name it is saved under.
        filename: Option<String>,
    },
}

/// What can be tapped, each under Meta's name of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `button`: one to three replies.
    Buttons(Vec<ReplyButton>),
    /// `list`: up to ten rows behind a button.
    List {
        /// The button's words, at most 20 characters.
        button: String,
        /// The rows.
        sections: Vec<ListSection>,
    },
    /// `cta_url`: an address behind a button.
    Url {
        /// The button's words, at most 20 characters.
        display_text: String,
        /// The address.
        url: String,
    },
    /// `flow`: a form.
    Flow(FlowAction),
    /// `product`: one product of a catalogue.
    Product {
        /// The catalogue.
        catalog_id: String,
        /// The product in it.
        product_retailer_id: String,
    },
    /// `product_list`: up to thirty.
    ProductList {
        /// The catalogue.
        catalog_id: String,
        /// The products.
        sections: Vec<ProductSection>,
    },
    /// `catalog_message`: the whole catalogue.
    Catalog {
        /// The product whose picture is shown; Meta takes the first otherwise.
        thumbnail_product_retailer_id: Option<String>,
    },
    /// `location_request_message`: a button that sends where they are.
    LocationRequest,
    /// `request_contact_info`: a button that sends who they are.
    ContactRequest,
    /// `address_message`: a form for a postal address, where Meta offers one (India, Singapore).
    Address {
        /// Two letters (ISO 3166).
        country: String,
        /// What is filled in already, and what else the form is told, as Meta names it.
        parameters: Value,
    },
    /// `voice_call`: a button that calls the business.
    VoiceCall {
        /// The button's words, at most 20 characters.
        display_text: Option<String>,
        /// How long it works, in minutes.
        ttl_minutes: Option<u32>,
        /// Comes back with the call.
        payload: Option<String>,
    },
    /// `call_permission_request`: asks whether the business may call.
    CallPermission,
    /// `order_details`: an order to be paid, as Meta's payments API describes one.
    Order(Value),
    /// `order_status`: how far an order is.
    OrderStatus(OrderStatus),
    /// `carousel`: two to ten cards to swipe.
    Carousel(Vec<InteractiveCard>),
}

/// A reply that can be tapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyButton {
    /// Comes back; at most 256 characters.
    pub id: String,
    /// Its words, at most 20 characters.
    pub title: String,
}

/// Some rows of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListSection {
    /// Above them; wanted as soon as there are two sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The rows.
    pub rows: Vec<ListRow>,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListRow {
    /// Comes back; at most 200 characters.
    pub id: String,
    /// At most 24 characters.
    pub title: String,
    /// At most 72 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A card of a carousel. Its place is its place in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct InteractiveCard {
    /// A picture or a film.
    pub header: Option<InteractiveHeader>,
    /// At most 160 characters.
    pub body: Option<String>,
    /// What can be tapped.
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
