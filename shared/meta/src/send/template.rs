//! Template messages: a template and the values of its variables (Meta: template messages, components).

use serde_json::{Value, json};

use super::free_form::Location;
use super::media::MediaSource;
use super::order::OrderStatus;
use crate::wire::{present, typed};

mod button;
mod parameter;

pub use button::{ButtonValue, TemplateButtonValue};
pub use parameter::{Currency, DateTime, Parameter, ParameterValue};

/// A template with its values. Components without a variable are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TemplateMessage {
    pub name: String,
    /// Such as `en_US`; a template is identified by name and language.
    pub language: String,
    pub header: Option<HeaderValue>,
    /// Values of the body's variables: all named, or none. A wrong number is refused with 132000.
    pub body: Vec<Parameter>,
    pub buttons: Vec<TemplateButtonValue>,
    /// In the order of the cards.
    pub cards: Vec<CardValue>,
    /// End of a limited-time offer, in milliseconds since 1970 (Meta: limited-time offer templates).
    pub offer_ends_ms: Option<i64>,
    /// Titles for links of the header image (Meta: tap target title override).
    pub tap_targets: Vec<TapTarget>,
    /// For order status templates (Meta: order status templates).
    pub order_status: Option<OrderStatus>,
}

/// The value of a header.
#[derive(Clone, Debug, PartialEq)]
pub enum HeaderValue {
    /// The header's only variable.
    Text(Parameter),
    Image(MediaSource),
    Video(MediaSource),
    /// Only through the marketing messages API.
    Gif(MediaSource),
    Document {
        source: MediaSource,
        /// The name under which it is saved.
        filename: Option<String>,
    },
    Location(Location),
    Product {
        catalog_id: String,
        product_retailer_id: String,
    },
}

/// The values of a carousel card. Its index is its position in the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardValue {
    /// An image, a video or a product.
    pub header: Option<HeaderValue>,
    pub body: Vec<Parameter>,
    pub buttons: Vec<TemplateButtonValue>,
}

/// A title for a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapTarget {
    pub url: String,
    pub title: String,
}

impl TemplateMessage {
    /// A template whose only variables are numbered ones in the body.
    pub fn of_texts(name: &str, language: &str, texts: &[String]) -> Self {
        Self {
            name: name.to_owned(),
            language: language.to_owned(),
            body: texts.iter().map(|text| Parameter::text(text)).collect(),
            ..Self::default()
        }
    }

    /// A one-time password: the code is in the body and in the button that copies it.
    pub fn of_code(name: &str, language: &str, codes: &[String]) -> Self {
        let button = |code: &String| TemplateButtonValue { index: 0, value: ButtonValue::Url(code.clone()) };
        Self { buttons: codes.iter().map(button).collect(), ..Self::of_texts(name, language, codes) }
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

/// Header and body, as far as they have values.
fn parts(header: Option<&HeaderValue>, body: &[Parameter]) -> Vec<Value> {
    let header = header.map(|header| component("header", [header.json()]));
    let body = (!body.is_empty()).then(|| component("body", body.iter().map(Parameter::json)));
    header.into_iter().chain(body).collect()
}

fn component(kind: &str, parameters: impl IntoIterator<Item = Value>) -> Value {
    json!({ "type": kind, "parameters": parameters.into_iter().collect::<Vec<_>>() })
}
