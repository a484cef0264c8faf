//! The client and the sandbox, connected.

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

/// Somebody whom no magic is about.
pub(super) const ANYBODY: &str = "+4915112345678";
/// Somebody whose number is not known.
pub(super) const USER: &str = "US.13491208655302741918";

/// A sandbox with one account that may send, and the client that has its token.
pub(super) struct Pair {
    pub(super) sandbox: TestSandbox,
    pub(super) client: Client,
    pub(super) number: PhoneNumberId,
    pub(super) token: SecretString,
    pub(super) waba: String,
}

/// A client for whatever answers at an address.
pub(super) fn client_at(base_url: &str, call_timeout: Duration) -> Client {
    client_with(APP_SECRET, base_url, call_timeout)
}

/// A client with any secret of the app.
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

impl Pair {
    pub(super) async fn open() -> Self {
        Self::patient(TIMEOUT).await
    }

    /// With a client that waits so long for an answer.
    pub(super) async fn patient(call_timeout: Duration) -> Self {
        let sandbox = TestSandbox::start().await;
        let client = client_at(&sandbox.running.base_url(), call_timeout);
        let number = PhoneNumberId(sandbox.account.phone_id.clone());
        let (token, waba) = (sandbox.account.token.as_str().into(), sandbox.account.waba.clone());
        Self { sandbox, client, number, token, waba }
    }

    /// Sends with a name for the attempt.
    pub(super) async fn send(&self, to: Recipient, content: Content, attempt: &str) -> SendAnswer {
        let options = SendOptions { callback_data: Some(attempt.to_owned()), ..SendOptions::default() };
        let message = Message { to, content, options };
        self.client.send(&self.token, &self.number, &message).await
    }

    /// What becomes of a text to a phone number.
    pub(super) async fn say(&self, to: &str, attempt: &str) -> Outcome {
        self.send(phone(to), hello(), attempt).await.outcome
    }

    /// What becomes of a template to somebody.
    pub(super) async fn fill(&self, to: Recipient, template: TemplateMessage, attempt: &str) -> Outcome {
        self.send(to, Content::Template(Box::new(template)), attempt).await.outcome
    }

    /// Offers a template of plain words, which is taken, and gives its id.
    pub(super) async fn offer(&self, name: &str, category: Category) -> String {
        let template = new_template(name, category, plain());
        let made = self.client.create_template(&self.token, &self.waba, &template).await;
        made.expect("the template is taken").id
    }

    /// The entry of the one attempt of this name.
    pub(super) async fn accepted(&self, attempt: &str) -> Option<Value> {
        let acceptances = self.sandbox.caller.acceptances().await;
        let mut named = acceptances.into_iter().filter(|one| one["attemptId"] == attempt);
        let (first, second) = (named.next(), named.next());
        assert_eq!(second, None, "{attempt} is accepted once at most");
        first
    }

    /// The account as the sandbox has it.
    pub(super) async fn held(&self) -> Value {
        let listed = self.sandbox.caller.show("accounts").await.expect_status(200);
        let accounts = listed["accounts"].as_array().expect("accounts are a list");
        let own = accounts.iter().find(|one| one["wabaId"] == *self.waba);
        own.expect("the account is listed").clone()
    }
}

pub(super) fn phone(number: &str) -> Recipient {
    Recipient::Phone(PhoneNumber::from_stored(number.to_owned()))
}

pub(super) fn user() -> Recipient {
    Recipient::User(USER.to_owned())
}

pub(super) fn hello() -> Content {
    Content::Text(Text { body: "Good morning".to_owned(), preview_url: None })
}

/// A template's content without a place to fill.
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

/// A message of a template in which nothing is filled, or some places of its body.
pub(super) fn filled(name: &str, texts: &[&str]) -> TemplateMessage {
    let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
    TemplateMessage::of_texts(name, "en_US", &texts)
}

/// The id of a message that was taken.
#[track_caller]
pub(super) fn wamid(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Accepted(Wamid(wamid)) => wamid,
        Outcome::Rejected(_) | Outcome::KnownUnsent { .. } | Outcome::Unknown => {
            panic!("the message was not taken: {outcome:?}")
        }
    }
}

/// What Meta's error of a call is about.
#[track_caller]
pub(super) fn class<T: std::fmt::Debug>(result: Result<T, meta::CallError>) -> ErrorClass {
    let error = result.expect_err("the call is refused");
    error.graph().unwrap_or_else(|| panic!("it is not Meta's error: {error:?}")).class()
}
