//! The parts of the scenario that are about tenants: one is invited, registers, is closed, and is erased in the end.

use axum::http::StatusCode;
use serde_json::{Value, json};
use tidings::client::text;

use super::super::super::fault_test::{insist, insist_on_changing, insist_on_reading};
use super::{OWNER_TRIES, Scenario, TenantOf, log_in};
use crate::test_system::{ADMIN, PASSWORD};

impl Scenario<'_> {
    /// A business registers with an invitation and is closed, longer ago than its month. Returns its id.
    pub(super) async fn invite_and_close(&self) -> String {
        let anonymous = self.test.system.anonymous();
        let session = log_in(&anonymous, ADMIN.0, ADMIN.1).await;
        let owner = anonymous.with_token(text(&session, "token").unwrap());
        let withdrawn = insist(&owner, "/admin/invitations", &json!({})).await;
        let listed = insist_on_reading(&owner, "/admin/invitations").await;
        assert!(!listed["data"].as_array().unwrap().is_empty());
        // After a lost answer it is gone already.
        let path = format!("{}/admin/invitations/{}", self.test.system.url, text(&withdrawn, "id").unwrap());
        let (http, token) = (&self.test.system.http, text(&session, "token").unwrap());
        while http.delete(&path).bearer_auth(token).send().await.unwrap().status().is_server_error() {}

        let email = format!("{}@closed.test", self.slug);
        let invitation = insist(&owner, "/admin/invitations", &json!({ "email": email })).await;
        let registration = json!({
            "tenantName": "Closed", "slug": format!("{}-c", self.slug), "adminEmail": email, "adminPassword": PASSWORD,
            "adminName": "Cleo", "invitation": text(&invitation, "code").unwrap(),
        });
        // When only the answer was lost the invitation is used.
        let mut tries = 0..OWNER_TRIES;
        loop {
            let answer = anonymous.post("/auth/register-tenant", &registration).await.unwrap();
            match answer.status {
                StatusCode::CREATED | StatusCode::UNPROCESSABLE_ENTITY => break,
                status => assert!(status.is_server_error(), "{status}: {}", answer.body),
            }
            assert!(tries.next().is_some(), "it is never registered");
        }
        let act = domain::SystemAct::at(self.test.platform().clock.now());
        let tenant = self.test.system.db.store.perform_system(&act, &TenantOf(email)).await.unwrap();
        let path = format!("/admin/tenants/{tenant}");
        let close = json!({ "state": "CLOSED", "reason": "it asked for it" });
        assert_eq!(insist_on_changing(&owner, &path, &close).await["state"], "CLOSED");
        insist_on_reading(&owner, &path).await;
        insist_on_reading(&owner, "/admin/tenants?q=closed&state=CLOSED").await;
        let long_ago = format!(
            "UPDATE tenants SET state_since = state_since - interval '31 days' WHERE tenant_id = '{tenant}'"
        );
        self.test.system.db.execute(&long_ago).await;
        tenant.to_string()
    }

    pub(super) async fn assert_erased(&self, tenant: &str) {
        let anonymous = self.test.system.anonymous();
        let session = log_in(&anonymous, ADMIN.0, ADMIN.1).await;
        let owner = anonymous.with_token(text(&session, "token").unwrap());
        let erased = insist_on_reading(&owner, &format!("/admin/tenants/{tenant}")).await;
        assert_eq!((&erased["state"], &erased["name"]), (&json!("ERASED"), &json!("Erased")), "{erased}");
        assert_eq!(erased["ownerEmail"], Value::Null);
    }
}
