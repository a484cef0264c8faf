//! Phone numbers as imported files contain them.

use domain::limits::IMPORT_CONTACTS_MAX;
use serde_json::{Value, json};

use super::actors::{TenantActor, tenant_actor};
use super::raw_api::{Answer, RawApi};
use crate::test_system::TestSystem;

async fn import(api: &RawApi, home: &TenantActor, phones: &[&str]) -> Answer {
    let rows: Vec<Value> = phones.iter().map(|phone| json!({ "phone": phone })).collect();
    api.post("/contacts/import").bearer(&home.token).json(&json!({ "contacts": rows })).send().await
}

#[tokio::test]
async fn every_spelling_of_a_number_is_stored_as_the_same_e164_number() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    for (spelling, e164) in [
        ("+15550000004", "+15550000004"),
        ("+1 (555) 987-6543", "+15559876543"),
        ("  +1.555.987.6544  ", "+15559876544"),
        ("0049 30 123456", "+4930123456"),
        ("+44 20 7946 0018", "+442079460018"),
        ("+91-98765-43210", "+919876543210"),
        ("+39 06 698 12345", "+390669812345"),
        ("+49 1234567890123", "+491234567890123"),
        ("++1 555 987 6545", "+15559876545"),
    ] {
        assert_eq!(import(&api, &home, &[spelling]).await.success()["imported"], 1, "{spelling}");
        let newest = &home.contacts(&api).await[0];
        assert_eq!(newest["phone"], e164, "{spelling}");
        // In its own spelling and in ours it is the same contact.
        let again = import(&api, &home, &[spelling, e164, spelling]).await;
        assert_eq!(again.success(), &json!({ "imported": 0, "skipped": 3 }), "{spelling}");
    }
    let within = import(&api, &home, &["+1 555 000 0009", "+15550000009", "+15550000004"]).await;
    assert_eq!(within.success(), &json!({ "imported": 1, "skipped": 2 }));
}

#[tokio::test]
async fn an_invalid_number_is_reported_by_its_row_and_the_others_are_imported() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    for spelling in [
        "",
        "   ",
        "+",
        "+1",
        "5551234567",
        "(555) 123-4567",
        "+1555CALLNOW",
        "+1555123456789012",
        "+999 1234567",
        "+0 123456789",
        "+1555123456\u{0661}x",
        "=cmd()",
        "+49 12",
        "+49 123456789012345",
        &"5".repeat(10_000),
    ] {
        let answer = import(&api, &home, &["+15550000001", spelling, "+15550000002", spelling]).await;
        let body = answer.success();
        assert_eq!(body["rejected"], 2, "{spelling}: {body}");
        for (at, index) in [1, 3].into_iter().enumerate() {
            let rejection = &body["rejections"][at];
            assert_eq!(
                (&rejection["index"], &rejection["field"]),
                (&json!(index), &json!("phone")),
                "{spelling}"
            );
        }
        assert_eq!(
            home.contacts(&api).await.len(),
            3,
            "{spelling}: the two that are right, and the tenant's first"
        );
        let alone = import(&api, &home, &[spelling]).await;
        alone.assert_invalid("contacts[0].phone", spelling);
    }
}

#[tokio::test]
async fn an_import_is_counted_and_bounded() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let row = |number: usize| json!({ "phone": format!("+1555{:07}", number) });
    let rows: Vec<Value> = (0..=IMPORT_CONTACTS_MAX).map(row).collect();
    let too_many =
        api.post("/contacts/import").bearer(&home.token).json(&json!({ "contacts": rows })).send().await;
    too_many.assert_invalid("contacts", "20,001 rows");
    assert_eq!(home.contacts(&api).await.len(), 1, "all or none");

    // Each number twice.
    let half: Vec<Value> = (0..2_000).map(|number| row(number / 2)).collect();
    let answer =
        api.post("/contacts/import").bearer(&home.token).json(&json!({ "contacts": half })).send().await;
    assert_eq!(answer.success(), &json!({ "imported": 1_000, "skipped": 1_000 }));
    let none = api.post("/contacts/import").bearer(&home.token).json(&json!({ "contacts": [] })).send().await;
    assert_eq!(none.success(), &json!({ "imported": 0, "skipped": 0 }));

    let wrong: Vec<&str> = (0..100).map(|_| "invalid").collect();
    let answer = import(&api, &home, &wrong).await;
    assert_eq!(answer.fields().len(), 20, "the list of errors is limited");
}

#[tokio::test]
async fn other_fields_of_a_row_are_limited_and_reported_by_their_row() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let home = tenant_actor(&api, "home").await;
    let deep = (0..120).fold(json!(1), |inner, _| json!({ "a": inner }));
    for (field, row) in [
        ("name", json!({ "name": "x".repeat(201) })),
        ("attributes", json!({ "attributes": { "a": "x".repeat(5_000) } })),
    ] {
        let mut row = row;
        row["phone"] = json!("+15550000001");
        let body = json!({ "contacts": [row] });
        let answer = api.post("/contacts/import").bearer(&home.token).json(&body).send().await;
        answer.assert_invalid(&format!("contacts[0].{field}"), field);
    }
    let odd = json!({ "contacts": [{
        "phone": "+15550000001", "name": "=cmd()|' OR 1=1--\u{202e}\u{1f600}",
        "attributes": { "deep": deep, "small": 0.001, "": "", "quote'\"": [null, true] },
    }] });
    api.post("/contacts/import").bearer(&home.token).json(&odd).send().await.success();
    let newest = &home.contacts(&api).await[0];
    assert_eq!(newest["name"], "=cmd()|' OR 1=1--\u{1f600}", "without what reverses how it reads");
    assert_eq!(newest["attributes"]["quote'\""], json!([null, true]));
}
