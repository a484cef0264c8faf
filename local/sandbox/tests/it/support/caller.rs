//! Calls of the Graph API and orders.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::{Value, json};

use super::{APP_ID, APP_SECRET, TIMEOUT};

/// An account as the sandbox shows it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) waba: String,
    pub(crate) phone_id: String,
    pub(crate) phone: String,
    pub(crate) token: String,
}

/// An answer with its complete body.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) version: Option<String>,
    pub(crate) location: Option<String>,
    /// `x-business-use-case-usage` and `x-app-usage`, `null` when absent.
    pub(crate) usage: [Value; 2],
    pub(crate) text: String,
    /// `null` when the text is not JSON.
    pub(crate) body: Value,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect_status(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// Checks Meta's envelope and returns the code.
    #[track_caller]
    pub(crate) fn expect_error(&self, status: u16) -> i64 {
        assert_eq!(self.status, status, "{}", self.text);
        let error = &self.body["error"];
        assert!(error["message"].is_string() && error["fbtrace_id"].is_string(), "{}", self.text);
        let kind = error["type"].as_str().expect("an error has a type");
        assert!(matches!(kind, "OAuthException" | "GraphMethodException"), "{kind}");
        error["code"].as_i64().expect("an error has a code")
    }

    /// Checks Meta's envelope: status, code, subcode, and a text in the message or its details.
    #[track_caller]
    pub(crate) fn expect_refusal(&self, status: u16, (code, subcode): (i64, Option<i64>), text: &str) {
        assert_eq!(self.expect_error(status), code, "{}", self.text);
        let error = &self.body["error"];
        assert_eq!(error["error_subcode"].as_i64(), subcode, "{}", self.text);
        let message = error["message"].as_str().expect("an error has a message");
        let details = error["error_data"]["details"].as_str().unwrap_or_default();
        assert!(message.contains(text) || details.contains(text), "{}", self.text);
        if code >= 130_000 {
            assert!(message.starts_with(&format!("(#{code}) ")), "{message}");
            assert_eq!(error["error_data"]["messaging_product"], "whatsapp", "{}", self.text);
            assert!(!details.is_empty(), "{}", self.text);
        }
    }

    #[track_caller]
    pub(crate) fn wamid(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text);
        let wamid = self.body["messages"][0]["id"].as_str().expect("an answer names its message");
        assert!(wamid.starts_with("wamid."), "{wamid}");
        wamid.to_owned()
    }
}

/// Calls one sandbox.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) base: String,
    http: Client,
}

impl Caller {
    pub(crate) fn new(base: &str) -> Self {
        let http = Client::builder().no_proxy().redirect(redirect::Policy::none()).timeout(TIMEOUT);
        Self { base: base.to_owned(), http: http.build().expect("a client can be built") }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A Graph GET with a token.
    pub(crate) async fn get(&self, token: &str, path: &str) -> Reply {
        read(self.request(Method::GET, &format!("/v26.0{path}")).bearer_auth(token)).await
    }

    /// A Graph POST with a token.
    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Reply {
        read(self.request(Method::POST, &format!("/v26.0{path}")).bearer_auth(token).json(body)).await
    }

    /// A Graph DELETE with a token.
    pub(crate) async fn delete(&self, token: &str, path: &str) -> Reply {
        read(self.request(Method::DELETE, &format!("/v26.0{path}")).bearer_auth(token)).await
    }

    /// `GET /sandbox/…`.
    pub(crate) async fn show(&self, path: &str) -> Reply {
        read(self.request(Method::GET, &format!("/sandbox/{path}"))).await
    }

    /// `POST /sandbox/…`.
    pub(crate) async fn order(&self, path: &str, body: &str) -> Reply {
        read(self.request(Method::POST, &format!("/sandbox/{path}")).body(body.to_owned())).await
    }

    /// Exchanges a code for a token.
    pub(crate) async fn exchange(&self, code: &str) -> Reply {
        let query = [("client_id", APP_ID), ("client_secret", APP_SECRET), ("code", code)];
        read(self.request(Method::GET, "/v26.0/oauth/access_token").query(&query)).await
    }

    /// The account of a code, not yet registered or subscribed.
    pub(crate) async fn account(&self, code: &str) -> Account {
        let body = self.exchange(code).await.expect_status(200);
        let token = body["access_token"].as_str().expect("an exchange gives a token").to_owned();
        let listed = self.show("accounts").await.expect_status(200);
        let accounts = listed["accounts"].as_array().expect("accounts are a list");
        let own =
            accounts.iter().find(|account| account["accessToken"] == *token).expect("the account is listed");
        let text = |key: &str| own[key].as_str().expect("an account has its members").to_owned();
        Account { waba: text("wabaId"), phone_id: text("phoneNumberId"), phone: text("phone"), token }
    }

    /// The account of a code, registered and subscribed.
    pub(crate) async fn connect(&self, code: &str) -> Account {
        let account = self.account(code).await;
        let pin = json!({ "messaging_product": "whatsapp", "pin": "123456" });
        let subscribe = format!("/{}/subscribed_apps", account.waba);
        self.post(&account.token, &subscribe, &json!({})).await.expect_status(200);
        let register = format!("/{}/register", account.phone_id);
        self.post(&account.token, &register, &pin).await.expect_status(200);
        account
    }

    /// `POST /{phone_number_id}/messages` with any body.
    pub(crate) async fn message(&self, account: &Account, body: &Value) -> Reply {
        self.post(&account.token, &format!("/{}/messages", account.phone_id), body).await
    }

    /// Sends a text.
    pub(crate) async fn send(&self, account: &Account, to: &str, opaque: &str) -> Reply {
        self.message(account, &text_to(to, opaque)).await
    }

    /// Sends a hundred texts one after the other, alternating between the recipients.
    pub(crate) async fn send_hundred(self, account: Account, to: &[&str]) {
        for (index, to) in to.iter().cycle().take(100).enumerate() {
            self.send(&account, to, &format!("attempt {index}")).await.wamid();
        }
    }

    /// Sends a thousand texts, ten at a time.
    pub(crate) async fn send_thousand(&self, account: &Account, to: &'static [&'static str]) {
        let mut sends = tokio::task::JoinSet::new();
        for _ in 0..10 {
            sends.spawn(self.clone().send_hundred(account.clone(), to));
        }
        tokio::time::timeout(TIMEOUT, sends.join_all()).await.expect("all sends are answered");
    }

    /// Sends a text whose connection must fail, and returns the error.
    pub(crate) async fn send_without_answer(
        &self,
        account: &Account,
        to: &str,
        opaque: &str,
    ) -> reqwest::Error {
        let path = format!("/v26.0/{}/messages", account.phone_id);
        let request = self.request(Method::POST, &path).bearer_auth(&account.token);
        request.json(&text_to(to, opaque)).send().await.expect_err("no answer comes")
    }

    /// Sends a text that must not be answered in time.
    pub(crate) async fn send_with_timeout(&self, account: &Account, timeout: Duration) -> reqwest::Error {
        let path = format!("/v26.0/{}/messages", account.phone_id);
        let request = self.request(Method::POST, &path).bearer_auth(&account.token).timeout(timeout);
        request
            .json(&text_to("+4915112345678", "impatient"))
            .send()
            .await
            .expect_err("no answer comes in time")
    }

    pub(crate) async fn acceptances(&self) -> Vec<Value> {
        let page = self.show("acceptances").await.expect_status(200);
        assert_eq!(page["more"], false, "one page holds them all");
        page["acceptances"].as_array().expect("acceptances are a list").clone()
    }

    /// The opaque data of every acceptance.
    pub(crate) async fn attempts(&self) -> Vec<String> {
        let acceptances = self.acceptances().await;
        let attempt =
            |acceptance: &Value| acceptance["attemptId"].as_str().expect("sent with opaque data").to_owned();
        acceptances.iter().map(attempt).collect()
    }

    /// `GET /sandbox/webhooks` once all updates are delivered.
    pub(crate) async fn wait_until_delivered(&self) -> Value {
        let polling = async {
            let mut webhooks = self.show("webhooks").await.expect_status(200);
            while webhooks["pending"] != 0 {
                webhooks = self.show("webhooks").await.expect_status(200);
            }
            webhooks
        };
        tokio::time::timeout(TIMEOUT, polling).await.expect("all updates are delivered in time")
    }

    /// Creates a template that must be approved, and returns its id.
    pub(crate) async fn create(&self, account: &Account, template: &Value) -> String {
        let path = format!("/{}/message_templates", account.waba);
        let body = self.post(&account.token, &path, template).await.expect_status(200);
        assert_eq!(body["status"], "APPROVED");
        body["id"].as_str().expect("a template has an id").to_owned()
    }
}

/// Sends a request and reads the complete answer.
pub(crate) async fn read(request: RequestBuilder) -> Reply {
    let response = request.send().await.expect("an answer comes");
    let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
    let (version, location) = (header("facebook-api-version"), header("location"));
    let json = |name| header(name).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    let usage = [json("x-business-use-case-usage"), json("x-app-usage")];
    let status = response.status().as_u16();
    let text = response.text().await.expect("the answer is read to its end");
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Reply { status, version, location, usage, text, body }
}

/// The body of a text message.
pub(crate) fn text_to(to: &str, opaque: &str) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "to": to,
        "type": "text",
        "text": { "body": "Good morning" },
        "biz_opaque_callback_data": opaque,
    })
}
