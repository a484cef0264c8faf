//! Credit that is booked without an idempotency key: the same once in ten minutes.

use domain::{Role, TenantId};
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::actors::{TenantActor, super_admin, tenant_actor, user};
use super::idempotency_keys::claims;
use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

struct Fixture {
    system: TestSystem,
    api: RawApi,
    home: TenantActor,
    platform: String,
}

impl Fixture {
    async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let (home, platform) = (tenant_actor(&api, "home").await, super_admin(&api).await);
        Self { system, api, home, platform }
    }

    fn credit(&self) -> Value {
        json!({ "tenantId": self.home.tenant, "amount": 100.00, "description": "Initial top-up" })
    }

    async fn book(&self, body: &Value) -> Answer {
        self.api.post("/billing/add-credits").bearer(&self.platform).json(body).send().await
    }
}

#[tokio::test]
async fn forty_equal_top_ups_without_a_key_at_once_are_booked_once() {
    let fixture = Fixture::new().await;
    let credit = fixture.credit();
    let answers = join_all((0..40).map(|_| fixture.book(&credit))).await;
    let booked: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(booked.len(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.assert_refused(409, "conflict", "a repetition");
        assert_eq!(refused.body["repeatsEntry"], booked[0].body["seq"]);
        assert!(refused.body["detail"].as_str().unwrap().contains("idempotencyKey"), "{}", refused.text);
    }
    assert_eq!(fixture.home.balance(&fixture.api).await, "100.00");
    assert_eq!(fixture.home.ledger(&fixture.api).await.len(), 1);
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn a_top_up_that_differs_in_anything_is_booked_without_a_key() {
    let fixture = Fixture::new().await;
    fixture.book(&fixture.credit()).await.success();
    let other = tenant_actor(&fixture.api, "other").await;
    for (member, value) in [
        ("tenantId", json!(other.tenant)),
        ("amount", json!("100.000001")),
        ("description", json!("initial top-up")),
        ("description", Value::Null),
        ("description", json!("")),
    ] {
        let mut body = fixture.credit();
        body[member] = value;
        fixture.book(&body).await.success();
        assert_eq!(fixture.book(&body).await.status, 409, "{body}");
    }
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn a_key_books_the_same_top_up_again_and_so_does_a_call_after_ten_minutes() {
    let fixture = Fixture::new().await;
    let credit = fixture.credit();
    let mut keyed = credit.clone();
    keyed["idempotencyKey"] = json!("second");
    let first = fixture.book(&credit).await;
    assert_eq!(fixture.book(&keyed).await.success()["seq"], 2);
    // What it repeats is the last, whether it had a key or not.
    assert_eq!(fixture.book(&credit).await.body["repeatsEntry"], 2);
    assert_eq!(fixture.book(&keyed).await.success()["seq"], 2);
    fixture.system.clock.advance(SignedDuration::from_secs(9 * 60));
    assert_eq!(fixture.book(&credit).await.status, 409);
    fixture.system.clock.advance(SignedDuration::from_secs(61));
    let fresh = super_admin(&fixture.api).await;
    let again = fixture.api.post("/billing/add-credits").bearer(&fresh).json(&credit).send().await;
    assert_eq!((&first.success()["seq"], &again.success()["seq"]), (&json!(1), &json!(3)));
    assert_eq!(fixture.home.balance(&fixture.api).await, "300.00");
    fixture.system.assert_clean().await;
}

#[tokio::test]
async fn another_booker_may_book_the_same_top_up() {
    let fixture = Fixture::new().await;
    let credit = fixture.credit();
    fixture.book(&credit).await.success();
    let platform: TenantId = serde_json::from_value(claims(&fixture.platform)["tid"].clone()).unwrap();
    let second = user(&fixture.system, platform, Role::SuperAdmin).await;
    let answer = fixture.api.post("/billing/add-credits").bearer(&second).json(&credit).send().await;
    assert_eq!(answer.success()["seq"], 2);
}
