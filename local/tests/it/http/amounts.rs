//! Amounts of money as callers write them.

use serde_json::json;

use super::actors::{super_admin, tenant_actor};
use super::raw_api::RawApi;
use crate::test_system::TestSystem;

#[tokio::test]
async fn an_amount_that_cannot_be_booked_changes_nothing_and_is_named() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let (home, platform) = (tenant_actor(&api, "home").await, super_admin(&api).await);
    for (index, amount) in [
        "-1",
        "0",
        "0.00",
        "-0",
        "0.0000001",
        "1e2",
        "1e308",
        "1e400",
        "1000000.000001",
        "9223372036854.775808",
        "92233720368547758080",
        "\"\"",
        "\" 1\"",
        "\"1,5\"",
        "\"0x10\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"\u{661}\"",
        "true",
        "null",
        "[1]",
        "{\"amount\":1}",
        "1,\"amount\":1000000",
        "1000000,\"amount\":1",
    ]
    .into_iter()
    .enumerate()
    {
        let tenant = &home.tenant;
        let body = format!(r#"{{"tenantId":"{tenant}","idempotencyKey":"{index}","amount":{amount}}}"#);
        let answer = api.post("/billing/add-credits").bearer(&platform).raw_json(body).send().await;
        answer.assert_invalid("amount", amount);
        assert_eq!(
            (home.balance(&api).await.as_str(), home.ledger(&api).await.len()),
            ("0.00", 0),
            "{amount}"
        );
    }
    let missing = json!({ "tenantId": home.tenant, "idempotencyKey": "k" });
    api.post("/billing/add-credits")
        .bearer(&platform)
        .json(&missing)
        .send()
        .await
        .assert_invalid("amount", "missing");
    system.assert_clean().await;
}

#[tokio::test]
async fn an_amount_is_booked_to_the_last_digit_however_it_is_written() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let (home, platform) = (tenant_actor(&api, "home").await, super_admin(&api).await);
    for (index, (amount, balance)) in [
        ("100.00", "100.00"),
        ("\"100.00\"", "200.00"),
        ("0.1", "200.10"),
        ("0.2", "200.30"),
        ("0.000001", "200.300001"),
        ("\"0.000001000\"", "200.300002"),
        ("1000000", "1000200.300002"),
    ]
    .into_iter()
    .enumerate()
    {
        let tenant = &home.tenant;
        let body = format!(r#"{{"tenantId":"{tenant}","idempotencyKey":"{index}","amount":{amount}}}"#);
        let answer = api.post("/billing/add-credits").bearer(&platform).raw_json(body).send().await;
        assert_eq!(answer.text_of("balance"), balance, "{amount}");
    }
    system.assert_clean().await;
}

#[tokio::test]
async fn a_credit_for_an_unknown_tenant_changes_nothing() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let platform = super_admin(&api).await;
    let before = system.db.contents().await;
    for (tenant, status) in [
        ("01890000-0000-7000-8000-000000000000", 404),
        ("00000000-0000-0000-0000-000000000000", 404),
        ("1", 422),
        ("' OR 1=1--", 422),
    ] {
        let body = json!({ "tenantId": tenant, "amount": 1, "idempotencyKey": "k" });
        let answer = api.post("/billing/add-credits").bearer(&platform).json(&body).send().await;
        assert_eq!(answer.status, status, "{tenant}: {}", answer.text);
    }
    assert_eq!(system.db.contents().await, before);
}

#[tokio::test]
async fn every_wrong_field_of_a_credit_is_named() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let (home, platform) = (tenant_actor(&api, "home").await, super_admin(&api).await);
    let body = json!({
        "tenantId": home.tenant, "amount": 0, "description": "x".repeat(501), "idempotencyKey": "k",
    });
    let answer = api.post("/billing/add-credits").bearer(&platform).json(&body).send().await;
    answer.assert_invalid("amount", "both");
    answer.assert_invalid("description", "both");
}
