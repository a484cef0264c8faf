//! Meta's reviews of templates: their results are found when their webhook is lost, and a rejection says why and can be
//! corrected.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tidings::client::text;

use super::{Manager, TO, named, newest, send, submit};
use crate::test_system::{PASSWORD, Tenant, TestSystem};

async fn review_as(system: &TestSystem, status: &str, reason: &str) {
    system.order("reviews", &json!({ "status": status, "reason": reason })).await;
}

/// Lets time pass, and the sweep and the queues work.
async fn wait(system: &TestSystem, time: SignedDuration) {
    system.clock.advance(time);
    system.sweep().await;
    system.pump().await;
}

#[tokio::test]
async fn an_approval_whose_webhook_was_lost_is_found_within_minutes() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    system.order("reviews", &json!({ "status": "PENDING" })).await;
    let template = submit(&tenant, &json!({ "name": "later", "content": "Hello to you." })).await;
    assert_eq!(template["status"], "PENDING");
    manager.change_unheard(&template, json!({ "status": "APPROVED" })).await;
    system.pump().await;
    assert_eq!(newest(&tenant).await["status"], "PENDING");
    system.clock.advance(SignedDuration::from_secs(61));
    system.sweep().await;
    system.pump().await;
    assert_eq!(newest(&tenant).await["status"], "APPROVED");
}

#[tokio::test]
async fn every_result_of_a_review_is_found_when_its_webhook_was_lost() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    review_as(&system, "PENDING", "NONE").await;
    let results = [
        ("rejected", json!({ "status": "REJECTED", "reason": "SCAM" })),
        ("moved", json!({ "status": "APPROVED", "category": "MARKETING" })),
        ("disabled", json!({ "status": "DISABLED" })),
        ("appealed", json!({ "status": "IN_APPEAL" })),
    ];
    for (name, result) in results {
        let template = submit(&tenant, &json!({ "name": name, "content": "Hello to you." })).await;
        manager.change_unheard(&template, result).await;
    }
    submit(&tenant, &json!({ "name": "deleted", "content": "Hello to you." })).await;
    manager.delete_unheard("deleted").await;
    system.pump().await;
    for name in ["rejected", "moved", "disabled", "appealed", "deleted"] {
        assert_eq!(named(&tenant, name).await["status"], "PENDING", "{name}: nothing was heard of it");
    }
    wait(&system, SignedDuration::from_secs(61)).await;
    for (name, status) in [
        ("rejected", "REJECTED"),
        ("moved", "APPROVED"),
        ("disabled", "DISABLED"),
        ("appealed", "IN_APPEAL"),
        ("deleted", "DELETED"),
    ] {
        assert_eq!(named(&tenant, name).await["status"], status, "{name}");
    }
    assert_eq!(named(&tenant, "rejected").await["reason"], "SCAM");
    assert_eq!(named(&tenant, "moved").await["category"], "MARKETING");
    let appealed = named(&tenant, "appealed").await;
    manager.change_unheard(&appealed, json!({ "status": "APPROVED" })).await;
    wait(&system, SignedDuration::from_mins(3)).await;
    let message = send(&system, &tenant, &appealed, json!({})).await;
    assert_eq!(message["status"], "READ", "{message}");
}

#[tokio::test]
async fn an_approval_that_comes_after_hours_and_is_not_heard_is_found_too() {
    let system = TestSystem::start().await;
    let mut tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    review_as(&system, "PENDING", "NONE").await;
    let template = submit(&tenant, &json!({ "name": "later", "content": "Hello to you." })).await;
    for hours in [1, 2, 4] {
        wait(&system, SignedDuration::from_hours(hours)).await;
        tenant.client = system.anonymous().login(&tenant.email, PASSWORD).await.unwrap();
        assert_eq!(newest(&tenant).await["status"], "PENDING", "after {hours} hours more");
    }
    manager.change_unheard(&template, json!({ "status": "APPROVED" })).await;
    wait(&system, SignedDuration::from_hours(6)).await;
    tenant.client = system.anonymous().login(&tenant.email, PASSWORD).await.unwrap();
    assert_eq!(newest(&tenant).await["status"], "APPROVED");
}

#[tokio::test]
async fn a_rejected_template_shows_metas_reason_and_its_corrected_text_reaches_meta() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    system.order("reviews", &json!({ "status": "REJECTED", "reason": "INVALID_FORMAT" })).await;
    let template = submit(&tenant, &json!({ "name": "offer", "content": "Bye now!" })).await;
    system.pump().await;
    let shown = newest(&tenant).await;
    assert_eq!((&shown["status"], &shown["reason"]), (&json!("REJECTED"), &json!("INVALID_FORMAT")));
    system.order("reviews", &json!({ "status": "APPROVED" })).await;
    let better = json!({ "name": "offer", "content": "Buy {{1}} now!", "variables": ["thing"] });
    let corrected = submit(&tenant, &better).await;
    assert_eq!(
        (&corrected["id"], &corrected["metaTemplateId"]),
        (&template["id"], &template["metaTemplateId"])
    );
    assert_eq!(manager.body_of(&corrected).await, "Buy {{1}} now!");
    system.pump().await;
    let shown = newest(&tenant).await;
    assert_eq!((&shown["status"], shown.get("reason")), (&json!("APPROVED"), None));
    let contact = tenant.contact(TO).await;
    let body = json!({ "templateId": template["id"], "contactId": contact, "variables": { "thing": "tea" } });
    let sent = tenant.client.post("/messages", &body).await.unwrap().success().unwrap();
    system.recover().await;
    assert_eq!(tenant.message(text(&sent, "id").unwrap()).await["status"], "READ");
}

const BETTER: &str = "Your order {{1}} is on its way.";

fn better(name: &str) -> Value {
    json!({ "name": name, "content": BETTER, "variables": ["order"] })
}

/// Submits a template, which Meta rejects; its webhook arrives.
async fn reject(system: &TestSystem, tenant: &Tenant, (name, content): (&str, &str), reason: &str) -> Value {
    review_as(system, "REJECTED", reason).await;
    let rejected = submit(tenant, &json!({ "name": name, "content": content })).await;
    assert_eq!((&rejected["status"], &rejected["reason"]), (&json!("REJECTED"), &json!(reason)), "{name}");
    system.pump().await;
    assert_eq!(named(tenant, name).await["reason"], reason, "{name}");
    rejected
}

/// Corrects a rejected template, which Meta then approves, and sends it.
async fn correct(system: &TestSystem, tenant: &Tenant, manager: &Manager<'_>, name: &str) -> Value {
    let before = named(tenant, name).await;
    review_as(system, "APPROVED", "NONE").await;
    let corrected = submit(tenant, &better(name)).await;
    assert_eq!(corrected["id"], before["id"], "{name}");
    assert_eq!(manager.body_of(&corrected).await, BETTER, "{name}");
    system.pump().await;
    let shown = named(tenant, name).await;
    assert_eq!((&shown["status"], shown.get("reason")), (&json!("APPROVED"), None), "{name}");
    let message = send(system, tenant, &corrected, json!({ "order": "7" })).await;
    assert_eq!(message["status"], "READ", "{name}: {message}");
    corrected
}

#[tokio::test]
async fn each_reason_of_a_rejection_is_shown_and_each_template_can_be_corrected() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    for (name, reason) in [
        ("promotional", "PROMOTIONAL"),
        ("abusive", "ABUSIVE_CONTENT"),
        ("mismatch", "TAG_CONTENT_MISMATCH"),
        ("category", "INCORRECT_CATEGORY"),
    ] {
        let rejected = reject(&system, &tenant, (name, "Bye now!"), reason).await;
        let corrected = correct(&system, &tenant, &manager, name).await;
        assert_eq!(corrected["metaTemplateId"], rejected["metaTemplateId"], "{name}");
    }
    system.assert_clean().await;
}

#[tokio::test]
async fn a_template_rejected_after_its_review_twice_or_gone_at_meta_can_be_corrected() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    review_as(&system, "PENDING", "NONE").await;
    let reviewed = submit(&tenant, &json!({ "name": "reviewed", "content": "Bye now!" })).await;
    let result = json!({ "id": reviewed["metaTemplateId"], "status": "REJECTED", "reason": "SCAM" });
    system.order("templates", &result).await;
    system.pump().await;
    assert_eq!(named(&tenant, "reviewed").await["status"], "REJECTED");
    // Meta is asked for the reason.
    wait(&system, SignedDuration::from_secs(61)).await;
    assert_eq!(named(&tenant, "reviewed").await["reason"], "SCAM");
    correct(&system, &tenant, &manager, "reviewed").await;

    let first = reject(&system, &tenant, ("twice", "Bye now!"), "SCAM").await;
    reject(&system, &tenant, ("twice", "Buy now, please!"), "PROMOTIONAL").await;
    let third = correct(&system, &tenant, &manager, "twice").await;
    assert_eq!(third["metaTemplateId"], first["metaTemplateId"]);

    reject(&system, &tenant, ("refused", "Bye now!"), "SCAM").await;
    let unreadable = json!({ "name": "refused", "content": "{{1}}", "variables": ["order"] });
    let refused = tenant.client.post("/templates", &unreadable).await.unwrap();
    assert!(refused.status.is_client_error(), "Meta takes no variable alone: {}", refused.body);
    correct(&system, &tenant, &manager, "refused").await;

    let gone = reject(&system, &tenant, ("gone", "Bye now!"), "SCAM").await;
    manager.delete_unheard("gone").await;
    let again = correct(&system, &tenant, &manager, "gone").await;
    assert_ne!(again["metaTemplateId"], gone["metaTemplateId"], "it is a new one there");
    system.assert_clean().await;
}

#[tokio::test]
async fn a_rejection_that_meta_took_back_unheard_is_forgotten_within_minutes() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    let rejected = reject(&system, &tenant, ("late", "Bye now!"), "SCAM").await;
    let corrected = correct(&system, &tenant, &manager, "late").await;
    // Meta rejects it again, which is heard, and takes that back, which is not.
    let again = json!({ "id": rejected["metaTemplateId"], "status": "REJECTED", "reason": "SCAM" });
    system.order("templates", &again).await;
    manager.change_unheard(&corrected, json!({ "status": "APPROVED" })).await;
    system.pump().await;
    assert_eq!(named(&tenant, "late").await["status"], "REJECTED");
    wait(&system, SignedDuration::from_secs(61)).await;
    assert_eq!(named(&tenant, "late").await["status"], "APPROVED");
    let message = send(&system, &tenant, &corrected, json!({ "order": "8" })).await;
    assert_eq!(message["status"], "READ", "{message}");
    system.assert_clean().await;
}
