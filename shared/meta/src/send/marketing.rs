//! Marketing templates through the marketing messages API, which decides itself when it is best to deliver them
//! (Meta: marketing messages API for WhatsApp).

use serde_json::Value;

use super::message::{Content, Message, Recipient, SendOptions};
use super::template::TemplateMessage;

/// What Meta does where the marketing messages API cannot send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductPolicy {
    /// It sends through the Cloud API. Meta takes this when nothing is said.
    CloudApiFallback,
    /// It refuses.
    Strict,
}

impl ProductPolicy {
    const fn as_str(self) -> &'static str {
        match self {
            Self::CloudApiFallback => "CLOUD_API_FALLBACK",
            Self::Strict => "STRICT",
        }
    }
}

/// A marketing template to one recipient (Meta: `POST /{phone_number_id}/marketing_messages`). Other categories are
/// refused with 131055 or 134100; the account must have accepted Meta's terms for it.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketingMessage {
    /// To whom.
    pub to: Recipient,
    /// The template, filled in.
    pub template: TemplateMessage,
    /// What travels with it.
    pub options: SendOptions,
    /// What Meta does where it cannot send.
    pub product_policy: Option<ProductPolicy>,
    /// Whether Meta may use reads and taps of it to choose better; the account's own setting when nothing is said.
    pub message_activity_sharing: Option<bool>,
}

impl MarketingMessage {
    /// The request's body.
    pub(super) fn json(&self) -> Value {
        let message = Message {
            to: self.to.clone(),
            content: Content::Template(Box::new(self.template.clone())),
            options: self.options.clone(),
        };
        let mut body = message.json();
        if let Some(members) = body.as_object_mut() {
            let policy =
                self.product_policy.map(|policy| ("product_policy".to_owned(), policy.as_str().into()));
            let sharing =
                self.message_activity_sharing.map(|may| ("message_activity_sharing".to_owned(), may.into()));
            members.extend(policy.into_iter().chain(sharing));
        }
        body
    }
}
