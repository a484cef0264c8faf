//! What a new tenant is told to do, until its first message is delivered.

use serde_json::{Value, json};

use super::actors::super_admin;
use super::raw_api::RawApi;
use crate::test_system::{PASSWORD, TestSystem};

/// The steps that are open; each says what to do.
async fn open(api: &RawApi, token: &str) -> Vec<String> {
    let shown = api.get("/tenant/onboarding").bearer(token).send().await;
    let shown = shown.success();
    let steps = shown["steps"].as_array().unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(names, ["EMAIL", "NUMBER", "WEBHOOK", "TEMPLATE", "CREDIT", "TEST_MESSAGE"]);
    for step in steps {
        assert_eq!(
            step["isDone"] == false,
            step["toDo"].as_str().is_some_and(|text| text.ends_with('.')),
            "{step}"
        );
    }
    let is_open = |step: &&Value| step["isDone"] == false;
    let open: Vec<String> =
        steps.iter().filter(is_open).map(|step| step["step"].as_str().unwrap().to_owned()).collect();
    assert_eq!(shown["isDone"], open.is_empty());
    open
}

async fn to_do(api: &RawApi, token: &str, step: usize) -> String {
    api.get("/tenant/onboarding").bearer(token).send().await.success()["steps"][step]["toDo"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn each_step_is_open_until_it_is_done_and_says_what_to_do() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let registration = json!({
        "tenantName": "Home", "slug": "home", "adminEmail": "home@tenant.test", "adminPassword": PASSWORD,
        "adminName": "Ann",
    });
    let session = api.post("/auth/register-tenant").json(&registration).send().await;
    let (token, tenant) = (session.text_of("token"), session.text_of("tenantId"));
    // On one machine the sandbox's number is connected with the registration.
    assert_eq!(open(&api, &token).await, ["WEBHOOK", "TEMPLATE", "CREDIT", "TEST_MESSAGE"]);
    system.db.execute("UPDATE whatsapp_accounts SET paused_reason = 'the token is dead'").await;
    assert!(to_do(&api, &token, 1).await.contains("again"));
    system.db.execute("UPDATE whatsapp_accounts SET paused_reason = NULL").await;

    let template = json!({ "name": "welcome", "content": "Hello!" });
    let template = api.post("/templates").bearer(&token).json(&template).send().await.text_of("id");
    let others = open(&api, &token).await;
    assert!(!others.contains(&"TEMPLATE".to_owned()), "{others:?}");
    let owner = super_admin(&api).await;
    let credit = json!({ "tenantId": tenant, "amount": "0.012", "idempotencyKey": "credit" });
    api.post("/billing/add-credits").bearer(&owner).json(&credit).send().await.success();
    assert!(!open(&api, &token).await.contains(&"CREDIT".to_owned()));

    let contact = json!({ "contacts": [{ "phone": "+15550000001" }] });
    api.post("/contacts/import").bearer(&token).json(&contact).send().await.success();
    let contacts = api.get("/contacts").bearer(&token).send().await;
    let message = json!({ "templateId": template, "contactId": contacts.success()["data"][0]["id"] });
    api.post("/messages").bearer(&token).json(&message).send().await.success();
    assert!(open(&api, &token).await.contains(&"TEST_MESSAGE".to_owned()));
    system.pump().await;
    assert_eq!(open(&api, &token).await, ["CREDIT"], "the message cost all of it");
    api.post("/billing/add-credits")
        .bearer(&owner)
        .json(&json!({ "tenantId": tenant, "amount": "1.00", "idempotencyKey": "more" }))
        .send()
        .await
        .success();
    assert!(open(&api, &token).await.is_empty());
}
