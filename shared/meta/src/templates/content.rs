//! The components of a template (Meta: template components).

use serde_json::{Value, json};

use super::button::{OtpButton, OtpKind, TemplateButton};
use super::variable::Examples;
use crate::wire::present;

/// A template's components. Meta accepts at most one of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateContent {
    pub header: Option<TemplateHeader>,
    pub body: Option<TemplateBody>,
    pub limited_time_offer: Option<LimitedTimeOffer>,
    pub footer: Option<TemplateFooter>,
    /// At most ten.
    pub buttons: Vec<TemplateButton>,
    /// Either none, or two to ten with the same structure.
    pub cards: Vec<TemplateCard>,
    /// Whether it asks for permission to call.
    pub asks_to_call: bool,
}

/// The header of a template or of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateHeader {
    /// At most 60 characters with at most one variable.
    Text {
        text: String,
        /// An example of its variable.
        examples: Examples,
    },
    /// A file, represented by an example.
    Media {
        format: MediaFormat,
        /// The handle of an uploaded example (`4::…`), which Meta's reviewers see.
        handle: Option<String>,
    },
    /// Not in authentication templates.
    Location,
    Product,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaFormat {
    Image,
    Video,
    /// Only for the marketing messages API.
    Gif,
    Document,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateBody {
    /// At most 1,024 characters.
    Text {
        text: String,
        /// An example of each variable.
        examples: Examples,
    },
    /// For an authentication template: Meta writes the text.
    Code {
        /// Whether Meta adds that the code must not be shared.
        add_security_recommendation: Option<bool>,
    },
}

/// The footer of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFooter {
    /// At most 60 characters without a variable.
    Text(String),
    /// For an authentication template: how long the code is valid, 1 to 90 minutes. Meta writes the text.
    CodeExpiration { minutes: u8 },
}

/// A limited-time offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitedTimeOffer {
    /// At most 16 characters.
    pub text: String,
    /// Whether the remaining time is shown.
    pub has_expiration: Option<bool>,
}

/// A carousel card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateCard {
    /// An image, a video or a product.
    pub header: Option<TemplateHeader>,
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
    /// A body with numbered variables and nothing else.
    pub fn of_body(text: &str, examples: &[String]) -> Self {
        let examples = Examples::Positional(examples.to_vec());
        Self { body: Some(TemplateBody::Text { text: text.to_owned(), examples }), ..Self::default() }
    }

    /// A one-time password with a button to copy it. Meta writes its texts.
    pub fn of_code() -> Self {
        Self {
            body: Some(TemplateBody::Code { add_security_recommendation: Some(true) }),
            buttons: vec![TemplateButton::Otp(OtpButton { kind: OtpKind::CopyCode, text: None })],
            ..Self::default()
        }
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

    /// `POSITIONAL` or `NAMED`; [`None`] for a template without a text of ours.
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
