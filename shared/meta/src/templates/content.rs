//! What a template is made of (Meta: template components).

use serde_json::{Value, json};

use super::button::TemplateButton;
use super::variable::Examples;
use crate::wire::present;

/// A template's parts. Meta takes one of each at most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateContent {
    /// Above the body.
    pub header: Option<TemplateHeader>,
    /// The text.
    pub body: Option<TemplateBody>,
    /// An offer that ends.
    pub limited_time_offer: Option<LimitedTimeOffer>,
    /// Below the body.
    pub footer: Option<TemplateFooter>,
    /// At most ten.
    pub buttons: Vec<TemplateButton>,
    /// Cards to swipe: none, or two to ten made alike.
    pub cards: Vec<TemplateCard>,
    /// Whether it asks for the permission to call.
    pub asks_to_call: bool,
}

/// What stands above the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateHeader {
    /// At most 60 characters with one place at most.
    Text {
        /// The text.
        text: String,
        /// An example of its place.
        examples: Examples,
    },
    /// A file, by an example of it.
    Media {
        /// What kind of file.
        format: MediaFormat,
        /// The handle of an uploaded example (`4::…`), which Meta's reviewers look at.
        handle: Option<String>,
    },
    /// A place; not in authentication templates.
    Location,
    /// A product.
    Product,
}

/// What kind of file stands in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaFormat {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A moving picture, for the marketing messages API.
    Gif,
    /// A document.
    Document,
}

/// The text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateBody {
    /// At most 1,024 characters.
    Text {
        /// The text.
        text: String,
        /// An example of each of its places.
        examples: Examples,
    },
    /// Of an authentication template: Meta writes it.
    Code {
        /// Whether Meta adds that the code is not to be shared.
        add_security_recommendation: Option<bool>,
    },
}

/// What stands below the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFooter {
    /// At most 60 characters without a place.
    Text(String),
    /// Of an authentication template: how long the code holds, 1 to 90 minutes. Meta writes it.
    CodeExpiration {
        /// The time.
        minutes: u8,
    },
}

/// An offer that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitedTimeOffer {
    /// At most 16 characters.
    pub text: String,
    /// Whether the time left is shown.
    pub has_expiration: Option<bool>,
}

/// A card to swipe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateCard {
    /// Its picture, film or product.
    pub header: Option<TemplateHeader>,
    /// Its text.
    pub body: Option<TemplateBody>,
    /// At most two.
    pub buttons: Vec<TemplateButton>,
}

impl MediaFormat {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "IMAGE",
            Self::Video => "VIDEO",
            Self::Gif => "GIF",
            Self::Document => "DOCUMENT",
        }
    }
}

impl TemplateHeader {
    fn json(&self) -> Value {
        let (format, text, example) = match self {
            Self::Text { text, examples } => ("TEXT", Some(text), examples.of_header()),
            Self::Media { format, handle } => {
                let example = handle.as_ref().map(|handle| json!({ "header_handle": [handle] }));
                (format.as_str(), None, example)
            }
            Self::Location => ("LOCATION", None, None),
            Self::Product => ("PRODUCT", None, None),
        };
        present(json!({ "type": "HEADER", "format": format, "text": text, "example": example }))
    }

    const fn examples(&self) -> Option<&Examples> {
        match self {
            Self::Text { examples, .. } => Some(examples),
            Self::Media { .. } | Self::Location | Self::Product => None,
        }
    }
}

impl TemplateBody {
    fn json(&self) -> Value {
        match self {
            Self::Text { text, examples } => {
                present(json!({ "type": "BODY", "text": text, "example": examples.of_body() }))
            }
            Self::Code { add_security_recommendation: adds } => {
                present(json!({ "type": "BODY", "add_security_recommendation": adds }))
            }
        }
    }

    const fn examples(&self) -> Option<&Examples> {
        match self {
            Self::Text { examples, .. } => Some(examples),
            Self::Code { .. } => None,
        }
    }
}

impl TemplateFooter {
    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!({ "type": "FOOTER", "text": text }),
            Self::CodeExpiration { minutes } => {
                json!({ "type": "FOOTER", "code_expiration_minutes": minutes })
            }
        }
    }
}

impl LimitedTimeOffer {
    fn json(&self) -> Value {
        let offer = present(json!({ "text": self.text, "has_expiration": self.has_expiration }));
        json!({ "type": "LIMITED_TIME_OFFER", "limited_time_offer": offer })
    }
}

impl TemplateCard {
    fn json(&self) -> Value {
        let header = self.header.as_ref().map(TemplateHeader::json);
        let body = self.body.as_ref().map(TemplateBody::json);
        let components: Vec<Value> = [header, body, buttons(&self.buttons)].into_iter().flatten().collect();
        json!({ "components": components })
    }
}

impl TemplateContent {
    /// A text with numbered places, and nothing else.
    pub fn of_body(text: &str, examples: &[String]) -> Self {
        let examples = Examples::Positional(examples.to_vec());
        Self { body: Some(TemplateBody::Text { text: text.to_owned(), examples }), ..Self::default() }
    }

    /// The components, in the order in which they are shown.
    pub(super) fn json(&self) -> Vec<Value> {
        let cards: Vec<Value> = self.cards.iter().map(TemplateCard::json).collect();
        let parts = [
            self.header.as_ref().map(TemplateHeader::json),
            self.limited_time_offer.as_ref().map(LimitedTimeOffer::json),
            self.body.as_ref().map(TemplateBody::json),
            self.footer.as_ref().map(TemplateFooter::json),
            buttons(&self.buttons),
            (!cards.is_empty()).then(|| json!({ "type": "CAROUSEL", "cards": cards })),
            self.asks_to_call.then(|| json!({ "type": "CALL_PERMISSION_REQUEST" })),
        ];
        parts.into_iter().flatten().collect()
    }

    /// `POSITIONAL` or `NAMED`; nothing where no text of ours is in it.
    pub(super) fn parameter_format(&self) -> Option<&'static str> {
        let of_cards = self.cards.iter().filter_map(|card| card.body.as_ref());
        let bodies = self.body.iter().chain(of_cards).filter_map(TemplateBody::examples);
        let mut all = self.header.iter().filter_map(TemplateHeader::examples).chain(bodies).peekable();
        all.peek()?;
        let is_named = all.any(|examples| matches!(examples, Examples::Named(_)));
        Some(if is_named { "NAMED" } else { "POSITIONAL" })
    }
}

fn buttons(buttons: &[TemplateButton]) -> Option<Value> {
    let buttons: Vec<Value> = buttons.iter().map(TemplateButton::json).collect();
    (!buttons.is_empty()).then(|| json!({ "type": "BUTTONS", "buttons": buttons }))
}
