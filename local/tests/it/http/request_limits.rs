//! How many requests a minute a plan and an API key allow.

use domain::access::{Scope, Scopes};
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use super::actors::{KeySpec, TenantActor, api_key_with, super_admin, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

/// A tenant whose requests so far are forgotten, and whose plan allows so many a minute.
async fn tenant_with(system: &TestSystem, api: &RawApi, per_minute: u32) -> TenantActor {
    let home = tenant_actor(api, "home").await;
    system.allow("requests_per_minute", per_minute).await;
    system.clock.advance(SignedDuration::from_mins(1));
    home
}

async fn ask(api: &RawApi, credential: &str) -> Answer {
    api.get("/contacts").bearer(credential).send().await
}

fn limits_of(answer: &Answer) -> (&str, &str) {
    (answer.header("ratelimit-policy").unwrap(), answer.header("ratelimit").unwrap())
}

#[tokio::test]
async fn a_tenant_that_asks_faster_than_its_plan_allows_is_told_when_to_ask_again() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_with(&system, &api, 3).await;
    for left in [2, 1, 0] {
        let answer = ask(&api, &home.token).await;
        let (policy, rate) = limits_of(&answer);
        assert_eq!((answer.status, policy), (200, "\"tenant\";q=3;w=60"));
        assert!(rate.starts_with(&format!("\"tenant\";r={left};t=")), "{rate}");
    }
    let refused = ask(&api, &home.token).await;
    refused.assert_refused(429, "too-many-requests", "the fourth");
    assert_eq!(refused.body["detail"], "your plan allows 3 requests a minute: wait, then send it again");
    assert_eq!(refused.header("retry-after"), Some("21"));
    assert_eq!(limits_of(&refused).1, "\"tenant\";r=0;t=60");
    // Another tenant has its own limit, and the platform's owner has none.
    let other = tenant_actor(&RawApi::of(&system), "other").await;
    assert_ne!(other.tenant, home.tenant);
    let owner = super_admin(&api).await;
    let listed = api.get("/plans").bearer(&owner).send().await;
    assert_eq!((listed.status, listed.header("ratelimit")), (200, None));

    system.clock.advance(SignedDuration::from_secs(21));
    assert_eq!(ask(&api, &home.token).await.status, 200);
    ask(&api, &home.token).await.assert_refused(429, "too-many-requests", "one was allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_requests_at_once_get_what_the_plan_allows_and_no_more() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_with(&system, &api, 10).await;
    let answers = join_all((0..40).map(|_| ask(&api, &home.token))).await;
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    // One more for each six seconds that they took.
    assert!((10..=11).contains(&taken), "{taken}");
}

#[tokio::test]
async fn a_key_has_its_own_limit_within_that_of_its_tenant() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_with(&system, &api, 5).await;
    let scopes: Scopes = [Scope::ContactsRead].into_iter().collect();
    let slow = KeySpec { scopes, requests_per_minute: Some(2) };
    let slow = api_key_with(&system, home.tenant_id(), slow).await;
    for left in [(1, 4), (0, 3)] {
        let answer = ask(&api, &slow).await;
        let (policy, rate) = limits_of(&answer);
        assert_eq!(policy, "\"key\";q=2;w=60, \"tenant\";q=5;w=60");
        assert!(rate.starts_with(&format!("\"key\";r={};", left.0)), "{rate}");
        assert!(rate.contains(&format!("\"tenant\";r={};", left.1)), "{rate}");
    }
    let refused = ask(&api, &slow).await;
    refused.assert_refused(429, "too-many-requests", "the key's third");
    assert_eq!(refused.body["detail"], "this API key allows 2 requests a minute: wait, then send it again");
    // What the key was refused is not counted for the tenant.
    let statuses = [ask(&api, &home.token).await, ask(&api, &home.token).await, ask(&api, &home.token).await];
    assert!(statuses.iter().all(|answer| answer.status == 200), "{statuses:?}");
    ask(&api, &home.token).await.assert_refused(429, "too-many-requests", "the tenant's sixth");
}

#[tokio::test]
async fn a_refused_request_changes_nothing() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_with(&system, &api, 1).await;
    assert_eq!(ask(&api, &home.token).await.status, 200);
    let body = json!({ "contacts": [{ "phone": "+15557654321" }] });
    let refused = api.post("/contacts/import").bearer(&home.token).json(&body).send().await;
    refused.assert_refused(429, "too-many-requests", "the import");
    system.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(home.contacts(&api).await.len(), 1);
}
