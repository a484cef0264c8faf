//! The parts of the scenario that are about people: an owner's sessions, and an operator's commands.

use axum::http::Method;
use domain::TenantId;
use jiff::SignedDuration;
use ops::operators::{self, Command, Given, Order};
use serde_json::{Value, json};
use tidings::client::{Client, text};

use super::super::super::fault_test::{insist, insist_on_changing, insist_on_reading};
use super::{OWNER_TRIES, Scenario, log_in};
use crate::http::second_factors::code_of;
use crate::test_system::PASSWORD;

impl Scenario<'_> {
    /// The owner continues a session, looks at all of them, ends one and leaves.
    pub(super) async fn sessions(&self, anonymous: &Client) {
        let refresh = |session: &Value| json!({ "refreshToken": session["refreshToken"] });
        // It is the one that is ended.
        log_in(anonymous, &self.email(), PASSWORD).await;
        let session = log_in(anonymous, &self.email(), PASSWORD).await;
        let next = insist(anonymous, "/auth/refresh", &refresh(&session)).await;
        let client = anonymous.with_token(text(&next, "token").unwrap());
        let listed = insist_on_reading(&client, "/auth/sessions").await;
        let other = text(&listed["data"][1], "id").unwrap().to_owned();
        // After a lost answer the session has ended already.
        let end = format!("{}/auth/sessions/{other}", self.test.system.url);
        let http = &self.test.system.http;
        let token = text(&next, "token").unwrap();
        while http.delete(&end).bearer_auth(token).send().await.unwrap().status().is_server_error() {}
        while anonymous.post("/auth/logout", &refresh(&next)).await.unwrap().status.is_server_error() {}
    }

    /// The owner adds a user, changes and removes it, and makes and revokes keys.
    pub(super) async fn users_and_keys(&self, anonymous: &Client) {
        let session = log_in(anonymous, &self.email(), PASSWORD).await;
        let client = anonymous.with_token(text(&session, "token").unwrap());
        let email = format!("{}@colleague.test", self.slug);
        insist(&client, "/users", &json!({ "email": email, "name": "Bob", "role": "ADMIN" })).await;
        let users = insist_on_reading(&client, "/users").await;
        let user = users["data"].as_array().unwrap().iter().find(|user| user["email"] == *email).unwrap();
        let user = format!("/users/{}", text(user, "id").unwrap());
        insist(&client, &format!("{user}/resend-invite"), &json!({ "idempotencyKey": self.slug })).await;
        insist_on_changing(&client, &user, &json!({ "role": "VIEWER" })).await;
        self.insist_on_deleting(&client, &user, &Value::Null).await;
        let key = json!({ "name": "Shop", "scopes": ["contacts:read"] });
        let key = insist(&client, "/api-keys", &key).await;
        insist_on_reading(&anonymous.with_token(text(&key, "key").unwrap()), "/contacts").await;
        let keys = insist_on_reading(&client, "/api-keys").await;
        for key in keys["data"].as_array().unwrap() {
            let path = format!("/api-keys/{}", text(key, "id").unwrap());
            self.insist_on_deleting(&client, &path, &Value::Null).await;
        }
        let users = insist_on_reading(&client, "/users").await;
        assert_eq!(users["data"].as_array().unwrap().len(), 1, "{users}");
    }

    /// The owner sets a second factor up, logs in with it and removes it. Each try has a code of its own, because a code works
    /// once.
    pub(super) async fn second_factor(&self, anonymous: &Client) {
        let session = log_in(anonymous, &self.email(), PASSWORD).await;
        let client = anonymous.with_token(text(&session, "token").unwrap());
        let begun = insist(&client, "/auth/totp", &json!({ "password": PASSWORD })).await;
        let next_code = || {
            self.test.system.clock.advance(SignedDuration::from_secs(30));
            code_of(text(&begun, "secret").unwrap(), self.test.system.clock.now())
        };
        let confirm = async || client.post("/auth/totp/confirm", &json!({ "code": next_code() })).await;
        while confirm().await.unwrap().status.is_server_error() {}
        let log_in = async || {
            let login = json!({ "email": self.email(), "password": PASSWORD, "code": next_code() });
            anonymous.post("/auth/login", &login).await.unwrap().status
        };
        while !log_in().await.is_success() {}
        let remove = async || {
            let body = json!({ "password": PASSWORD, "code": next_code() });
            self.delete(&client, "/auth/totp", &body).await
        };
        while !matches!(remove().await, 204 | 404) {}
    }

    async fn delete(&self, client: &Client, path: &str, body: &Value) -> u16 {
        let url = format!("{}{path}", self.test.system.url);
        let request = self.test.system.http.request(Method::DELETE, url).bearer_auth(client.token().unwrap());
        let request = if body.is_null() { request } else { request.json(body) };
        request.send().await.unwrap().status().as_u16()
    }

    /// What was deleted already is not there any more.
    async fn insist_on_deleting(&self, client: &Client, path: &str, body: &Value) {
        while !matches!(self.delete(client, path, body).await, 204 | 404) {}
    }

    /// An operator stops the tenant for a moment.
    pub(super) async fn pause_and_resume(&self, tenant: TenantId) {
        let platform = self.test.platform();
        let given = Given { by: "ada".to_owned(), reason: "a test".to_owned() };
        let order = Order { tenant: tenant.to_string(), number: None, given };
        for command in [Command::Pause(order.clone()), Command::Resume(order)] {
            let mut tries = 0..OWNER_TRIES;
            while operators::perform(&platform.store, &platform.token_cipher, &platform.system(), &command)
                .await
                .is_err()
            {
                assert!(tries.next().is_some(), "{command:?} is never carried out");
            }
        }
    }
}
