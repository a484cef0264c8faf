//! Template messages: which template, and what stands in its places (Meta: template messages, components).

use serde_json::{Value, json};

use super::free_form::Location;
use super::media::MediaSource;
use super::order::OrderStatus;
use crate::wire::{present, typed};

mod button;
mod parameter;

pub use button::{ButtonValue, TemplateButtonValue};
pub use parameter::{Currency, DateTime, Parameter, ParameterValue};

/// A template, filled in. Parts without a place to fill are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemplateMessage {
    /// Its name.
    pub name: String,
    /// Its language, such as `en_US`: name and language together name a template.
    pub language: String,
    /// What stands in its header.
    pub header: Option<HeaderValue>,
    /// The places of its body: all of them named, or none. The wrong number of them is refused with 132000.
    pub body: Vec<Parameter>,
    /// What stands in its buttons.
    pub buttons: Vec<TemplateButtonValue>,
    /// What stands in its cards, in order.
    pub cards: Vec<CardValue>,
    /// When its offer ends, in milliseconds since 1970 (Meta: limited-time offer templates).
    pub offer_ends_ms: Option<i64>,
    /// Titles shown for addresses that its picture leads to (Meta: tap target title override).
    pub tap_targets: Vec<TapTarget>,
    /// How far the order is that it is about (Meta: order status templates).
    pub order_status: Option<OrderStatus>,
}

/// What stands in a header.
#[derive(Clone, Debug, PartialEq)]
pub enum HeaderValue {
    /// The one place of a text.
    Text(Parameter),
    /// A picture.
    Image(MediaSource),
    /// A film.
    Video(MediaSource),
    /// A moving picture, through the marketing messages API alone.
    Gif(MediaSource),
    /// A document.
    Document {
        /// Where it is.
        source: MediaSource,
        /// The name it is saved under.
        filename: Option<String>,
    },
    /// A place.
    Location(Location),
    /// A product.
    Product {
        /// The catalogue.
        catalog_id: String,
        /// The product in it.
        product_retailer_id: String,
    },
}

/// What stands in a card of a carousel. Its place is its place in the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardValue {
    /// Its picture, film or product.
    pub header: Option<HeaderValue>,
    /// The places of its text.
    pub body: Vec<Parameter>,
    /// What stands in its buttons.
    pub buttons: Vec<TemplateButtonValue>,
}

/// A title for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapTarget {
    /// The address.
    pub url: String,
    /// Its title.
    pub title: String,
}

impl TemplateMessage {
    /// A template whose body has numbered places and nothing else has any.
    pub fn of_texts(name: &str, language: &str, texts: &[String]) -> Self {
        Self {
            name: name.to_owned(),
            language: language.to_owned(),
            body: texts.iter().map(|text| Parameter::text(text)).collect(),
            ..Self::default()
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut components = parts(self.header.as_ref(), &self.body);
        if let Some(ends) = self.offer_ends_ms {
            let offer = typed("limited_time_offer", json!({ "expiration_time_ms": ends }));
            components.push(component("limited_time_offer", [offer]));
        }
        if !self.cards.is_empty() {
            let cards: Vec<Value> = self.cards.iter().enumerate().map(CardValue::json).collect();
            components.push(json!({ "type": "carousel", "cards": cards }));
        }
        components.extend(self.buttons.iter().map(TemplateButtonValue::json));
        if let Some(order) = &self.order_status {
            components.push(component("order_status", [typed("order_status", order.json())]));
        }
        if !self.tap_targets.is_empty() {
            let target = |target: &TapTarget| json!({ "url": target.url, "title": target.title });
            let targets: Vec<Value> = self.tap_targets.iter().map(target).collect();
            components
                .push(component("tap_target_configuration", [typed("tap_target_configuration", targets)]));
        }
        present(json!({
            "name": self.name,
            "language": { "code": self.language },
            "components": (!components.is_empty()).then_some(components),
        }))
    }
}

impl CardValue {
    fn json((index, card): (usize, &Self)) -> Value {
        let mut components = parts(card.header.as_ref(), &card.body);
        components.extend(card.buttons.iter().map(TemplateButtonValue::json));
        json!({ "card_index": index, "components": components })
    }
}

impl HeaderValue {
    fn json(&self) -> Value {
        match self {
            Self::Text(parameter) => parameter.json(),
            Self::Image(source) => typed("image", source.json()),
            Self::Video(source) => typed("video", source.json()),
            Self::Gif(source) => typed("gif", source.json()),
            Self::Document { source, filename } => {
                typed("document", source.with(json!({ "filename": filename })))
            }
            Self::Location(location) => typed("location", location),
            Self::Product { catalog_id, product_retailer_id } => typed(
                "product",
                json!({ "catalog_id": catalog_id, "product_retailer_id": product_retailer_id }),
            ),
        }
    }
}

/// Header and body, as far as there is something to fill in.
fn parts(header: Option<&HeaderValue>, body: &[Parameter]) -> Vec<Value> {
    let header = header.map(|header| component("header", [header.json()]));
    let body = (!body.is_empty()).then(|| component("body", body.iter().map(Parameter::json)));
    header.into_iter().chain(body).collect()
}

fn component(kind: &str, parameters: impl IntoIterator<Item = Value>) -> Value {
    json!({ "type": kind, "parameters": parameters.into_iter().collect::<Vec<_>>() })
}
