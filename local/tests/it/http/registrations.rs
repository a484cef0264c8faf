//! Registration: valid names, and many equal registrations at once.

use futures_util::future::join_all;
use serde_json::json;

use super::raw_api::RawApi;
use crate::test_system::{PASSWORD, TestSystem};

#[tokio::test]
async fn of_twenty_equal_registrations_one_creates_a_tenant_and_the_others_create_nothing() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let before = system.db.contents().await;
    let registration = json!({
        "tenantName": "Twin", "slug": "twin", "adminEmail": "twin@tenant.test", "adminPassword": PASSWORD,
        "adminName": "Ann",
    });
    let answers =
        join_all((0..20).map(|_| api.post("/auth/register-tenant").json(&registration).send())).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.problem() == Some("conflict")).count();
    assert_eq!((made, refused), (1, 19));
    let after = system.db.contents().await;
    for table in ["tenants", "users", "wallets", "whatsapp_accounts", "phone_numbers"] {
        assert_eq!(after[table].0, before[table].0 + 1, "{table}");
    }
}

#[tokio::test]
async fn a_registration_conflicts_by_its_slug_or_its_e_mail_alone() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    for (slug, email, status) in [
        ("twin", "twin@tenant.test", 201),
        ("twin", "else@tenant.test", 409),
        ("else", "twin@tenant.test", 409),
        ("else", "TWIN@tenant.test", 409),
        ("else", "else@tenant.test", 201),
    ] {
        let registration = json!({
            "tenantName": "Twin", "slug": slug, "adminEmail": email, "adminPassword": PASSWORD, "adminName": "Ann",
        });
        let answer = api.post("/auth/register-tenant").json(&registration).send().await;
        assert_eq!(answer.status, status, "{slug} {email}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_invalid_name_slug_or_e_mail_is_refused_by_field() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let before = system.db.contents().await;
    let good = json!({
        "tenantName": "New", "slug": "new", "adminEmail": "new@tenant.test", "adminPassword": PASSWORD,
        "adminName": "Ann",
    });
    let (long, address) = ("x".repeat(201), format!("{}@tenant.test", "x".repeat(250)));
    for (field, values) in [
        ("tenantName", ["", "  ", "a\nb", &long]),
        ("tenantName", ["\u{200b}", "\u{202e}a", "a\u{200b}b", "a\u{2069}"]),
        ("adminName", ["", "\u{a0}", "a\u{7f}b", &long]),
        ("slug", ["", "New", "-new", "n--w"]),
        ("slug", ["new_", "n\u{e9}w", "../new", &long]),
        ("adminEmail", ["", "new", "@tenant.test", "new@tenant"]),
        ("adminEmail", ["a,b@x.com", "boss@b\u{202e}.com", "a\u{200b}b@x.com", "a@[127.0.0.1]"]),
        ("adminEmail", ["new@tenant.", "n w@tenant.test", "new@a@tenant.test", &address]),
        (
            "adminEmail",
            ["new@tenant.test\r\nBcc: else@tenant.test", "\t@\t.\t", "new@.test", "new@tenant..test"],
        ),
    ] {
        for value in values {
            let mut body = good.clone();
            body[field] = json!(value);
            let answer = api.post("/auth/register-tenant").json(&body).send().await;
            answer.assert_invalid(field, value);
            assert_eq!(answer.fields(), [field], "{value}");
        }
    }
    assert_eq!(system.db.contents().await, before);
}

#[tokio::test]
async fn every_accepted_e_mail_and_name_can_log_in() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    for (slug, email, name) in [
        ("a", "\u{c9}lise@tenant.test", "\u{130}"),
        ("b", "\u{391}\u{3a3}@TENANT.test", "O'Hara; DROP TABLE users--"),
        ("c", "\u{1e9e}\u{1c5}\u{13a0}@tenant.test", "\u{1f600}\u{645}\u{6cc}\u{200c}\u{62e}"),
        ("d", "a+b.c-d_e'%$#!@sub.tenant.test", "<script>alert(1)</script>"),
        ("e", "\u{2126}\u{212a}\u{10400}@tenant.test", "{{1}} ${x} %s"),
    ] {
        let registration = json!({
            "tenantName": name, "slug": slug, "adminEmail": email, "adminPassword": PASSWORD, "adminName": name,
        });
        let made = api.post("/auth/register-tenant").json(&registration).send().await;
        assert_eq!(made.status, 201, "{email}: {}", made.text);
        for spelling in [email.to_owned(), format!(" {email} ")] {
            let login = json!({ "email": spelling, "password": PASSWORD });
            let session = api.post("/auth/login").json(&login).send().await;
            assert_eq!(session.success()["name"], name, "{email}");
        }
    }
}
