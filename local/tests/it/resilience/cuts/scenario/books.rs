//! The parts of the scenario that are about the books: corrections by one person and by two, thresholds, the reconciliation.

use domain::TenantId;
use serde_json::{Value, json};
use tidings::client::{Client, text};

use super::super::super::fault_test::{insist, insist_on_reading};
use super::Scenario;

impl Scenario<'_> {
    /// Two super admins correct the ledger of a tenant, and end where they began.
    pub(super) async fn correct(&self, (one, other): (&Client, &Client), tenant: TenantId) {
        let adjust = async |who: &Client, amount: &str| {
            let key = format!("{}{amount}", self.slug);
            let body =
                json!({ "tenantId": tenant, "amount": amount, "reason": "a test", "idempotencyKey": key });
            insist(who, "/billing/adjustments", &body).await
        };
        let small = adjust(one, "0.50").await;
        assert_eq!(small["state"], "BOOKED", "{small}");
        for (who, second, amount) in [(one, other, "150"), (other, one, "-150.50")] {
            let waiting = adjust(who, amount).await;
            assert_eq!(waiting["state"], "PENDING", "{waiting}");
            let approve = format!("/admin/adjustments/{}/approve", text(&waiting, "id").unwrap());
            let booked = insist(second, &approve, &Value::Null).await;
            // After a lost answer it is the same one again.
            assert_eq!((&booked["state"], &booked["id"]), (&json!("BOOKED"), &waiting["id"]), "{booked}");
        }
        let listed = insist_on_reading(one, "/admin/adjustments?limit=200").await;
        let of_tenant =
            listed["data"].as_array().unwrap().iter().filter(|row| row["tenantId"] == tenant.to_string());
        assert_eq!(of_tenant.count(), 3, "{listed}");
        insist_on_reading(one, "/admin/reconciliation?day=2026-11-01").await;
    }

    /// The tenant is warned when a message was debited.
    pub(super) async fn warn(&self, token: &str) {
        let (http, url) = (&self.test.system.http, format!("{}/billing/low-balance", self.test.system.url));
        let body = json!({ "thresholds": ["0.995", "0.5"] });
        while http.put(&url).bearer_auth(token).json(&body).send().await.unwrap().status().is_server_error() {
        }
    }
}
