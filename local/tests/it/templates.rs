//! Templates here and at Meta: what Meta says of them is what counts, also when its webhook is lost.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tidings::client::text;

use crate::test_system::{Tenant, TestSystem};

mod reviews;
mod words;

const TO: &str = "+15550000001";

/// Meta's side of the only tenant's account, as Meta's own manager would use it.
struct Manager<'a> {
    system: &'a TestSystem,
    waba: String,
    token: String,
}

impl<'a> Manager<'a> {
    async fn of(system: &'a TestSystem) -> Self {
        let url = format!("{}/sandbox/accounts", system.sandbox_url);
        let shown: Value = system.http.get(url).send().await.unwrap().json().await.unwrap();
        let account = &shown["accounts"][0];
        let member = |name: &str| text(account, name).unwrap().to_owned();
        Self { system, waba: member("wabaId"), token: member("accessToken") }
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/v26.0/{path}", self.system.sandbox_url);
        let request = self.system.http.request(method, url).bearer_auth(&self.token);
        let answer = request.json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    async fn subscribe(&self, method: reqwest::Method) {
        self.call(method, &format!("{}/subscribed_apps", self.waba), &json!({})).await;
    }

    /// Makes a template in Meta's own manager.
    async fn create(&self, template: &Value) {
        self.call(reqwest::Method::POST, &format!("{}/message_templates", self.waba), template).await;
    }

    /// A template is deleted at Meta, and the webhook about it is lost.
    async fn delete_unheard(&self, name: &str) {
        self.subscribe(reqwest::Method::DELETE).await;
        let path = format!("{}/message_templates?name={name}", self.waba);
        self.call(reqwest::Method::DELETE, &path, &Value::Null).await;
        self.subscribe(reqwest::Method::POST).await;
    }

    /// Meta changes a template, and the webhook about it is lost.
    async fn change_unheard(&self, template: &Value, change: Value) {
        self.subscribe(reqwest::Method::DELETE).await;
        let mut order = change;
        order["id"] = template["metaTemplateId"].clone();
        self.system.order("templates", &order).await;
        self.subscribe(reqwest::Method::POST).await;
    }

    /// The texts of a template at Meta.
    async fn body_of(&self, template: &Value) -> Value {
        let path = template["metaTemplateId"].as_str().unwrap();
        self.call(reqwest::Method::GET, path, &Value::Null).await["components"][0]["text"].clone()
    }
}

async fn submit(tenant: &Tenant, template: &Value) -> Value {
    tenant.client.post("/templates", template).await.unwrap().success().unwrap()
}

/// Sends now, with these values, and returns the message once its queues are idle.
async fn send(system: &TestSystem, tenant: &Tenant, template: &Value, variables: Value) -> Value {
    let contact = tenant.contact(TO).await;
    let body = json!({ "templateId": template["id"], "contactId": contact, "variables": variables });
    let sent = tenant.client.post("/messages", &body).await.unwrap().success().unwrap();
    system.pump().await;
    tenant.message(text(&sent, "id").unwrap()).await
}

/// The template as the API lists it.
async fn named(tenant: &Tenant, name: &str) -> Value {
    let listed = tenant.client.get("/templates").await.unwrap().success().unwrap();
    listed["data"].as_array().unwrap().iter().find(|template| template["name"] == name).unwrap().clone()
}

/// The template that was made last.
async fn newest(tenant: &Tenant) -> Value {
    tenant.client.get("/templates").await.unwrap().success().unwrap()["data"][0].clone()
}

async fn schedule(system: &TestSystem, tenant: &Tenant, count: usize) -> Vec<String> {
    let contact = tenant.contact(TO).await;
    let at = (system.clock.now() + SignedDuration::from_mins(5)).to_string();
    let mut ids = Vec::new();
    for number in 0..count {
        let body = json!({
            "templateId": tenant.template, "contactId": contact, "scheduleTime": at,
            "idempotencyKey": number.to_string(),
        });
        let accepted = tenant.client.post("/messages/schedule", &body).await.unwrap().success().unwrap();
        ids.push(text(&accepted, "id").unwrap().to_owned());
    }
    // The minute that they are due in is over, and the sweep may wake their tenant.
    system.clock.advance(SignedDuration::from_mins(7));
    ids
}

async fn count(tenant: &Tenant, ids: &[String], status: &str) -> usize {
    let mut found = 0;
    for id in ids {
        found += usize::from(tenant.message(id).await["status"] == status);
    }
    found
}

#[tokio::test]
async fn a_template_that_is_gone_at_meta_costs_one_message_and_is_refused_from_then_on() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    system.pump().await;
    manager.delete_unheard("welcome").await;
    let first = tenant.send(TO).await;
    system.pump().await;
    let first = tenant.message(&first).await;
    assert_eq!((&first["status"], &first["error"]["code"]), (&json!("FAILED"), &json!(132_001)));
    assert_eq!(newest(&tenant).await["status"], "DELETED");
    let again = json!({ "templateId": tenant.template, "contactId": tenant.contact(TO).await });
    let refused = tenant.client.post("/messages", &again).await.unwrap();
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.body);
    assert_eq!(tenant.balance().await, "1.00");
    system.assert_clean().await;
}

#[tokio::test]
async fn a_paused_template_costs_few_messages_and_the_rest_go_when_meta_lets_it() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "10.00").await;
    let manager = Manager::of(&system).await;
    system.db.execute("UPDATE phone_numbers SET messages_per_second = 20").await;
    system.pump().await;
    manager.change_unheard(&newest(&tenant).await, json!({ "status": "PAUSED" })).await;
    let ids = schedule(&system, &tenant, 60).await;
    system.sweep().await;
    system.pump().await;
    let failed = count(&tenant, &ids, "FAILED").await;
    assert!((1..=6).contains(&failed), "{failed} of 60 were lost to one change at Meta");
    assert_eq!(newest(&tenant).await["status"], "PAUSED");
    let approved = json!({ "id": newest(&tenant).await["metaTemplateId"], "status": "APPROVED" });
    system.order("templates", &approved).await;
    system.pump().await;
    assert_eq!(count(&tenant, &ids, "READ").await, 60 - failed);
    system.assert_clean().await;
}

#[tokio::test]
async fn a_process_that_ends_after_the_refusal_leaves_the_question_to_the_sweep() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    system.pump().await;
    manager.change_unheard(&newest(&tenant).await, json!({ "status": "DISABLED" })).await;
    let (refused, id) = (tenant.send(TO).await, tenant.id.parse().unwrap());
    let (platform, until) = (&system.machine.platform, system.end_of_shift());
    let stats = ops::delivery::call_stats::CallStats::default();
    // The dispatch alone, without what follows it.
    ops::delivery::dispatch::dispatch(platform, id, until, &stats).await.unwrap();
    assert_eq!(tenant.message(&refused).await["status"], "FAILED");
    let waits = tenant.send(TO).await;
    ops::delivery::dispatch::dispatch(platform, id, until, &stats).await.unwrap();
    let shown = tenant.message(&waits).await;
    assert_eq!((&shown["status"], &newest(&tenant).await["status"]), (&json!("PENDING"), &json!("APPROVED")));
    system.recover().await;
    assert_eq!(newest(&tenant).await["status"], "DISABLED");
    assert_eq!(tenant.message(&waits).await["status"], "PENDING");
    assert_eq!(system.acceptances().await.len(), 0);
}

#[tokio::test]
async fn a_refusal_that_meta_does_not_confirm_lets_the_template_go_on() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    system.pump().await;
    system.order("faults", &json!({ "kind": "refuse", "code": 132_001, "times": 1 })).await;
    let (refused, next) = (tenant.send(TO).await, tenant.send(TO).await);
    system.recover().await;
    assert_eq!(tenant.message(&refused).await["status"], "FAILED");
    assert_eq!(tenant.message(&next).await["status"], "READ");
    assert_eq!(newest(&tenant).await["status"], "APPROVED");
    system.assert_clean().await;
}

#[tokio::test]
async fn words_that_changed_at_meta_are_shown_and_taken_over_when_they_are_sent() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    system.pump().await;
    let words = "Hello {{1}}, welcome to {{2}}, it is a fine city.";
    let components =
        json!([{ "type": "BODY", "text": words, "example": { "body_text": [["Ann", "Rome"]] } }]);
    manager.change_unheard(&newest(&tenant).await, json!({ "components": components })).await;
    let (refused, waits) = (tenant.send(TO).await, {
        let contact = tenant.contact(TO).await;
        let at = (system.clock.now() + SignedDuration::from_mins(10)).to_string();
        let body = json!({ "templateId": tenant.template, "contactId": contact, "scheduleTime": at,
            "idempotencyKey": "waits" });
        tenant.client.post("/messages/schedule", &body).await.unwrap().success().unwrap()
    });
    system.pump().await;
    assert_eq!(tenant.message(&refused).await["error"]["code"], 132_000);
    let shown = newest(&tenant).await;
    assert_eq!((&shown["status"], &shown["contentAtMeta"]), (&json!("APPROVED"), &json!(words)));
    let held = tenant.send(TO).await;
    system.pump().await;
    assert_eq!(tenant.message(&held).await["status"], "PENDING");
    let adopted = json!({ "name": "welcome", "content": words, "variables": ["name", "city"] });
    let adopted = submit(&tenant, &adopted).await;
    assert_eq!((&adopted["content"], adopted.get("contentAtMeta")), (&json!(words), None));
    system.clock.advance(SignedDuration::from_mins(11));
    system.sweep().await;
    system.pump().await;
    // Both have a value for one variable and not for two.
    for id in [held, text(&waits, "id").unwrap().to_owned()] {
        let message = tenant.message(&id).await;
        assert_eq!((&message["status"], message.get("cost")), (&json!("CANCELLED"), None), "{message}");
    }
    let contact = tenant.contact(TO).await;
    let body =
        json!({ "templateId": tenant.template, "contactId": contact, "variables": { "city": "Rome" } });
    let sent = tenant.client.post("/messages", &body).await.unwrap().success().unwrap();
    system.pump().await;
    assert_eq!(tenant.message(text(&sent, "id").unwrap()).await["status"], "READ");
    system.assert_clean().await;
}
