//! A sandbox and the product's client for it.

use std::time::Duration;

use domain::messages::Outcome;
use domain::{Category, PhoneNumber, PhoneNumberId, Wamid};
use meta::error::ErrorClass;
use meta::send::{Content, Message, Recipient, SendAnswer, SendOptions, TemplateMessage, Text};
use meta::templates::{NewTemplate, TemplateContent, TemplateOptions};
use meta::{Client, Config};
use secrecy::SecretString;
use serde_json::Value;

use crate::support::{APP_ID, APP_SECRET, TIMEOUT, TestSandbox};

/// A recipient that is not magic.
pub(super) const RECIPIENT: &str = "+4915112345678";
/// A recipient without a known phone number.
pub(super) const USER_ID: &str = "US.13491208655302741918";

/// A sandbox with one account that can send, and a client with its token.
pub(super) struct Setup {
    pub(super) sandbox: TestSandbox,
    pub(super) client: Client,
    pub(super) number: PhoneNumberId,
    pub(super) token: SecretString,
    pub(super) waba: String,
}

/// A client for any server.
pub(super) fn client_at(base_url: &str, call_timeout: Duration) -> Client {
    client_with(APP_SECRET, base_url, call_timeout)
}

/// A client with any app secret.
pub(super) fn client_with(secret: &str, base_url: &str, call_timeout: Duration) -> Client {
    let config = Config {
        base_url: base_url.to_owned(),
        version: "v26.0".to_owned(),
        app_id: APP_ID.to_owned(),
        app_secret: secret.into(),
        call_timeout,
    };
    Client::new(config).expect("a client can be built")
}

impl Setup {
    pub(super) async fn start() -> Self {
        Self::with_timeout(TIMEOUT).await
    }

    pub(super) async fn with_timeout(call_timeout: Duration) -> Self {
        let sandbox = TestSandbox::start().await;
        let client = client_at(&sandbox.running.base_url(), call_timeout);
        let number = PhoneNumberId(sandbox.account.phone_id.clone());
        let (token, waba) = (sandbox.account.token.as_str().into(), sandbox.account.waba.clone());
        Self { sandbox, client, number, token, waba }
    }

    /// Sends with `attempt` as opaque data.
    pub(super) async fn send(&self, to: Recipient, content: Content, attempt: &str) -> SendAnswer {
        let options = SendOptions { callback_data: Some(attempt.to_owned()), ..SendOptions::default() };
        let message = Message { to, content, options };
        self.client.send(&self.token, &self.number, &message).await
    }

    /// Sends a text to a phone number.
    pub(super) async fn send_text(&self, to: &str, attempt: &str) -> Outcome {
        self.send(phone(to), hello(), attempt).await.outcome
    }

    pub(super) async fn send_template(
        &self,
        to: Recipient,
        template: TemplateMessage,
        attempt: &str,
    ) -> Outcome {
        self.send(to, Content::Template(Box::new(template)), attempt).await.outcome
    }

    /// Creates a template without parameters and returns its id.
    pub(super) async fn create_template(&self, name: &str, category: Category) -> String {
        let template = new_template(name, category, plain());
        let made = self.client.create_template(&self.token, &self.waba, &template).await;
        made.expect("the template is created").id
    }

    /// The accepted message of an attempt.
    pub(super) async fn accepted(&self, attempt: &str) -> Option<Value> {
        let acceptances = self.sandbox.caller.acceptances().await;
        let mut matching = acceptances.into_iter().filter(|entry| entry["attemptId"] == attempt);
        let (first, second) = (matching.next(), matching.next());
        assert_eq!(second, None, "{attempt} is accepted at most once");
        first
    }

    /// The account as the sandbox shows it.
    pub(super) async fn account(&self) -> Value {
        let listed = self.sandbox.caller.show("accounts").await.expect_status(200);
        let accounts = listed["accounts"].as_array().expect("accounts are a list");
        let own = accounts.iter().find(|entry| entry["wabaId"] == *self.waba);
        own.expect("the account is listed").clone()
    }
}

pub(super) fn phone(number: &str) -> Recipient {
    Recipient::Phone(PhoneNumber::from_stored(number.to_owned()))
}

pub(super) fn user() -> Recipient {
    Recipient::User(USER_ID.to_owned())
}

pub(super) fn hello() -> Content {
    Content::Text(Text { body: "Good morning".to_owned(), preview_url: None })
}

/// Template content without parameters.
pub(super) fn plain() -> TemplateContent {
    TemplateContent::of_body("Your order is on its way.", &[])
}

pub(super) fn new_template(name: &str, category: Category, content: TemplateContent) -> NewTemplate {
    NewTemplate {
        name: name.to_owned(),
        language: "en_US".to_owned(),
        category: category.into(),
        content,
        options: TemplateOptions::default(),
    }
}

/// A template message with texts for the parameters of the body.
pub(super) fn filled(name: &str, texts: &[&str]) -> TemplateMessage {
    let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
    TemplateMessage::of_texts(name, "en_US", &texts)
}

/// The wamid of an accepted message.
#[track_caller]
pub(super) fn wamid(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Accepted(Wamid(wamid)) => wamid,
        Outcome::Rejected(_) | Outcome::KnownUnsent { .. } | Outcome::Unknown => {
            panic!("the message was not accepted: {outcome:?}")
        }
    }
}

/// The class of Meta's error.
#[track_caller]
pub(super) fn class<T: std::fmt::Debug>(result: Result<T, meta::CallError>) -> ErrorClass {
    let error = result.expect_err("the call is refused");
    error.graph().unwrap_or_else(|| panic!("the error is not from Meta: {error:?}")).class()
}
