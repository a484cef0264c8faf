//! What a send must bring to fill a template, read off its components once.

use serde_json::Value;

use super::{Template, variables};
use crate::json::{list, text};

/// What a send has to bring for one template, or for one card of its carousel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Variables of a text header.
    pub(crate) header: Vec<String>,
    /// `IMAGE`, `VIDEO`, `DOCUMENT`, `LOCATION`, `PRODUCT` when the header is no text.
    pub(crate) header_media: Option<String>,
    /// Variables of the body.
    pub(crate) body: Vec<String>,
    /// Characters of the body without its variables.
    pub(crate) body_chars: usize,
    /// The buttons that take a parameter.
    pub(crate) buttons: Vec<ButtonNeed>,
    /// How many buttons there are.
    pub(crate) button_count: u64,
    /// A limited-time offer that runs out, so that a send must say when.
    pub(crate) expires: bool,
    /// What each card of the carousel needs.
    pub(crate) cards: Vec<Needs>,
}

/// A button that takes a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ButtonNeed {
    pub(crate) index: u64,
    pub(crate) kind: ButtonKind,
}

/// The buttons that take a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ButtonKind {
    Url,
    /// The button of a one-time password, which is sent like a URL's.
    OneTimePassword,
    CopyCode,
    /// Sections of products.
    Products,
}

impl ButtonKind {
    /// The word Meta uses for it in errors.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Url | Self::OneTimePassword => "Url",
            Self::CopyCode => "CopyCode",
            Self::Products => "MultiProduct",
        }
    }
}

impl Template {
    /// Reads off the components what a send must fill.
    pub(crate) fn needs(&self) -> Needs {
        let mut needs = Needs::of(&self.components);
        if self.category == "AUTHENTICATION" {
            // The text of an authentication body is Meta's own: the code and nothing else.
            needs.body = vec!["1".to_owned()];
        }
        needs
    }
}

impl Needs {
    fn of(components: &[Value]) -> Self {
        let mut needs = Self::default();
        for component in components {
            match text(component, "type") {
                "HEADER" if text(component, "format") == "TEXT" => {
                    needs.header = variables(text(component, "text"));
                }
                "HEADER" => needs.header_media = Some(text(component, "format").to_owned()),
                "BODY" => {
                    needs.body = variables(text(component, "text"));
                    needs.body_chars = fixed_chars(text(component, "text"));
                }
                "BUTTONS" => {
                    let buttons = list(component, "buttons");
                    needs.button_count = u64::try_from(buttons.len()).unwrap_or(u64::MAX);
                    needs.buttons = button_needs(buttons);
                }
                "CAROUSEL" => {
                    let cards = list(component, "cards").iter();
                    needs.cards = cards.map(|card| Self::of(list(card, "components"))).collect();
                }
                "LIMITED_TIME_OFFER" => {
                    let offer = component.get("limited_time_offer");
                    let expires = offer.and_then(|offer| offer.get("has_expiration")?.as_bool());
                    needs.expires = expires.unwrap_or_default();
                }
                _ => {}
            }
        }
        needs
    }
}

fn fixed_chars(body: &str) -> usize {
    let pieces = body.split("{{").enumerate().map(|(index, piece)| {
        if index == 0 { piece } else { piece.split_once("}}").map_or(piece, |(_, after)| after) }
    });
    pieces.map(|piece| piece.chars().count()).sum()
}

fn button_needs(buttons: &[Value]) -> Vec<ButtonNeed> {
    let kind = |button: &Value| match text(button, "type") {
        "URL" if text(button, "url").contains("{{") => Some(ButtonKind::Url),
        "OTP" => Some(ButtonKind::OneTimePassword),
        "COPY_CODE" => Some(ButtonKind::CopyCode),
        "MPM" => Some(ButtonKind::Products),
        _ => None,
    };
    let need = |(index, button)| Some(ButtonNeed { index, kind: kind(button)? });
    (0..).zip(buttons).filter_map(need).collect()
}
