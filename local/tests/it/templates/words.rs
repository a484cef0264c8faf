//! The words of a template: those that were submitted here, those that Meta has under the same name, and those that Meta
//! writes itself.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tidings::client::text;

use super::{Manager, TO, named, newest, send, submit};
use crate::test_system::TestSystem;

#[tokio::test]
async fn a_name_that_meta_has_with_other_words_is_a_conflict_that_shows_them() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    let words = "Here is a gift for you, dear customer.";
    let theirs = json!({ "name": "gift", "language": "en_US", "category": "MARKETING", "components": [
        { "type": "BODY", "text": words }] });
    manager.create(&theirs).await;
    let ours = json!({ "name": "gift", "content": "Another text of ours." });
    let answer = tenant.client.post("/templates", &ours).await.unwrap();
    assert_eq!(answer.status.as_u16(), 409, "{}", answer.body);
    assert!(answer.body["detail"].as_str().unwrap().contains(words), "{}", answer.body);
    // A notice about Meta's template is not about our draft.
    let approved = json!({ "name": "gift", "language": "en_US", "status": "APPROVED" });
    system.order("templates", &approved).await;
    system.pump().await;
    assert_eq!(newest(&tenant).await["status"], "DRAFT");
    let adopted = submit(&tenant, &json!({ "name": "gift", "content": words })).await;
    assert_eq!((&adopted["status"], &adopted["category"]), (&json!("APPROVED"), &json!("MARKETING")));
}

#[tokio::test]
async fn a_template_at_meta_with_our_words_and_more_is_a_conflict_and_one_in_another_language_is_none() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let manager = Manager::of(&system).await;
    let words = "Here is a gift for you, dear customer.";
    let body = json!({ "type": "BODY", "text": words });
    let two = "Here is a gift for {{1}}, dear customer.";
    for (name, components, shown) in [
        ("footed", json!([body, { "type": "FOOTER", "text": "The gift shop" }]), "The gift shop"),
        (
            "headed",
            json!([{ "type": "HEADER", "format": "TEXT", "text": "Spring sale" }, body]),
            "Spring sale",
        ),
        (
            "linked",
            json!([body, { "type": "BUTTONS", "buttons": [
            { "type": "URL", "text": "Open the shop", "url": "https://shop.example" }] }]),
            "Open the shop",
        ),
        ("valued", json!([{ "type": "BODY", "text": two, "example": { "body_text": [["Ann"]] } }]), two),
    ] {
        let theirs = json!({
            "name": name, "language": "en_US", "category": "UTILITY", "components": components,
        });
        manager.create(&theirs).await;
        let answer =
            tenant.client.post("/templates", &json!({ "name": name, "content": words })).await.unwrap();
        assert_eq!(answer.status.as_u16(), 409, "{name}: {}", answer.body);
        assert!(answer.body["detail"].as_str().unwrap().contains(shown), "{name}: {}", answer.body);
        let ours = named(&tenant, name).await;
        assert_eq!((&ours["status"], &ours["content"]), (&json!("DRAFT"), &json!(words)), "{name}");
        let message = json!({ "templateId": ours["id"], "contactId": tenant.contact(TO).await });
        let refused = tenant.client.post("/messages", &message).await.unwrap();
        assert_eq!(refused.status.as_u16(), 422, "{name}: {}", refused.body);
    }
    let offer = json!({ "name": "code", "language": "en_US", "category": "MARKETING", "components": [body] });
    manager.create(&offer).await;
    let code =
        json!({ "name": "code", "category": "AUTHENTICATION", "content": "{{1}}", "variables": ["code"] });
    assert_eq!(tenant.client.post("/templates", &code).await.unwrap().status.as_u16(), 409, "not a code");
    let british = json!({ "name": "footed", "language": "en_GB", "content": words });
    assert_eq!(submit(&tenant, &british).await["status"], "APPROVED");
    assert_eq!(system.acceptances().await.len(), 0);
}

#[tokio::test]
async fn an_authentication_template_is_worded_by_meta_and_its_code_arrives() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let template = json!({
        "name": "otp", "category": "AUTHENTICATION", "content": "{{1}} is your code.", "variables": ["code"],
    });
    let template = submit(&tenant, &template).await;
    let words = "*{{1}}* is your verification code. For your security, do not share this code.";
    assert_eq!((&template["status"], &template["content"]), (&json!("APPROVED"), &json!(words)));
    let contact = tenant.contact(TO).await;
    let with = |code: &str| json!({ "templateId": template["id"], "contactId": contact, "variables": { "code": code } });
    for code in ["1234567890123456", "https://a.b", "12\u{1f600}"] {
        let refused = tenant.client.post("/messages", &with(code)).await.unwrap();
        assert_eq!(
            (refused.status.as_u16(), &refused.body["errors"][0]["field"]),
            (422, &json!("variables.code"))
        );
    }
    let sent = tenant.client.post("/messages", &with("123456")).await.unwrap().success().unwrap();
    system.pump().await;
    let message = tenant.message(text(&sent, "id").unwrap()).await;
    assert_eq!(message["status"], "READ", "{message}");
    let two = json!({
        "name": "otp2", "category": "AUTHENTICATION", "content": "{{1}} and {{2}}.", "variables": ["a", "b"],
    });
    assert_eq!(tenant.client.post("/templates", &two).await.unwrap().status.as_u16(), 422);
    system.assert_clean().await;
}

#[tokio::test]
async fn a_code_arrives_in_another_language_at_a_later_time_and_out_of_the_contacts_attributes() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let template = |language: &str| {
        json!({ "name": "otp", "language": language, "category": "AUTHENTICATION", "content": "{{1}}",
            "variables": ["code"] })
    };
    for language in ["de", "es_ES", "pt_BR"] {
        let template = submit(&tenant, &template(language)).await;
        let message = send(&system, &tenant, &template, json!({ "code": "00-12 ab" })).await;
        assert_eq!(message["status"], "READ", "{language}: {message}");
    }
    let code = submit(&tenant, &template("en_US")).await;
    let taken = tenant.client.post("/templates", &template("en_US")).await.unwrap();
    assert_eq!(taken.status.as_u16(), 409, "{}", taken.body);
    let import = json!({ "contacts": [{ "phone": "+15550000020", "attributes": { "code": "001234" } }] });
    tenant.client.post("/contacts/import", &import).await.unwrap().success().unwrap();
    let contact = tenant.client.get("/contacts").await.unwrap().success().unwrap()["data"][0]["id"].clone();
    let due = (system.clock.now() + SignedDuration::from_mins(5)).to_string();
    let later = json!({ "templateId": code["id"], "contactId": contact, "scheduleTime": due, "idempotencyKey": "later" });
    let later = tenant.client.post("/messages/schedule", &later).await.unwrap().success().unwrap();
    system.clock.advance(SignedDuration::from_mins(7));
    system.sweep().await;
    system.pump().await;
    assert_eq!(tenant.message(text(&later, "id").unwrap()).await["status"], "READ");
    for content in ["Your code is here.", "{{1}} or {{2}}, {{3}}"] {
        let count = content.matches("{{").count();
        let names: Vec<Value> = (0..count).map(|number| json!(format!("code{number}"))).collect();
        let other =
            json!({ "name": "otp2", "category": "AUTHENTICATION", "content": content, "variables": names });
        let refused = tenant.client.post("/templates", &other).await.unwrap();
        assert_eq!(refused.body["errors"][0]["field"], "content", "{}", refused.body);
    }
    system.assert_clean().await;
}
