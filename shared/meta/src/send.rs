//! Sending a message, and what the answer proves. A send cannot be taken back.
//!
//! `template`, `free_form`, `media`, `contact` and `interactive` (with `flow`, `order` and `product`)
//! hold one kind of message each; `message` is their common envelope, `outcome` reads the answer, and `receipt`
//! marks received messages as read.

use domain::messages::Outcome;
use domain::{AttemptId, PhoneNumber, PhoneNumberId, with_causes};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;

use crate::client::{Client, object, word};
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendAnswer {
    pub outcome: Outcome,
    /// Meta's details about the message, when Meta accepted it.
    pub accepted: Option<Accepted>,
}

/// A template whose body has numbered variables, to one phone number: the usual message of this product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSend {
    pub to: PhoneNumber,
    pub template: String,
    /// Such as `en_US`.
    pub language: String,
    /// Values of `{{1}}`, `{{2}}`, … in the body; none may be empty.
    pub parameters: Vec<String>,
    /// Sent as `biz_opaque_callback_data`, which comes back with each delivery status.
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
    /// Sends a template message, with the guarantees of [`send`](Self::send).
    pub async fn send_template(
        &self,
        token: &SecretString,
        from: &PhoneNumberId,
        send: &TemplateSend,
    ) -> Outcome {
        self.send(token, from, &send.into()).await.outcome
    }

    /// Sends a message of any kind (`POST /{phone_number_id}/messages`). Every result is an [`Outcome`]; a message that
    /// may have left is never reported as unsent (I17a). Meta has no idempotency key that would make a second call
    /// harmless.
    pub async fn send(&self, token: &SecretString, from: &PhoneNumberId, message: &Message) -> SendAnswer {
        let attempt_id = message.options.callback_data.as_deref();
        self.post_message(token, from, (&message.json(), attempt_id)).await
    }

    async fn post_message(
        &self,
        token: &SecretString,
        from: &PhoneNumberId,
        (body, attempt_id): (&Value, Option<&str>),
    ) -> SendAnswer {
        let sent = match object(&from.0) {
            Ok(from) => {
                let path = [from, word("messages")];
                self.exchange(self.authorized(Method::POST, &path, token).json(body)).await
            }
            Err(error) => Err(error),
        };
        let outcome = match sent {
            Ok(answer) => {
                let outcome = outcome::outcome(&answer);
                let is_accepted = matches!(outcome, Outcome::Accepted(_));
                let accepted = outcome::accepted(&answer.bytes).filter(|_| is_accepted);
                return SendAnswer { outcome, accepted };
            }
            Err(error @ (CallError::NotSent(_) | CallError::NotAnId(_))) => {
                tracing::warn!(
                    error = with_causes(&error),
                    attempt_id,
                    "no byte of a message reached Meta, so it is known to be unsent"
                );
                Outcome::KnownUnsent { wait: None, error: None }
            }
            Err(error) => {
                tracing::warn!(
                    error = with_causes(&error),
                    attempt_id,
                    "the answer to a send was lost, so whether Meta accepted the message is unknown"
                );
                Outcome::Unknown
            }
        };
        SendAnswer { outcome, accepted: None }
    }
}

#[cfg(test)]
mod tests;
