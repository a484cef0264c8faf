//! The parts of the scenario that are about people: an owner's sessions, and an operator's commands.

use domain::TenantId;
use ops::operators::{self, Command, Given, Order};
use serde_json::{Value, json};
use tidings::client::{Client, text};

use super::super::super::fault_test::{insist, insist_on_reading};
use super::{OWNER_TRIES, Scenario, log_in};
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
