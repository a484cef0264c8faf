//! The envelope of all messages: recipient, content and options.

use domain::{PhoneNumber, Wamid};
use serde_json::{Value, json};

use super::contact::ContactCard;
use super::free_form::{Location, Reaction, Text};
use super::interactive::Interactive;
use super::media::MediaMessage;
use super::template::TemplateMessage;
use crate::wire::{present, typed};

/// The recipient. When Meta is given both a phone number and an id it uses the phone number, so we send only one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// `to`, a phone number with its country code. Meta adds the business' country code to a number without a plus.
    Phone(PhoneNumber),
    /// `recipient`, a business-scoped user id such as `US.13491208655302741918` (Meta: business-scoped user ids). Meta
    /// refuses one-tap, zero-tap and copy-code authentication templates to it (131062).
    User(String),
    /// `to`, the id of a group (Meta: groups).
    Group(String),
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// An approved template: the only content that may be sent outside the 24-hour window.
    Template(Box<TemplateMessage>),
    Text(Text),
    Media(MediaMessage),
    Location(Location),
    /// Contact cards.
    Contacts(Vec<ContactCard>),
    /// An emoji on one of the recipient's messages.
    Reaction(Reaction),
    /// Buttons, a list, a form, products.
    Interactive(Box<Interactive>),
}

/// Options of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// The message that this one answers. It is shown quoted.
    pub reply_to: Option<Wamid>,
    /// Comes back with every delivery status (`biz_opaque_callback_data`). Meta documents no length; keep it short.
    pub callback_data: Option<String>,
    /// The hash that the recipient's identity must still have, where the number checks identities (Meta: identity
    /// change check).
    pub identity_key_hash: Option<String>,
    /// The messaging account that pays, where a number has several (Meta: messaging accounts).
    pub messaging_account_id: Option<String>,
}

/// One message to one recipient (Meta: `POST /{phone_number_id}/messages`).
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub to: Recipient,
    /// Everything but a template needs the 24-hour window; outside it Meta answers 131047.
    pub content: Content,
    pub options: SendOptions,
}

impl Content {
    /// `type`, and the object of that name.
    fn members(&self) -> Value {
        match self {
            Self::Template(template) => typed("template", template.json()),
            Self::Text(text) => typed("text", text.json()),
            Self::Media(media) => media.json(),
            Self::Location(location) => typed("location", location),
            Self::Contacts(cards) => typed("contacts", cards),
            Self::Reaction(reaction) => typed("reaction", reaction.json()),
            Self::Interactive(interactive) => typed("interactive", interactive.json()),
        }
    }
}

impl Message {
    /// The request's body.
    pub(super) fn json(&self) -> Value {
        let (recipient_type, to, recipient) = match &self.to {
            Recipient::Phone(number) => ("individual", Some(number.as_str()), None),
            Recipient::User(id) => ("individual", None, Some(id.as_str())),
            Recipient::Group(id) => ("group", Some(id.as_str()), None),
        };
        let options = &self.options;
        let mut body = present(json!({
            "messaging_product": "whatsapp",
            "recipient_type": recipient_type,
            "to": to,
            "recipient": recipient,
            "context": options.reply_to.as_ref().map(|wamid| json!({ "message_id": wamid.0 })),
            "biz_opaque_callback_data": options.callback_data,
            "recipient_identity_key_hash": options.identity_key_hash,
            "messaging_account_id": options.messaging_account_id,
        }));
        if let (Some(body), Value::Object(content)) = (body.as_object_mut(), self.content.members()) {
            body.extend(content);
        }
        body
    }
}
