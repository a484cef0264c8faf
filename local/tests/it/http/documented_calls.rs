//! The calls that the API is known by, with their bodies letter by letter: nothing but ids is put in.

use serde_json::Value;

use super::actors::super_admin;
use super::raw_api::{Answer, RawApi};
use super::webhook_signature::post_signed;
use crate::test_system::TestSystem;

const REGISTER: &str = r#"{
  "tenantName": "Acme Corp",
  "slug": "acme-corp",
  "adminEmail": "admin@acme.com",
  "adminPassword": "password123",
  "adminName": "John Doe"
}"#;

const LOGIN: &str = r#"{
  "email": "admin@acme.com",
  "password": "password123"
}"#;

const IMPORT: &str = r#"{
  "contacts": [
    { "phone": "+15551234567", "name": "Alice", "attributes": { "city": "NY" } },
    { "phone": "+15559876543", "name": "Bob" }
  ]
}"#;

const TEMPLATE: &str = r#"{
  "name": "welcome_message",
  "content": "Hello {{1}}, welcome!",
  "variables": ["name"],
  "metaTemplateId": "meta_12345",
  "status": "APPROVED" 
}"#;

const SCHEDULE: &str = r#"{
  "templateId": "uuid-of-template",
  "contactId": "uuid-of-contact",
  "scheduleTime": "2024-12-31T10:00:00Z",
  "idempotencyKey": "unique-request-id"
}"#;

const ADD_CREDITS: &str = r#"{
  "tenantId": "uuid-of-tenant",
  "amount": 100.00,
  "description": "Initial top-up"
}"#;

/// Calls of one user.
struct Caller<'a> {
    api: &'a RawApi,
    token: String,
}

impl Caller<'_> {
    async fn post(&self, path: &str, body: &str) -> Value {
        self.api.post(path).bearer(&self.token).raw_json(body).send().await.success().clone()
    }

    async fn get(&self, path: &str) -> Value {
        self.api.get(path).bearer(&self.token).send().await.success().clone()
    }
}

fn id_of(row: &Value) -> &str {
    row["id"].as_str().unwrap()
}

#[tokio::test]
async fn every_documented_call_is_answered_2xx_as_it_stands() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let registered = api.post("/auth/register-tenant").raw_json(REGISTER).send().await;
    let tenant = registered.text_of("tenantId");
    let token = api.post("/auth/login").raw_json(LOGIN).send().await.text_of("token");
    let owner = Caller { api: &api, token };

    owner.post("/contacts/import", IMPORT).await;
    let contacts = owner.get("/contacts").await;
    assert_eq!(contacts["data"].as_array().unwrap().len(), 2);
    let template = owner.post("/templates", TEMPLATE).await;
    assert_eq!(template["status"], "APPROVED");
    let listed = owner.get("/templates").await;
    assert_eq!(id_of(&listed["data"][0]), id_of(&template));

    let platform = Caller { api: &api, token: super_admin(&api).await };
    platform.post("/billing/add-credits", &ADD_CREDITS.replace("uuid-of-tenant", &tenant)).await;
    let schedule = SCHEDULE
        .replace("uuid-of-template", id_of(&template))
        .replace("uuid-of-contact", id_of(&contacts["data"][0]));
    let message = owner.post("/messages/schedule", &schedule).await;
    assert_eq!(owner.get("/plans").await.as_array().unwrap().len(), 3);
    shake_hands(&system, &api).await.success();
    post_signed(&system, &api, br#"{"object":"whatsapp_business_account","entry":[]}"#).await.success();

    system.pump().await;
    let shown = owner.get(&format!("/messages/{}", id_of(&message))).await;
    assert!(matches!(shown["status"].as_str(), Some("DELIVERED" | "READ")), "{shown}");
    system.assert_clean().await;
}

/// Meta's question whether this is the address of its webhooks.
async fn shake_hands(system: &TestSystem, api: &RawApi) -> Answer {
    let token = system.machine.webhook.app.get().verify_token.clone();
    let token = secrecy::ExposeSecret::expose_secret(&token).to_owned();
    let path = format!("/webhook/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
    api.get(&path).send().await
}
