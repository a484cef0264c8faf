//! The parts of the scenario that are about plans, prices and the books: corrections by one person and by two, thresholds, the reconciliation.

use domain::TenantId;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tidings::client::{Client, text};

use super::super::super::fault_test::{insist, insist_on_changing, insist_on_reading};
use super::Scenario;

impl Scenario<'_> {
    /// Archives the plan that it created.
    pub(super) async fn change_plan(&self, owner: &Client) {
        let plans = insist_on_reading(owner, "/plans").await;
        let plan = plans.as_array().unwrap().iter().find(|plan| plan["name"] == self.slug).unwrap();
        let path = format!("/plans/{}", text(plan, "id").unwrap());
        insist_on_changing(owner, &path, &json!({ "isArchived": true })).await;
        assert!(insist_on_reading(owner, &path).await["archivedAt"].is_string());
    }

    /// A price of a market that no recipient is in, tried and applied.
    pub(super) async fn apply_prices(&self, owner: &Client) {
        let from = self.test.system.clock.now() + SignedDuration::from_hours(1);
        let mut card = json!({
            "name": self.slug, "source": "A test", "effectiveFrom": from.to_string(),
            "prices": [{ "market": "Peru", "utility": "0.03" }],
        });
        insist(owner, "/admin/rate-cards/preview", &card).await;
        card["idempotencyKey"] = json!(self.slug);
        insist(owner, "/admin/rate-cards", &card).await;
        let cards = insist_on_reading(owner, "/admin/rate-cards").await;
        let named = cards["data"].as_array().unwrap().iter().filter(|listed| listed["name"] == self.slug);
        assert_eq!(named.count(), 1, "{cards}");
    }

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
