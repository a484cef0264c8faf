//! Values of a template's buttons.

use serde_json::{Value, json};

use crate::send::product::ProductSection;
use crate::wire::{present, typed};

#[derive(Clone, Debug, PartialEq)]
pub struct TemplateButtonValue {
    /// The button's position among all of the template's buttons, from 0.
    pub index: u8,
    pub value: ButtonValue,
}

/// The value of a button. Each variant names Meta's word for the button.
#[derive(Clone, Debug, PartialEq)]
pub enum ButtonValue {
    /// `quick_reply`: the payload that comes back when it is tapped, at most 128 characters.
    QuickReply(String),
    /// `quick_reply` with a text instead of a payload, as in some of Meta's own samples.
    QuickReplyText(String),
    /// `url`: the end of the link, at most 15 characters. A one-time password is repeated here.
    Url(String),
    /// `copy_code`: the coupon's code, at most 20 characters.
    CopyCode(String),
    /// `flow`: a form.
    Flow {
        /// Comes back with the answers; Meta's default is `unused`.
        token: Option<String>,
        /// Data for the first screen, written by the tenant.
        data: Option<Value>,
    },
    /// `catalog`: the whole catalog.
    Catalog {
        /// The product whose picture is shown; Meta's default is the first.
        thumbnail_product_retailer_id: Option<String>,
    },
    /// `mpm`: up to thirty products.
    Products { thumbnail_product_retailer_id: Option<String>, sections: Vec<ProductSection> },
    /// `order_details`: an order to be paid, in the format of Meta's payments API.
    Order(Value),
    /// `voice_call`: a call to the business.
    VoiceCall {
        /// How long the button works, in minutes.
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

    /// Most buttons have one parameter. A catalog without a picture and a call without a limit have none.
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
