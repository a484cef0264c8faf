//! The one call that cannot be taken back: sending a message, and what its answer proves.
//!
//! Each kind of message has its file: [`template`], [`free_form`], [`media`], [`contact`], [`interactive`] (with
//! [`flow`], [`order`] and [`product`]), [`marketing`]; [`message`] is what they have in common, [`outcome`] how the answer is read,
//! [`receipt`] what is told about messages received.

use domain::messages::Outcome;
use domain::{AttemptId, PhoneNumber, PhoneNumberId, with_causes};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;

use crate::client::Client;
use crate::error::CallError;

mod contact;
mod flow;
mod free_form;
mod interactive;
mod media;
mod message;
mod order;
mod outcome;
mod product;
mod receipt;
mod template;

pub use contact::{
    ContactAddress, ContactCard, ContactEmail, ContactName, ContactOrganisation, ContactPhone, ContactUrl,
};
pub use flow::{FlowAction, FlowName};
pub use free_form::{Location, Reaction, Text};
pub use interactive::{
    Action, Interactive, InteractiveCard, InteractiveHeader, ListRow, ListSection, ReplyButton,
};
pub use media::{MediaMessage, MediaSource};
pub use message::{Content, Message, Recipient, SendOptions};
pub use order::OrderStatus;
pub use outcome::Accepted;
pub use product::ProductSection;
pub use template::{
    ButtonValue, CardValue, Currency, DateTime, HeaderValue, Parameter, ParameterValue, TapTarget,
    TemplateButtonValue, TemplateMessage,
};

/// What became of a send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendAnswer {
    /// What the answer proves.
    pub outcome: Outcome,
    /// What Meta says of the message, where it took it.
    pub accepted: Option<Accepted>,
}

/// The message that a campaign is made of: a template whose body has numbered places, to one phone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSend {
    /// To whom.
    pub to: PhoneNumber,
    /// The template's name.
    pub template: String,
    /// The template's language, such as `en_US`.
    pub language: String,
    /// Values of `{{1}}`, `{{2}}`, … of the body, none of them empty.
    pub parameters: Vec<String>,
    /// Travels as `biz_opaque_callback_data` and comes back with the statuses.
    pub attempt: AttemptId,
}

impl From<&TemplateSend> for Message {
    fn from(send: &TemplateSend) -> Self {
        let template = TemplateMessage::of_texts(&send.template, &send.language, &send.parameters);
        Self {
            to: Recipient::Phone(send.to.clone()),
            content: Content::Template(Box::new(template)),
            options: SendOptions { callback_data: Some(send.attempt.to_string()), ..SendOptions::default() },
        }
    }
}

impl Client {
    /// Asks Meta to send a template message. What [`send`](Self::send) promises holds here.
    pub async fn send_template(
        &self,
        token: &SecretString,
        from: &PhoneNumberId,
        send: &TemplateSend,
    ) -> Outcome {
        self.send(token, from, &send.into()).await.outcome
    }

    /// Asks Meta to send a message of any kind (`POST /{phone_number_id}/messages`). Whatever happens is an [`Outcome`];
    /// what may have left is never called unsent (I17a). Meta has no key that would make a second call harmless.
    pub async fn send(&self, token: &SecretString, from: &PhoneNumberId, message: &Message) -> SendAnswer {
        let attempt = message.options.callback_data.as_deref();
        self.post_message(token, [&from.0, "messages"], (&message.json(), attempt)).await
    }

    async fn post_message(
        &self,
        token: &SecretString,
        path: [&str; 2],
        (body, attempt): (&Value, Option<&str>),
    ) -> SendAnswer {
        let request = self.authorized(Method::POST, &path, token).json(body);
        let outcome = match self.exchange(request).await {
            Ok(answer) => {
                let outcome = outcome::outcome(&answer);
                let is_accepted = matches!(outcome, Outcome::Accepted(_));
                let accepted = outcome::accepted(&answer.bytes).filter(|_| is_accepted);
                return SendAnswer { outcome, accepted };
            }
            Err(CallError::NotSent(error)) => {
                tracing::warn!(error = with_causes(&error), "a message did not leave");
                Outcome::KnownUnsent { wait: None, error: None }
            }
            Err(error) => {
                tracing::warn!(error = with_causes(&error), attempt, "a send has an unknown outcome");
                Outcome::Unknown
            }
        };
        SendAnswer { outcome, accepted: None }
    }
}

#[cfg(test)]
mod tests;
