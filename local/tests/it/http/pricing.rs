//! A message says how its price came about, whatever has changed since.

use axum::http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::actors::super_admin;
use super::raw_api::{Answer, RawApi};
use crate::test_system::{Tenant, TestSystem};

struct Fixture {
    system: TestSystem,
    api: RawApi,
    tenant: Tenant,
}

impl Fixture {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let tenant = system.tenant("acme", "1.00").await;
        Self { system, api, tenant }
    }

    async fn set(&self, change: &Value) -> Answer {
        let owner = super_admin(&self.api).await;
        let path = format!("/admin/tenants/{}", self.tenant.id);
        self.api.call(Method::PATCH, &path).bearer(&owner).json(change).send().await
    }

    async fn pricing(&self, message: &str) -> Value {
        self.tenant.message(message).await["pricing"].clone()
    }
}

fn pricing(margin_bps: i32, margin: &str, total: &str) -> Value {
    json!({
        "market": "North America", "category": "UTILITY", "metaPrice": "0.01", "marginBps": margin_bps, "margin": margin,
        "total": total,
        "card": { "name": "Test", "source": "The same in every market", "effectiveFrom": "2026-10-01T00:00:01Z" },
    })
}

#[tokio::test]
async fn a_message_explains_its_price_also_after_the_margin_and_the_card_have_changed() {
    let fixture = Fixture::new().await;
    let first = fixture.tenant.send("+15550001111").await;
    assert_eq!(fixture.pricing(&first).await, Value::Null, "it is not debited yet");
    fixture.system.pump().await;
    assert_eq!(fixture.pricing(&first).await, pricing(2_000, "0.002", "0.012"), "the plan's margin");

    let own = fixture.set(&json!({ "marginBps": 333 })).await;
    assert_eq!(own.success()["subscription"]["marginBps"], 333);
    let second = fixture.tenant.send("+15550001112").await;
    fixture.system.pump().await;
    assert_eq!(fixture.pricing(&second).await, pricing(333, "0.000333", "0.010333"));

    let card = super::actors::rate_card(&fixture.system, "Next");
    let mut card = card.clone();
    card["prices"] = json!([{ "market": "North America", "utility": "0.0000333" }]);
    let owner = super_admin(&fixture.api).await;
    // A seventh decimal is refused, and six are charged to the last.
    fixture
        .api
        .post("/admin/rate-cards")
        .bearer(&owner)
        .json(&card)
        .send()
        .await
        .assert_invalid("prices[0].utility", "seven");
    card["prices"][0]["utility"] = json!("0.000033");
    fixture.api.post("/admin/rate-cards").bearer(&owner).json(&card).send().await.success();
    fixture.system.clock.advance(SignedDuration::from_mins(61));
    fixture.set(&json!({ "marginBps": null })).await.success();
    let client = fixture.system.anonymous().with_token(&fixture.system.token(&fixture.tenant).await);
    let tenant = Tenant { client, ..fixture.tenant.clone() };
    let third = tenant.send("+15550001113").await;
    fixture.system.pump().await;
    let shown = tenant.message(&third).await;
    assert_eq!(shown["cost"], "0.00004");
    let explained = &shown["pricing"];
    assert_eq!((&explained["card"]["name"], &explained["metaPrice"]), (&json!("Next"), &json!("0.000033")));
    assert_eq!(
        (&explained["marginBps"], &explained["margin"]),
        (&json!(2_000), &json!("0.000007")),
        "rounded up"
    );
    assert_eq!(tenant.message(&first).await["pricing"], pricing(2_000, "0.002", "0.012"), "as it was");
    assert_eq!(tenant.message(&second).await["pricing"], pricing(333, "0.000333", "0.010333"), "as it was");
}

#[tokio::test]
async fn a_change_of_a_tenant_names_what_changes_and_is_logged() {
    let fixture = Fixture::new().await;
    for (body, field) in [
        (json!({}), "body"),
        (json!({ "marginBps": -1 }), "marginBps"),
        (json!({ "marginBps": 100_001 }), "marginBps"),
        (json!({ "marginBps": "5" }), "marginBps"),
        (json!({ "marginBps": 1.5 }), "marginBps"),
        (json!({ "plan": "Nothing" }), "plan"),
        (json!({ "plan": "Nothing", "marginBps": 5 }), "plan"),
        (json!({ "margin": 5 }), "margin"),
    ] {
        fixture.set(&body).await.assert_invalid(field, &body.to_string());
    }
    let changed = fixture.set(&json!({ "plan": "Pro", "marginBps": 0 })).await;
    let changed = changed.success();
    assert_eq!(
        (&changed["subscription"]["plan"]["name"], &changed["subscription"]["marginBps"]),
        (&json!("Pro"), &json!(0))
    );
    fixture.set(&json!({ "marginBps": 0 })).await.success();
    let reset = fixture.set(&json!({ "marginBps": null })).await;
    assert_eq!(reset.success()["subscription"]["marginBps"], Value::Null);
    let owner = super_admin(&fixture.api).await;
    let logged = fixture.api.get("/admin/audit?limit=200").bearer(&owner).send().await;
    let logged = logged.success()["data"].as_array().unwrap().clone();
    let of_tenant = logged.iter().filter(|entry| entry["action"] == "tenant.change_margin");
    let details: Vec<&Value> = of_tenant.map(|entry| &entry["detail"]).collect();
    assert_eq!(details, [&json!({ "before": 0, "after": null }), &json!({ "before": null, "after": 0 })]);
}
