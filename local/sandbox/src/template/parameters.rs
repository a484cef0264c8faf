//! The parameters that a send must contain to fill a template.

use serde_json::Value;

use super::variables::{fixed_parts, uses, variables};
use crate::json::{list, text};

/// Of a template, or of one card of its carousel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequiredParameters {
    /// Variables of a text header.
    pub(crate) header: Vec<String>,
    /// The same, each as often as it is used.
    pub(crate) header_uses: Vec<String>,
    /// Characters of a text header outside its variables.
    pub(crate) header_chars: usize,
    /// `IMAGE`, `VIDEO`, `DOCUMENT`, `LOCATION`, `PRODUCT` when the header is not a text.
    pub(crate) header_media: Option<String>,
    /// Variables of the body.
    pub(crate) body: Vec<String>,
    /// The same, each as often as it is used.
    pub(crate) body_uses: Vec<String>,
    /// Characters of the body outside its variables.
    pub(crate) body_chars: usize,
    pub(crate) buttons: Vec<ButtonParameter>,
    /// With those that take no parameter.
    pub(crate) button_count: u64,
    /// A limited-time offer expires, so a send must contain the time.
    pub(crate) expires: bool,
    /// One entry per card of the carousel.
    pub(crate) cards: Vec<RequiredParameters>,
}

/// A button that takes a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ButtonParameter {
    pub(crate) index: u64,
    pub(crate) kind: ButtonKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ButtonKind {
    Url,
    /// The button of a one-time password; its parameter is sent like that of a URL.
    OneTimePassword,
    CopyCode,
    /// Sections of products.
    Products,
}

impl ButtonKind {
    /// As Meta names it in errors.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Url | Self::OneTimePassword => "Url",
            Self::CopyCode => "CopyCode",
            Self::Products => "MultiProduct",
        }
    }
}

impl RequiredParameters {
    pub(super) fn of(category: &str, components: &[Value]) -> Self {
        let mut required = Self::of_components(components);
        if category == "AUTHENTICATION" {
            // Meta writes the body of an authentication template; its one variable is the code.
            required.body = vec!["1".to_owned()];
        }
        required
    }

    fn of_components(components: &[Value]) -> Self {
        let mut required = Self::default();
        for component in components {
            match text(component, "type") {
                "HEADER" if text(component, "format") == "TEXT" => {
                    let line = text(component, "text");
                    (required.header, required.header_uses) = (variables(line), uses(line));
                    required.header_chars = fixed_chars(line);
                }
                "HEADER" => required.header_media = Some(text(component, "format").to_owned()),
                "BODY" => {
                    let line = text(component, "text");
                    (required.body, required.body_uses) = (variables(line), uses(line));
                    required.body_chars = fixed_chars(line);
                }
                "BUTTONS" => {
                    let buttons = list(component, "buttons");
                    required.button_count = u64::try_from(buttons.len()).unwrap_or(u64::MAX);
                    required.buttons = button_parameters(buttons);
                }
                "CAROUSEL" => {
                    let cards = list(component, "cards").iter();
                    required.cards =
                        cards.map(|card| Self::of_components(list(card, "components"))).collect();
                }
                "LIMITED_TIME_OFFER" => {
                    let offer = component.get("limited_time_offer");
                    let expires = offer.and_then(|offer| offer.get("has_expiration")?.as_bool());
                    required.expires = expires.unwrap_or_default();
                }
                _ => {}
            }
        }
        required
    }
}

fn fixed_chars(line: &str) -> usize {
    fixed_parts(line).map(|part| part.chars().count()).sum()
}

fn button_parameters(buttons: &[Value]) -> Vec<ButtonParameter> {
    let kind = |button: &Value| match text(button, "type") {
        "URL" if text(button, "url").contains("{{") => Some(ButtonKind::Url),
        "OTP" => Some(ButtonKind::OneTimePassword),
        "COPY_CODE" => Some(ButtonKind::CopyCode),
        "MPM" => Some(ButtonKind::Products),
        _ => None,
    };
    let parameter = |(index, button)| Some(ButtonParameter { index, kind: kind(button)? });
    (0..).zip(buttons).filter_map(parameter).collect()
}
