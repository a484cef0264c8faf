//! What stands in a template's buttons.

use serde_json::{Value, json};

use crate::send::product::ProductSection;
use crate::wire::{present, typed};

/// What stands in one button.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateButtonValue {
    /// The button's place among all of the template's buttons, from 0.
    pub index: u8,
    /// What stands in it.
    pub value: ButtonValue,
}

/// What stands in a button, each under Meta's name of the button.
#[derive(Clone, Debug, PartialEq)]
pub enum ButtonValue {
    /// `quick_reply`: what comes back when it is tapped, at most 128 characters.
    QuickReply(String),
    /// `quick_reply` with words instead of a payload, as some of Meta's own samples have it.
    QuickReplyText(String),
    /// `url`: the end of its address. A one-time password stands here a second time, at most 15 characters.
    Url(String),
    /// `copy_code`: the coupon's code, at most 20 characters.
    CopyCode(String),
    /// `flow`: a form.
    Flow {
        /// Comes back with the answers; `unused` when nothing is said.
        token: Option<String>,
        /// What the first screen is told, the tenant's own words.
        data: Option<Value>,
    },
    /// `catalog`: the catalogue.
    Catalog {
        /// The product whose picture is shown; Meta takes the first otherwise.
        thumbnail_product_retailer_id: Option<String>,
    },
    /// `mpm`: up to thirty products.
    Products {
        /// The product whose picture is shown.
        thumbnail_product_retailer_id: Option<String>,
        /// The products.
        sections: Vec<ProductSection>,
    },
    /// `order_details`: an order to be paid, as Meta's payments API describes one.
    Order(Value),
    /// `voice_call`: a call to the business.
    VoiceCall {
        /// How long it works, in minutes.
        ttl_minutes: Option<u32>,
        /// Comes back with the call.
        payload: Option<String>,
    },
}

impl ButtonValue {
    const fn kind(&self) -> &'static str {
        match self {
            Self::QuickReply(_) | Self::QuickReplyText(_) => "quick_reply",
            Self::Url(_) => "url",
            Self::CopyCode(_) => "copy_code",
            Self::Flow { .. } => "flow",
            Self::Catalog { .. } => "catalog",
            Self::Products { .. } => "mpm",
            Self::Order(_) => "order_details",
            Self::VoiceCall { .. } => "voice_call",
        }
    }

    /// Most buttons have one parameter; a catalogue without a picture and a call without a limit have none.
    fn parameters(&self) -> Vec<Value> {
        match self {
            Self::QuickReply(payload) => vec![typed("payload", payload)],
            Self::QuickReplyText(text) | Self::Url(text) => vec![typed("text", text)],
            Self::CopyCode(code) => vec![typed("coupon_code", code)],
            Self::Flow { token, data } => action(json!({ "flow_token": token, "flow_action_data": data })),
            Self::Catalog { thumbnail_product_retailer_id: thumbnail } => {
                action(json!({ "thumbnail_product_retailer_id": thumbnail }))
            }
            Self::Products { thumbnail_product_retailer_id: thumbnail, sections } => {
                action(json!({ "thumbnail_product_retailer_id": thumbnail, "sections": sections }))
            }
            Self::Order(order) => action(json!({ "order_details": order })),
            Self::VoiceCall { ttl_minutes, payload } => {
                let ttl = ttl_minutes.map(|minutes| typed("ttl_minutes", minutes));
                ttl.into_iter().chain(payload.as_ref().map(|payload| typed("payload", payload))).collect()
            }
        }
    }
}

fn action(members: Value) -> Vec<Value> {
    let members = present(members);
    if members.as_object().is_none_or(serde_json::Map::is_empty) {
        return Vec::new();
    }
    vec![typed("action", members)]
}

impl TemplateButtonValue {
    pub(super) fn json(&self) -> Value {
        let parameters = self.value.parameters();
        present(json!({
            "type": "button",
            "sub_type": self.value.kind(),
            "index": self.index,
            "parameters": (!parameters.is_empty()).then_some(parameters),
        }))
    }
}
