//! The people that a tenant writes to: one contact for each, reached by what Meta says of any spelling of their number, and
//! sent what they want.

use serde_json::{Value, json};

use super::actors::tenant_actor;
use super::raw_api::{Answer, RawApi};
use super::webhook_signature::post_signed;
use crate::test_system::{Tenant, TestSystem};

/// A tenant with credit, and its API as anyone calls it.
pub struct Home {
    pub system: TestSystem,
    pub api: RawApi,
    pub tenant: Tenant,
    pub token: String,
    number: String,
}

impl Home {
    pub async fn new() -> Self {
        let system = TestSystem::start().await;
        let api = RawApi::of(&system);
        let tenant = system.tenant("acme", "100").await;
        let token = system.token(&tenant).await;
        system.pump().await;
        let connected = json!({ "code": tenant.id });
        let connected = api.post("/whatsapp/connect").bearer(&token).json(&connected).send().await;
        let number = connected.success()["phoneNumbers"][0]["id"].as_str().unwrap().to_owned();
        Self { system, api, tenant, token, number }
    }

    pub async fn import(&self, rows: Value) -> Answer {
        let body = json!({ "contacts": rows });
        self.api.post("/contacts/import").bearer(&self.token).json(&body).send().await
    }

    pub async fn contact(&self, phone: &str) -> Value {
        let listed = self.api.get("/contacts?limit=200").bearer(&self.token).send().await;
        let contacts = listed.success()["data"].as_array().unwrap();
        contacts.iter().find(|contact| contact["phone"] == phone).unwrap().clone()
    }

    /// What Meta says that a person chose in WhatsApp, at a time by Meta's clock.
    pub async fn prefer(&self, wa_id: &str, value: &str, second: i64) {
        let preference = json!({
            "wa_id": wa_id, "category": "marketing_messages", "value": value, "timestamp": second,
            "detail": "User requested to stop marketing messages",
        });
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550000000", "phone_number_id": self.number },
            "contacts": [{ "wa_id": wa_id }], "user_preferences": [preference],
        });
        let change = json!({ "field": "user_preferences", "value": value });
        let body = json!({
            "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [change] }],
        });
        let answer = post_signed(&self.system, &self.api, body.to_string().as_bytes()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.system.pump().await;
    }

    pub async fn template(&self, name: &str, category: &str, variables: &[&str]) -> String {
        let content = if variables.is_empty() { "Half price" } else { "Order {{1}} is on its way" };
        let body = json!({ "name": name, "content": content, "category": category, "variables": variables });
        self.api.post("/templates").bearer(&self.token).json(&body).send().await.text_of("id")
    }

    pub async fn send(&self, template: &str, phone: &str, variables: Value) -> Answer {
        let contact = self.contact(phone).await;
        let body = json!({ "templateId": template, "contactId": contact["id"], "variables": variables });
        self.api.post("/messages").bearer(&self.token).json(&body).send().await
    }

    pub async fn status_of(&self, sent: &Answer) -> String {
        self.system.pump().await;
        self.tenant.message(&sent.text_of("id")).await["status"].as_str().unwrap().to_owned()
    }
}

pub const NOW: i64 = 1_900_000_000;

#[tokio::test]
async fn a_stop_in_whatsapp_reaches_the_contact_in_either_spelling_of_the_number() {
    let home = Home::new().await;
    let offer = home.template("offer", "MARKETING", &[]).await;
    for (stored, wa_id) in [
        ("+5511987660002", "551187660002"),
        ("+551187660003", "5511987660003"),
        ("+22997000001", "2290197000001"),
        ("+2290197000002", "22997000002"),
        ("+541123456789", "5491123456789"),
        ("+5491123450001", "541123450001"),
        ("+525512340001", "5215512340001"),
        ("+2250708060001", "22508060001"),
        ("+24162120001", "2412120001"),
        ("+84321230001", "841621230001"),
    ] {
        home.import(json!([{ "phone": stored, "name": "Ana" }])).await.success();
        home.prefer(wa_id, "stop", NOW).await;
        let contact = home.contact(stored).await;
        assert!(contact["optedOutAt"].is_string(), "{contact}");
        assert_eq!(contact["optOutScope"], "MARKETING");
        let refused = home.send(&offer, stored, json!({})).await;
        refused.assert_refused(422, "not-possible", stored);
        assert!(refused.text.contains("stopped marketing messages"), "{}", refused.text);
        home.prefer(wa_id, "resume", NOW + 1).await;
        assert!(home.contact(stored).await.get("optedOutAt").is_none(), "{stored}");
    }
    home.import(json!([{ "phone": "+551133330001", "name": "Ana" }])).await.success();
    home.prefer("5511933330001", "stop", NOW).await;
    let landline = home.contact("+551133330001").await;
    assert!(landline.get("optedOutAt").is_none(), "a mobile number is nobody's landline: {landline}");
}

#[tokio::test]
async fn both_spellings_of_one_number_in_a_file_are_one_contact_and_a_landline_is_another() {
    let home = Home::new().await;
    for (one, other) in [
        ("+5511987650001", "+551187650001"),
        ("+553196880001", "+5531996880001"),
        ("+22997000000", "+2290197000000"),
        ("+2290197000055", "+22997000055"),
        ("+525512345678", "+5215512345678"),
        ("+541123456789", "+5491123456789"),
        ("+2250708060709", "+22508060709"),
        ("+24162123456", "+24102123456"),
        ("+84321234567", "+841621234567"),
    ] {
        let both =
            home.import(json!([{ "phone": one, "name": "Ana" }, { "phone": other, "name": "Ana" }])).await;
        assert_eq!(both.success(), &json!({ "imported": 1, "skipped": 1 }), "{one}");
        let again = home.import(json!([{ "phone": other }])).await;
        assert_eq!(again.success(), &json!({ "imported": 0, "skipped": 1 }), "{other}");
        let sent = home.send(&home.tenant.template, one, json!({})).await;
        assert_eq!(home.status_of(&sent).await, "READ", "{one}");
    }
    let landline = home.import(json!([{ "phone": "+551133330000" }, { "phone": "+5511933330000" }])).await;
    assert_eq!(landline.success(), &json!({ "imported": 2, "skipped": 0 }));
    home.contact("+551133330000").await;
}

#[tokio::test]
async fn a_stop_of_marketing_stops_offers_and_no_receipt() {
    let home = Home::new().await;
    let phone = "+4915155502001";
    let offer = home.template("offer", "MARKETING", &[]).await;
    home.import(json!([{ "phone": phone, "name": "Ana" }])).await.success();
    let contact = home.contact(phone).await;
    let due = home.system.clock.now() + jiff::SignedDuration::from_mins(5);
    let waits = json!({
        "templateId": offer, "contactId": contact["id"], "scheduleTime": due.to_string(), "idempotencyKey": "waits",
    });
    let waits = home.api.post("/messages/schedule").bearer(&home.token).json(&waits).send().await;
    waits.success();
    home.prefer("4915155502001", "stop", NOW).await;
    let receipt = home.send(&home.tenant.template, phone, json!({})).await;
    assert_eq!(receipt.status, 201, "{}", receipt.text);
    assert_eq!(home.status_of(&receipt).await, "READ");
    home.send(&offer, phone, json!({})).await.assert_refused(422, "not-possible", "an offer");
    let balance = home.tenant.balance().await;
    home.system.recover().await;
    assert_eq!(home.status_of(&waits).await, "CANCELLED", "an offer that waited");
    assert_eq!(home.tenant.balance().await, balance, "and cost nothing");
    home.prefer("4915155502001", "stop", NOW - 10).await;
    home.prefer("4915155502001", "resume", NOW).await;
    home.send(&offer, phone, json!({})).await.assert_refused(
        422,
        "not-possible",
        "of two at one time the stop counts",
    );
    home.prefer("4915155502001", "resume", NOW + 1).await;
    let again = home.send(&offer, phone, json!({})).await;
    assert_eq!(home.status_of(&again).await, "READ");
    home.system.assert_clean().await;
}

#[tokio::test]
async fn a_send_or_status_that_says_131050_is_a_stop_of_marketing() {
    let home = Home::new().await;
    let offer = home.template("offer", "MARKETING", &[]).await;
    // The sandbox refuses marketing to the first; the second's failure comes as a status.
    let (refused, failed) = ("+15550000012", "+15550000003");
    home.import(json!([{ "phone": refused, "name": "Ana" }, { "phone": failed, "name": "Ben" }]))
        .await
        .success();
    let sent = home.send(&offer, refused, json!({})).await;
    assert_eq!(home.status_of(&sent).await, "FAILED");
    let silent = home.send(&offer, failed, json!({})).await;
    assert_eq!(home.status_of(&silent).await, "ACCEPTED");
    let wamid = home.tenant.message(&silent.text_of("id")).await["wamid"].clone();
    let status = json!({
        "id": wamid, "status": "failed", "timestamp": NOW.to_string(), "recipient_id": "15550000003",
        "errors": [{ "code": 131_050, "title": "User has stopped marketing messages" }],
    });
    let body = super::webhook_signature::webhook(&home.number, &[status]);
    post_signed(&home.system, &home.api, body.as_bytes()).await;
    home.system.pump().await;
    for phone in [refused, failed] {
        assert_eq!(home.contact(phone).await["optOutScope"], "MARKETING", "{phone}");
        home.send(&offer, phone, json!({})).await.assert_refused(422, "not-possible", phone);
        assert_eq!(home.send(&home.tenant.template, phone, json!({})).await.status, 201, "{phone}");
    }
    home.prefer("15550000003", "resume", NOW - 1).await;
    assert_eq!(home.contact(failed).await["optOutScope"], "MARKETING", "an older word");
    home.prefer("15550000003", "resume", NOW + 1).await;
    assert_eq!(home.send(&offer, failed, json!({})).await.status, 201);
    home.system.pump().await;
    home.system.assert_clean().await;
}

#[tokio::test]
async fn a_bad_row_is_reported_with_its_place_and_the_others_are_imported() {
    let home = Home::new().await;
    let clean = json!([{ "phone": "+4915155501001", "name": "Ana\r" }, { "phone": "+4915155501002", "name": " Bob " }]);
    assert_eq!(home.import(clean).await.success(), &json!({ "imported": 2, "skipped": 0 }));
    assert_eq!(home.contact("+4915155501001").await["name"], "Ana");
    assert_eq!(home.contact("+4915155501002").await["name"], "Bob");
    let rows = json!([
        { "phone": "+4915155501001" },
        { "phone": "+15551234600,89" },
        { "phone": "+4915155501003", "nmae": "x" },
        { "phone": 4_915_155_501_004_u64 },
        { "phone": "+4915155501005", "name": "x".repeat(201), "attributes": [] },
        "+4915155501006",
        { "phone": "+4915155501007", "attributes": { "city": "NY" } },
        {},
    ]);
    let key = json!({ "contacts": rows });
    let call =
        || home.api.post("/contacts/import").bearer(&home.token).header("idempotency-key", "rows").json(&key);
    let answer = call().send().await;
    let body = answer.success();
    assert_eq!(
        (&body["imported"], &body["skipped"], &body["rejected"]),
        (&json!(1), &json!(1), &json!(6)),
        "{body}"
    );
    let places: Vec<(u64, Option<&str>)> = body["rejections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejection| (rejection["index"].as_u64().unwrap(), rejection["field"].as_str()))
        .collect();
    let expected = [
        (1, Some("phone")),
        (2, Some("nmae")),
        (3, Some("phone")),
        (4, Some("name")),
        (4, Some("attributes")),
        (5, None),
        (7, Some("phone")),
    ];
    assert_eq!(places, expected, "{body}");
    assert_eq!(body["rejections"][0]["reason"], "must be without an extension");
    assert_eq!(call().send().await.text, answer.text, "the same call has the same answer");

    let many: Vec<Value> =
        (0..100).map(|_| json!({ "phone": "1" })).chain([json!({ "phone": "+4915155501008" })]).collect();
    let answer = home.import(json!(many)).await;
    let body = answer.success();
    assert_eq!((&body["imported"], &body["rejected"]), (&json!(1), &json!(100)));
    assert_eq!(body["rejections"].as_array().unwrap().len(), 20, "the list is limited");
    let none = home.import(json!([{ "phone": "1" }, 5])).await;
    none.assert_refused(422, "invalid", "no row is right");
    assert_eq!(none.fields(), ["contacts[0].phone", "contacts[1]"]);
}

#[tokio::test]
async fn a_number_copied_out_of_another_program_is_read_and_one_with_an_extension_is_refused() {
    let home = Home::new().await;
    for (spelling, e164) in [
        ("\u{202a}+4915112345601\u{202c}", "+4915112345601"),
        ("\u{feff}+4915112345602", "+4915112345602"),
        ("\u{ff0b}\u{ff14}\u{ff19}15112345603", "+4915112345603"),
        ("+49\u{a0}151\u{2011}12345604\u{200e}", "+4915112345604"),
        ("\u{2066}+4915112345605\u{2069}", "+4915112345605"),
        ("+49\u{200b}151\u{2060}1234\u{ad}5606", "+4915112345606"),
        ("+\u{664}\u{669} 151 12345607\r", "+4915112345607"),
    ] {
        let answer = home.import(json!([{ "phone": spelling, "name": "Ana" }])).await;
        assert_eq!(answer.success(), &json!({ "imported": 1, "skipped": 0 }), "{spelling:?}");
        home.contact(e164).await;
    }
    for spelling in [
        "+1 555 123 4600 # 89",
        "+15551234602,89",
        "+15551234602 x89",
        "+15551234602;ext=89",
        "+15551234602p89",
        "+1 555 123 4602 ext. 89",
        "+1 555 123 4602 \u{434}\u{43e}\u{431} 89",
        "+15551234602~89",
        "+15551234602*89",
    ] {
        let answer = home.import(json!([{ "phone": spelling, "name": "Ana" }])).await;
        answer.assert_invalid("contacts[0].phone", spelling);
        assert!(answer.text.contains("extension"), "{spelling}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_number_in_the_attributes_is_sent_with_the_digits_that_it_came_with() {
    let home = Home::new().await;
    let digits = "12345678901234567890123";
    let body = format!(
        r#"{{"contacts":[{{"phone":"+4915155500003","name":"X","attributes":{{"order":{digits},"price":1.10}}}}]}}"#
    );
    let imported =
        home.api.post("/contacts/import").bearer(&home.token).raw_json(body.as_bytes()).send().await;
    assert_eq!(imported.success()["imported"], 1);
    let listed = home.api.get("/contacts").bearer(&home.token).send().await;
    assert!(listed.text.contains(digits) && listed.text.contains("1.10"), "{}", listed.text);
    let template = home.template("order", "UTILITY", &["order"]).await;
    let sent = home.send(&template, "+4915155500003", json!({})).await;
    assert_eq!(home.status_of(&sent).await, "READ");
    // What a message is sent with is what is stored with it.
    let check = format!("DO $$ BEGIN ASSERT (SELECT variables = ARRAY['{digits}'] FROM messages); END $$");
    home.system.db.execute(&check).await;
}

#[tokio::test]
async fn a_text_that_shows_nothing_is_no_name_no_key_and_no_value() {
    let home = Home::new().await;
    let phone = "+4915155501009";
    for (number, name) in
        ["\u{200b}\u{3164}", "\u{feff}", "\u{2800} \u{2800}", "\u{ad}\u{200d}"].iter().enumerate()
    {
        let unnamed = format!("+491515550100{}", 9 - number);
        home.import(json!([{ "phone": unnamed, "name": name }])).await.success();
        assert_eq!(home.contact(&unnamed).await["name"], Value::Null, "{name:?}");
        let refused = home.send(&home.tenant.template, &unnamed, json!({})).await;
        refused.assert_invalid("variables.name", "the contact has no name");
    }
    for nothing in ["\u{200b}", " ", "\u{2060}\u{a0}", "\u{3164}"] {
        let answer = home.send(&home.tenant.template, phone, json!({ "name": nothing })).await;
        answer.assert_invalid("variables.name", nothing);
        let mut body =
            json!({ "templateId": home.tenant.template, "contactId": home.contact(phone).await["id"] });
        body["variables"] = json!({ "name": "Ana" });
        body["idempotencyKey"] = json!(nothing);
        let answer = home.api.post("/messages").bearer(&home.token).json(&body).send().await;
        answer.assert_invalid("idempotencyKey", nothing);
    }
    let other = "+4915155501010";
    home.import(json!([{ "phone": other, "name": "\u{202e}Ana\u{202c}" }])).await.success();
    assert_eq!(home.contact(other).await["name"], "Ana");
}

#[tokio::test]
async fn a_name_that_hides_characters_is_refused_where_it_names_a_tenant_a_user_or_a_plan() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let admin = super::actors::super_admin(&api).await;
    for hidden in ["Ac\u{200b}me", "\u{202e}emcA", "\u{2066}Acme\u{2069}", "Ac\u{200d}me", "\u{3164}"] {
        let registration = json!({
            "tenantName": hidden, "slug": "hidden", "adminEmail": "hidden@tenant.test", "adminPassword": "correct horse",
            "adminName": hidden,
        });
        let answer = api.post("/auth/register-tenant").json(&registration).send().await;
        answer.assert_invalid("tenantName", hidden);
        answer.assert_invalid("adminName", hidden);
        let plan = json!({
            "name": hidden, "monthlyPrice": 1, "messagesPerMonth": 1, "contacts": 1, "templates": 1, "phoneNumbers": 1,
            "users": 1, "requestsPerMinute": 1, "marginBps": 0,
        });
        let answer = api.post("/plans").bearer(&admin).json(&plan).send().await;
        answer.assert_invalid("name", hidden);
        let credit = json!({
            "tenantId": home.tenant, "amount": 1, "description": hidden, "idempotencyKey": "hidden",
        });
        let answer = api.post("/billing/add-credits").bearer(&admin).json(&credit).send().await;
        answer.assert_invalid("description", hidden);
        let template = json!({ "name": "odd", "content": "Hello {{1}}, welcome!", "variables": [hidden] });
        let answer = api.post("/templates").bearer(&home.token).json(&template).send().await;
        answer.assert_invalid("variables", hidden);
    }
}
