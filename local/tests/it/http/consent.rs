//! How far a person's wish goes: over every spelling of their number and every kind of offer, and no further.

use jiff::SignedDuration;
use serde_json::json;

use super::people::{Home, NOW};

/// Meta gives a template another category, and its webhook arrives.
async fn move_to(home: &Home, name: &str, category: &str) {
    let order = json!({ "name": name, "language": "en_US", "category": category });
    home.system.order("templates", &order).await;
    home.system.pump().await;
}

#[tokio::test]
async fn a_stop_of_marketing_covers_what_meta_calls_marketing_now_and_lets_codes_and_notices_go() {
    let home = Home::new().await;
    let (phone, wa_id) = ("+4915155502010", "4915155502010");
    home.import(json!([{ "phone": phone, "name": "Ana" }])).await.success();
    let notice = home.template("notice", "UTILITY", &[]).await;
    let offer = home.template("offer", "MARKETING", &[]).await;
    let code = home.template("otp", "AUTHENTICATION", &["code"]).await;
    home.prefer(wa_id, "stop", NOW).await;

    let sent = home.send(&code, phone, json!({ "code": "123456" })).await;
    assert_eq!(home.status_of(&sent).await, "READ", "a code");
    let sent = home.send(&notice, phone, json!({})).await;
    assert_eq!(home.status_of(&sent).await, "READ", "a notice");
    home.send(&offer, phone, json!({})).await.assert_refused(422, "not-possible", "an offer");

    let due = (home.system.clock.now() + SignedDuration::from_mins(5)).to_string();
    let waits = json!({
        "templateId": notice, "contactId": home.contact(phone).await["id"], "scheduleTime": due, "idempotencyKey": "waits",
    });
    let waits = home.api.post("/messages/schedule").bearer(&home.token).json(&waits).send().await;
    waits.success();
    let balance = home.tenant.balance().await;
    move_to(&home, "notice", "MARKETING").await;
    home.send(&notice, phone, json!({})).await.assert_refused(
        422,
        "not-possible",
        "a notice that is an offer now",
    );
    home.system.recover().await;
    assert_eq!(home.status_of(&waits).await, "CANCELLED", "it was a notice when it was accepted");
    assert_eq!(home.tenant.balance().await, balance);

    move_to(&home, "offer", "UTILITY").await;
    let sent = home.send(&offer, phone, json!({})).await;
    assert_eq!(home.status_of(&sent).await, "READ", "an offer that is a notice now");
    home.system.assert_clean().await;
}

#[tokio::test]
async fn a_stop_is_said_to_one_business_and_binds_no_other() {
    let home = Home::new().await;
    let phone = "+4915155502011";
    home.import(json!([{ "phone": phone, "name": "Ana" }])).await.success();
    let other = home.system.tenant("other", "1.00").await;
    let contact = other.contact(phone).await;
    home.prefer("4915155502011", "stop", NOW).await;
    assert_eq!(home.contact(phone).await["optOutScope"], "MARKETING");
    let offer = json!({ "name": "offer", "content": "Half price", "category": "MARKETING" });
    let offer = other.client.post("/templates", &offer).await.unwrap().success().unwrap();
    let message = json!({ "templateId": offer["id"], "contactId": contact });
    let sent = other.client.post("/messages", &message).await.unwrap().success().unwrap();
    home.system.pump().await;
    assert_eq!(other.message(sent["id"].as_str().unwrap()).await["status"], "READ");
}

#[tokio::test]
async fn a_person_who_stopped_and_is_imported_again_in_another_spelling_stays_stopped() {
    let home = Home::new().await;
    let offer = home.template("offer", "MARKETING", &[]).await;
    for (stored, other) in [
        ("+5511987660010", "+551187660010"),
        ("+525512340010", "+5215512340010"),
        ("+5491123450010", "+541123450010"),
        ("+22997000010", "+2290197000010"),
    ] {
        home.import(json!([{ "phone": stored, "name": "Ana" }])).await.success();
        home.prefer(other.trim_start_matches('+'), "stop", NOW).await;
        let again = home.import(json!([{ "phone": other, "name": "Ana" }, { "phone": stored }])).await;
        assert_eq!(again.success(), &json!({ "imported": 0, "skipped": 2 }), "{other}");
        assert_eq!(home.contact(stored).await["optOutScope"], "MARKETING", "{stored}");
        home.send(&offer, stored, json!({})).await.assert_refused(422, "not-possible", stored);
    }
}
