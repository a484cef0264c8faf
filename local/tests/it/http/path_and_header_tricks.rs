//! Other spellings of a request, and headers that other frameworks treat as overrides.

use axum::http::Method;
use serde_json::json;

use super::actors::{super_admin, tenant_actor};
use super::raw_api::RawApi;
use crate::test_system::TestSystem;

#[tokio::test]
async fn another_spelling_of_a_path_is_not_found() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let (home, platform) = (tenant_actor(&api, "home").await, super_admin(&api).await);
    let credit = json!({ "tenantId": home.tenant, "amount": 1, "idempotencyKey": "k" });
    for token in [&home.token, &platform] {
        for path in [
            "/billing/add-credits/",
            "//billing/add-credits",
            "/billing//add-credits",
            "/billing/add-credits//",
            "/billing/add-credits%2f",
            "/Billing/Add-Credits",
            "/billing/add-credits;a=b",
            "/v1/billing/add-credits",
            "/admin/billing/add-credits",
            "/admin/create-tenant/",
            "//admin/create-tenant",
            "/plans/",
            "//plans",
        ] {
            let answer = api.post(path).bearer(token).json(&credit).send().await;
            answer.assert_refused(404, "not-found", path);
        }
    }
    assert_eq!(home.balance(&api).await, "0.00");
}

#[tokio::test]
async fn no_header_or_query_changes_a_requests_method_or_its_tenant() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let (ours, theirs) = (tenant_actor(&api, "ours").await, tenant_actor(&api, "theirs").await);
    let own = api.get("/contacts").bearer(&ours.token).send().await;
    for header in ["x-tenant-id", "x-tenant", "tenant-id", "x-user-id", "x-role", "x-forwarded-user"] {
        let call = api.get("/contacts").bearer(&ours.token).header(header, &theirs.tenant);
        assert_eq!(call.send().await.text, own.text, "{header}");
    }
    for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let call = api.get("/contacts").bearer(&ours.token).header(header, "DELETE");
        assert_eq!(call.send().await.text, own.text, "{header}");
        let call =
            api.get("/plans").bearer(&ours.token).header(header, "POST").json(&json!({ "name": "Mine" }));
        assert_eq!(call.send().await.status, 200, "{header}");
    }
    let asked = api.get("/plans?_method=DELETE").bearer(&ours.token).send().await;
    assert_eq!(asked.success().as_array().unwrap().len(), 3);
    for header in ["x-original-url", "x-rewrite-url", "x-forwarded-prefix"] {
        let call = api.get("/contacts").bearer(&ours.token).header(header, "/admin/create-tenant");
        assert_eq!(call.send().await.text, own.text, "{header}");
    }
    // A message goes out from the caller's own number, whatever the query contains.
    let path = format!("/messages?tenantId={}", theirs.tenant);
    let sent = api.post(&path).bearer(&ours.token).json(&ours.message()).send().await;
    let id = sent.text_of("id");
    assert_eq!(ours.messages(&api).await[0]["id"], id.as_str());
    assert!(theirs.messages(&api).await.is_empty());
    // A list refuses this query.
    let path = format!("/contacts?tenantId={}", theirs.tenant);
    api.get(&path).bearer(&ours.token).send().await.assert_refused(400, "malformed", &path);
}

#[tokio::test]
async fn a_body_cannot_name_another_tenant() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let (ours, theirs) = (tenant_actor(&api, "ours").await, tenant_actor(&api, "theirs").await);
    for (path, mut body) in [
        ("/messages", ours.message()),
        ("/messages/schedule", ours.scheduled(&system, "k")),
        ("/contacts/import", json!({ "contacts": [] })),
        ("/templates", json!({ "name": "new", "content": "Hello!" })),
        ("/whatsapp/connect", json!({ "code": "code" })),
    ] {
        body["tenantId"] = json!(theirs.tenant);
        api.post(path).bearer(&ours.token).json(&body).send().await.assert_invalid("tenantId", path);
    }
    let number_of_theirs = json!({ "code": theirs.tenant });
    let taken = api.post("/whatsapp/connect").bearer(&ours.token).json(&number_of_theirs).send().await;
    taken.assert_refused(409, "conflict", "another tenant's account");
}

#[tokio::test]
async fn every_answer_has_a_new_id_and_no_caller_chooses_it() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let mut ids = Vec::new();
    for method in [Method::GET, Method::POST] {
        for _ in 0..2 {
            let answer = api.call(method.clone(), "/nowhere").header("x-request-id", "chosen").send().await;
            answer.assert_refused(404, "not-found", "nowhere");
            ids.push(answer.header("x-request-id").unwrap().to_owned());
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() == 4 && !ids.contains(&"chosen".to_owned()), "{ids:?}");
}
